import type { Alarm, Clock } from './clock.ts';

/** Slots in the wheel; a power of two, so that the slot of a tick is a mask away. */
const SLOTS = 512;

/**
 * One turn of the wheel by one slot, ms. Slow, because each turn wakes a process that may have nothing else to do, and waking
 * costs more than turning: at 10 ms the wheel took a tenth of what 400 calls a second cost.
 */
const TICK_MS = 100;

/** An alarm that goes off later than this found the event loop standing still, ms. */
const STALL_MS = 50;

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
    if (this.#wheel === null) return;
    if (this.next === null) return this.#wheel.handedBack(this);
    unlink(this);
    this.#wheel.released();
  }
}

/**
 * Real time. Alarms live on a hashed timing wheel (Varghese and Lauck, 1987), because a `setTimeout` per request costs
 * thirty times as much and every request has one. Nearly all are cancelled long before they are due; the few that are not
 * are handed to a `setTimeout` shortly before, and so go off to the millisecond though the wheel is slow. It turns only
 * while an alarm is pending, and no alarm keeps the process alive.
 */
export class SystemClock implements Clock {
  /** Taken once: the global of this name is looked up anew with every use, and a call reads the clock a dozen times. */
  readonly #stopwatch: Pick<Performance, 'now'> = globalThis.performance;
  readonly #slots: Node[] = Array.from({ length: SLOTS }, emptyRing);
  #pending = 0;
  /**
   * What is about to be due and has left the wheel, with its timer. Not a field of each alarm: V8 takes one that is never
   * written for a constant, and throws away the code of everything that arms alarms when one in a hundred thousand is due.
   */
  readonly #timers = new Map<Node, NodeJS.Timeout>();
  /** Ticks up to this one have been handed over: the running one and the next. */
  #handedOver = 0;
  #timer: NodeJS.Timeout | null = null;

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
    if (this.#timer === null) this.#start();
    const node = new Node(this, dueAt, ring);
    const tick = Math.floor(dueAt / TICK_MS);
    if (tick <= this.#handedOver) {
      this.#handOver(node, this.#stopwatch.now());
      return node;
    }
    const slot = this.#slots[tick & (SLOTS - 1)] as Node;
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

  /** An alarm that is no longer on the wheel is not wanted any more. @internal */
  handedBack(node: Node): void {
    const timer = this.#timers.get(node);
    if (timer === undefined) return;
    clearTimeout(timer);
    this.#timers.delete(node);
  }

  #start(): void {
    this.#handedOver = Math.floor(this.#stopwatch.now() / TICK_MS) + 1;
    this.#timer = setInterval(() => this.#turn(), TICK_MS);
    this.#timer.unref();
  }

  #turn(): void {
    const now = this.#stopwatch.now();
    const target = Math.floor(now / TICK_MS) + 1;
    // A stalled event loop skips ticks; one full turn visits every slot, more would visit them again.
    const steps = Math.min(target - this.#handedOver, SLOTS);
    this.#handedOver = target;
    for (let step = steps - 1; step >= 0; step -= 1) {
      this.#visit(this.#slots[(target - step) & (SLOTS - 1)] as Node, (target + 1) * TICK_MS, now);
    }
    if (this.#pending === 0 && this.#timer !== null) {
      clearInterval(this.#timer);
      this.#timer = null;
    }
  }

  /** Hands over what is due before `end`; the rest of the slot has turns of the wheel to wait. */
  #visit(slot: Node, end: number, now: number): void {
    for (let node = slot.next as Node; node !== slot;) {
      const next = node.next as Node;
      if (node.dueAt < end) {
        unlink(node);
        this.#pending -= 1;
        this.#handOver(node, now);
      }
      node = next;
    }
  }

  #handOver(node: Node, now: number): void {
    this.#timers.set(node, setTimeout(() => this.#due(node), Math.max(0, Math.ceil(node.dueAt - now))).unref());
  }

  #due(node: Node): void {
    this.#timers.delete(node);
    const now = this.#stopwatch.now();
    // The event loop's own time is a little behind, and so may its timers be early.
    if (now < node.dueAt) return this.#handOver(node, now);
    if (now - node.dueAt < STALL_MS) return node.ring();
    // After a standstill of our own, what has arrived meanwhile is read first: nobody is called silent for our sake. Between
    // two looks at its timers the event loop reads.
    const ring = (): void => {
      this.#timers.delete(node);
      node.ring();
    };
    this.#timers.set(node, setTimeout(ring).unref());
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
