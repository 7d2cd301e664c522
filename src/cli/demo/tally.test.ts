import { describe, expect, it } from 'vitest';
import { quantile, Tally } from './tally.ts';

describe('a tally', () => {
  it('counts every ending once', () => {
    const tally = new Tally();
    tally.add({ kind: 'answered', attempts: 1, askedAgain: false, ms: 10, error: null });
    tally.add({ kind: 'failed', attempts: 6, askedAgain: true, ms: 3000, error: 'RateLimitError' });
    tally.add({ kind: 'wrong', attempts: 2, askedAgain: true, ms: 20, error: null });
    expect(tally.summary()).toEqual({
      calls: 3,
      answered: 1,
      failed: 1,
      wrong: 1,
      askedAgain: 2,
      attemptsPerCall: 3,
      p50Ms: 20,
      p99Ms: 3000,
      errors: { RateLimitError: 1 },
    });
  });

  it('knows nothing of no calls', () => {
    expect(new Tally().summary()).toMatchObject({ calls: 0, attemptsPerCall: null, p50Ms: null, p99Ms: null });
  });
});

describe('a quantile', () => {
  const hundred = Array.from({ length: 100 }, (_, index) => index + 1);
  it.each([
    [0, 1],
    [0.5, 50],
    [0.99, 99],
    [1, 100],
  ])('at %s of a hundred is the value of that rank', (share, value) => {
    expect(quantile(hundred, share)).toBe(value);
  });

  it('of nothing is unknown', () => {
    expect(quantile([], 0.5)).toBeNull();
  });
});
