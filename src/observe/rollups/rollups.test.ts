import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aCall, aFault, anAttempt } from '../../../test/fixtures/call-record.ts';
import { packCalls } from '../../../test/fixtures/pack-calls.ts';
import type { CallRecord } from '../../engine/record.ts';
import { databasePath } from '../../storage/data-directory.ts';
import { RecordWriter } from '../record-writer.ts';

const LIMITS = { maxAgeMs: Number.MAX_SAFE_INTEGER, maxBytes: Number.MAX_SAFE_INTEGER };
const BEGIN = Date.UTC(2026, 2, 9, 23, 58, 30);

let directory: string;
let writer: RecordWriter;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'holdfast-rollups-'));
  writer = new RecordWriter(directory, LIMITS);
});
afterEach(() => {
  writer.close();
  rmSync(directory, { recursive: true, force: true });
});

const DOWN = aFault({ kind: 'unavailable' });
const LIMITED = aFault({ kind: 'rate-limit-tokens', party: 'account' });

/** Calls of every sort in turn, over a few minutes and past midnight. */
function mixedCalls(from: number, count: number): CallRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const common: Partial<CallRecord> = {
      id: number % 3 === 0 ? `elsewhere-${number}` : `hf-m1-${(number + 1).toString(36)}`,
      at: BEGIN + number * 137,
      tenant: [null, 'shop', 'desk'][number % 3] ?? null,
      model: `model-${number % 4}`,
      endUser: number % 5 === 0 ? `u_${number % 7}` : null,
      durationMs: 100 + number,
      firstContentMs: 50 + number,
      callerId: number % 4 === 0 ? `theirs-${number}` : null,
      attempts: [anAttempt({ model: `model-${number % 4}`, firstContentMs: 50 + number, upstreamId: `req_${number}` })],
    };
    if (number % 11 === 1) {
      const attempts = [
        anAttempt({ fault: DOWN, firstContentMs: null, upstreamId: `req_${number}a` }),
        anAttempt({ reason: 'retry', fault: LIMITED, firstContentMs: null }),
        anAttempt({ reason: 'fallback', target: 'second', upstreamId: `req_${number}b` }),
      ];
      return aCall({ ...common, target: 'second', attempts, cost: 100, notes: ['wasted: $0.000040'] });
    }
    if (number % 13 === 2) {
      const usage = { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null };
      const failed = { outcome: 'failed', fault: DOWN, firstContentMs: null, usage, cost: null } as const;
      return aCall({ ...common, ...failed, attempts: [anAttempt({ fault: DOWN, firstContentMs: null })] });
    }
    if (number % 17 === 3) return aCall({ ...common, outcome: 'cancelled', cost: 7 });
    if (number % 19 === 4) return aCall({ ...common, outcome: 'failed', fault: LIMITED, target: null, attempts: [] });
    if (number % 23 === 5) return aCall({ ...common, cost: null });
    return aCall(common);
  });
}

const TABLES = ['call_rollups', 'attempt_rollups', 'fault_rollups', 'user_rollups', 'call_ids'] as const;

/** Every sum, with names in place of the numbers of series. */
function tables(): Record<string, unknown[]> {
  const database = new DatabaseSync(databasePath(directory), { readOnly: true });
  const series = new Map(
    database
      .prepare('select * from rollup_series')
      .all()
      .map(({ id, ...names }) => [id, JSON.stringify(names)]),
  );
  const all = TABLES.map((table) => {
    const rows = database.prepare(`select * from ${table}`).all();
    const named = rows.map((row) => ({
      ...row,
      ...('series' in row ? { series: series.get(row['series'] ?? -1) } : {}),
    }));
    return [table, named.map((row) => JSON.stringify(row)).toSorted()] as const;
  });
  database.close();
  return Object.fromEntries(all);
}

function one(sql: string): Record<string, unknown> {
  const database = new DatabaseSync(databasePath(directory), { readOnly: true });
  const row = database.prepare(sql).get();
  database.close();
  return { ...row };
}

function addAllUp(): void {
  while (writer.addUp(BEGIN));
}

/** Forgets every sum, and makes them again from the calls. */
function again(): void {
  writer.close();
  const database = new DatabaseSync(databasePath(directory));
  for (const table of TABLES) database.exec(`delete from ${table}`);
  database.exec('update rollup_progress set seq = 0');
  database.close();
  writer = new RecordWriter(directory, LIMITS);
  addAllUp();
}

