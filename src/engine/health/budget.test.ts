import { expect, test } from 'vitest';
import { RetryBudget } from './budget.ts';
import { DEFAULT_BUDGET } from '../policy.ts';

test('a full bucket pays for its capacity, then nothing', () => {
  const budget = new RetryBudget(DEFAULT_BUDGET);
  const paid = Array.from({ length: 25 }, () => budget.take()).filter(Boolean).length;
  expect(paid).toBe(DEFAULT_BUDGET.capacity);
});

test('successes refill it, never beyond its capacity', () => {
  const budget = new RetryBudget({ capacity: 2, costPerRetry: 1, refillPerSuccess: 0.5 });
  budget.take();
  budget.take();
  budget.succeeded();
  expect(budget.take()).toBe(false);
  budget.succeeded();
  expect(budget.take()).toBe(true);
  for (let i = 0; i < 100; i += 1) budget.succeeded();
  expect(budget.tokens).toBe(2);
});

test('retries stay below half of the successful load', () => {
  const budget = new RetryBudget(DEFAULT_BUDGET);
  let retries = 0;
  for (let call = 0; call < 10_000; call += 1) {
    if (call % 4 === 0) budget.succeeded();
    else if (budget.take()) retries += 1;
  }
  expect(retries).toBeGreaterThan(1_200);
  expect(retries).toBeLessThanOrEqual(2_500 * 0.5 + DEFAULT_BUDGET.capacity);
});
