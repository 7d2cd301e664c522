import { expect, test } from 'vitest';
import { Awaiting } from './awaiting.ts';

test('knows how many have waited since before a time', () => {
  const awaiting = new Awaiting();
  const calls = [0, 10, 20, 30].map((now) => awaiting.begin(now));
  expect(awaiting.since(25, 3)).toBe(true);
  expect(awaiting.since(20, 3)).toBe(false);
  expect(awaiting.end(calls[1] ?? -1)).toBe(true);
  expect(awaiting.end(calls[1] ?? -1)).toBe(false);
  expect(awaiting.since(25, 3)).toBe(false);
  expect(awaiting.since(25, 2)).toBe(true);
});

test('the answered make room, in any order, for ever', () => {
  const awaiting = new Awaiting();
  let before = awaiting.begin(0);
  for (let now = 1; now < 20_000; now += 1) {
    const call = awaiting.begin(now);
    expect(awaiting.end(before)).toBe(true);
    before = call;
  }
  expect(awaiting.since(1e9, 2)).toBe(false);
  expect(awaiting.since(1e9, 1)).toBe(true);
});

test('loses sight of the oldest when there are too many, and of no other', () => {
  const awaiting = new Awaiting();
  const calls = Array.from({ length: 5_000 }, (_, now) => awaiting.begin(now));
  expect(awaiting.end(calls[0] ?? -1)).toBe(false);
  expect(awaiting.end(calls[4_999] ?? -1)).toBe(true);
  expect(awaiting.since(2_000, 1_000)).toBe(true);
});
