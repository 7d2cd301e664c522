import type { Alarm, Clock } from '../engine/clock.ts';

/**
 * Real time with alarms exact to about a millisecond. The engine's own clock is coarser than the gap between two
 * tokens; a simulated provider has to place each of them.
 */
export class ExactClock implements Clock {
  now(): number {
    return performance.now();
  }

  wall(): number {
    return Date.now();
  }

  after(ms: number, ring: () => void): Alarm {
    const timer = setTimeout(ring, ms);
    return { cancel: () => clearTimeout(timer) };
  }

  at(dueAt: number, ring: () => void): Alarm {
    return this.after(dueAt - this.now(), ring);
  }
}
