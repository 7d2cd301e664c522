import { describe, expect, test } from 'vitest';
import { bearingOf } from './bearing.ts';
import { Breaker, type Permit } from './breaker.ts';
import { seededRandom } from './random.ts';
import type { FaultKind } from './fault/fault.ts';
import { faultOf } from './fault/index.ts';
import { type BreakerPolicy, DEFAULT_BREAKER } from './policy.ts';

const middle = () => 0.5;
const NORMAL: Permit = { kind: 'normal' };
const down = faultOf('server-error');

function settled(breaker: Breaker, outcomes: string, now = 0): void {
  for (const outcome of outcomes) {
    const permit = breaker.enter(now);
    if (permit === null) return;
    const fault = outcome === 'x' ? down : outcome === '-' ? faultOf('rate-limit-requests') : null;
    breaker.settle(permit, fault, now, now, middle);
  }
}

/** A probe that is answered: its content first, then its end. */
function answered(breaker: Breaker, permit: Permit, startedAt: number, now: number): void {
  breaker.content(permit);
  breaker.settle(permit, null, startedAt, now, middle);
}

const made = (policy: Partial<BreakerPolicy> = {}) => new Breaker({ ...DEFAULT_BREAKER, ...policy });

describe('opening', () => {
  test.each([
    ['four failures are not enough', 'xxxx', 'closed'],
    ['five in a row are', 'xxxxx', 'open'],
    ['a success between starts the run again', 'xxxx.xxxx', 'closed'],
    ['rate limits neither count nor interrupt', 'xxxx-x', 'open'],
    ['rate limits alone never open it', '-'.repeat(100), 'closed'],
    ['three quarters of twenty', `${'xxxx.'.repeat(3)}xx..x`, 'closed'],
    ['four fifths of twenty', `${'xxxx.'.repeat(3)}xx.xx`, 'open'],
    ['a quarter for long', 'x...'.repeat(1000), 'closed'],
    ['a target that often fails needs a longer run', `${'x...'.repeat(100)}xxxxxxxxxx`, 'closed'],
    ['but not for ever', `${'x...'.repeat(100)}${'x'.repeat(25)}`, 'open'],
  ])('%s', (_, outcomes, state) => {
    const breaker = made();
    settled(breaker, outcomes);
    expect(breaker.state.name).toBe(state);
  });

  test('the end of a long answer that began before the run does not interrupt it', () => {
    const breaker = made();
    settled(breaker, 'xxxx', 1_000);
    breaker.settle(NORMAL, null, 500, 1_100, middle);
    breaker.settle(NORMAL, down, 1_050, 1_200, middle);
    expect(breaker.state.name).toBe('open');
  });

  test('failures that the window has passed over no longer count', () => {
    const breaker = made({ consecutiveFailures: 100 });
    settled(breaker, 'x'.repeat(18), 0);
    settled(breaker, 'xx', DEFAULT_BREAKER.windowMs + 1);
    expect(breaker.state.name).toBe('closed');
  });

  test('a disabled breaker counts nothing', () => {
    const breaker = made({ enabled: false });
    settled(breaker, 'x'.repeat(100));
    expect(breaker.state.name).toBe('closed');
  });

  test.each([0.01, 0.05])('noise of %d does not open it in two million outcomes', (rate) => {
    const breaker = made();
    const random = seededRandom(7);
    let opened = 0;
    for (let call = 0; call < 2_000_000; call += 1) {
      const now = call * 10;
      const permit = breaker.enter(now) ?? NORMAL;
      breaker.settle(permit, random() < rate ? down : null, now, now, middle);
      if (breaker.state.name !== 'closed') opened += 1;
    }
    expect(opened).toBe(0);
  });
});

