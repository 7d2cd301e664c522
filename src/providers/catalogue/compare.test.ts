import { describe, expect, test } from 'vitest';
import { abilitiesOf } from './abilities.ts';
import { modelFacts } from './catalogue.ts';
import { candidates, type Needs } from './compare.ts';

const NOW = Date.UTC(2026, 10, 22);
const NEEDS: Needs = { abilities: [], promptTokens: 1000, outputTokens: 100 };
const facts = (model: string) => modelFacts(model) ?? raise(model);

function raise(model: string): never {
  throw new Error(`${model} is not in the catalogue`);
}

describe('what models can do', () => {
  test.each([
    ['gpt-4o', 'tools vision pdf schema'],
    ['gpt-4', 'tools'],
    ['o3-mini', 'tools schema reasoning'],
    ['claude-sonnet-4-5', 'tools vision pdf schema reasoning'],
    ['claude-3-haiku-20240307', 'tools vision pdf'],
    ['gemini-2.5-flash', 'tools vision pdf audio video schema reasoning'],
    ['text-embedding-3-small', 'embeddings'],
  ])('%s', (model, abilities) => {
    expect(abilitiesOf(facts(model)).join(' ')).toBe(abilities);
  });
});

describe('candidates', () => {
  test('those that can come first, the cheapest first, and the model itself is none', () => {
    const found = candidates(facts('gpt-4o'), NEEDS, NOW);
    expect(found.some(({ facts: { id } }) => id === 'gpt-4o')).toBe(false);
    const able = found.filter(({ misses }) => misses.length === 0);
    expect(found.slice(0, able.length)).toEqual(able);
    const costs = able.map(({ cost }) => cost ?? Number.POSITIVE_INFINITY);
    expect(costs).toEqual([...costs].sort((a, b) => a - b));
  });

  test('are compared by what such a call costs', () => {
    const mini = candidates(facts('gpt-4o'), NEEDS, NOW).find(({ facts: { id } }) => id === 'gpt-4o-mini');
    expect(mini?.cost).toBeCloseTo((1000 * 0.15 + 100 * 0.6) / 1e6, 12);
    expect(mini?.ratio).toBeCloseTo(0.06, 12);
    expect(candidates(null, NEEDS, NOW)[0]?.ratio).toBeNull();
  });

  test('long prompts cost more where the price says so', () => {
    const cost = (promptTokens: number) =>
      candidates(null, { ...NEEDS, promptTokens, outputTokens: 0 }, NOW).find(
        ({ facts: { id } }) => id === 'gemini-2.5-pro',
      )?.cost;
    expect(cost(300_000)).toBeCloseTo((300_000 * 2.5) / 1e6, 12);
    expect(cost(100_000)).toBeCloseTo((100_000 * 1.25) / 1e6, 12);
  });

  test.each<[model: string, needs: Partial<Needs>, misses: readonly string[]]>([
    ['gpt-4', { abilities: ['tools', 'vision'], promptTokens: 9000 }, ['no vision', 'window of 8192']],
    ['claude-haiku-4-5', { promptTokens: 199_950 }, ['window of 200000']],
    ['gpt-4o-mini', { outputTokens: 20_000 }, ['answers of 16384 at most']],
    ['text-embedding-3-small', { abilities: ['embeddings'], outputTokens: 0 }, []],
    ['gpt-4o-mini', { abilities: ['embeddings'], outputTokens: 0 }, ['no embeddings']],
  ])('%s for %j misses %j', (model, needs, misses) => {
    const found = candidates(null, { ...NEEDS, ...needs }, NOW).find(({ facts: { id } }) => id === model);
    expect(found?.misses).toEqual(misses);
  });
});
