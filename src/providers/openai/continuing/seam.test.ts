import { array, assert, constantFrom, double, integer, pre, property, stringMatching, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { anchorOf, Seam } from './seam.ts';

/** Joins a continuation, piece by piece; null when it does not go on where the text ends. */
function join(text: string, style: 'instruction' | 'prefill', pieces: readonly string[]): string | null {
  const seam = new Seam(text, style);
  let given = '';
  for (const piece of pieces) {
    const more = seam.take(piece);
    if (more === null) return null;
    given += more;
  }
  const rest = seam.end();
  return rest === null ? null : given + rest;
}

const letters = (text: string): string[] => text.split('');
const TEXT = 'The kelp holds fast to the rock while the storm passes over the reef and the tide turns slo';

describe('an instructed continuation', () => {
  test.each<[string, string, string, string | null]>([
    ['repeats the last words and finishes the cut one', TEXT, `${anchorOf(TEXT)}wly. Then calm.`, 'wly. Then calm.'],
    ['begins with white space', TEXT, `\n ${anchorOf(TEXT)}wly.`, 'wly.'],
    ['repeats more than it was asked to', TEXT, `${TEXT.slice(9)}wly.`, 'wly.'],
    ['repeats everything', TEXT, `${TEXT}wly.`, 'wly.'],
    ['repeats less', TEXT, 'the tide turns slowly.', 'wly.'],
    ['writes white space in another way', TEXT, `${TEXT.slice(15).replace('the ', 'the\n')}wly.`, 'wly.'],
    ['has nothing to add', TEXT, anchorOf(TEXT), ''],
    ['goes on without repeating', TEXT, 'wly, and then it is calm again at the shore.', null],
    ['begins anew', TEXT, 'The kelp holds fast, and that is all there is to say about it.', null],
    ['apologises', TEXT, `Sorry for the interruption! ${anchorOf(TEXT)}wly.`, null],
    ['is empty', TEXT, '', null],
    ['after a space keeps to one space', 'All is well ', 'All is well at sea.', 'at sea.'],
    ['after a space keeps the second one', 'All is well ', 'All is well  at sea.', ' at sea.'],
    ['of a text of one word', 'Hello', 'Hello world', ' world'],
  ])('that %s', (_, text, continuation, rest) => {
    expect(join(text, 'instruction', [continuation])).toBe(rest);
    expect(join(text, 'instruction', letters(continuation))).toBe(rest);
  });
});

describe('a prefilled continuation', () => {
  test.each([
    ['goes on at the character', 'The tide turns slo', 'wly.', 'wly.'],
    ['says the last space again', 'The tide ', ' turns.', 'turns.'],
    ['does not say it again', 'The tide ', 'turns.', 'turns.'],
    ['says one of two spaces again', 'The tide  ', ' turns.', 'turns.'],
    ['of a text that repeats itself', 'ha ha ha', ' ha ha', ' ha ha'],
    ['has nothing to add', 'The end.', '', ''],
  ])('that %s', (_, text, continuation, rest) => {
    expect(join(text, 'prefill', [continuation])).toBe(rest);
    expect(join(text, 'prefill', letters(continuation))).toBe(rest);
  });
});

const word = stringMatching(/^[a-z]{1,8}[,.]?$/);
const space = constantFrom(' ', ' ', ' ', '\n', '  ', ' 🌊 ', ' 海');
const prose = array(tuple(word, space), { minLength: 2, maxLength: 80 }).map((words) => words.flat().join('').trim());

test('wherever an answer is cut, however often its words recur, and in whatever pieces it goes on: each character is there once', () => {
  assert(
    property(
      prose,
      double({ min: 0, max: 1, noNaN: true }),
      integer({ min: 1, max: 30 }),
      constantFrom('instruction' as const, 'prefill' as const),
      (whole, share, size, style) => {
        const at = Math.max(1, Math.floor(share * whole.length));
        const given = whole.slice(0, at);
        const trimmed = given.trimEnd();
        pre(trimmed !== '');
        const from = style === 'prefill' ? trimmed.length : trimmed.length - anchorOf(given).length;
        const rest = whole.slice(from);
        const pieces: string[] = [];
        for (let start = 0; start < rest.length; start += size) pieces.push(rest.slice(start, start + size));
        expect(given + String(join(given, style, pieces))).toBe(whole);
      },
    ),
    { numRuns: 500 },
  );
});
