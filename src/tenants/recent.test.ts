import { expect, test } from 'vitest';
import { Recent } from './recent.ts';

test('keeps what was asked for last, and no more than it may', () => {
  const recent = new Recent<number>(100);
  recent.set('kept', -1);
  const kept: unknown[] = [];
  for (let count = 0; count < 10_000; count += 1) {
    recent.set(`name-${count}`, count);
    // Asked for often enough to stay.
    if (count % 40 === 0) kept.push(recent.get('kept'));
  }
  expect(new Set(kept)).toEqual(new Set([-1]));
  const held = Array.from({ length: 10_000 }, (_, count) => count).filter(
    (count) => recent.get(`name-${count}`) !== undefined,
  );
  expect(held.length).toBeGreaterThanOrEqual(50);
  expect(held.length).toBeLessThanOrEqual(100);
  expect(held.at(-1)).toBe(9_999);
});

test('puts a new value in place of an old one, and forgets all when told', () => {
  const recent = new Recent<number>(4);
  recent.set('a', 1);
  recent.set('b', 1);
  recent.set('c', 1);
  recent.set('a', 2);
  expect([recent.get('a'), recent.get('b'), recent.get('c'), recent.get('d')]).toEqual([2, 1, 1, undefined]);
  recent.clear();
  expect(recent.get('a')).toBeUndefined();
});
