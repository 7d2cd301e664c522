import { expect, it } from 'vitest';
import { amount, whole } from './numbers.ts';

it.each([
  [whole(0, 65_535), '0', 0],
  [whole(0, 65_535), '65535', 65_535],
  [whole(1), '1e6', 1_000_000],
  [amount(0), '0.5', 0.5],
  [amount(1, 3600), ' 7 ', 7],
])('%# reads what fits', (read, written, value) => expect(read(written)).toBe(value));

it.each([
  [whole(0, 65_535), '65536', 'Write a whole number from 0 to 65535.'],
  [whole(0), '-1', 'Write a whole number, 0 or more.'],
  [whole(1), '1.5', 'Write a whole number, 1 or more.'],
  [whole(0), '', 'Write a whole number, 0 or more.'],
  [amount(0), 'x', 'Write a number, 0 or more.'],
  [amount(1, 3600), 'Infinity', 'Write a number from 1 to 3600.'],
])('%# says what would fit', (read, written, advice) => expect(() => read(written)).toThrow(advice));
