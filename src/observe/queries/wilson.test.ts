import { expect, it } from 'vitest';
import { wilson } from './wilson.ts';

// Worked out by hand from the formula, and known from tables.
it.each([
  [0, 10, 0, 0.2775],
  [1, 10, 0.0179, 0.4042],
  [3, 20, 0.0524, 0.3604],
  [6, 50, 0.0562, 0.238],
  [10, 10, 0.7225, 1],
  [500, 1000, 0.4691, 0.5309],
])('%d of %d is between %d and %d', (hits, of, low, high) => {
  const [from = NaN, to = NaN] = wilson(hits, of) ?? [];
  expect(from).toBeCloseTo(low, 3);
  expect(to).toBeCloseTo(high, 3);
});

it('knows nothing of nothing', () => {
  expect(wilson(0, 0)).toBeNull();
});
