import { describe, expect, test } from 'vitest';
import { VirtualClock } from '../engine/virtual-clock.ts';
import { Limiter, goDuration } from './limits.ts';
import type { About } from './script.ts';

const about: About = { wire: 'chat', model: 'gpt-4o', azure: false, organization: 'org-test', promptTokens: 0 };

function errorOf(body: string | Uint8Array): { type: string; code: string; message: string } {
  return (JSON.parse(String(body)) as { error: { type: string; code: string; message: string } }).error;
}

describe('the limiter', () => {
  test('refuses the request after the last, says how long to wait, and is right about it', async () => {
    const clock = new VirtualClock();
    const limiter = new Limiter({ requestsPerMinute: 3, tokensPerMinute: 100_000 }, clock);
    const admit = () => limiter.admit('key', about, 10);
    expect([admit(), admit(), admit()].map((verdict) => verdict.refused)).toEqual([null, null, null]);
    const { refused, headers } = admit();
    expect(refused?.status).toBe(429);
    expect(refused?.headers).toEqual({ 'retry-after': '20', 'retry-after-ms': '20000' });
    expect(errorOf(refused?.body ?? '')).toMatchObject({ type: 'requests', code: 'rate_limit_exceeded' });
    expect(errorOf(refused?.body ?? '').message).toContain('Please try again in 20s');
    expect(headers).toMatchObject({ 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '1m0s' });
    await clock.advance(19_999);
    expect(admit().refused?.status).toBe(429);
    await clock.advance(1);
    expect(admit().refused).toBeNull();
  });

  test('counts tokens, and tells a request that can never fit apart', async () => {
    const clock = new VirtualClock();
    const limiter = new Limiter({ requestsPerMinute: 1000, tokensPerMinute: 6000 }, clock);
    expect(limiter.admit('key', about, 5000).refused).toBeNull();
    const waiting = limiter.admit('key', about, 2000).refused;
    expect(errorOf(waiting?.body ?? '')).toMatchObject({ type: 'tokens' });
    expect(errorOf(waiting?.body ?? '').message).toContain('Limit 6000, Used 5000, Requested 2000');
    expect(waiting?.headers?.['retry-after-ms']).toBe('10000');
    const never = limiter.admit('key', about, 7000).refused;
    expect(errorOf(never?.body ?? '').message).toMatch(/^Request too large for gpt-4o .* Limit 6000, Requested 7000/);
    expect(never?.headers).toEqual({});
    await clock.advance(10_000);
    expect(limiter.admit('key', about, 2000).refused).toBeNull();
  });

  test('lets no more through at once than flows in the time it is told, and follows a change', async () => {
    const clock = new VirtualClock();
    const limiter = new Limiter({ requestsPerMinute: 600, tokensPerMinute: 100_000, burstMs: 1000 }, clock);
    const accepted = (): number => {
      let count = 0;
      while (limiter.admit('key', about, 1).refused === null) count += 1;
      return count;
    };
    expect(accepted()).toBe(10);
    expect(limiter.admit('key', about, 1).headers).toMatchObject({
      'x-ratelimit-limit-requests': '600',
      'x-ratelimit-remaining-requests': '0',
      'x-ratelimit-reset-requests': '1s',
    });
    await clock.advance(60_000);
    expect(accepted()).toBe(10);
    limiter.change({ requestsPerMinute: 300, tokensPerMinute: 100_000, burstMs: 1000 });
    await clock.advance(60_000);
    expect(accepted()).toBe(5);
    expect(limiter.admit('key', about, 1).headers['x-ratelimit-limit-requests']).toBe('300');
  });

  test('counts keys and models apart', () => {
    const limiter = new Limiter({ requestsPerMinute: 1, tokensPerMinute: 1000 }, new VirtualClock());
    expect(limiter.admit('a', about, 1).refused).toBeNull();
    expect(limiter.admit('a', about, 1).refused).not.toBeNull();
    expect(limiter.admit('b', about, 1).refused).toBeNull();
    expect(limiter.admit('a', { ...about, model: 'o3' }, 1).refused).toBeNull();
  });
});

test.each([
  [0, '0ms'],
  [12, '12ms'],
  [11.2, '12ms'],
  [1000, '1s'],
  [51_189, '51.189s'],
  [60_000, '1m0s'],
  [360_000, '6m0s'],
  [3_603_500, '1h0m3.5s'],
])('%d ms is %s in Go', (ms, expected) => {
  expect(goDuration(ms)).toBe(expected);
});
