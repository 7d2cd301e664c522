import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aCall, aFault, anAttempt } from '../../../test/fixtures/call-record.ts';
import { packCalls } from '../../../test/fixtures/pack-calls.ts';
import type { CallRecord } from '../../engine/record.ts';
import type { Database } from '../../storage/database.ts';
import { onEachKeeper, type TestRecords } from '../keepers.test-support.ts';
import { answer } from './answer.ts';
import type { Question, Questions } from './queries.ts';

const MINUTE = 60_000;
const NOW = Date.UTC(2026, 10, 22, 8, 0);
const DOWN = aFault({ kind: 'unavailable', message: 'down for the day' });
const LIMITED = aFault({ kind: 'rate-limit-tokens', party: 'account' });
const WRONG = aFault({ kind: 'invalid-request', party: 'caller' });

/** Thirty minutes of traffic, a pause of ten in the middle, and yesterday's. */
const CALLS: readonly CallRecord[] = Array.from({ length: 600 }, (_, number) => {
  const minute = number % 30;
  const common: Partial<CallRecord> = {
    id: `hf-m1-${(number + 1).toString(36)}`,
    at: number < 500 ? NOW - (minute < 15 ? 40 - minute : 30 - minute) * MINUTE : NOW - 86_400_000 - minute * 1000,
    tenant: ['shop', 'desk', null][number % 3] ?? null,
    workload: number % 6 === 0 ? 'search' : null,
    endUser: number % 3 === 0 ? `u_${number % 9}` : null,
    callerId: number % 50 === 0 ? `theirs-${number % 100}` : null,
    trace:
      number % 70 === 0
        ? { traceId: number.toString(16).padStart(32, 'a'), spanId: null, parentId: null, sampled: true }
        : null,
    durationMs: 100 * (1 + (number % 10)),
    firstContentMs: 10 * (1 + (number % 10)),
    cost: 1_000_000,
    attempts: [anAttempt({ upstreamId: `req_${number}` })],
  };
  if (number % 10 === 1) {
    const attempts = [
      anAttempt({ fault: DOWN, firstContentMs: null, upstreamId: `req_${number}_first` }),
      anAttempt({ reason: 'fallback', target: 'second', upstreamId: `req_${number}` }),
    ];
    return aCall({ ...common, target: 'second', attempts, notes: ['wasted: $0.25'] });
  }
  if (number % 10 === 2) {
    const attempts = [anAttempt({ fault: LIMITED, firstContentMs: null, status: 429 })];
    return aCall({
      ...common,
      outcome: 'failed',
      fault: LIMITED,
      status: 429,
      attempts,
      cost: 0,
      firstContentMs: null,
    });
  }
  if (number % 10 === 3) {
    const nothing = { inputTokens: null, outputTokens: null, cachedTokens: null, reasoningTokens: null };
    const refused = { outcome: 'failed', fault: WRONG, status: 400, attempts: [], target: null } as const;
    return aCall({ ...common, ...refused, usage: nothing, cost: 0, firstContentMs: null });
  }
  return aCall(common);
});

const TODAY = CALLS.filter(({ at }) => at >= NOW - 60 * MINUTE);

