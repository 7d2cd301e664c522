import { expect, test } from 'vitest';
import { type Compared, type Quantity, ranking, timesApart, withinTwice } from '../bench/storm/http/compare.ts';

const seconds: Quantity = { id: 'seconds', title: '', better: 'less', grain: 2, decimals: 0 };

function row(client: string, virtual: number, http: number): Compared {
  return { client, virtual, twin: virtual, http };
}

test('an order that is the other way round is found, by name', () => {
  const rows = [row('a', 1, 30), row('b', 10, 20), row('c', Number.POSITIVE_INFINITY, 25)];
  expect(ranking(seconds, rows)).toEqual({ pairs: 3, reversed: ['a and b', 'a and c'] });
});

test('what is not well apart has no order', () => {
  const rows = [row('a', 1, 9), row('b', 2.9, 1), row('c', 100, 60), row('d', 120, 50)];
  // Only a and b from c and d.
  expect(ranking(seconds, rows)).toEqual({ pairs: 4, reversed: [] });
  const never = [row('a', Number.POSITIVE_INFINITY, 5), row('b', Number.POSITIVE_INFINITY, 6)];
  expect(ranking(seconds, never)).toEqual({ pairs: 0, reversed: [] });
});

test.each([
  [4, 8, 1, 2],
  [8, 4, 1, 2],
  [0, 2, 1, 2],
  [0, 0.5, 1, 1],
  [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1, 1],
  [3, Number.POSITIVE_INFINITY, 1, Number.POSITIVE_INFINITY],
])('%d and %d with a grain of %d are %d times apart', (one, other, grain, times) => {
  expect(timesApart(one, other, grain)).toBe(times);
});

test('twice holds, more does not', () => {
  expect(withinTwice(seconds, row('a', 3, 6)).holds).toBe(true);
  expect(withinTwice(seconds, row('a', 3, 7)).holds).toBe(false);
});
