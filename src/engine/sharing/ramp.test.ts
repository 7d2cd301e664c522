import { expect, test } from 'vitest';
import { Ramp } from './ramp.ts';

const MINUTE = 60_000;

/** Sends as often as it may, up to so many a second; returns how many a second went. */
function send(ramp: Ramp, perSecond: number, from: number, forMs: number): number {
  let sent = 0;
  for (let now = from; now < from + forMs; now += 1000 / perSecond) {
    if (ramp.readyIn(now) > 0) continue;
    ramp.sent(now);
    sent += 1;
  }
  return (sent * 1000) / forMs;
}

test('goes back to the earlier rate, and up by no more than half in a quarter of an hour', () => {
  const ramp = new Ramp();
  send(ramp, 4, 0, 15 * MINUTE);
  send(ramp, 40, 15 * MINUTE, 20_000);
  const at = 15 * MINUTE + 20_000;
  ramp.slowDown(at);
  const first = ramp.perSecond;
  const sent = send(ramp, 40, at, MINUTE);
  expect(sent).toBeGreaterThan(4);
  expect(sent).toBeLessThan(11);
  send(ramp, 40, at + MINUTE, 14 * MINUTE);
  expect(ramp.readyIn(at + 15 * MINUTE)).toBeLessThan(200);
  expect(ramp.perSecond / first).toBeCloseTo(1.5, 2);
});

test('complaints of one haste are one; a later one slows down more', () => {
  const ramp = new Ramp();
  send(ramp, 20, 0, MINUTE);
  ramp.slowDown(MINUTE);
  const once = ramp.perSecond;
  ramp.slowDown(MINUTE + 5_000);
  expect(ramp.perSecond).toBe(once);
  ramp.slowDown(MINUTE + 15_000);
  expect(ramp.perSecond).toBeLessThan(once * 0.75);
});

test('ends when twice the traffic would be let through', () => {
  const ramp = new Ramp();
  send(ramp, 10, 0, MINUTE);
  ramp.slowDown(MINUTE);
  expect(ramp.active).toBe(true);
  send(ramp, 1, MINUTE, 120 * MINUTE);
  expect(ramp.active).toBe(false);
  expect(ramp.readyIn(121 * MINUTE)).toBe(0);
});
