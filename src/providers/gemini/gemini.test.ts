import { expect, test } from 'vitest';
import { traitsOf } from './gemini.ts';

test.each<[model: string, thinking: string, levels: number, sealed: boolean, penalties: boolean]>([
  ['gemini-2.0-flash', 'none', 0, false, true],
  ['gemini-1.5-pro', 'none', 0, false, true],
  ['gemini-2.5-pro', 'budget', 0, false, false],
  ['models/gemini-2.5-flash-lite', 'budget', 0, false, false],
  ['gemini-3-pro-preview', 'level', 2, true, true],
  ['gemini-3.1-pro-preview', 'level', 3, true, true],
  ['gemini-3-flash-preview', 'level', 4, true, true],
  ['gemini-3.5-flash-lite', 'level', 4, true, true],
  ['gemini-3.6-flash', 'level', 4, true, true],
  ['gemini-3.8-flash', 'level', 3, true, true],
  ['gemini-4-pro', 'level', 3, true, true],
  ['gemini-flash-lite-latest', 'level', 4, true, true],
  ['tunedModels/of-our-own', 'level', 3, true, true],
  ['gemma-3-27b-it', 'none', 0, false, true],
])('%s', (model, thinking, levels, sealed, penalties) => {
  const traits = traitsOf(model);
  expect(traits).toMatchObject({ thinking, sealed, penalties });
  expect(traits.levels).toHaveLength(levels);
});
