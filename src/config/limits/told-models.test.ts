import { describe, expect, test } from 'vitest';
import { type ModelLimits, WindowEstimates } from '../../payload/fit/window-estimates.ts';
import type { Told } from '../../providers/catalogue/told.ts';
import { capAt, limitsAt, ToldModels } from './told-models.ts';

/** What the catalogue has. */
const GPT_4O: ModelLimits = { window: 128_000, maxInput: null, maxOutput: 16_384 };

describe('what a model takes', () => {
  test.each<[model: string, told: Told | null, limits: ModelLimits | null]>([
    ['gpt-4o', null, GPT_4O],
    ['gpt-4o', {}, GPT_4O],
    ['gpt-4o', { window: 32_768 }, { ...GPT_4O, window: 32_768 }],
    ['gpt-4o', { window: 8_192 }, { window: 8_192, maxInput: null, maxOutput: null }],
    ['gpt-4o', { window: 1_000_000, maxOutput: 64_000 }, { window: 1_000_000, maxInput: null, maxOutput: 64_000 }],
    ['gpt-4o', { maxInput: 30_000 }, { ...GPT_4O, maxInput: 30_000 }],
    ['gpt-4o', { maxInput: 200_000 }, { ...GPT_4O, window: 200_000, maxInput: 200_000 }],
    ['gpt-5', { window: 100_000 }, { window: 100_000, maxInput: 100_000, maxOutput: null }],
    ['of-our-own', null, null],
    ['of-our-own', { window: 8_192, maxOutput: 8_192 }, { window: 8_192, maxInput: null, maxOutput: null }],
    ['of-our-own', { maxInput: 8_192, maxOutput: 100 }, { window: null, maxInput: 8_192, maxOutput: 100 }],
    ['of-our-own', { tools: true }, { window: null, maxInput: null, maxOutput: null }],
  ])('%s of which %j is told', (model, told, limits) => {
    expect(limitsAt(model, told)).toEqual(limits);
  });

  test.each<[model: string, told: Told | null, cap: number | null]>([
    ['gpt-4o', null, 16_384],
    ['gpt-4o', { maxOutput: 1_000 }, 1_000],
    ['of-our-own', { window: 8_192 }, null],
  ])('the longest answer of %s of which %j is told is %s', (model, told, cap) => {
    expect(capAt(model, told)).toBe(cap);
  });
});

describe('what was told', () => {
  const heard = (...names: readonly string[]): ToldModels => {
    const told = new ToldModels();
    told.hear('t', new Map(names.map((name, at) => [name, { window: 1_000 + at }])));
    return told;
  };

  test.each<[names: readonly string[], model: string, window: number | undefined]>([
    [['m'], 'm', 1_000],
    [['m'], 'm-2026-01-31', 1_000],
    [['m', 'm-2026-01-31'], 'm-2026-01-31', 1_001],
    [['m'], 'n', undefined],
    [['m', '*'], 'n', 1_001],
    [['m', '*'], 'm', 1_000],
  ])('of %j holds for %s: %s', (names, model, window) => {
    expect(heard(...names).of('t', model)?.window).toBe(window);
  });

  test('holds at its target alone, and until the target tells something else', () => {
    const told = heard('m');
    expect(told.of('u', 'm')).toBeNull();
    told.hear('t', new Map([['n', { window: 5_000 }]]));
    expect([told.of('t', 'm'), told.of('t', 'n')]).toEqual([null, { window: 5_000 }]);
    told.hear('t', new Map());
    expect(told.of('t', 'n')).toBeNull();
  });

  test('is made known to listeners, who hear nothing of those that tell nothing', () => {
    const told = new ToldModels();
    let heardOf = 0;
    told.onHeard(() => (heardOf += 1));
    told.hear('t', new Map());
    told.hear('t', new Map([['m', {}]]));
    expect(heardOf).toBe(1);
  });

  test('is corrected by what a refusal teaches', () => {
    const told = heard('m');
    const windows = new WindowEstimates(
      (model, target) => limitsAt(model, told.of(target, model)),
      () => 0,
    );
    expect(windows.of('t', 'm').window).toBe(1_000);
    windows.refused(
      't',
      'm',
      { tokens: 900, output: null, uncounted: false },
      { limit: 600, prompt: null, output: null },
    );
    expect(windows.of('t', 'm').window).toBe(600);
  });
});
