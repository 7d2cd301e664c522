import { expect, test } from 'vitest';
import { PriceList } from '../providers/catalogue/price-list.ts';
import { checkPrices, ownPrices, pricesField, resolvePrices } from './prices.ts';

const USAGE = { inputTokens: 1000, outputTokens: 100, cachedTokens: 500, reasoningTokens: null };

function listOf(written: unknown): PriceList {
  const targets = [
    { id: 'openai', maker: 'openai' as const },
    { id: 'local', maker: null },
  ];
  return new PriceList(targets, ownPrices(resolvePrices(pricesField.parse(written))));
}

test('a price holds for the models and targets it names, from its day on', () => {
  const list = listOf([
    { models: ['House-*'], targets: ['local'], from: '2026-06-01', input: 1, output: 10, cachedInput: 0.5 },
    { models: ['gpt-4o'], input: 0, output: 0 },
  ]);
  const june = Date.UTC(2026, 5, 1);
  expect(list.cost('local', 'house-1', USAGE, june)).toBe(500 + 250 + 1000);
  expect(list.cost('local', 'house-1', USAGE, june - 1)).toBeNull();
  expect(list.cost('openai', 'house-1', USAGE, june)).toBeNull();
  expect(list.cost('openai', 'gpt-4o', USAGE, june)).toBe(0);
});

test('the rates of long prompts may be written in any order', () => {
  const list = listOf([
    {
      models: ['*'],
      input: 1,
      output: 0,
      above: [
        { promptTokens: 900, input: 3, output: 0 },
        { promptTokens: 100, input: 2, output: 0 },
      ],
    },
  ]);
  const at = (inputTokens: number): number | null =>
    list.cost('local', 'm', { ...USAGE, cachedTokens: 0, inputTokens }, 0);
  expect([at(100), at(101), at(900), at(901)]).toEqual([100, 202, 1800, 2703]);
});

test.each([
  [{ models: [], input: 1, output: 1 }, 'names no model'],
  [{ models: ['m'], input: -1, output: 1 }, 'input'],
  [{ models: ['m'], input: 1 }, 'output'],
  [{ models: ['m'], input: 1, output: 1e9 }, 'output'],
  [{ models: ['m'], input: 1, output: 1, from: '2026-13-01' }, 'from'],
])('%j is refused', (written, word) => {
  const { error } = pricesField.safeParse([written]);
  expect(JSON.stringify(error?.issues)).toContain(word);
});

test('targets that are not there are told', () => {
  const found = checkPrices([{ models: ['m'], targets: ['opnai'], input: 1, output: 1 }], ['openai']);
  expect(found).toMatchObject([
    { path: ['prices', 0, 'targets', 0], fix: expect.stringContaining('openai') as string },
  ]);
});
