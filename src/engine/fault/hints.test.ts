import { describe, expect, it } from 'vitest';
import { durationMs, exhaustedDimension, resetMs, waitHint } from './hints.ts';

/** Sun, 22 Nov 2026 00:00:00 GMT. */
const WALL = Date.UTC(2026, 10, 22);

const HEADERS: readonly (readonly [headers: Record<string, string>, ms: number | null])[] = [
  [{ 'retry-after-ms': '45190', 'retry-after': '46' }, 45_190],
  [{ 'retry-after-ms': '0', 'retry-after': '46' }, 46_000],
  [{ 'retry-after-ms': 'NaN', 'retry-after': '2' }, 2000],
  [{ 'retry-after-ms': '-5' }, null],
  [{ 'retry-after-ms': '1e3' }, null],
  [{ 'retry-after-ms': '0.2' }, 1],
  [{ 'retry-after': '0' }, null],
  [{ 'retry-after': '-1' }, null],
  [{ 'retry-after': '1.5' }, 1500],
  [{ 'retry-after': '86400' }, 86_400_000],
  [{ 'retry-after': '99999999999' }, null],
  [{ 'retry-after': 'Infinity' }, null],
  [{ 'retry-after': 'soon' }, null],
  [{ 'retry-after': '' }, null],
  [{ 'retry-after': '3, 3' }, 3000],
  [{ 'retry-after': '30s' }, 30_000],
  [{ 'retry-after': 'Sun, 22 Nov 2026 00:00:30 GMT' }, 30_000],
  [{ 'retry-after': 'Sat, 21 Nov 2026 23:59:30 GMT' }, null],
  [{ 'retry-after': '2026-11-22T00:01:00Z' }, 60_000],
];

describe('waits in headers', () => {
  it.each(HEADERS)('%j', (headers, ms) => {
    expect(waitHint({ headers, retryDelay: null, message: '', dimension: null, wall: WALL })?.ms ?? null).toBe(ms);
  });
});

const MESSAGES: readonly (readonly [message: string, ms: number | null])[] = [
  ['Please try again in 45.19s. Visit https://example.test/ to learn more.', 45_190],
  ['Please try again in 6m0s.', 360_000],
  ['Please try again in 1h2m3s.', 3_723_000],
  ['Please try again in 120ms.', 120],
  ['Please retry after 37 seconds. To raise the limit, go to …', 37_000],
  ['Please retry after 250 milliseconds.', 250],
  ['Please retry in 34.07s.', 34_070],
  ['please try again after 1 seconds', 1000],
  ['Try again in 22 seconds.', 22_000],
  ['Your quota will reset after 19h14m47s.', 69_287_000],
  ['Your quota will reset after 0s.', null],
  ['Quota will be replenished in 00:10:00.', 600_000],
  ['Please wait 5 minutes before the next call', 300_000],
  ['try again in 2 days', 172_800_000],
  ['try again in a few minutes', null],
  ['retry after 2027', null],
  ['retry in 5 models', null],
  ['try again in 5s or upgrade within 3 days', 5000],
];

describe('waits in messages', () => {
  it.each(MESSAGES)('%s', (message, ms) => {
    expect(waitHint({ headers: {}, retryDelay: null, message, dimension: null, wall: WALL })?.ms ?? null).toBe(ms);
  });
});

describe('which wait counts', () => {
  const all = {
    headers: {
      'retry-after-ms': '1',
      'retry-after': '2',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '5s',
    },
    retryDelay: '3s',
    message: 'try again in 4s',
    dimension: 'tokens',
    wall: WALL,
  } as const;

  it('falls from the most precise word to the least', () => {
    const { 'retry-after-ms': _, ...second } = all.headers;
    const { 'retry-after': __, ...rest } = second;
    const waits = [
      all,
      { ...all, headers: second },
      { ...all, headers: rest },
      { ...all, headers: rest, retryDelay: null },
      { ...all, headers: rest, retryDelay: null, message: '' },
      { ...all, headers: rest, retryDelay: null, message: '', dimension: null },
    ].map((input) => waitHint(input)?.ms ?? null);
    expect(waits).toEqual([1, 2000, 3000, 4000, 5000, null]);
  });

  it('takes the reset of the exhausted limit, not of its neighbour', () => {
    const headers = {
      'anthropic-ratelimit-input-tokens-remaining': '12000',
      'anthropic-ratelimit-input-tokens-reset': '2026-11-22T00:00:50Z',
      'anthropic-ratelimit-output-tokens-remaining': '0',
      'anthropic-ratelimit-output-tokens-reset': '2026-11-22T00:00:10Z',
    };
    expect(waitHint({ headers, retryDelay: null, message: '', dimension: 'tokens', wall: WALL })).toEqual({
      ms: 10_000,
      source: 'header anthropic-ratelimit-output-tokens-reset: 2026-11-22T00:00:10Z',
    });
    expect(exhaustedDimension(headers)).toBe('tokens');
  });

  it('never waits for requests that are left', () => {
    const headers = { 'x-ratelimit-remaining-requests': '29', 'x-ratelimit-reset-requests': '2ms' };
    expect(waitHint({ headers, retryDelay: null, message: '', dimension: 'requests', wall: WALL })).toBeNull();
    expect(exhaustedDimension(headers)).toBeNull();
  });

  it('reads the first of repeated headers', () => {
    const headers = { 'retry-after': ['4', '9'] };
    expect(waitHint({ headers, retryDelay: null, message: '', dimension: null, wall: WALL })?.ms).toBe(4000);
  });
});

const RESETS: readonly (readonly [value: string, ms: number | null])[] = [
  ['6m0s', 360_000],
  ['51.189s', 51_189],
  ['12ms', 12],
  ['37', 37_000],
  ['0', null],
  ['-1', null],
  ['0s', null],
  [String(WALL / 1000 + 90), 90_000],
  [String(WALL + 1500), 1500],
  [String(WALL / 1000 - 90), null],
  ['2026-11-22T00:00:10Z', 10_000],
  ['2026-11-21T00:00:10Z', null],
  ['garbage', null],
];

describe('resets of limits', () => {
  it.each(RESETS)('%s', (value, ms) => {
    expect(resetMs(value, WALL)).toBe(ms);
  });

  it('rounds to whole milliseconds', () => {
    expect(durationMs('0.539477544s')).toBe(539);
    expect(durationMs('34.4s')).toBe(34_400);
  });
});
