import type { Alarm, Clock } from './clock.ts';

/** Immediates that are queued together: with many in the queue, each costs a tenth of what one alone does. */
const BATCH = 1024;

/**
 * Time that moves only when told to: hours pass in microseconds, and the same steps give the same order every time.
 * Alarms due at the same instant ring in the order they were set.
 */
export class VirtualClock implements Clock {
  #now = 0;
  #order = 0;
  readonly #epoch: number;
  readonly #queue = new AlarmQueue();

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
    return this.at(this.#now + Math.max(0, ms), ring);
  }

  at(dueAt: number, ring: () => void): Alarm {
    return this.#queue.add(new Pending(dueAt, (this.#order += 1), ring, this.#queue));
  }

  /** Alarms set and not yet rung or cancelled: a finished run leaves none. */
  get pending(): number {
    return this.#queue.length;
  }

  /**
   * Moves time forward by `ms`, ringing what falls due, in order. After each alarm the promises it woke run to their
   * last step, so that code under test sees time pass as it would in life.
   *
   * Each alarm has an immediate of its own, because between two immediates Node empties the queue of promise jobs to the
   * last, however long the chains are; counting awaits would hold only until a chain grows longer than the count.
   */
  advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    return new Promise((resolve, reject) => {
      let over = false;
      const beat = (): void => {
        if (over) return;
        try {
          if (this.step(until)) return;
          this.#now = Math.max(this.#now, until);
          over = true;
          resolve();
        } catch (error) {
          over = true;
          reject(error as Error);
        }
      };
      const queue = (beats: number): void => {
        for (let queued = 1; queued < beats; queued += 1) setImmediate(beat);
        setImmediate(() => {
          beat();
          // Short advances need few; a long one soon has full batches.
          if (!over) queue(Math.min(BATCH, beats * 2));
        });
      };
      queue(1);
    });
  }

  /** Rings the next alarm due by `until`; false when there is none. */
  step(until: number = Number.POSITIVE_INFINITY): boolean {
    const next = this.#queue.first;
    if (next === undefined || next.dueAt > until) return false;
    next.cancel();
    this.#now = Math.max(this.#now, next.dueAt);
    next.ring();
    return true;
  }
}

class Pending implements Alarm {
  readonly dueAt: number;
  readonly order: number;
  readonly ring: () => void;
  /** Where it stands in the queue; -1 when it does not. */
  place = -1;
  readonly #queue: AlarmQueue;

  constructor(dueAt: number, order: number, ring: () => void, queue: AlarmQueue) {
    this.dueAt = dueAt;
    this.order = order;
    this.ring = ring;
    this.#queue = queue;
  }

  cancel(): void {
    if (this.place >= 0) this.#queue.remove(this);
  }
}

/**
 * A binary heap, soonest first, in which each alarm knows its place: what is cancelled leaves at once. Most alarms are
 * timeouts that never ring; left to lie until due, they would outnumber the live ones by thousands.
 */
class AlarmQueue {
  readonly #heap: Pending[] = [];

  get length(): number {
    return this.#heap.length;
  }

  get first(): Pending | undefined {
    return this.#heap[0];
  }

  add(alarm: Pending): Pending {
    this.#heap.push(alarm);
    this.#rise(alarm, this.#heap.length - 1);
    return alarm;
  }

  remove(alarm: Pending): void {
    const { place } = alarm;
    alarm.place = -1;
    const last = this.#heap.pop();
    if (last === undefined || last === alarm) return;
    if (place > 0 && before(last, this.#heap[(place - 1) >> 1] as Pending)) this.#rise(last, place);
    else this.#sink(last, place);
  }

  #rise(alarm: Pending, from: number): void {
    const heap = this.#heap;
    let at = from;
    while (at > 0) {
      const parent = heap[(at - 1) >> 1] as Pending;
      if (!before(alarm, parent)) break;
      heap[at] = parent;
      parent.place = at;
      at = (at - 1) >> 1;
    }
    heap[at] = alarm;
    alarm.place = at;
  }

  #sink(alarm: Pending, from: number): void {
    const heap = this.#heap;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1] as Pending, heap[child] as Pending)) child += 1;
      const smaller = heap[child] as Pending;
      if (!before(smaller, alarm)) break;
      heap[at] = smaller;
      smaller.place = at;
      at = child;
    }
    heap[at] = alarm;
    alarm.place = at;
  }
}

function before(a: Pending, b: Pending): boolean {
  return a.dueAt < b.dueAt || (a.dueAt === b.dueAt && a.order < b.order);
}
