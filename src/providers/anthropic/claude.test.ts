import { expect, test } from 'vitest';
import { traitsOf } from './claude.ts';

test.each([
  ['claude-3-haiku-20240307', 'free', 'none', false, true],
  ['claude-3-5-sonnet-20241022', 'free', 'none', false, true],
  ['claude-3-7-sonnet-20250219', 'free', 'budget', false, true],
  ['claude-opus-4-20250514', 'free', 'budget', false, true],
  ['claude-sonnet-4-0', 'free', 'budget', false, true],
  ['claude-opus-4-1-20250805', 'one', 'budget', true, true],
  ['claude-haiku-4-5', 'one', 'budget', true, true],
  ['claude-opus-4-5-20251101', 'one', 'budget', true, true],
  ['claude-sonnet-4-6', 'one', 'adaptive', true, false],
  ['claude-opus-4-7', 'fixed', 'adaptive', true, false],
  ['claude-opus-4-8', 'fixed', 'adaptive', true, false],
  ['claude-sonnet-5', 'fixed', 'adaptive', true, false],
  ['claude-fable-5-1', 'fixed', 'adaptive', true, false],
  ['claude-opus-5-5', 'fixed', 'adaptive', true, false],
  ['claude-opus-4-10', 'fixed', 'adaptive', true, false],
  ['eu.anthropic.claude-opus-4-1-20250805-v1:0', 'one', 'budget', true, true],
  ['anthropic/claude-3.5-sonnet', 'free', 'none', false, true],
  ['claude-sonnet-4@20250514', 'free', 'budget', false, true],
  ['our-model', 'fixed', 'adaptive', true, false],
] as const)('%s takes what its generation takes', (model, sampling, thinking, structured, prefill) => {
  expect(traitsOf(model)).toMatchObject({ sampling, thinking, structured, prefill });
});

test('models know efforts as their generation does', () => {
  expect(traitsOf('claude-opus-4-6').efforts).toEqual(['low', 'medium', 'high', 'max']);
  expect(traitsOf('claude-opus-5').efforts).toEqual(['low', 'medium', 'high', 'xhigh', 'max']);
  expect(traitsOf('claude-opus-4-1').efforts).toEqual([]);
});
