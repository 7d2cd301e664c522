import { expect, test } from 'vitest';
import { ANYONE } from '../caller.ts';
import { Concurrency } from './concurrency.ts';
import { Latency } from './latency.ts';

const BACKGROUND = { ...ANYONE, lane: 'background' } as const;

/** How many background calls find a place at once. */
function placesFor(people: boolean): number {
  const concurrency = new Concurrency(true, new Latency(), people);
  let taken = 0;
  while (taken < 1_000 && concurrency.hasRoom('background')) {
    concurrency.enter(BACKGROUND, 0);
    taken += 1;
  }
  return taken;
}

test('background work begins gently where people may come, and with every place where it is alone', () => {
  expect(placesFor(true)).toBe(8);
  expect(placesFor(false)).toBe(100);
});
