import { describe, expect, it } from 'vitest';

import { callIds } from '../engine/call-id.ts';
import { countsBeginningWith, splitOwnId } from './own-id.ts';

describe('an id of our making', () => {
  it('is taken apart, and the parts give it back', () => {
    const next = callIds(Date.UTC(2026, 2, 9));
    const ids = Array.from({ length: 100 }, next);
    const parts = ids.map(splitOwnId);
    expect(new Set(parts.map((part) => part?.prefix)).size).toBe(1);
    expect(parts.map((part) => part && `${part.prefix}-${part.count.toString(36)}`)).toEqual(ids);
  });

  it.each<[string, ReturnType<typeof splitOwnId>]>([
    ['hf-m1x-zz', { prefix: 'hf-m1x', count: 1295 }],
    ['hf-m1x-zzzzzzzz', { prefix: 'hf-m1x', count: 36 ** 8 - 1 }],
    ['hf-m1x-100000000', null],
    ['hf-m1x-01', null],
    ['hf-m1x-0', null],
    ['hf-m1x-', null],
    ['hf-m1x', null],
    ['hf-m1x-A', null],
    ['hf-m1x-1-2', null],
    ['hf-m1x-é', null],
    ['call-1', null],
    ['', null],
  ])('of %j are %j', (id, parts) => {
    expect(splitOwnId(id)).toEqual(parts);
  });
});

describe('counts that begin with the same digits', () => {
  it.each(['1', 'a', 'zz', '10'])('of %j are those in the ranges', (digits) => {
    const ranges = countsBeginningWith(digits);
    const counts = Array.from({ length: 60_000 }, (_, index) => index + 1);
    const within = counts.filter((count) => ranges.some(([first, last]) => count >= first && count <= last));
    expect(within).toEqual(counts.filter((count) => count.toString(36).startsWith(digits)));
    expect(ranges.at(-1)?.[1].toString(36)).toHaveLength(8);
  });

  it.each(['', '0', '-', 'x_', '123456789'])('of %j there are none', (digits) => {
    expect(countsBeginningWith(digits)).toEqual([]);
  });
});
