import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { aCall } from '../../test/fixtures/call-record.ts';
import type { CallRecord } from '../engine/record.ts';
import { databasePath } from '../storage/data-directory.ts';
import { openForReading } from '../storage/sqlite/connection.ts';
import { type Cell, COLUMNS, pushRow } from './call-row.ts';
import { RecordWriter } from './record-writer.ts';

const NO_LIMITS = { maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-writer-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function cellsOf(calls: readonly CallRecord[]): Cell[] {
  const cells: Cell[] = [];
  for (const call of calls) pushRow(cells, call);
  return cells;
}

function manyCalls(count: number, at: (index: number) => number = (index) => index): CallRecord[] {
  return Array.from({ length: count }, (_, index) => aCall({ id: `call-${index}`, at: at(index) }));
}

function storedIds(): unknown[] {
  const connection = openForReading(directory);
  const ids = connection.prepare('select id from calls order by at').all();
  connection.close();
  return ids.map((row) => row['id']);
}

function sweep(writer: RecordWriter, now: number): number {
  let steps = 1;
  while (writer.sweepStep(now)) steps += 1;
  return steps;
}

describe('writing', () => {
  it('stores whole groups and what is left over', () => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    expect(writer.write([cellsOf(manyCalls(23)), cellsOf([aCall({ id: 'last', at: 99 })])])).toBe(0);
    writer.close();
    expect(storedIds()).toEqual([...manyCalls(23).map(({ id }) => id), 'last']);
  });

  it('leaves out the rows that no database would take, and only those', () => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    const cells: unknown[] = cellsOf(manyCalls(12));
    cells[3 * COLUMNS.length + COLUMNS.indexOf('model')] = { not: 'a cell' };
    cells[11 * COLUMNS.length + COLUMNS.indexOf('duration_us')] = Number.NaN;
    expect(writer.write([cells as Cell[]])).toBe(2);
    writer.close();
    expect(storedIds()).toEqual([0, 1, 2, 4, 5, 6, 7, 8, 9, 10].map((index) => `call-${index}`));
  });

  it('stores a batch that comes twice once', () => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    writer.write([cellsOf(manyCalls(12))]);
    expect(writer.write([cellsOf(manyCalls(12))])).toBe(12);
    writer.close();
    expect(storedIds()).toHaveLength(12);
  });

  it('notices that its file was taken away, and makes a new one', () => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    writer.write([cellsOf([aCall({ id: 'before' })])]);
    rmSync(directory, { recursive: true });
    writer.write([cellsOf([aCall({ id: 'after' })])]);
    expect(storedIds()).toEqual(['after']);
    writer.close();
  });
});

describe('sweeping', () => {
  it('deletes what is too old, in steps', () => {
    const writer = new RecordWriter(directory, { ...NO_LIMITS, maxAgeMs: 1000 });
    writer.write([cellsOf(manyCalls(1300))]);
    expect(sweep(writer, 2200)).toBeGreaterThan(3);
    expect(storedIds()).toEqual(
      manyCalls(1300)
        .slice(1200)
        .map(({ id }) => id),
    );
    writer.close();
  });

  it('keeps the newest within the size, and the file shrinks', () => {
    const maxBytes = 300_000;
    const writer = new RecordWriter(directory, { ...NO_LIMITS, maxBytes });
    writer.write([cellsOf(manyCalls(4000))]);
    sweep(writer, 0);
    writer.close();
    expect(statSync(databasePath(directory)).size).toBeLessThan(maxBytes);
    const ids = storedIds();
    expect(ids.length).toBeGreaterThan(500);
    expect(ids).toEqual(
      manyCalls(4000)
        .slice(-ids.length)
        .map(({ id }) => id),
    );
  });

  it('rests when there is nothing to do', () => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    writer.write([cellsOf(manyCalls(10))]);
    expect(sweep(writer, 0)).toBe(1);
    writer.close();
  });
});
