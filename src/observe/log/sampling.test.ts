import { expect, test } from 'vitest';
import { Sampling } from './sampling.ts';

function weights(policy: { perSecond: number; share: number }, calls: number, everyMs: number): number[] {
  const sampling = new Sampling(policy);
  return Array.from({ length: calls }, (_, index) => sampling.weigh(index * everyMs));
}

test('a quiet gateway tells every call', () => {
  expect(weights({ perSecond: 5, share: 0 }, 20, 200)).toEqual(Array.from({ length: 20 }, () => 1));
});

test('beyond the allowance of a second it tells every n-th, and what each stands for', () => {
  const told = weights({ perSecond: 2, share: 0.1 }, 102, 0);
  expect(told.slice(0, 2)).toEqual([1, 1]);
  expect(told.slice(2).filter((weight) => weight > 0)).toEqual(Array.from({ length: 10 }, () => 10));
});

test.each([
  [0, 0],
  [1, 1],
])('a share of %d of everything', (share, weight) => {
  expect(new Set(weights({ perSecond: 0, share }, 50, 1))).toEqual(new Set([weight]));
});

test('the lines stand for all calls, whatever the share', () => {
  for (const share of [0.5, 0.3, 0.07, 0.01]) {
    const sum = weights({ perSecond: 3, share }, 100_000, 0).reduce((total, weight) => total + weight, 0);
    expect(sum).toBeGreaterThan(100_000 - 1 / share - 1);
    expect(sum).toBeLessThanOrEqual(100_000);
  }
});
