import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';
import * as p50k from 'gpt-tokenizer/encoding/p50k_base';
import * as r50k from 'gpt-tokenizer/encoding/r50k_base';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { leastTokens } from './bounds.ts';
import { CORPUS } from './corpus.test-support.ts';
import type { EncodingName } from './encodings.ts';
import { countMerged } from './merge.ts';
import { loadTokenizer, type Tokenizer } from './tokenizer.ts';

type Library = { readonly encode: (text: string, options: { disallowedSpecial: Set<string> }) => number[] };

const LIBRARIES: readonly (readonly [EncodingName, Library])[] = [
  ['o200k_base', o200k],
  ['cl100k_base', cl100k],
  ['p50k_base', p50k],
  ['r50k_base', r50k],
];

describe.each(LIBRARIES)('%s counts as many tokens as the library makes of', (encoding, library) => {
  const made = (text: string): number => library.encode(text, { disallowedSpecial: new Set() }).length;

  test.each(Object.entries(CORPUS))('%s', async (_, text) => {
    const tokenizer = await loadTokenizer(encoding);
    expect(tokenizer.count(text)).toEqual({ tokens: made(text), exact: true });
  });

  test('whatever people and machines may write', async () => {
    const tokenizer = await loadTokenizer(encoding);
    const piece = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(...Object.values(CORPUS)),
      fc
        .tuple(fc.constantFrom('a', ' ', '=', 'ab', 'É', '日', '1', '\n', 'xyz'), fc.nat(400))
        .map(([unit, n]) => unit.repeat(n)),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 6 }), (pieces) => {
        // The library's decoder takes a byte order mark away, and then finds no token for it.
        const text = pieces.join('').replaceAll('\ufeff', '');
        const { tokens, exact } = tokenizer.count(text);
        expect({ tokens, exact }).toEqual({ tokens: made(text), exact: true });
        expect(tokens).toBeLessThanOrEqual(Buffer.byteLength(text));
        expect(tokens).toBeGreaterThanOrEqual(leastTokens(Buffer.byteLength(text), tokenizer.longest));
      }),
      { numRuns: 150 },
    );
  });
});

describe('long runs without a break', () => {
  test.each(['a', ' ', '=', 'ab', 'é', '日', 'aB9'])(
    '%j a hundred times over is merged as it is once by once',
    async (unit) => {
      const tokenizer = await loadTokenizer('o200k_base');
      const text = unit.repeat(600);
      expect(tokenizer.count(text).tokens).toBe(o200k.encode(text).length);
    },
  );

  test('200,000 letters and spaces take no longer than texts of that size do', async () => {
    const tokenizer = await loadTokenizer('o200k_base');
    const started = performance.now();
    // 8 letters, and 128 spaces, are one token each.
    expect(tokenizer.count('a'.repeat(200_000))).toEqual({ tokens: 25_000, exact: true });
    expect(tokenizer.count(' '.repeat(200_000))).toEqual({ tokens: 1_563, exact: true });
    // The library takes some twenty seconds for each.
    expect(performance.now() - started).toBeLessThan(5_000);
  });

  test('a run of one character is told from a shorter one, exactly', async () => {
    for (const encoding of ['o200k_base', 'cl100k_base', 'r50k_base'] as const) {
      const tokenizer = await loadTokenizer(encoding);
      for (const unit of ['a', 'A', ' ', '=', '-', '_', '0', 'é', '日', 'ー', '\n']) {
        for (const length of [12_289, 13_000, 16_384, 20_011]) {
          const run = unit.repeat(length);
          // Behind something else in the same piece the run is merged step by step.
          const told = tokenizer.count(run).tokens;
          const merged = mergedTokens(tokenizer, run);
          expect(told, `${JSON.stringify(unit)} × ${length}`).toBe(merged);
        }
      }
    }
  });

  test.each(['chat', 'code', 'whitespace'])(
    'a text of several sections is counted as one: %s',
    async (kind) => {
      const sample = CORPUS[kind] as string;
      for (const encoding of ['o200k_base', 'cl100k_base'] as const) {
        const tokenizer = await loadTokenizer(encoding);
        // So that the sections end at another place of the sample each time.
        for (const before of ['', 'xy ']) {
          const text = before + sample.repeat(Math.ceil(1_060_000 / sample.length));
          expect(tokenizer.count(text)).toEqual({ tokens: mergedTokens(tokenizer, text), exact: true });
        }
      }
    },
    60_000,
  );

  test('a piece of millions is cut, and the count said to be an estimate', async () => {
    const tokenizer = await loadTokenizer('o200k_base');
    const { tokens, exact } = tokenizer.count('ab'.repeat(600_000));
    expect(exact).toBe(false);
    const { tokens: whole } = tokenizer.count('ab'.repeat(500_000));
    expect(Math.abs(tokens / 600_000 - whole / 500_000)).toBeLessThan(0.001);
    expect(tokenizer.count('日本'.repeat(4_000_000), 10_000_000)).toMatchObject({ exact: false });
  });
});

