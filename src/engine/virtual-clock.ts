import type { Alarm, Clock } from './clock.ts';

interface Pending extends Alarm {
  readonly dueAt: number;
  readonly order: number;
  ring: (() => void) | null;
}

/**
 * Time that moves only when told to: hours pass in microseconds, and the same steps give the same order every time.
 * Alarms due at the same instant ring in the order they were set.
 */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #epoch: number;
  /** A binary heap, soonest first. */
  readonly #heap: Pending[] = [];

  /** @param epoch wall time at the start, ms since 1970. */
  constructor(epoch: number = Date.UTC(2026, 0, 1)) {
    this.#epoch = epoch;
  }

  now(): number {
    return this.#now;
  }

  wall(): number {
    return this.#epoch + this.#now;
  }

  after(ms: number, ring: () => void): Alarm {
    const pending: Pending = {
      dueAt: this.#now + Math.max(0, ms),
      order: (this.#order += 1),
      ring,
      cancel() {
        pending.ring = null;
      },
    };
    push(this.#heap, pending);
    return pending;
  }

  /** Alarms set and not yet rung or cancelled: a finished run leaves none. */
  get pending(): number {
    return this.#heap.filter((alarm) => alarm.ring !== null).length;
  }

  /**
   * Moves time forward by `ms`, ringing what falls due, in order. After each alarm the promises it woke run to their
   * next wait, so that code under test sees time pass as it would in life.
   */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settle();
    while (this.step(until)) await settle();
    this.#now = until;
  }

  /** Rings the next alarm due by `until`; false when there is none. */
  step(until: number = Number.POSITIVE_INFINITY): boolean {
    for (;;) {
      const next = this.#heap[0];
      if (next === undefined || next.dueAt > until) return false;
      pop(this.#heap);
      if (next.ring === null) continue;
      this.#now = Math.max(this.#now, next.dueAt);
      const { ring } = next;
      next.ring = null;
      ring();
      return true;
    }
  }
}

/** Lets every promise that can run, run: a macrotask comes after all of them. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

function before(a: Pending, b: Pending): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}

function push(heap: Pending[], item: Pending): void {
  let at = heap.push(item) - 1;
  while (at > 0) {
    const parent = (at - 1) >> 1;
    if (!before(item, heap[parent] as Pending)) break;
    heap[at] = heap[parent] as Pending;
    at = parent;
  }
  heap[at] = item;
}

function pop(heap: Pending[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && before(heap[child + 1] as Pending, heap[child] as Pending)) child += 1;
    if (!before(heap[child] as Pending, last)) break;
    heap[at] = heap[child] as Pending;
    at = child;
  }
  heap[at] = last;
}
