import { describe, expect, test } from 'vitest';
import { parametersOf } from './parameters.ts';

describe('parametersOf', () => {
  test.each([
    ['gpt-4o', false, 'free', null],
    ['gpt-4.1-mini-2025-04-14', false, 'free', null],
    ['ft:gpt-4o-mini:acme::abc', false, 'free', null],
    ['o3', true, 'fixed', ['low', 'medium', 'high']],
    ['o4-mini-2025-04-16', true, 'fixed', ['low', 'medium', 'high']],
    ['gpt-5', true, 'fixed', ['minimal', 'low', 'medium', 'high']],
    ['gpt-5-mini', true, 'fixed', ['minimal', 'low', 'medium', 'high']],
    ['gpt-5-pro', true, 'fixed', ['high']],
    ['gpt-5.1', true, 'without-reasoning', ['none', 'low', 'medium', 'high']],
    ['gpt-5.4-mini', true, 'without-reasoning', ['none', 'low', 'medium', 'high', 'xhigh']],
    ['gpt-5.6-luna', true, 'without-reasoning', ['none', 'low', 'medium', 'high', 'xhigh', 'max']],
    ['gpt-6.1-sol', true, 'without-reasoning', ['none', 'low', 'medium', 'high', 'xhigh', 'max']],
    ['gpt-5.2-codex', true, 'fixed', null],
  ] as const)('%s', (model, reasoning, sampling, efforts) => {
    expect(parametersOf(model)).toMatchObject({ reasoning, sampling, efforts });
  });

  test.each(['gpt-4', 'gpt-4-0613', 'gpt-3.5-turbo'])('%s sees no images', (model) => {
    expect(parametersOf(model)?.inputs).toEqual(['text']);
  });

  test.each([
    'gpt-5-chat-latest',
    'gpt-4o-search-preview',
    'gpt-4o-audio-preview',
    'gpt-oss-120b',
    'o1-preview',
    'llama-3.3-70b',
    'claude-sonnet-4-5',
    'gpt-4o@server-error',
    'orca',
    '',
  ])('nothing is said of %s', (model) => {
    expect(parametersOf(model)).toBeNull();
  });
});
