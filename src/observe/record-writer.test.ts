import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { aCall } from '../../test/fixtures/call-record.ts';
import { packCalls } from '../../test/fixtures/pack-calls.ts';
import type { CallRecord } from '../engine/record.ts';
import { databasePath } from '../storage/data-directory.ts';
import { openForReading } from '../storage/sqlite/connection.ts';
import { RecordWriter } from './record-writer.ts';

const NO_LIMITS = { maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-writer-'));
});
afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

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
    expect(writer.write([...packCalls(manyCalls(43)), ...packCalls([aCall({ id: 'last', at: 99 })])])).toBe(0);
    writer.close();
    expect(storedIds()).toEqual([...manyCalls(43).map(({ id }) => id), 'last']);
  });

  it('leaves out the rows that no database would take, and only those', () => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    const calls = manyCalls(25);
    calls[3] = { ...aCall(), model: { not: 'a text' } as never };
    calls[4] = { ...aCall(), route: undefined as never, door: null as never };
    calls[24] = { ...aCall(), durationMs: Number.NaN };
    expect(writer.write(packCalls(calls))).toBe(3);
    writer.close();
    const sound = manyCalls(25).filter((_, index) => ![3, 4, 24].includes(index));
    expect(storedIds()).toEqual(sound.map(({ id }) => id));
  });

  it.each(['call', 'hf-m1'])('stores a batch that comes twice once, with ids like %s-1', (prefix) => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    const manyCalls = (count: number): CallRecord[] =>
      Array.from({ length: count }, (_, index) => aCall({ id: `${prefix}-${index + 1}`, at: index }));
    writer.write(packCalls(manyCalls(12)));
    expect(writer.write(packCalls(manyCalls(12)))).toBe(12);
    writer.close();
    expect(storedIds()).toHaveLength(12);
  });

  it('two writers at once tell their calls apart', () => {
    const writers = [new RecordWriter(directory, NO_LIMITS), new RecordWriter(directory, NO_LIMITS)];
    const ids: string[] = [];
    for (let round = 0; round < 20; round += 1) {
      const id = `hf-m${round % 2}-${round + 1}`;
      ids.push(id);
      writers[round % 2]?.write(packCalls([aCall({ id, at: round, model: `model-${round % 3}` })]));
    }
    for (const writer of writers) writer.close();
    expect(storedIds()).toEqual(ids);
  });

  it('notices that its file was taken away, and makes a new one', () => {
    const writer = new RecordWriter(directory, NO_LIMITS);
    writer.write(packCalls([aCall({ id: 'before' })]));
    rmSync(directory, { recursive: true });
    writer.write(packCalls([aCall({ id: 'after' })]));
    expect(storedIds()).toEqual(['after']);
    writer.close();
  });
});

describe('sweeping', () => {
  it('deletes what is too old, in steps', () => {
    const writer = new RecordWriter(directory, { ...NO_LIMITS, maxAgeMs: 1000 });
    writer.write(packCalls(manyCalls(1300)));
    expect(sweep(writer, 2200)).toBeGreaterThan(3);
    expect(storedIds()).toEqual(
      manyCalls(1300)
        .slice(1200)
        .map(({ id }) => id),
    );
    writer.close();
  });

  it('keeps the newest within the size, and the file shrinks', () => {
    const maxBytes = 600_000;
    const writer = new RecordWriter(directory, { ...NO_LIMITS, maxBytes });
    writer.write(packCalls(manyCalls(4000)));
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
    writer.write(packCalls(manyCalls(10)));
    expect(sweep(writer, 0)).toBe(1);
    writer.close();
  });

  it('leaves the call written last, so that its number is not given again', () => {
    const writer = new RecordWriter(directory, { ...NO_LIMITS, maxAgeMs: 1000 });
    writer.write(packCalls(manyCalls(20)));
    sweep(writer, 1_000_000);
    expect(storedIds()).toEqual(['call-19']);
    expect(writer.sweepStep(1_000_000)).toBe(false);
    writer.close();
  });

  it('deletes kinds when the last call of them has gone, and none before', () => {
    const writer = new RecordWriter(directory, { ...NO_LIMITS, maxAgeMs: 1000 });
    const count = (table: string): unknown => {
      const connection = openForReading(directory);
      const row = connection.prepare(`select count(*) as count from ${table}`).get();
      connection.close();
      return row?.['count'];
    };
    const files = Array.from({ length: 1200 }, (_, index) =>
      aCall({ id: `file-${index}`, path: `/files/${index}`, at: 1 }),
    );
    writer.write(packCalls(files));
    sweep(writer, 1000);
    expect([count('calls'), count('call_kinds')]).toEqual([1200, 1200]);
    // A kind serves a hundred thousand rows, so as many have to follow, and to go.
    for (let round = 0; round < 36; round += 1) {
      const calls = Array.from({ length: 3000 }, (_, index) => {
        return aCall({ id: `hf-m1-${(1 + round * 3000 + index).toString(36)}`, at: 5000 + round });
      });
      writer.write(packCalls(calls));
    }
    expect(count('call_kinds')).toBe(1202);
    sweep(writer, 6000);
    expect([count('calls'), count('call_kinds')]).toEqual([36 * 3000, 1202]);
    sweep(writer, 6034);
    expect([count('calls'), count('call_kinds')]).toEqual([2 * 3000, 2]);
    writer.close();
  });
});
