import { describe, expect, test } from 'vitest';
import type { Usage } from '../../engine/record.ts';
import { makerAt, modelFacts } from './catalogue.ts';
import { MODELS } from './models.ts';
import { type OwnPrice, PriceList } from './price-list.ts';

const NOVEMBER = Date.UTC(2026, 10, 22);
const TARGETS = [
  { id: 'openai', maker: 'openai' },
  { id: 'gemini', maker: 'google' },
  { id: 'local', maker: null },
] as const;

function usage(inputTokens: number | null, outputTokens: number | null, more: Partial<Usage> = {}): Usage {
  return { inputTokens, outputTokens, cachedTokens: null, reasoningTokens: null, ...more };
}

function own(models: string, price: OwnPrice['price'], targets: readonly string[] = ['openai', 'local']): OwnPrice {
  return { fits: (target, model) => model === models && targets.includes(target), price };
}

describe('what a use costs', () => {
  const list = new PriceList(TARGETS);
  test.each<[string, string, string, Usage, number, number | null]>([
    ['input and output', 'openai', 'gpt-4o', usage(1000, 200), NOVEMBER, 2500 + 2000],
    ['a dated version', 'openai', 'gpt-4o-mini-2024-07-18', usage(1000, 1000), NOVEMBER, 150 + 600],
    ['a dated version with prices of its own', 'openai', 'gpt-4o-2024-05-13', usage(1000, 0), NOVEMBER, 5000],
    ['cached input', 'openai', 'gpt-4o', usage(1000, 0, { cachedTokens: 600 }), NOVEMBER, 400 * 2.5 + 600 * 1.25],
    ['cached input where a cache costs the same', 'openai', 'gpt-4', usage(10, 0, { cachedTokens: 5 }), NOVEMBER, 300],
    ['what was written to the cache', 'openai', 'gpt-6-sol', usage(1000, 0, { cacheWriteTokens: 400 }), NOVEMBER, 2200],
    ['reasoning, which is output', 'openai', 'gpt-5', usage(0, 500, { reasoningTokens: 400 }), NOVEMBER, 5000],
    ['embeddings, which have no output', 'openai', 'text-embedding-3-small', usage(1000, null), NOVEMBER, 20],
    ['a long prompt', 'openai', 'gpt-5.4', usage(272_001, 10), NOVEMBER, 272_001 * 5 + 225],
    ['a prompt not quite so long', 'openai', 'gpt-5.4', usage(272_000, 10), NOVEMBER, 272_000 * 2.5 + 150],
    ['before a price fell', 'openai', 'gpt-5.6-sol', usage(1000, 0), Date.UTC(2026, 7, 20), 5000],
    ['after it', 'openai', 'gpt-5.6-sol', usage(1000, 0), Date.UTC(2026, 7, 21), 4000],
    ['a price that will double', 'gemini', 'gemini-3.8-flash', usage(1000, 0), Date.UTC(2027, 0, 1), 1500],
    ['a model nobody knows', 'openai', 'gpt-99', usage(1, 1), NOVEMBER, null],
    ['a fine-tuned model', 'openai', 'ft:gpt-4o:acme::1', usage(1, 1), NOVEMBER, null],
    ["another maker's model", 'openai', 'claude-opus-5', usage(1, 1), NOVEMBER, null],
    ['a known name at a server of any sort', 'local', 'gpt-4o', usage(1, 1), NOVEMBER, null],
    ['a target nobody knows', 'nowhere', 'gpt-4o', usage(1, 1), NOVEMBER, null],
    ['no usage', 'openai', 'gpt-4o', usage(null, null), NOVEMBER, null],
  ])('%s', (_, target, model, used, at, cost) => {
    const got = list.cost(target, model, used, at);
    expect(got === null ? null : Math.round(got * 1e6) / 1e6).toBe(cost);
  });

  test('is never more than the most it can be', () => {
    for (const { provider, id } of MODELS) {
      const at = new PriceList([{ id: 'own', maker: provider }]);
      for (const input of [10, 300_000]) {
        const most = at.most('own', id, input, 500, NOVEMBER);
        for (const share of [0, 0.5, 1]) {
          for (const kind of ['cachedTokens', 'cacheWriteTokens']) {
            const cost = at.cost('own', id, usage(input, 500, { [kind]: input * share }), NOVEMBER);
            expect(cost, `of ${id}`).toBeLessThanOrEqual((most ?? 0) + 1e-6);
            expect(cost, `of ${id}`).toBeGreaterThan(0);
          }
        }
      }
    }
  });
});

describe('prices of one’s own', () => {
  test('stand in place of those on the list, and where the list has none', () => {
    const list = new PriceList(TARGETS, [
      own('gpt-4o', { input: 1, output: 2 }),
      own('house', { input: 3, output: 4 }),
    ]);
    expect(list.cost('openai', 'gpt-4o', usage(10, 10), NOVEMBER)).toBe(30);
    expect(list.cost('local', 'house', usage(10, 10), NOVEMBER)).toBe(70);
  });

  test('hold from their date, and nothing is known before the first', () => {
    const list = new PriceList(TARGETS, [
      own('house', { from: Date.UTC(2026, 5, 1), input: 1, output: 1 }),
      own('house', { from: Date.UTC(2026, 8, 1), input: 2, output: 2 }),
    ]);
    const at = (month: number): number | null => list.cost('local', 'house', usage(10, 0), Date.UTC(2026, month, 15));
    expect([at(4), at(5), at(8)]).toEqual([null, 10, 20]);
  });

  test('of two that begin together the first counts', () => {
    const list = new PriceList(TARGETS, [own('m', { input: 1, output: 0 }), own('m', { input: 9, output: 0 })]);
    expect(list.cost('local', 'm', usage(1, 0), NOVEMBER)).toBe(1);
  });

  test('are remembered for no more names than a caller can make up', () => {
    const list = new PriceList(TARGETS, [{ fits: () => true, price: { input: 1, output: 1 } }]);
    for (let index = 0; index < 5_000; index += 1) {
      expect(list.cost('local', `m${index}`, usage(1, 1), NOVEMBER)).toBe(2);
    }
  });
});

describe('the catalogue', () => {
  test('lists each model once, with a price that is not nothing', () => {
    expect(new Set(MODELS.map(({ id }) => id)).size).toBe(MODELS.length);
    for (const { id, prices, window, maxOutput = 1 } of MODELS) {
      expect(prices.length, `of ${id}`).toBeGreaterThan(0);
      for (const { input, output } of prices) expect(input + output, `of ${id}`).toBeGreaterThan(0);
      expect(maxOutput, `of ${id}`).toBeLessThanOrEqual(window);
    }
  });

  test.each([
    ['gpt-4o-2024-11-20', 'gpt-4o-2024-11-20'],
    ['gpt-5-2025-08-07', 'gpt-5'],
    ['gpt-35-turbo-0613', 'gpt-3.5-turbo'],
    ['claude-haiku-4-5-20251001', 'claude-haiku-4-5-20251001'],
    ['gpt-4o-audio', undefined],
  ])('%s is %s', (name, id) => {
    expect(modelFacts(name)?.id).toBe(id);
  });

  test.each([
    ['openai', 'http://127.0.0.1:1/v1', 'openai'],
    ['azure', 'https://x.openai.azure.com', 'openai'],
    ['openai-compatible', 'https://generativelanguage.googleapis.com/v1beta/openai', 'google'],
    ['openai-compatible', 'http://localhost:11434/v1', null],
  ])('%s at %s has the list prices of %s', (provider, baseUrl, maker) => {
    expect(makerAt(provider, baseUrl)).toBe(maker);
  });
});
