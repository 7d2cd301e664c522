import { describe, expect, test } from 'vitest';
import type { Report } from '../admission/meter.ts';
import { readRateHeaders } from './rate-headers.ts';

/** The three headers of one limit, as they come; what they are read as. */
const ROWS: readonly (readonly [
  what: string,
  headers: readonly [limit?: string | undefined, remaining?: string, reset?: string],
  report: Report | null,
])[] = [
  ['OpenAI', ['600', '599', '100ms'], { limit: 600, remaining: 599, resetMs: 100 }],
  ['minutes and seconds', ['600', '0', '6m0s'], { limit: 600, remaining: 0, resetMs: 360_000 }],
  ['fractions', ['600', '12', '51.189s'], { limit: 600, remaining: 12, resetMs: 51_189 }],
  ['hours', ['600', '12', '1h0m3.5s'], { limit: 600, remaining: 12, resetMs: 3_603_500 }],
  ['Azure, whole seconds', ['600', '12', '37'], { limit: 600, remaining: 12, resetMs: 37_000 }],
  ['Azure, without a limit', [undefined, '12', '37'], { limit: null, remaining: 12, resetMs: 37_000 }],
  ['Azure, which does not know', ['-1', '-1', '-1'], { limit: null, remaining: null, resetMs: null }],
  ['a reset of nothing', ['600', '600', '0'], { limit: 600, remaining: 600, resetMs: null }],
  ['no reset', ['600', '12'], { limit: 600, remaining: 12, resetMs: null }],
  ['nonsense', ['many', 'few', 'soon'], { limit: null, remaining: null, resetMs: null }],
  ['half a duration', ['600', '12', '6m3'], { limit: 600, remaining: 12, resetMs: null }],
  ['a unit without a number', ['600', '12', 's'], { limit: 600, remaining: 12, resetMs: null }],
  ['nothing', [], null],
];

describe('rate limit headers', () => {
  test.each(ROWS)('%s', (_, [limit, remaining, reset], report) => {
    for (const what of ['requests', 'tokens'] as const) {
      const read = readRateHeaders({
        [`x-ratelimit-limit-${what}`]: limit,
        [`x-ratelimit-remaining-${what}`]: remaining,
        [`x-ratelimit-reset-${what}`]: reset,
      });
      expect(read?.[what] ?? null).toEqual(report);
    }
  });

  test('are told apart by what they limit', () => {
    const read = readRateHeaders({ 'x-ratelimit-limit-tokens': '30000', 'x-ratelimit-remaining-requests': '5' });
    expect(read).toEqual({
      requests: { limit: null, remaining: 5, resetMs: null },
      tokens: { limit: 30_000, remaining: null, resetMs: null },
    });
  });
});
