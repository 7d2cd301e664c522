import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { CORPUS } from '../tokens/corpus.test-support.ts';
import { tokenizer } from './conversations.test-support.ts';
import { shortened } from './shorten.ts';

const count = (text: string): number => tokenizer.count(text).tokens;
const NOTE = /\n\[… (\d+) tokens left out to fit …\]\n/;

test('what is kept is the beginning and the end, no more than was asked for, and no character is broken', () => {
  const texts = fc.tuple(
    fc.constantFrom(...Object.values(CORPUS).filter((text) => text.isWellFormed())),
    fc.integer({ min: 2, max: 20 }),
  );
  fc.assert(
    fc.property(texts, fc.integer({ min: 10, max: 400 }), ([text, times], to) => {
      const long = text.repeat(times);
      const tokens = count(long);
      fc.pre(tokens > to);
      const short = shortened(long, tokens, to, count);
      const [head = '', left, tail = ''] = short.split(NOTE);
      expect(long.startsWith(head)).toBe(true);
      expect(long.endsWith(tail)).toBe(true);
      expect(count(head) + count(tail)).toBeLessThanOrEqual(to);
      expect(Number(left)).toBe(tokens - count(head) - count(tail));
      expect(short.isWellFormed()).toBe(true);
    }),
  );
});

test('a cut stands at the end of a line or a word where one is near', () => {
  const long = Array.from({ length: 500 }, (_, line) => `line ${line} of the file`).join('\n');
  const [head = '', , tail = ''] = shortened(long, count(long), 300, count).split(NOTE);
  expect(head).toMatch(/of the file$|of the$|line \d+$/);
  expect(tail).toMatch(/^(?:line|of|the|file|\d)/);
});
