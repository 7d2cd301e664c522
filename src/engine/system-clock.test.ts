import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SystemClock } from './system-clock.ts';

/** The wheel reads `performance.now` and turns on `setInterval`; both are faked together. */
describe('the timing wheel', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['performance', 'setInterval', 'clearInterval', 'Date'] }));
  afterEach(() => void vi.useRealTimers());

  test.each([0, 1, 9, 10, 11, 500, 5_119, 5_120, 5_121, 60_000, 600_000])('an alarm of %i ms rings in time', (ms) => {
    const clock = new SystemClock();
    const start = clock.now();
    let rangAt = Number.NaN;
    clock.after(ms, () => (rangAt = clock.now()));
    vi.advanceTimersByTime(ms + 40);
    expect(rangAt - start).toBeGreaterThanOrEqual(ms);
    expect(rangAt - start).toBeLessThanOrEqual(ms + 30);
  });

  test('rings once, and not when cancelled', () => {
    const clock = new SystemClock();
    let rang = 0;
    clock.after(100, () => (rang += 1));
    clock.after(100, () => (rang += 10)).cancel();
    vi.advanceTimersByTime(20_000);
    expect(rang).toBe(1);
  });

  test('an alarm may set and cancel others, of its own slot too', () => {
    const clock = new SystemClock();
    const rang: string[] = [];
    clock.after(100, () => {
      rang.push('first');
      clock.after(100, () => rang.push('second'));
    });
    vi.advanceTimersByTime(300);
    expect(rang).toEqual(['first', 'second']);
  });

  test('turns only while something is pending', () => {
    const clock = new SystemClock();
    expect(vi.getTimerCount()).toBe(0);
    const alarm = clock.after(1_000, () => undefined);
    expect(vi.getTimerCount()).toBe(1);
    alarm.cancel();
    alarm.cancel();
    vi.advanceTimersByTime(20);
    expect(vi.getTimerCount()).toBe(0);
    let rang = false;
    clock.after(50, () => (rang = true));
    vi.advanceTimersByTime(100);
    expect(rang).toBe(true);
  });

  test('catches up after the event loop stood still', () => {
    const clock = new SystemClock();
    let rang = 0;
    for (const ms of [10, 1_000, 4_000]) clock.after(ms, () => (rang += 1));
    vi.setSystemTime(Date.now() + 30_000);
    vi.advanceTimersByTime(30_000);
    expect(rang).toBe(3);
  });
});