it('come to what the calls come to', () => {
  const calls = mixedCalls(0, 2_000);
  writer.write(packCalls(calls));
  addAllUp();
  const sum = (value: (call: CallRecord) => number): number => calls.reduce((total, call) => total + value(call), 0);
  const attempts = calls.flatMap((call) => call.attempts);
  for (const span of [60, 3600, 86_400]) {
    const columns = ['calls', 'answered', 'failed', 'cancelled', 'attempts', 'retries', 'fallbacks', 'input_tokens'];
    const wanted = {
      calls: calls.length,
      answered: sum(({ outcome }) => Number(outcome === 'answered')),
      failed: sum(({ outcome }) => Number(outcome === 'failed')),
      cancelled: sum(({ outcome }) => Number(outcome === 'cancelled')),
      attempts: attempts.length,
      retries: attempts.filter(({ reason }) => reason === 'retry').length,
      fallbacks: attempts.filter(({ reason }) => reason === 'fallback').length,
      input_tokens: sum(({ usage }) => usage.inputTokens ?? 0),
      cost: sum(({ cost }) => cost ?? 0),
      unpriced: sum(({ cost, usage }) => Number(cost === null && usage.inputTokens !== null)),
      wasted_attempts:
        attempts.filter(({ fault }) => fault !== null).length + sum(({ outcome }) => Number(outcome === 'cancelled')),
      waste_failed_attempts: 40 * calls.filter(({ notes }) => notes.length > 0).length,
      waste_abandoned: sum(({ outcome, cost }) => (outcome === 'cancelled' ? (cost ?? 0) : 0)),
    };
    const sums = [...columns, 'cost', 'unpriced', 'wasted_attempts', 'waste_failed_attempts', 'waste_abandoned']
      .map((name) => `sum(${name}) as ${name}`)
      .join(', ');
    const facets = [
      'all',
      'tenant',
      'workload',
      'route',
      'model',
      'target',
      'served',
      ...(span === 60 ? [] : ['each']),
    ];
    for (const facet of facets) {
      const which = `span = ${span} and series in (select id from rollup_series where facet = '${facet}')`;
      expect({ facet, ...one(`select ${sums} from call_rollups where ${which}`) }).toEqual({ facet, ...wanted });
    }
    for (const facet of span === 60 ? ['served'] : ['served', 'hit']) {
      const which = `span = ${span} and series in (select id from rollup_series where facet = '${facet}')`;
      expect(one(`select sum(attempts) as attempts from attempt_rollups where ${which}`)).toEqual({
        attempts: attempts.length,
      });
    }
    const told = calls.filter(({ fault }) => fault?.kind === 'unavailable').length;
    const met = attempts.filter(({ fault }) => fault?.kind === 'unavailable').length;
    const faults = `from fault_rollups where span = ${span} and kind = 'unavailable' and party = 'provider'`;
    for (const facet of ['all', 'tenant', 'workload', 'route', 'model', 'target', 'served', 'hit']) {
      const which = `series in (select id from rollup_series where facet = '${facet}')`;
      expect(one(`select sum(calls) as told, sum(attempts) as met ${faults} and ${which}`)).toEqual({ told, met });
    }
  }
  const users = calls.filter(({ endUser }) => endUser !== null);
  expect(one('select sum(calls) as calls, count(*) as rows from user_rollups')).toMatchObject({ calls: users.length });
});

