import { describe, expect, test } from 'vitest';
import { bearingOf, Breaker } from './breaker.ts';
import type { FaultKind } from './fault/fault.ts';
import { faultOf } from './fault/index.ts';
import { type BreakerPolicy, DEFAULT_BREAKER } from './policy.ts';

const middle = () => 0.5;
const down = faultOf('server-error');

function settled(breaker: Breaker, outcomes: string, now = 0): void {
  for (const outcome of outcomes) {
    const permit = breaker.enter(now);
    if (permit === null) return;
    const fault = outcome === 'x' ? down : outcome === '-' ? faultOf('rate-limit-requests') : null;
    breaker.settle(permit, fault, now, middle);
  }
}

const made = (policy: Partial<BreakerPolicy> = {}) => new Breaker({ ...DEFAULT_BREAKER, ...policy });

describe('opening', () => {
  test.each([
    ['four failures are not enough', 'xxxx', 'closed'],
    ['five in a row are', 'xxxxx', 'open'],
    ['a success between starts the count again', 'xxxx.xxxx', 'closed'],
    ['rate limits neither count nor interrupt', 'xxxx-x', 'open'],
    ['rate limits alone never open it', '-'.repeat(100), 'closed'],
    ['half of twenty', '.x'.repeat(10), 'open'],
    ['half of eighteen says too little', '.x'.repeat(9), 'closed'],
    ['a quarter for long', 'x...'.repeat(100), 'closed'],
  ])('%s', (_, outcomes, state) => {
    const breaker = made();
    settled(breaker, outcomes);
    expect(breaker.state.name).toBe(state);
  });

  test('failures that the window has passed over no longer count', () => {
    const breaker = made({ consecutiveFailures: 100 });
    settled(breaker, 'x'.repeat(15), 0);
    settled(breaker, `x${'.'.repeat(19)}`, DEFAULT_BREAKER.windowMs + 1);
    expect(breaker.state.name).toBe('closed');
  });

  test('a disabled breaker counts nothing', () => {
    const breaker = made({ enabled: false });
    settled(breaker, 'x'.repeat(100));
    expect(breaker.state.name).toBe('closed');
  });
});

describe('recovering', () => {
  test('lets one probe through when its time has come, and closes on its success', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    expect(breaker.enter(DEFAULT_BREAKER.openMs - 1)).toBeNull();
    const probe = breaker.enter(DEFAULT_BREAKER.openMs);
    expect(probe).toBe('probe');
    expect(breaker.enter(DEFAULT_BREAKER.openMs)).toBeNull();
    breaker.settle('probe', null, DEFAULT_BREAKER.openMs, middle);
    expect(breaker.state.name).toBe('closed');
  });

  test('stays open longer after each probe that fails, up to the longest', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    const lengths: number[] = [];
    let now = 0;
    for (let trip = 0; trip < 6; trip += 1) {
      const reopens = breaker.readyAt(now);
      lengths.push(reopens - now);
      now = reopens;
      breaker.settle(breaker.enter(now) ?? 'probe', down, now, middle);
    }
    expect(lengths).toEqual([5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('jitter spreads the reopening either way', () => {
    const times = [0, 0.999].map((chance) => {
      const breaker = made();
      for (let i = 0; i < 5; i += 1) breaker.settle('normal', down, 0, () => chance);
      return breaker.readyAt(0);
    });
    expect(times[0]).toBeCloseTo(4_000, 0);
    expect(times[1]).toBeCloseTo(6_000, -1);
  });

  test('a probe that shows nothing frees its place for another', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    breaker.settle(breaker.enter(5_000) ?? 'probe', faultOf('cancelled'), 5_000, middle);
    expect(breaker.state.name).toBe('half-open');
    expect(breaker.enter(5_000)).toBe('probe');
  });

  test('is forced at most once a second, and a forced success closes it', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    expect(breaker.force(500)).toBeNull();
    expect(breaker.force(1_000)).toBe('forced');
    expect(breaker.force(1_500)).toBeNull();
    breaker.settle('forced', null, 1_600, middle);
    expect(breaker.state.name).toBe('closed');
  });

  test('stays open when an attempt from before it opened ends well', () => {
    const breaker = made();
    const earlier = breaker.enter(0) ?? 'probe';
    settled(breaker, 'xxxxx');
    breaker.settle(earlier, null, 40, middle);
    expect(breaker.state.name).toBe('open');
    expect(breaker.enter(DEFAULT_BREAKER.openMs - 1)).toBeNull();
  });

  test('remembers the failure that explains why it is open', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    expect(breaker.lastFault).toBe(down);
  });
});

describe('what an attempt says of its target', () => {
  test.each<[FaultKind | null, string]>([
    [null, 'success'],
    ['server-error', 'failure'],
    ['overloaded', 'failure'],
    ['timeout', 'failure'],
    ['network', 'failure'],
    ['partial-response', 'failure'],
    ['rate-limit-requests', 'neutral'],
    ['slow-down', 'neutral'],
    ['cancelled', 'neutral'],
    ['invalid-request', 'success'],
    ['authentication', 'success'],
    ['context-length', 'success'],
  ])('%s is a %s', (kind, bearing) => {
    expect(bearingOf(kind === null ? null : faultOf(kind))).toBe(bearing);
  });
});
