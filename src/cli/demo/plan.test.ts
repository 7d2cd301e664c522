import { expect, test } from 'vitest';
import { planCalls } from './plan.ts';
import { PHASES, phaseAt, weatherOver } from './sky.ts';

test('the same seed plans the same calls and knows the same answers; another seed does not', async () => {
  const [plan, again, other] = await Promise.all(
    [5, 5, 6].map((seed) => planCalls({ seed, calls: 40, lengthMs: 10_000 })),
  );
  expect(plan).toEqual(again);
  expect(plan?.map(({ expected }) => expected)).not.toEqual(other?.map(({ expected }) => expected));
});

test('the calls fill the time, are of both sorts and have answers long enough to be cut', async () => {
  const plan = await planCalls({ seed: 1, calls: 100, lengthMs: 10_000 });
  expect(plan).toHaveLength(100);
  expect(plan.every(({ atMs }, index) => atMs > (plan[index - 1]?.atMs ?? 0) && atMs < 10_000)).toBe(true);
  expect(new Set(plan.map(({ phase }) => phase)).size).toBe(PHASES.length);
  expect(new Set(plan.map(({ stream }) => stream))).toEqual(new Set([true, false]));
  expect(Math.min(...plan.map(({ expected }) => expected.split(' ').length))).toBeGreaterThanOrEqual(10);
});

test('every phase has its part of the timeline, and the last does not end', () => {
  const { timeline } = weatherOver(10_000, 1);
  expect(timeline.map(({ atMs }) => phaseAt(atMs, 10_000))).toEqual(PHASES.map((_, index) => index));
  expect(timeline.at(-1)?.forMs).toBe(Number.POSITIVE_INFINITY);
  expect(phaseAt(60_000, 10_000)).toBe(PHASES.length - 1);
});
