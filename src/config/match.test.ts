import { describe, expect, it } from 'vitest';
import { DEFAULT_FALLBACK_ON, DEFAULT_RETRY, DEFAULT_TIMEOUTS } from '../engine/policy.ts';
import type { RoutePolicy } from '../engine/policy.ts';
import { matchRoute } from './match.ts';

function routesFor(...models: string[][]): RoutePolicy[] {
  return models.map((globs, index) => ({
    id: `r${index}`,
    models: globs,
    ladder: [],
    timeouts: DEFAULT_TIMEOUTS.stream,
    wholeTimeouts: DEFAULT_TIMEOUTS.whole,
    retry: DEFAULT_RETRY,
    fallbackOn: DEFAULT_FALLBACK_ON,
    validate: 'off',
  }));
}

describe('globs', () => {
  it.each([
    ['gpt-4o', 'gpt-4o', true],
    ['gpt-4o', 'GPT-4O', true],
    ['GPT-4o', 'gpt-4o', true],
    ['gpt-4o', 'gpt-4o-mini', false],
    ['gpt-*', 'gpt-', true],
    ['gpt-*', 'xgpt-4', false],
    ['*-mini', 'gpt-4o-mini', true],
    ['gpt*mini', 'gpt-mini', true],
    ['aba*aba', 'aba', false],
    ['aba*aba', 'abaaba', true],
    ['o?', 'o3', true],
    ['o?', 'o', false],
    ['o?-*', 'o3-mini', true],
    ['*4*mini*', 'gpt-4o-mini-2024', true],
    ['*4*mini*', 'gpt-mini-4', false],
    ['a.c', 'abc', false],
    ['ft:gpt-*:acme::?*', 'ft:gpt-4o:acme::x1', true],
    ['*', '', true],
    ['**', '', true],
    ['?', '', false],
  ])('%s against %s: %s', (glob, model, matches) => {
    expect(matchRoute(routesFor([glob]), model)).toBe(matches ? 0 : -1);
  });

  it('cannot be made to run away', () => {
    const started = performance.now();
    expect(matchRoute(routesFor([`${'a*'.repeat(30)}b`]), 'a'.repeat(20_000))).toBe(-1);
    expect(performance.now() - started).toBeLessThan(1_000);
  });
});

describe('routes', () => {
  const routes = routesFor(['gpt-4o', 'o?'], ['gpt-*'], ['*']);

  it.each([
    ['gpt-4o', 0],
    ['o3', 0],
    ['gpt-5', 1],
    ['claude', 2],
    [null, 2],
  ])('%j goes to route %i', (model, index) => {
    expect(matchRoute(routes, model)).toBe(index);
  });

  it('without a catch-all sends a call without a model to the first', () => {
    expect(matchRoute(routesFor(['gpt-*'], ['o?']), null)).toBe(0);
  });

  it('finds nothing where there is nothing', () => {
    expect(matchRoute([], 'gpt-4o')).toBe(-1);
    expect(matchRoute([], null)).toBe(-1);
    expect(matchRoute(routesFor(['gpt-*']), 'claude')).toBe(-1);
  });
});