describe('are the same', () => {
  it('however often they are carried over, and made again from the calls', () => {
    let at = 0;
    for (const count of [1, 19, 20, 21, 333, 500, 7]) {
      writer.write(packCalls(mixedCalls(at, count)));
      at += count;
      if (count % 2 === 1) addAllUp();
    }
    addAllUp();
    const first = tables();
    expect(first['call_rollups']?.length).toBeGreaterThan(50);
    again();
    expect(tables()).toEqual(first);
  });

  it('after a crash at any moment', () => {
    for (let at = 0; at < 1_000; at += 100) {
      writer.write(packCalls(mixedCalls(at, 100)));
      if (at % 300 === 0) addAllUp();
      if (at % 200 === 0) {
        // What was added up in memory goes with it.
        writer.close();
        writer = new RecordWriter(directory, LIMITS);
      }
    }
    addAllUp();
    const crashed = tables();
    again();
    expect(tables()).toEqual(crashed);
    expect(
      one(
        "select sum(calls) as calls from call_rollups where span = 60 and series in (select id from rollup_series where facet = 'all')",
      ),
    ).toEqual({
      calls: 1_000,
    });
  });

  it('when several processes write in turn, and batches come twice', () => {
    const other = new RecordWriter(directory, LIMITS);
    for (let at = 0; at < 600; at += 100) {
      (at % 200 === 0 ? writer : other).write(packCalls(mixedCalls(at, 100)));
      if (at % 300 === 0) while (other.addUp(BEGIN));
      expect(writer.write(packCalls(mixedCalls(at, 50)))).toBe(50);
    }
    addAllUp();
    while (other.addUp(BEGIN));
    other.close();
    // Each process has numbers of its own for the series: names may be told twice, but the sums are the same.
    const sums = (): Record<string, unknown> =>
      one(`select json_group_array(told) as told from (
        select json_array(r.span, r.at, s.facet, s.tenant, s.model, s.target, sum(calls), sum(failed), total(cost)) as told
        from call_rollups r join rollup_series s on s.id = r.series
        group by r.span, r.at, s.facet, s.tenant, s.model, s.target
        order by told)`);
    const shared = sums();
    again();
    expect(sums()).toEqual(shared);
    expect(
      one(
        "select sum(calls) as calls from call_rollups where span = 60 and series in (select id from rollup_series where facet = 'all')",
      ),
    ).toEqual({ calls: 600 });
  });
});

it('are to be carried over soon when there is much to tell apart, however few the calls', () => {
  writer.write(packCalls(mixedCalls(0, 2_000)));
  expect(writer.heavy).toBe(false);
  addAllUp();
  const users = Array.from({ length: 7_000 }, (_, number) => {
    return aCall({ id: `hf-m2-${(number + 1).toString(36)}`, endUser: `u_${number}` });
  });
  writer.write(packCalls(users));
  expect(writer.heavy).toBe(true);
  addAllUp();
  expect(writer.heavy).toBe(false);
});

it('do not grow with a flood of names', () => {
  const flood = Array.from({ length: 9_000 }, (_, number) => {
    return aCall({
      id: `hf-m1-${(number + 1).toString(36)}`,
      model: `m-${number}`,
      tenant: `t-${number}`,
      attempts: [],
    });
  });
  for (let at = 0; at < flood.length; at += 1_000) writer.write(packCalls(flood.slice(at, at + 1_000)));
  addAllUp();
  expect(one('select count(*) as series from rollup_series')['series']).toBeLessThan(14_100);
  for (const facet of ['all', 'tenant', 'workload', 'model', 'served', 'each']) {
    const which = `series in (select id from rollup_series where facet = '${facet}')`;
    expect(one(`select sum(calls) as calls from call_rollups where span = 3600 and ${which}`)).toEqual({
      calls: 9_000,
    });
  }
  const others = "from call_rollups r join rollup_series s on s.id = r.series where span = 3600 and s.tenant = 'other'";
  expect(one(`select sum(calls) as calls ${others} and facet = 'tenant'`)['calls']).toBeGreaterThan(1_000);
});

it('are deleted when they are old, the fine ones first', () => {
  writer.write(packCalls(mixedCalls(0, 200)));
  addAllUp();
  const rows = (): unknown =>
    one('select sum(span = 60) as minutes, sum(span = 3600) as hours, sum(span = 86400) as days from call_rollups');
  const day = 86_400_000;
  const swept = (now: number): unknown => {
    while (writer.sweepStep(now));
    return rows();
  };
  expect(swept(BEGIN + 2 * day)).toMatchObject({ minutes: expect.any(Number) as number });
  expect(swept(BEGIN + 4 * day)).toMatchObject({ minutes: 0, hours: expect.any(Number) as number });
  expect(swept(BEGIN + 70 * day)).toMatchObject({ hours: 0, days: expect.any(Number) as number });
  expect(one('select count(*) as users from user_rollups')).not.toEqual({ users: 0 });
  expect(swept(BEGIN + 900 * day)).toEqual({ minutes: null, hours: null, days: null });
  expect(one('select count(*) as users from user_rollups')).toEqual({ users: 0 });
});