describe('when enough is known', () => {
  test('counting stops, and the rest is told from what was counted', async () => {
    const tokenizer = await loadTokenizer('o200k_base');
    const text = (CORPUS['chat'] as string).repeat(500);
    const { tokens } = tokenizer.count(text);
    const early = tokenizer.count(text, 1_000);
    expect(early.exact).toBe(false);
    expect(Math.abs(early.tokens - tokens) / tokens).toBeLessThan(0.05);
  });

  test('a text that cannot be short enough is not counted at all', async () => {
    const tokenizer = await loadTokenizer('o200k_base');
    expect(tokenizer.count(' '.repeat(1_280_000), 9_999)).toEqual({ tokens: 10_000, exact: false });
  });

  test('and a count that is not beyond it is exact', async () => {
    const tokenizer = await loadTokenizer('o200k_base');
    const { tokens } = tokenizer.count(CORPUS['code'] as string);
    expect(tokenizer.count(CORPUS['code'] as string, tokens)).toEqual({ tokens, exact: true });
  });
});

test('both ways of merging give the same', async () => {
  // Bytes of no text at all, so that merges of many lengths meet.
  const ranks = new Map<string, number>();
  const pairs = new Int32Array(65_536).fill(0x7fff_ffff);
  const tokens = ['ab', 'bc', 'abc', 'ca', 'cab', 'aa', 'aaa', 'aabc', 'cabca', 'bb'];
  for (const [rank, token] of tokens.entries()) {
    ranks.set(token, rank);
    if (token.length === 2) pairs[token.charCodeAt(0) * 256 + token.charCodeAt(1)] = rank;
  }
  const vocabulary = { ranks, pairs, longest: 5 };
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 97, maxLength: 300 }), (letters) => {
      const text = letters.join('');
      expect(countMerged(text, vocabulary)).toBe(mergedPlainly(text, ranks));
    }),
  );
});

/** Tokens of each piece that the encoding makes of a text, merged without any shortcut. */
function mergedTokens(tokenizer: Tokenizer, text: string): number {
  const { vocabulary, split } = tokenizer;
  let tokens = 0;
  for (const [piece] of text.matchAll(new RegExp(split.source, 'gu'))) {
    const bytes = Buffer.from(piece, 'utf8').toString('latin1');
    tokens += vocabulary.ranks.has(bytes) ? 1 : countMerged(bytes, vocabulary);
  }
  return tokens;
}

/** Byte pair encoding as its definition has it. */
function mergedPlainly(text: string, ranks: ReadonlyMap<string, number>): number {
  const parts = text.split('');
  for (;;) {
    let best = -1;
    let least = Infinity;
    for (let at = 0; at + 1 < parts.length; at += 1) {
      const rank = ranks.get(`${parts[at]}${parts[at + 1]}`) ?? Infinity;
      if (rank < least) [least, best] = [rank, at];
    }
    if (best < 0) return parts.length;
    parts.splice(best, 2, `${parts[best]}${parts[best + 1]}`);
  }
}
