import { expect, test } from 'vitest';
import { quotasOf } from './limits.ts';
import type { Counters, Quota, QuotaEvent } from './quota.ts';
import { QuotaWatch, resetOf } from './quota-watch.ts';

const NOON = Date.UTC(2026, 4, 14, 12);
const DAY = 86_400_000;

/** Counters whose use a test sets. */
function watchOver(): { watch: QuotaWatch; use: Map<string, number>; events: QuotaEvent[] } {
  const use = new Map<string, number>();
  const events: QuotaEvent[] = [];
  const counters: Pick<Counters, 'settled'> = { settled: ({ id }) => use.get(id) ?? 0 };
  return { watch: new QuotaWatch(counters as Counters, (event) => events.push(event)), use, events };
}

const [budget] = quotasOf('tenant', 'shop', { budgetPerDay: 10 }) as [Quota];
const [soft] = quotasOf('tenant', 'shop', { budgetPerMonth: { warn: 5 } }) as [Quota];

test('a threshold is told once in a period, and again in the next', () => {
  const { watch, use, events } = watchOver();
  const at = [NOON, NOON + 1, NOON + 11 * 3_600_000, NOON + 13 * 3_600_000];
  use.set(budget.id, 7.9e6);
  watch.settled([budget], 'c0', NOON - 1);
  use.set(budget.id, 8e6);
  for (const [index, time] of at.entries()) watch.settled([budget], `c${index + 1}`, time);
  expect(events).toEqual([
    { kind: 'warned', at: NOON, quota: budget, used: 8e6, resetsAt: Date.UTC(2026, 4, 15), callId: 'c1' },
    { kind: 'warned', at: at[3], quota: budget, used: 8e6, resetsAt: Date.UTC(2026, 4, 16), callId: 'c4' },
  ]);
});

test('what refuses nothing is exhausted when its amount is reached', () => {
  const { watch, use, events } = watchOver();
  use.set(soft.id, 5e6);
  watch.settled([soft], 'c', NOON);
  watch.settled([soft], 'd', NOON + 1);
  expect(events.map(({ kind }) => kind)).toEqual(['warned', 'exhausted']);
});

test('refusals of days and months are told, those of minutes and moments are not', () => {
  const { watch, events } = watchOver();
  const quotas = quotasOf('tenant', 'shop', {
    concurrentCalls: 1,
    requestsPerMinute: 1,
    requestsPerDay: 1,
    tokensPerDay: 1,
    budgetPerMonth: 1,
  });
  for (const quota of [...quotas, ...quotas]) watch.refused(quota, 1, 'c', NOON);
  expect(events.map(({ quota }) => quota.id)).toEqual([
    'tenant:shop requests/day',
    'tenant:shop tokens/day',
    'tenant:shop money/month',
  ]);
  // A day of requests slides, so it has no hour of its own: a day later is soon enough.
  for (const at of [NOON + DAY - 1, NOON + DAY]) for (const quota of quotas) watch.refused(quota, 1, 'c', at);
  expect(events.slice(3).map(({ quota, at }) => [quota.id, at])).toEqual([
    ['tenant:shop requests/day', NOON + DAY],
    ['tenant:shop tokens/day', NOON + DAY],
  ]);
});

test.each<[Quota['measure'], Quota['period'], number | null]>([
  ['money', 'day', Date.UTC(2026, 11, 32)],
  ['money', 'month', Date.UTC(2027, 0, 1)],
  ['tokens', 'day', null],
  ['requests', 'minute', null],
])('%s of a %s begin anew at %s', (measure, period, resetsAt) => {
  expect(resetOf({ ...budget, measure, period }, Date.UTC(2026, 11, 31, 23, 59))).toBe(resetsAt);
});
