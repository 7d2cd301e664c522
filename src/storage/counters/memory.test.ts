import { expect, test } from 'vitest';
import { aQuota, cost, describeCounters } from './contract.test-support.ts';
import { MemoryCounters } from './memory.ts';

describeCounters('memory', () => ({ counters: new MemoryCounters() }));

const NOON = Date.UTC(2026, 4, 14, 12);

test('a flood of made-up end users leaves a bounded number of counts, and those with calls under way', () => {
  const counters = new MemoryCounters({ users: 2_000 });
  const own = aQuota('calls', 'moment', 1, { level: 'user' });
  const first = counters.reserve([own], cost(0), NOON);
  for (let index = 0; index < 50_000; index += 1) {
    const quota = aQuota('requests', 'day', 10, { level: 'user' });
    const verdict = counters.reserve([quota], cost(0), NOON + index);
    if (verdict.kind === 'granted') verdict.reservation.settle(cost(0), NOON + index);
    expect(counters.size).toBeLessThanOrEqual(2_001);
  }
  expect(counters.reserve([own], cost(0), NOON).kind).toBe('refused');
  if (first.kind === 'granted') first.reservation.settle(cost(0), NOON);
  expect(counters.used(own, NOON)).toBe(0);
});

test('an end user who keeps coming is not forgotten in a flood of others', () => {
  const counters = new MemoryCounters({ users: 200 });
  const own = aQuota('requests', 'day', 1_000, { level: 'user' });
  for (let index = 0; index < 1_000; index += 1) {
    counters.reserve([own], cost(0), NOON);
    for (let others = 0; others < 20; others += 1) {
      const other = counters.reserve([aQuota('requests', 'day', 10, { level: 'user' })], cost(0), NOON);
      if (other.kind === 'granted') other.reservation.settle(cost(0), NOON);
    }
  }
  expect(counters.reserve([own], cost(0), NOON)).toMatchObject({ kind: 'refused', used: 1_000 });
});

test('counts of configured holders go once they are idle, and not before', () => {
  const counters = new MemoryCounters();
  for (let day = 0; day < 20; day += 1) {
    for (let index = 0; index < 1_000; index += 1) {
      const verdict = counters.reserve([aQuota('tokens', 'minute', 10)], cost(1), NOON + day * 86_400_000);
      if (verdict.kind === 'granted') verdict.reservation.settle(cost(1), NOON + day * 86_400_000);
    }
  }
  expect(counters.size).toBeLessThanOrEqual(3_100);
});

test('a clock that is set back holds nobody up longer than a window, and frees nothing early', () => {
  const counters = new MemoryCounters();
  const quota = aQuota('requests', 'minute', 1);
  counters.reserve([quota], cost(0), NOON);
  const back = NOON - 3_600_000;
  const refusal = counters.reserve([quota], cost(0), back);
  expect(refusal).toMatchObject({ kind: 'refused', freeInMs: expect.closeTo(60_000, -3) as number });
  expect(counters.reserve([quota], cost(0), back + 59_999).kind).toBe('refused');
  expect(counters.reserve([quota], cost(0), back + 60_250).kind).toBe('granted');
});
