import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { aCall, aFault, anAttempt } from '../../test/fixtures/call-record.ts';
import { packCalls } from '../../test/fixtures/pack-calls.ts';
import type { CallRecord } from '../engine/record.ts';
import type { Database } from '../storage/database.ts';
import { exportCalls, lastSeq, listCalls, listCallsAfter } from './calls.ts';
import { onEachKeeper, type TestRecords } from './keepers.test-support.ts';
import { mentioned } from './mentioned.ts';
import { pastUse } from './past-use.ts';
import { answer } from './queries/answer.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { Sketch } from './sketch/sketch.ts';

const MINUTE = 60_000;
const DAY = 86_400_000;
const NOW = Date.UTC(2026, 10, 22, 8, 0);

function manyCalls(count: number, at: (index: number) => number = (index) => index): CallRecord[] {
  return Array.from({ length: count }, (_, index) => aCall({ id: `call-${index}`, at: at(index) }));
}

/** Calls of the last half hour, some of which met a fault, by an id of one process's making. */
function busyCalls(prefix: string, from: number, count: number): CallRecord[] {
  return Array.from({ length: count }, (_, index) => {
    const number = from + index;
    const common: Partial<CallRecord> = {
      id: `${prefix}-${(number + 1).toString(36)}`,
      at: NOW - (number % 30) * MINUTE,
      tenant: ['shop', 'desk', null][number % 3] ?? null,
      organisation: 'acme',
      endUser: number % 4 === 0 ? `u_${number % 5}` : null,
      model: `model-${number % 3}`,
      durationMs: 100 + number,
      cost: 0.25,
      callerId: `theirs-${prefix}-${number}`,
      attempts: [anAttempt({ model: `model-${number % 3}`, upstreamId: `req_${prefix}_${number}` })],
    };
    if (number % 7 !== 0) return aCall(common);
    const fault = aFault({ kind: 'unavailable' });
    const attempts = [anAttempt({ fault, firstContentMs: null }), anAttempt({ reason: 'fallback', target: 'second' })];
    return aCall({ ...common, target: 'second', attempts });
  });
}

