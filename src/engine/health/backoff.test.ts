import { describe, expect, test } from 'vitest';
import { backoff } from './backoff.ts';
import { DEFAULT_RETRY, type Jitter } from '../policy.ts';

const policy = (jitter: Jitter) => ({ ...DEFAULT_RETRY, baseMs: 100, factor: 2, capMs: 1000, jitter });

describe('backoff', () => {
  test.each([
    ['full', 1, 0, 0, 0],
    ['full', 1, 0, 0.5, 50],
    ['full', 3, 0, 1, 400],
    ['full', 9, 0, 1, 1000],
    ['equal', 1, 0, 0, 50],
    ['equal', 3, 0, 1, 400],
    ['proportional', 1, 0, 0, 100],
    ['proportional', 3, 0, 1, 300],
    ['decorrelated', 1, 0, 1, 100],
    ['decorrelated', 2, 200, 1, 600],
    ['decorrelated', 2, 200, 0, 100],
    ['decorrelated', 5, 900, 1, 1000],
  ] as const)('%s jitter, retry %i after %i ms, chance %d → %d ms', (jitter, retry, previous, chance, expected) => {
    expect(backoff(policy(jitter), retry, previous, () => chance)).toBeCloseTo(expected, 6);
  });
});
