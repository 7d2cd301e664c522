import { describe, expect, it } from 'vitest';

import { decideRetention, type Kept, type RetentionStep } from './retention.ts';

const LIMITS = { maxAgeMs: 1000, maxBytes: 100 };
const NOW = 10_000;

describe('retention', () => {
  it.each<[string, Kept, RetentionStep]>([
    ['rests when there is nothing', { oldestAt: null, usedBytes: 500, shrinking: false }, { kind: 'rest' }],
    ['rests within both limits', { oldestAt: 9000, usedBytes: 100, shrinking: false }, { kind: 'rest' }],
    [
      'deletes what is too old',
      { oldestAt: 8999, usedBytes: 10, shrinking: false },
      { kind: 'delete-expired', before: 9000 },
    ],
    [
      'deletes by age before size',
      { oldestAt: 1, usedBytes: 500, shrinking: true },
      { kind: 'delete-expired', before: 9000 },
    ],
    [
      'deletes the oldest above the size',
      { oldestAt: 9500, usedBytes: 101, shrinking: false },
      { kind: 'delete-oldest' },
    ],
    ['goes on to 95 % of the size', { oldestAt: 9500, usedBytes: 96, shrinking: true }, { kind: 'delete-oldest' }],
    ['and no further', { oldestAt: 9500, usedBytes: 95, shrinking: true }, { kind: 'rest' }],
  ])('%s', (_name, kept, step) => {
    expect(decideRetention(LIMITS, kept, NOW)).toEqual(step);
  });
});