onEachKeeper((make) => {
  let records: TestRecords;
  let database: Database;
  const keepers: RecordKeeper[] = [];
  beforeEach(async () => {
    records = await make();
    database = await records.open();
  });
  afterEach(async () => {
    for (const keeper of keepers.splice(0)) await keeper.close();
    await database.close();
    await records.drop();
  });

  function aKeeper(maxAgeMs?: number): RecordKeeper {
    const keeper = records.keeper(maxAgeMs);
    keepers.push(keeper);
    return keeper;
  }

  async function write(keeper: RecordKeeper, calls: readonly CallRecord[]): Promise<number> {
    return keeper.write(packCalls(calls), []);
  }

  async function addAllUp(keeper: RecordKeeper): Promise<void> {
    while (await keeper.addUp(NOW));
  }

  async function storedIds(): Promise<string[]> {
    const rows = await database.query.selectFrom('calls').select('id').orderBy('seq').execute();
    return rows.map(({ id }) => id);
  }

  /** Every sum, with names in place of the numbers of series: what was told twice is added up. */
  async function sums(): Promise<readonly string[]> {
    const { query } = database;
    const series = new Map<number, object>();
    for (const one of await query.selectFrom('rollup_series').selectAll().execute())
      series.set(one.id, { ...one, id: 0 });
    const told = new Map<string, { counts: number[]; sketch: Sketch; first: number; last: number }>();
    const add = (names: object, of: number, counts: number[], sketch: Uint8Array | null = null, met = [0, 0]): void => {
      const key = JSON.stringify([names, series.get(of)]);
      const [first = 0, last = 0] = met;
      const known = told.get(key) ?? { counts: counts.map(() => 0), sketch: new Sketch(), first, last };
      known.counts = known.counts.map((count, place) => count + (counts[place] ?? 0));
      known.sketch.addBytes(sketch);
      told.set(key, { ...known, first: Math.min(known.first, first), last: Math.max(known.last, last) });
    };
    for (const row of await query.selectFrom('call_rollups').selectAll().execute())
      add({ calls: row.span, at: row.at }, row.series, [row.calls, row.attempts, row.cost], row.duration);
    for (const row of await query.selectFrom('attempt_rollups').selectAll().execute())
      add({ tried: row.span, at: row.at }, row.series, [row.attempts, row.fallbacks], row.first_content);
    for (const row of await query.selectFrom('fault_rollups').selectAll().execute()) {
      const names = { met: row.span, at: row.at, kind: row.kind };
      add(names, row.series, [row.calls, row.attempts], null, [row.first_at, row.last_at]);
    }
    for (const row of await query.selectFrom('user_rollups').selectAll().execute())
      add({ user: row.end_user, at: row.at }, row.series, [row.calls, row.cost]);
    return Array.from(told, ([key, { sketch, ...rest }]) =>
      JSON.stringify([key, rest, sketch.quantile(0.5)]),
    ).toSorted();
  }

  async function forgetSums(): Promise<void> {
    for (const table of ['call_rollups', 'attempt_rollups', 'fault_rollups', 'user_rollups', 'call_ids'] as const) {
      await database.query.deleteFrom(table).execute();
    }
    await sql`update rollup_progress set seq = 0`.execute(database.query);
  }

  describe('writing', () => {
    it('gives every call back as it was', async () => {
      const failed = anAttempt({ fault: aFault(), status: 503, firstContentMs: null, durationMs: 20 });
      const calls = [
        aCall({ id: 'hf-m1-1' }),
        aCall({
          id: 'theirs',
          at: 7,
          attempts: [failed, anAttempt({ target: 'azure' })],
          target: 'azure',
          notes: ['say: "it"'],
        }),
        aCall({
          id: 'hf-m1-zz',
          model: null,
          route: null,
          firstContentMs: null,
          usage: { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null },
          attempts: [],
          target: null,
          outcome: 'failed',
          fault: aFault({ kind: 'no-target', message: 'ein Umlaut: ü, 漢字, 😀' }),
          callerId: 'theirs-1',
          trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), parentId: null, sampled: true },
          cost: 0.125,
        }),
      ];
      expect(await write(aKeeper(), calls)).toBe(0);
      const { calls: back } = await listCalls(database);
      expect(back.toSorted((one, other) => one.seq - other.seq)).toEqual(
        calls.map((call, place) => ({ ...call, seq: place + 1 })),
      );
    });

    it('leaves out the rows that no database would take, and only those', async () => {
      const calls = manyCalls(25);
      calls[3] = { ...aCall(), model: { not: 'a text' } as never };
      calls[4] = { ...aCall(), route: undefined as never, door: null as never };
      calls[24] = { ...aCall(), durationMs: Number.NaN };
      expect(await write(aKeeper(), calls)).toBe(3);
      expect(await storedIds()).toEqual(
        manyCalls(25)
          .filter((_, index) => ![3, 4, 24].includes(index))
          .map(({ id }) => id),
      );
    });

    it('takes whatever characters and numbers callers and providers send', async () => {
      const odd = 'nul \0, half \uD83D, quote ", percent %';
      const usage = { inputTokens: 12.5, outputTokens: 1e300, cachedTokens: -1, reasoningTokens: 0 };
      const attempts = [anAttempt({ model: odd, upstreamId: odd }), anAttempt({ reason: 'retry' })];
      const keeper = aKeeper();
      expect(
        await write(keeper, [
          aCall({ id: odd, at: NOW, model: odd, path: odd, callerId: odd, endUser: odd, usage, attempts }),
        ]),
      ).toBe(0);
      await addAllUp(keeper);
      expect((await listCalls(database)).calls).toHaveLength(1);
      const { total } = await answer(database, 'overview', { from: NOW - MINUTE, to: NOW + MINUTE }, NOW);
      expect(total.calls).toBe(1);
    });

    it.each(['call', 'hf-m1'])('stores a batch that comes twice once, with ids like %s-1', async (prefix) => {
      const calls = Array.from({ length: 12 }, (_, index) => aCall({ id: `${prefix}-${index + 1}`, at: index }));
      const keeper = aKeeper();
      await write(keeper, calls);
      expect(await write(keeper, calls)).toBe(12);
      expect(await storedIds()).toHaveLength(12);
    });

    it('several at once tell their calls apart, and whoever follows the numbers misses none', async () => {
      const three = [aKeeper(), aKeeper(), aKeeper()];
      const seen: string[] = [];
      let last = 0;
      const writing = new Set(three);
      const follow = async (): Promise<void> => {
        do {
          for (const { seq, id } of await listCallsAfter(database, last)) {
            seen.push(id);
            last = seq;
          }
        } while (writing.size > 0);
      };
      const following = follow();
      await Promise.all(
        three.map(async (keeper, place) => {
          for (let round = 0; round < 10; round += 1) await write(keeper, busyCalls(`hf-m${place}`, round * 20, 20));
          writing.delete(keeper);
        }),
      );
      await following;
      await follow();
      const wanted = three.flatMap((_, place) => busyCalls(`hf-m${place}`, 0, 200).map(({ id }) => id));
      expect(seen.toSorted()).toEqual(wanted.toSorted());
      expect(await lastSeq(database)).toBe(600);
    });

    it('stores events beside them', async () => {
      const event = {
        at: 5,
        kind: 'budget-exhausted',
        level: 'tenant',
        holder: 'shop',
        organisation: 'acme',
        tenant: 'shop',
      } as const;
      const keeper = aKeeper();
      await keeper.write([], [{ ...event, message: 'gone', detail: { used: 1 } } as never]);
      const rows = await database.query.selectFrom('events').selectAll().execute();
      expect(rows).toEqual([{ ...event, seq: expect.anything(), message: 'gone', detail: '{"used":1}' }]);
    });
  });

  describe('sums', () => {
    it('are the same however often they are carried over, by whichever process, and made again from the calls', async () => {
      const [one, other] = [aKeeper(), aKeeper()];
      let at = 0;
      for (const count of [1, 19, 20, 21, 133, 7]) {
        await write(one, busyCalls('hf-m1', at, count));
        await write(other, busyCalls('hf-m2', at, count));
        at += count;
        if (count % 2 === 1) await addAllUp(one);
        if (count % 3 === 1) await addAllUp(other);
      }
      await addAllUp(one);
      await addAllUp(other);
      const carried = await sums();
      expect(carried.length).toBeGreaterThan(100);
      const { total } = await answer(
        database,
        'overview',
        { from: NOW - 60 * MINUTE, to: NOW + MINUTE, step: MINUTE },
        NOW,
      );
      expect(total).toMatchObject({ calls: 2 * at, answered: 2 * at });
      expect(total.cost).toBeCloseTo((2 * at * 0.25) / 1e6, 12);
      await forgetSums();
      await addAllUp(aKeeper());
      expect(await sums()).toEqual(carried);
    });

    it('count every call once, when several add up at the same time', async () => {
      const three = [aKeeper(), aKeeper(), aKeeper()];
      for (let round = 0; round < 5; round += 1) {
        for (const [place, keeper] of three.entries()) await write(keeper, busyCalls(`hf-m${place}`, round * 50, 50));
        await Promise.all(three.map(addAllUp));
      }
      for (const keeper of three) await addAllUp(keeper);
      const { total } = await answer(database, 'overview', { from: NOW - 60 * MINUTE, to: NOW + MINUTE }, NOW);
      expect(total.calls).toBe(750);
    });

    it('know the calls of a process that has gone', async () => {
      const gone = aKeeper();
      await write(gone, busyCalls('hf-gone', 0, 30));
      await gone.close();
      await addAllUp(aKeeper());
      const { total } = await answer(database, 'overview', { from: NOW - 60 * MINUTE, to: NOW + MINUTE }, NOW);
      expect(total.calls).toBe(30);
    });
  });

  it('finds a call of any process by every id that anybody gave it', async () => {
    const [one, other] = [aKeeper(), aKeeper()];
    await write(one, busyCalls('hf-m1', 0, 40));
    await write(other, busyCalls('hf-m2', 0, 40));
    await addAllUp(one);
    await addAllUp(other);
    for (const id of ['hf-m2-3', 'theirs-hf-m2-2', 'req_hf-m2_2']) {
      expect(await answer(database, 'call', { id }, NOW)).toMatchObject({ id: 'hf-m2-3' });
    }
    const { calls } = await answer(database, 'calls', { tenant: 'shop', fault: 'unavailable' }, NOW);
    expect(calls.length).toBeGreaterThan(2);
    let exported = 0;
    for await (const piece of exportCalls(database)) exported += piece.length;
    expect(exported).toBe(80);
    expect(await mentioned(database, 'model')).toEqual(['model-0', 'model-1', 'model-2']);
  });

  it('tells what tenants have used', async () => {
    await write(aKeeper(), busyCalls('hf-m1', 0, 30));
    const used = await pastUse(database, { since: NOW - DAY, pieceMs: DAY, users: false });
    expect(used.map(({ tenant }) => tenant).toSorted()).toEqual(['desk', 'shop']);
    const { inputTokens, outputTokens } = aCall().usage;
    expect(used.find(({ tenant }) => tenant === 'shop')).toMatchObject({
      organisation: 'acme',
      endUser: null,
      requests: 10,
      tokens: 10 * ((inputTokens ?? 0) + (outputTokens ?? 0)),
      microdollars: 2.5,
    });
    const byUser = await pastUse(database, { since: NOW - DAY, pieceMs: 300_000, users: true });
    expect(byUser.reduce((sum, { requests }) => sum + requests, 0)).toBe(20);
  });

  describe('sweeping', () => {
    async function sweep(keeper: RecordKeeper, now: number): Promise<void> {
      while (await keeper.sweepStep(now));
    }

    it('deletes what is too old, but for the call written last, whose number is not given again', async () => {
      const keeper = aKeeper(1000);
      await write(keeper, manyCalls(1300));
      await sweep(keeper, 2200);
      expect(await storedIds()).toEqual(
        manyCalls(1300)
          .slice(1200)
          .map(({ id }) => id),
      );
      await sweep(keeper, 1_000_000);
      expect(await storedIds()).toEqual(['call-1299']);
      await write(keeper, [aCall({ id: 'next', at: 1_000_000 })]);
      expect(await lastSeq(database)).toBe(1301);
    });

    it('deletes sums when they are old, the fine ones first', async () => {
      const keeper = aKeeper();
      await write(keeper, busyCalls('hf-m1', 0, 60));
      await addAllUp(keeper);
      const spans = async (): Promise<number[]> => {
        const rows = await database.query
          .selectFrom('call_rollups')
          .select('span')
          .distinct()
          .orderBy('span')
          .execute();
        return rows.map(({ span }) => span);
      };
      expect(await spans()).toEqual([60, 3600, 86_400]);
      await sweep(keeper, NOW + 2 * DAY);
      expect(await spans()).toEqual([60, 3600, 86_400]);
      await sweep(keeper, NOW + 4 * DAY);
      expect(await spans()).toEqual([3600, 86_400]);
      await sweep(keeper, NOW + 70 * DAY);
      expect(await spans()).toEqual([86_400]);
      await sweep(keeper, NOW + 900 * DAY);
      expect(await spans()).toEqual([]);
      expect(await database.query.selectFrom('user_rollups').selectAll().execute()).toEqual([]);
    });
  });
});
