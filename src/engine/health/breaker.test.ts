import { describe, expect, test } from 'vitest';
import { bearingOf } from './bearing.ts';
import { Breaker, type Permit } from './breaker.ts';
import { seededRandom } from '../random.ts';
import type { FaultKind } from '../fault/fault.ts';
import { faultOf } from '../fault/index.ts';
import { type BreakerPolicy, DEFAULT_BREAKER } from '../policy.ts';

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

  test.each([
    ['one call in five fails at once, the others answer after two seconds', 0.2, 2_000, 'closed'],
    ['one in three does', 0.33, 2_000, 'closed'],
    ['all of them do', 1, 2_000, 'open'],
    ['nearly all of them do', 0.95, 2_000, 'open'],
    ['one in five fails, the others answer as soon', 0.2, 5, 'closed'],
  ])('failures are told first: %s', (_, rate, answerMs, state) => {
    const breaker = made();
    const random = seededRandom(3);
    const endings: { readonly at: number; readonly startedAt: number; readonly failed: boolean }[] = [];
    for (let startedAt = 0; startedAt < 20_000; startedAt += 14) {
      const failed = startedAt > 4_000 && random() < rate;
      endings.push({ at: startedAt + (failed ? 5 : answerMs), startedAt, failed });
    }
    let begun = 0;
    for (const { at, startedAt, failed } of endings.sort((a, b) => a.at - b.at)) {
      for (; begun <= at; begun += 14) breaker.enter(begun);
      if (breaker.state.name === 'closed') breaker.settle(NORMAL, failed ? down : null, startedAt, at, middle);
    }
    expect(breaker.state.name === 'closed' ? 'closed' : 'open').toBe(state);
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
    expect(breaker.force(1_050)).toBeNull();
    breaker.settle(first, down, 1_000, 1_200, middle);
    expect(breaker.force(1_900)).toBeNull();
    const second = breaker.force(2_000) ?? NORMAL;
    expect(second).toMatchObject({ kind: 'probe' });
    answered(breaker, second, 2_000, 2_100);
    expect(breaker.state.name).toBe('half-open');
  });

  test('a probe of an earlier round holds no place in a later one', () => {
    const breaker = made({ openMs: 1_000, jitter: 0 });
    settled(breaker, 'xxxxx');
    for (let i = 0; i < 10; i += 1) answered(breaker, breaker.enter(1_000) ?? NORMAL, 1_000, 1_000);
    const late = breaker.enter(1_000) ?? NORMAL;
    for (let i = 0; i < 10; i += 1) answered(breaker, breaker.enter(1_000) ?? NORMAL, 1_000, 1_000);
    expect([late.kind, breaker.state.name]).toEqual(['probe', 'closed']);
    settled(breaker, 'xxxxx', 1_100);
    breaker.enter(2_100);
    breaker.content(late);
    breaker.settle(late, null, 1_000, 2_200, middle);
    expect(breaker.state).toMatchObject({ name: 'half-open', slots: 1, busy: 1 });
  });

  test('failures do not end a round while others of it go on', () => {
    const breaker = made({ openMs: 1_000, halfOpenProbes: 3 });
    settled(breaker, 'xxxxx');
    const [slow, one, other] = [1, 2, 3].map(() => breaker.enter(1_000) ?? NORMAL) as [Permit, Permit, Permit];
    breaker.settle(one, down, 1_000, 1_005, middle);
    breaker.settle(other, down, 1_000, 1_005, middle);
    expect(breaker.state).toMatchObject({ name: 'half-open', slots: 1, busy: 1 });
    breaker.settle(slow, down, 1_000, 3_000, middle);
    expect(breaker.state.name).toBe('open');
  });

  test('where failures come at once, a probe that goes on lets a few others follow', () => {
    const breaker = made({ openMs: 1_000 });
    settled(breaker, 'xxxxx');
    const granted: number[] = [];
    for (let now = 1_000; now < 5_000; now += 10) if (breaker.enter(now) !== null) granted.push(now);
    expect(granted).toEqual([1_000, 1_100, 1_200, 1_300, 1_400, 1_500, 1_600]);
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

describe('by hand', () => {
  test('it opens for good, whatever is heard, and no attempt is forced', () => {
    const breaker = made();
    breaker.openByHand(0);
    breaker.probeSoon(10);
    const day = 86_400_000;
    expect([breaker.byHand, breaker.ready(day), breaker.enter(day), breaker.force(day)]).toEqual([
      true,
      false,
      null,
      null,
    ]);
    breaker.settle(NORMAL, null, 0, day, middle);
    expect(breaker.state).toMatchObject({ name: 'open', since: 0 });
  });

  test('it finds out for itself again when it is let go', () => {
    const breaker = made();
    breaker.openByHand(0);
    breaker.letGo(1000);
    const probe = breaker.enter(1000) as Permit;
    expect([breaker.byHand, probe.kind, breaker.enter(1000)]).toEqual([false, 'probe', null]);
    answered(breaker, probe, 1000, 1100);
    expect(breaker.enter(1100)).not.toBeNull();
  });

  test('it closes at once, and opens by itself after that', () => {
    const breaker = made();
    breaker.openByHand(0);
    breaker.closeByHand();
    expect([breaker.byHand, breaker.state.name]).toEqual([false, 'closed']);
    settled(breaker, 'xxxxx');
    expect(breaker.state.name).toBe('open');
    breaker.letGo(5);
    expect(breaker.ready(5)).toBe(false);
  });
});
