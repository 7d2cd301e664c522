import { afterAll, beforeAll, expect, it } from 'vitest';
import { aCall, aFault, anAttempt } from '../../../test/fixtures/call-record.ts';
import { packCalls } from '../../../test/fixtures/pack-calls.ts';
import type { CallRecord } from '../../engine/record.ts';
import type { Database } from '../../storage/database.ts';
import { onEachKeeper, type TestRecords } from '../keepers.test-support.ts';
import { answer } from './answer.ts';
import type { CallSearch } from './search.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = Date.UTC(2026, 10, 22, 8, 30);
const TIMED_OUT = aFault({ kind: 'timeout', message: 'late' });
const DOWN = aFault({ kind: 'unavailable', message: 'down' });

/** What one in 29 calls has beside the others. */
const RARE = ['fault', 'target', 'user', 'model', 'slow', 'workload'] as const;

/** A call every 16 minutes for 110 days: of the first of them hours are forgotten, and users. */
const CALLS: readonly CallRecord[] = Array.from({ length: Math.floor((110 * DAY) / (16 * MINUTE)) }, (_, number) => {
  const rare = number % 29 === 3 ? RARE[Math.floor(number / 29) % RARE.length] : undefined;
  const attempt = anAttempt({ upstreamId: `req_${number}` });
  const call = aCall({
    id: `hf-m1-${(number + 1).toString(36)}`,
    at: NOW - 5 * MINUTE - number * 16 * MINUTE,
    tenant: number % 2 === 0 ? 'shop' : 'desk',
    endUser: `u_${rare === 'user' ? 'rare' : 'often'}`,
    durationMs: rare === 'slow' ? 9_000 : 100,
    workload: rare === 'workload' ? 'batch' : null,
    ...(rare === 'model' ? { model: 'model-of-old' } : {}),
    attempts: [attempt],
  });
  if (rare !== 'fault' && rare !== 'target') return call;
  const first = anAttempt({
    fault: rare === 'fault' ? TIMED_OUT : DOWN,
    target: rare === 'target' ? 'spare' : 'openai',
  });
  return { ...call, attempts: [first, { ...attempt, reason: 'fallback' }] };
});

const met = (call: CallRecord, kind: string): boolean => call.attempts.some(({ fault }) => fault?.kind === kind);

onEachKeeper((make) => {
  let records: TestRecords;
  let database: Database;
  beforeAll(async () => {
    records = await make();
    const keeper = records.keeper();
    await keeper.write(packCalls(CALLS.toReversed()), []);
    while (await keeper.addUp(NOW));
    while (await keeper.sweepStep(NOW));
    await keeper.close();
    database = await records.open();
  });
  afterAll(async () => {
    await database.close();
    await records.drop();
  });

  async function all(search: CallSearch): Promise<readonly string[]> {
    const found: string[] = [];
    let after: string | undefined;
    do {
      const page = await answer(database, 'calls', { ...search, limit: 10, after }, NOW);
      found.push(...page.calls.map(({ id }) => id));
      after = page.next ?? undefined;
    } while (after !== undefined);
    return found;
  }

  const SEARCHES: readonly (readonly [CallSearch, (call: CallRecord) => boolean])[] = [
    [{ fault: 'timeout' }, (call) => met(call, 'timeout')],
    [{ fault: 'timeout', tenant: 'shop' }, (call) => met(call, 'timeout') && call.tenant === 'shop'],
    [{ fault: 'timeout', target: 'openai' }, (call) => met(call, 'timeout')],
    [
      { fault: 'unavailable', target: 'spare', tenant: 'desk' },
      (call) => met(call, 'unavailable') && call.tenant === 'desk',
    ],
    [{ target: 'spare' }, (call) => met(call, 'unavailable')],
    [{ target: 'spare', workload: 'batch' }, () => false],
    [{ model: 'model-of-old', tenant: 'shop' }, (call) => call.model === 'model-of-old' && call.tenant === 'shop'],
    [{ user: 'u_rare' }, (call) => call.endUser === 'u_rare'],
    [{ user: 'u_rare', tenant: 'desk' }, (call) => call.endUser === 'u_rare' && call.tenant === 'desk'],
    [{ user: 'u_nobody' }, () => false],
    [{ slower: 5_000 }, (call) => call.durationMs > 5_000],
    [{ slower: 5_000, tenant: 'shop' }, (call) => call.durationMs > 5_000 && call.tenant === 'shop'],
    [{ workload: 'batch', status: '2xx' }, (call) => call.workload === 'batch'],
    [{ tenant: 'nobody' }, () => false],
  ];
  const TIMES: readonly (readonly [string, { from?: number; to?: number }])[] = [
    ['ever', {}],
    ['in a month', { from: NOW - 30 * DAY }],
    ['in some days of before', { from: NOW - 66 * DAY, to: NOW - 50 * DAY - 7 * MINUTE }],
  ];
  it.each(TIMES.flatMap(([when, range]) => SEARCHES.map(([search, which]) => ({ search, when, range, which }))))(
    'finds $search $when, the newest first and none twice',
    async ({ search, range, which }) => {
      const { from = 0, to = Infinity } = range;
      const wanted = CALLS.filter((call) => which(call) && call.at >= from && call.at < to);
      expect(await all({ ...search, ...range })).toEqual(wanted.map(({ id }) => id));
    },
  );

  it('finds what is counted among others, as names are of which there are too many', async () => {
    const { query } = database;
    const before = await query.selectFrom('rollup_series').selectAll().execute();
    await query.updateTable('rollup_series').set({ tenant: 'other' }).where('tenant', '=', 'desk').execute();
    await query.updateTable('user_rollups').set({ end_user: 'other' }).where('end_user', '=', 'u_rare').execute();
    const wanted = CALLS.filter(({ endUser, tenant }) => endUser === 'u_rare' && tenant === 'desk');
    expect(await all({ user: 'u_rare', tenant: 'desk' })).toEqual(wanted.map(({ id }) => id));
    expect(wanted.length).toBeGreaterThan(20);
    expect(before.some(({ tenant }) => tenant === 'desk')).toBe(true);
    const faults = CALLS.filter((call) => met(call, 'timeout') && call.tenant === 'desk');
    expect(await all({ fault: 'timeout', tenant: 'desk' })).toEqual(faults.map(({ id }) => id));
  });
});
