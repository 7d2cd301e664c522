import type { Alarm, Clock } from './clock.ts';

/** Slots in the wheel; a power of two, so that the slot of a tick is a mask away. */
const SLOTS = 512;

/** One turn of the wheel by one slot, in ms. Coarse on purpose: every alarm here guards seconds, not milliseconds. */
const TICK_MS = 10;

/** Ticks skipped at once that show the event loop stood still. */
const STALL_TICKS = 5;

/** A doubly linked ring node: an alarm in its slot. Its own cancel handle, so arming allocates one object. */
class Node implements Alarm {
  previous: Node | null = null;
  next: Node | null = null;
  readonly dueAt: number;
  readonly ring: () => void;
  readonly #wheel: SystemClock | null;

  constructor(wheel: SystemClock | null, dueAt: number, ring: () => void) {
    this.#wheel = wheel;
    this.dueAt = dueAt;
    this.ring = ring;
  }

  cancel(): void {
    if (this.next === null || this.#wheel === null) return;
    unlink(this);
    this.#wheel.released();
  }
}

/**
 * Real time. Alarms live on a hashed timing wheel (Varghese and Lauck, 1987), because a `setTimeout` per request costs
 * thirty times as much and every request has one. The wheel turns only while an alarm is pending and never keeps the
 * process alive.
 */
export class SystemClock implements Clock {
  /** Taken once: the global of this name is looked up anew with every use, and a call reads the clock a dozen times. */
  readonly #stopwatch: Pick<Performance, 'now'> = globalThis.performance;
  readonly #slots: Node[] = Array.from({ length: SLOTS }, emptyRing);
  #pending = 0;
  #tick = 0;
  #graced = false;
  #timer: ReturnType<typeof setInterval> | null = null;

  now(): number {
    return this.#stopwatch.now();
  }

  wall(): number {
    return Date.now();
  }

  after(ms: number, ring: () => void): Alarm {
    return this.at(this.#stopwatch.now() + ms, ring);
  }

  at(dueAt: number, ring: () => void): Alarm {
    if (this.#timer === null) this.#start(this.#stopwatch.now());
    const node = new Node(this, dueAt, ring);
    // One tick on top: the slot of the due time may already have been visited within its tick.
    const slot = this.#slots[(Math.floor(node.dueAt / TICK_MS) + 1) & (SLOTS - 1)] as Node;
    node.next = slot;
    node.previous = slot.previous;
    (slot.previous as Node).next = node;
    slot.previous = node;
    this.#pending += 1;
    return node;
  }

  /** An alarm left the wheel. @internal */
  released(): void {
    this.#pending -= 1;
  }

  #start(now: number): void {
    this.#tick = Math.floor(now / TICK_MS);
    this.#timer = setInterval(() => this.#turn(), TICK_MS);
    this.#timer.unref();
  }

  #turn(): void {
    const now = this.#stopwatch.now();
    const target = Math.floor(now / TICK_MS);
    // After a standstill of our own, what has arrived meanwhile is read first: nobody is called silent for our sake.
    if (target - this.#tick > STALL_TICKS && !this.#graced) {
      this.#graced = true;
      return;
    }
    this.#graced = false;
    // A stalled event loop skips ticks; one full turn visits every slot, more would visit them again.
    const steps = Math.min(target - this.#tick, SLOTS);
    for (let step = steps - 1; step >= 0; step -= 1)
      this.#visit(this.#slots[(target - step) & (SLOTS - 1)] as Node, now);
    this.#tick = target;
    if (this.#pending === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  #visit(slot: Node, now: number): void {
    // Unlink what is due before ringing: an alarm may arm or cancel others of the same slot.
    const due: Node[] = [];
    for (let node = slot.next as Node; node !== slot;) {
      const next = node.next as Node;
      if (node.dueAt <= now) {
        unlink(node);
        this.#pending -= 1;
        due.push(node);
      }
      node = next;
    }
    for (const node of due) node.ring();
  }
}

function unlink(node: Node): void {
  (node.previous as Node).next = node.next;
  (node.next as Node).previous = node.previous;
  node.previous = node.next = null;
}

function emptyRing(): Node {
  const ring = new Node(null, Number.POSITIVE_INFINITY, () => undefined);
  ring.previous = ring.next = ring;
  return ring;
}
