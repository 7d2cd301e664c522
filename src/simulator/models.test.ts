import { expect, test } from 'vitest';
import { samplesFreely, traitsOf } from './models.ts';

test.each([
  ['gpt-4o', 128_000, false],
  ['gpt-4o-2024-08-06', 128_000, false],
  ['gpt-35-turbo', 128_000, false],
  ['gpt-x', 128_000, false],
  ['constructor', 128_000, false],
  ['gpt-5', 400_000, true],
  ['gpt-5.9-nova', 400_000, true],
  ['gpt-5-chat-latest', 128_000, false],
  ['o9-mini', 400_000, true],
  ['o3', 200_000, true],
])('%s has a window of %d; reasoning: %s', (model, window, reasoning) => {
  expect(traitsOf(model)).toMatchObject({ window, reasoning });
});

test.each([
  ['gpt-4o', undefined, true],
  ['gpt-5', 'none', false],
  ['gpt-5.4', 'none', true],
  ['gpt-5.4', 'low', false],
  ['o3', 'none', false],
])('%s with effort %s takes a temperature: %s', (model, effort, expected) => {
  expect(samplesFreely(model, effort)).toBe(expected);
});