onEachKeeper((make) => {
  let records: TestRecords;
  let database: Database;
  beforeAll(async () => {
    records = await make();
    const keeper = records.keeper();
    await keeper.write(packCalls(CALLS), []);
    while (await keeper.addUp(NOW));
    await keeper.close();
    database = await records.open();
  });
  afterAll(async () => {
    await database.close();
    await records.drop();
  });

  function ask<Name extends Question>(name: Name, asked: Questions[Name]['asked']): Promise<Questions[Name]['answer']> {
    return answer(database, name, asked, NOW);
  }

  function count(calls: readonly CallRecord[], which: (call: CallRecord) => boolean): number {
    return calls.filter(which).length;
  }

  describe('the overview', () => {
    it('comes to what the calls come to, as a whole and step by step', async () => {
      const { total, series, stepMs } = await ask('overview', {});
      expect(stepMs).toBe(MINUTE);
      expect(total).toMatchObject({
        calls: TODAY.length,
        answered: count(TODAY, ({ outcome }) => outcome === 'answered'),
        failed: count(TODAY, ({ outcome }) => outcome === 'failed'),
        attempts: TODAY.reduce((sum, { attempts }) => sum + attempts.length, 0),
        fallbacks: count(TODAY, ({ attempts }) => attempts.length === 2),
        cost: TODAY.reduce((sum, { cost }) => sum + (cost ?? 0) / 1e6, 0),
        wastedCost: 0.25 * count(TODAY, ({ notes }) => notes.length > 0),
      });
      expect(total.faults).toEqual([
        { kind: 'rate-limit-tokens', party: 'account', calls: 50, attempts: 50 },
        { kind: 'invalid-request', party: 'caller', calls: 50, attempts: 0 },
        { kind: 'unavailable', party: 'provider', calls: 0, attempts: 50 },
      ]);
      expect(total.durationMs?.p50).toBeGreaterThan(495);
      expect(total.durationMs?.p50).toBeLessThan(606);
      expect(total.durationMs?.p99).toBeGreaterThan(985);
      for (const [index, at] of series.at.entries()) {
        const calls = TODAY.filter((call) => Math.floor(call.at / MINUTE) * MINUTE === at);
        expect(series.calls[index]).toBe(calls.length === 0 ? null : calls.length);
        expect(series.firstContentMs.p95[index] === null).toBe(
          calls.every(({ firstContentMs }) => firstContentMs === null),
        );
      }
    });

    it('knows silence from health', async () => {
      const { series } = await ask('overview', {});
      const quiet = series.at.indexOf(NOW - 20 * MINUTE);
      expect([series.calls[quiet], series.failed[quiet], series.durationMs.p50[quiet]]).toEqual([null, null, null]);
      expect(series.faults.every(({ calls, attempts }) => calls[quiet] === null && attempts[quiet] === null)).toBe(
        true,
      );
      const busy = series.calls.findIndex((calls) => calls !== null);
      expect(series.faults.every(({ calls }) => calls[busy] !== null)).toBe(true);
    });

    it.each([
      [{ tenant: 'shop' }, (call: CallRecord) => call.tenant === 'shop'],
      [
        { tenant: 'shop', workload: 'search' },
        (call: CallRecord) => call.tenant === 'shop' && call.workload === 'search',
      ],
      [{ target: 'second' }, (call: CallRecord) => call.target === 'second'],
      [{ model: 'nobody asked' }, () => false],
    ])('of %j is of those alone', async (group, which) => {
      const { total } = await ask('overview', { ...group, from: NOW - 2 * 86_400_000 });
      expect(total.calls).toBe(count(CALLS, which));
      expect(total.cost).toBeCloseTo(
        CALLS.filter(which).reduce((sum, { cost }) => sum + (cost ?? 0) / 1e6, 0),
        6,
      );
    });

    it('of long ranges is drawn from hours and days', async () => {
      for (const step of [3_600_000, 86_400_000]) {
        const { total } = await ask('overview', { from: NOW - 30 * 86_400_000, step });
        expect(total.calls).toBe(CALLS.length);
      }
    });
  });

  it('the matrix tells what is against a target, and how sure that is', async () => {
    const { cells } = await ask('matrix', {});
    expect(cells.map(({ target }) => target)).toEqual(['openai', 'second']);
    const [openai, second] = cells;
    const attempts = TODAY.flatMap((call) => call.attempts).filter(({ target }) => target === 'openai');
    expect(openai).toMatchObject({ model: 'gpt-5-mini', attempts: attempts.length, failed: 100, errors: 100 });
    expect(openai?.share).toBeCloseTo(100 / attempts.length, 9);
    expect(openai?.interval?.[0]).toBeLessThan(openai?.share ?? 0);
    expect(openai?.faults).toEqual([
      { kind: 'rate-limit-tokens', attempts: 50 },
      { kind: 'unavailable', attempts: 50 },
    ]);
    expect(second).toMatchObject({ attempts: 50, fallbacks: 50, errors: 0, share: 0 });
    expect(second?.series.errors.filter((erred) => erred !== null).every((erred) => erred === 0)).toBe(true);
  });

  it('faults are grouped, with since when, who is hit, what they mean, and an example', async () => {
    const { groups } = await ask('faults', {});
    const down = groups.find(({ kind }) => kind === 'unavailable');
    const met = TODAY.filter(({ attempts }) => attempts[0]?.fault === DOWN);
    expect(down).toMatchObject({
      target: 'openai',
      model: 'gpt-5-mini',
      calls: 0,
      attempts: met.length,
      firstAt: Math.min(...met.map(({ at }) => at)),
      lastAt: Math.max(...met.map(({ at }) => at)),
      tenantCount: 3,
      example: { id: met.at(-1)?.id, message: 'down for the day' },
    });
    expect(down?.remedy).toMatch(/\w/);
    expect(down?.series.reduce((sum, value) => sum + value, 0)).toBe(met.length);
    expect(groups.find(({ kind }) => kind === 'invalid-request')).toMatchObject({
      target: null,
      calls: 50,
      attempts: 0,
    });
    expect((await ask('faults', { tenant: 'nobody' })).groups).toEqual([]);
  });

  describe('costs', () => {
    it.each(['tenant', 'user', 'workload', 'model', 'route'] as const)(
      'by %s come to what the calls cost',
      async (by) => {
        const { rows, total, at } = await ask('costs', { by });
        const keyOf = (call: CallRecord): string | null =>
          ({ tenant: call.tenant, user: call.endUser, workload: call.workload, model: call.model, route: call.route })[
            by
          ];
        const counted = by === 'user' ? CALLS.filter(({ endUser }) => endUser !== null) : CALLS;
        for (const id of new Set(counted.map(keyOf))) {
          const cost = counted
            .filter((call) => keyOf(call) === id)
            .reduce((sum, call) => sum + (call.cost ?? 0) / 1e6, 0);
          const shown = rows.filter((row) => row.id === id).reduce((sum, row) => sum + row.cost, 0);
          expect(shown, `${by} ${id}`).toBeCloseTo(cost, 6);
        }
        expect(total.cost).toBeCloseTo(
          CALLS.reduce((sum, { cost }) => sum + (cost ?? 0) / 1e6, 0),
          6,
        );
        expect(total.waste).toMatchObject({ failedAttempts: 15, total: 15 });
        expect(total.series.filter((cost) => cost !== null)).toHaveLength(2);
        expect(at).toHaveLength(22);
      },
    );

    it('are foretold', async () => {
      const { forecast } = await ask('costs', { by: 'tenant' });
      expect(forecast).toMatchObject({ month: '2026-11', basisDays: 1 });
      expect(forecast?.expected).toBeGreaterThan(forecast?.spent ?? NaN);
    });
  });

  describe('a call is found by', () => {
    const of = (number: number): CallRecord => CALLS[number] ?? aCall();
    it.each([
      ['its own id', of(7).id, of(7)],
      ['the id that its provider gave', 'req_7', of(7)],
      ['the id that another provider gave an attempt before', 'req_11_first', of(11)],
      ['the id of its trace', of(140).trace?.traceId ?? '', of(140)],
    ])('%s', async (_, id, call) => {
      expect(await ask('call', { id })).toMatchObject({ id: call.id, at: call.at });
      expect((await ask('calls', { id })).calls.map((found) => found.id)).toEqual([call.id]);
    });

    it('the id that its caller gave, which several may share', async () => {
      const { calls } = await ask('calls', { id: 'theirs-50' });
      expect(calls.map(({ id }) => id).toSorted()).toEqual(
        CALLS.filter(({ callerId }) => callerId === 'theirs-50')
          .map(({ id }) => id)
          .toSorted(),
      );
    });

    it('nothing that nobody gave', async () => {
      expect(await ask('call', { id: 'req_nobody' })).toBeNull();
      expect((await ask('calls', { id: 'req_nobody' })).calls).toEqual([]);
    });

    it.each([
      [
        { tenant: 'shop', fault: 'unavailable' },
        (call: CallRecord) => call.tenant === 'shop' && call.attempts.length === 2,
      ],
      [{ target: 'second' }, (call: CallRecord) => call.target === 'second'],
      [{ outcome: 'failed', status: '4xx' }, (call: CallRecord) => call.outcome === 'failed'],
      [{ status: '429' }, (call: CallRecord) => call.status === 429],
      [{ workload: 'search', slower: 500 }, (call: CallRecord) => call.workload === 'search' && call.durationMs >= 500],
      [{ user: 'u_0' }, (call: CallRecord) => call.endUser === 'u_0'],
      [
        { from: NOW - 60 * MINUTE, to: NOW - 30 * MINUTE },
        (call: CallRecord) => call.at < NOW - 30 * MINUTE && TODAY.includes(call),
      ],
    ] as const)('%j, page by page', async (search, which) => {
      const wanted = CALLS.filter(which).map(({ id }) => id);
      const found: string[] = [];
      let after: string | null = null;
      do {
        const page: Questions['calls']['answer'] = await ask('calls', {
          ...search,
          limit: 7,
          after: after ?? undefined,
        });
        found.push(...page.calls.map(({ id }) => id));
        after = page.next;
      } while (after !== null);
      expect(found.toSorted()).toEqual(wanted.toSorted());
      expect(new Set(found).size).toBe(found.length);
    });
  });
});
