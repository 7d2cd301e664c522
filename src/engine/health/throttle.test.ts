import { describe, expect, test } from 'vitest';
import { faultOf } from '../fault/index.ts';
import { seededRandom } from '../random.ts';
import { Throttle } from './throttle.ts';

const REFUSED = faultOf('overloaded');

/** Calls for `forMs` at ten a second; the target answers as `answer` says. Returns the share that was turned away. */
function call(
  throttle: Throttle,
  fromMs: number,
  forMs: number,
  answer: (now: number) => typeof REFUSED | null,
): number {
  const random = seededRandom(fromMs + 1);
  let rejected = 0;
  let calls = 0;
  for (let now = fromMs; now < fromMs + forMs; now += 100) {
    calls += 1;
    if (throttle.rejects(now, random)) rejected += 1;
    else throttle.settle(answer(now), now);
  }
  return rejected / calls;
}

describe('the throttle', () => {
  test('lets a target that serves most calls alone', () => {
    const random = seededRandom(1);
    const throttle = new Throttle(true);
    expect(call(throttle, 0, 60_000, () => (random() < 0.4 ? REFUSED : null))).toBe(0);
  });

  test('sends a target that can serve three calls a second about twice as many, out of ten', () => {
    const throttle = new Throttle(true);
    let served = 0;
    let second = -1;
    const answer = (now: number): typeof REFUSED | null => {
      if (Math.floor(now / 1000) !== second) {
        second = Math.floor(now / 1000);
        served = 0;
      }
      served += 1;
      return served <= 3 ? null : REFUSED;
    };
    call(throttle, 0, 60_000, answer);
    const rejected = call(throttle, 60_000, 60_000, answer);
    expect(rejected).toBeGreaterThan(0.3);
    expect(rejected).toBeLessThan(0.5);
  });

  test('lets one in ten through when all are refused, and all within half a minute of the target being well', () => {
    const throttle = new Throttle(true);
    call(throttle, 0, 60_000, () => REFUSED);
    const rejected = call(throttle, 60_000, 60_000, () => REFUSED);
    expect(rejected).toBeGreaterThan(0.85);
    expect(rejected).toBeLessThan(0.93);
    call(throttle, 120_000, 45_000, () => null);
    expect(call(throttle, 165_000, 30_000, () => null)).toBe(0);
  });

  test('says nothing of a handful of calls, of callers who left, and of itself when it is off', () => {
    const few = new Throttle(true);
    for (let at = 0; at < 19; at += 1) few.settle(REFUSED, at);
    expect(few.rejects(20, () => 0)).toBe(false);
    const left = new Throttle(true);
    for (let at = 0; at < 100; at += 1) left.settle(faultOf('cancelled'), at);
    expect(left.rejects(100, () => 0)).toBe(false);
    const off = new Throttle(false);
    for (let at = 0; at < 100; at += 1) off.settle(REFUSED, at);
    expect(off.rejects(100, () => 0)).toBe(false);
  });
});
