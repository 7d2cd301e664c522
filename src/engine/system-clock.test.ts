import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { SystemClock } from './system-clock.ts';

/** The wheel reads `performance.now`, turns on `setInterval` and hands over to `setTimeout`; all are faked together. */
const FAKED = ['performance', 'setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'Date'] as const;

describe('the timing wheel', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: [...FAKED] }));
  afterEach(() => void vi.useRealTimers());

  test.each([0, 1, 99, 100, 101, 199, 200, 201, 500, 51_199, 51_200, 51_201, 60_000, 600_000])(
    'an alarm of %i ms rings in time',
    (ms) => {
      const clock = new SystemClock();
      const start = clock.now();
      let rangAt = Number.NaN;
      clock.after(ms, () => (rangAt = clock.now()));
      vi.advanceTimersByTime(ms + 40);
      expect(rangAt - start).toBeGreaterThanOrEqual(ms);
      expect(rangAt - start).toBeLessThanOrEqual(ms + 2);
    },
  );

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
    vi.advanceTimersByTime(200);
    expect(vi.getTimerCount()).toBe(0);
    let rang = false;
    clock.after(50, () => (rang = true));
    vi.advanceTimersByTime(100);
    expect(rang).toBe(true);
  });

  test('an alarm that is about to go off can be cancelled', () => {
    const clock = new SystemClock();
    let rang = 0;
    const soon = clock.after(20, () => (rang += 1));
    const later = clock.after(1_000, () => (rang += 1));
    vi.advanceTimersByTime(19);
    soon.cancel();
    vi.advanceTimersByTime(980);
    later.cancel();
    vi.advanceTimersByTime(5_000);
    expect(rang).toBe(0);
  });

  test('after a standstill, an alarm waits until what has arrived meanwhile was read', async () => {
    vi.useRealTimers();
    const clock = new SystemClock();
    const happened: string[] = [];
    const rung = new Promise<void>((resolve) => {
      clock.after(10, () => {
        happened.push('rang');
        resolve();
      });
    });
    const read = readFile(import.meta.filename).then(() => happened.push('read'));
    const until = performance.now() + 200;
    // The file is read meanwhile by another thread; what it has to say waits in the event loop.
    while (performance.now() < until);
    await Promise.all([rung, read]);
    expect(happened).toEqual(['read', 'rang']);
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
