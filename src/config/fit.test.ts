import { describe, expect, test } from 'vitest';
import { checkFit, describeFit, fitField, resolveFit } from './fit.ts';

const builtIn = { strategies: ['larger-window', 'trim'], ceilingTokens: null, reserveTokens: 4_096, summariser: null };

describe('what a route says over what the defaults say', () => {
  test.each([
    ['nothing over nothing', undefined, null, null],
    ['an empty section turns it on', {}, null, builtIn],
    ['off over something', 'off', builtIn, null],
    [
      'a ceiling over the defaults',
      { ceiling: 9_000 },
      { ...builtIn, reserveTokens: 1 },
      { ...builtIn, reserveTokens: 1, ceilingTokens: 9_000 },
    ],
    ['a summariser by its name', { summariser: 'm' }, null, { ...builtIn, summariser: { model: 'm', target: null } }],
  ] as const)('%s', (_, written, base, resolved) => {
    expect(resolveFit(written, base as never)).toEqual(resolved);
  });
});

test.each([
  [{ strategies: ['shrink'] }, /strategies/],
  [{ strategies: [] }, /strategies/],
  [{ ceiling: 10 }, /ceiling/],
  [{ sumariser: 'x' }, /sumariser|summariser/],
  ['on', /off/],
])('%j is refused', (written, words) => {
  const { error } = fitField.safeParse(written);
  expect(JSON.stringify(error?.issues)).toMatch(words);
});

describe('whoever is to sum up has to be there', () => {
  test.each([
    [
      'nobody',
      { strategies: ['summarise'] },
      null,
      ['routes.0.fit.strategies has summarise in it, but there is no summariser'],
    ],
    ['by the defaults', { strategies: ['summarise'] }, { summariser: 'm' }, []],
    ['by name', { strategies: ['summarise'], summariser: 'm' }, null, []],
    ['at a target', { summariser: { model: 'm', target: 'openai' } }, null, []],
    [
      'at no target',
      { summariser: { model: 'm', target: 'opnai' } },
      null,
      ['routes.0.fit.summariser.target is not the id of a target'],
    ],
    ['off', 'off', null, []],
  ])('%s', (_, written, defaults, expected) => {
    const findings = checkFit(['routes', 0, 'fit'], written, defaults, ['openai', 'azure']);
    expect(findings.map(({ path, wrong }) => `${path.join('.')} ${wrong}`)).toEqual(expected);
  });
});

test('it is described for people', () => {
  const policy = {
    strategies: ['summarise', 'trim'],
    ceilingTokens: 9_000,
    reserveTokens: 100,
    summariser: { model: 'm', target: 't' },
  };
  expect(describeFit(policy as never)).toBe(
    'summarise, then trim; 100 tokens kept for answers of unknown length; prompts of 9000 tokens at most; summed up by m at t',
  );
});