describe('recovering', () => {
  test('lets one probe through when its time has come', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    expect(breaker.enter(DEFAULT_BREAKER.openMs - 1)).toBeNull();
    expect(breaker.enter(DEFAULT_BREAKER.openMs)).toMatchObject({ kind: 'probe' });
    expect(breaker.enter(DEFAULT_BREAKER.openMs)).toBeNull();
  });

  test('lets traffic back in as a ramp, and closes when nothing is held back any more', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    let now = DEFAULT_BREAKER.openMs;
    const atOnce: number[] = [];
    while (breaker.state.name !== 'closed') {
      const permits: Permit[] = [];
      for (let permit = breaker.enter(now); permit !== null; permit = breaker.enter(now)) permits.push(permit);
      atOnce.push(permits.length);
      now += 100;
      for (const permit of permits) answered(breaker, permit, now, now);
    }
    expect(atOnce).toEqual([1, 3, 9, 27]);
  });

  test('waits longer between probes as the outage ages, within its bounds', () => {
    const breaker = made({ jitter: 0 });
    settled(breaker, 'xxxxx');
    const waits: number[] = [];
    for (let now = 0; now < 3_600_000;) {
      const next = breaker.readyAt(now);
      waits.push(next - now);
      now = next;
      breaker.settle(breaker.enter(now) ?? NORMAL, down, now, now, middle);
    }
    expect(waits[0]).toBe(1_600);
    expect(waits.at(-1)).toBe(24_000);
    const whole = waits.map(Math.round);
    expect(whole).toEqual([...whole].sort((a, b) => a - b));
    expect(waits.length).toBeLessThan(300);
  });

  test('jitter spreads the probes either way', () => {
    const times = [0, 0.999].map((chance) => {
      const breaker = made();
      for (let i = 0; i < 5; i += 1) breaker.settle(NORMAL, down, 0, 0, () => chance);
      return breaker.readyAt(0);
    });
    expect(times[0]).toBeCloseTo(0.8 * DEFAULT_BREAKER.openMs, 0);
    expect(times[1]).toBeCloseTo(1.2 * DEFAULT_BREAKER.openMs, -1);
  });

  test('a failure on the ramp takes some of it back; failures alone end it', () => {
    const breaker = made({ openMs: 1_000 });
    settled(breaker, 'xxxxx');
    const outcome = (fault: typeof down | null) => {
      const permit = breaker.enter(1_000) ?? NORMAL;
      if (fault === null) answered(breaker, permit, 1_000, 1_000);
      else breaker.settle(permit, fault, 1_000, 1_000, middle);
    };
    for (const fault of [null, null, null, down]) outcome(fault);
    expect(breaker.state).toMatchObject({ name: 'half-open', slots: 3, busy: 0 });
    outcome(down);
    expect(breaker.state.name).toBe('open');
  });

  test('a probe that shows nothing frees its place for another', () => {
    const breaker = made({ openMs: 1_000 });
    settled(breaker, 'xxxxx');
    breaker.settle(breaker.enter(1_000) ?? NORMAL, faultOf('cancelled'), 1_000, 1_000, middle);
    expect(breaker.state.name).toBe('half-open');
    expect(breaker.enter(1_000)).toMatchObject({ kind: 'probe' });
  });

  test('is forced at most once a second', () => {
    const breaker = made({ openMs: 60_000, maxOpenMs: 60_000 });
    settled(breaker, 'xxxxx');
    expect(breaker.force(500)).toBeNull();
    const first = breaker.force(1_000) ?? NORMAL;
    expect(first).toMatchObject({ kind: 'probe' });
    expect(breaker.force(1_100)).toBeNull();
    breaker.settle(first, down, 1_000, 1_200, middle);
    expect(breaker.force(1_900)).toBeNull();
    const second = breaker.force(2_000) ?? NORMAL;
    expect(second).toMatchObject({ kind: 'probe' });
    answered(breaker, second, 2_000, 2_100);
    expect(breaker.state.name).toBe('half-open');
  });

  test('a probe of an earlier round holds no place in a later one', () => {
    const breaker = made({ openMs: 1_000, jitter: 0, halfOpenProbes: 2 });
    settled(breaker, 'xxxxx');
    const [late, early] = [breaker.enter(1_000) ?? NORMAL, breaker.enter(1_000) ?? NORMAL];
    breaker.settle(early, down, 1_000, 1_100, middle);
    expect(breaker.state.name).toBe('open');
    breaker.enter(2_100);
    breaker.content(late);
    breaker.settle(late, null, 1_000, 2_200, middle);
    expect(breaker.state).toMatchObject({ name: 'half-open', slots: 2, busy: 1 });
  });

  test('where failures come at once, a probe that goes on lets a few others follow', () => {
    const breaker = made({ openMs: 1_000 });
    settled(breaker, 'xxxxx');
    const granted: number[] = [];
    for (let now = 1_000; now < 5_000; now += 10) if (breaker.enter(now) !== null) granted.push(now);
    expect(granted).toEqual([1_000, 1_200, 1_400, 1_600, 1_800]);
  });

  test('where failures take long, it waits for twice as long', () => {
    const breaker = made({ openMs: 1_000 });
    for (let i = 0; i < 5; i += 1) breaker.settle(NORMAL, down, 0, 3_000, middle);
    const granted: number[] = [];
    for (let now = 4_000; now < 20_000; now += 10) if (breaker.enter(now) !== null) granted.push(now);
    expect(granted).toEqual([4_000, 10_000, 16_000]);
  });

  test.each([
    ['a healthy target', '.'.repeat(1_000), 5],
    ['one that fails a quarter of its calls', 'x...'.repeat(500), 17],
  ])('tells how long a run would open it for %s', (_, outcomes, run) => {
    const breaker = made({ windowMs: 1 });
    settled(breaker, outcomes);
    expect(Math.abs(breaker.runToOpen - run)).toBeLessThanOrEqual(1);
  });

  test('news of attempts begun before it opened changes nothing', () => {
    const breaker = made();
    settled(breaker, 'xxxxx');
    breaker.settle(NORMAL, null, 0, 500, middle);
    expect(breaker.state.name).toBe('open');
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
