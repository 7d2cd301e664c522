import type { Latency } from './latency.ts';

/** How many calls may await content before anything is known of a target; grows at once where it serves them well. */
const INITIAL = 100;

const LEAST = 2;

/** Calls that may wait for a place, whatever their deadlines. */
const MOST_WAITING = 1000;

/** At this inflation of the latency, and with deadlines in danger, fewer calls may be under way. */
const CONGESTED = 2;

/** A queue that has not been empty for this long is no burst but overload, ms. */
const LASTING_MS = 1000;

/** What happened to a call that held a place. */
export interface Departure {
  /** From being sent until its first content; null when none came. */
  readonly contentMs: number | null;
  /** The target said, or showed by silence, that it has too much to do. */
  readonly overloaded: boolean;
  /** How long the call was allowed to take. */
  readonly patienceMs: number;
}

interface Waiter {
  readonly deadlineAt: number;
  readonly admit: () => void;
}

/**
 * How many calls may await their first content from one target at a time.
 *
 * AIMD on time to first content: the limit doubles while nothing is known against it, shrinks by what the latency has
 * grown when calls are in danger of missing their deadlines or the target says that it is overloaded, and grows by a
 * tenth a round trip otherwise. Streams that have begun do not count: a long answer is no congestion. Pure but for calling
 * those it admits.
 */
export class Concurrency {
  readonly #latency: Latency;
  readonly #enabled: boolean;
  #limit = INITIAL;
  /** Doubling, until the first sign of congestion. */
  #probing = true;
  #inFlight = 0;
  #shrunkAt = Number.NEGATIVE_INFINITY;
  readonly #waiting: Waiter[] = [];
  #waitingSince = 0;

  constructor(enabled: boolean, latency: Latency) {
    this.#enabled = enabled;
    this.#latency = latency;
  }

  get limit(): number {
    return this.#limit;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Takes a place if one is free. */
  enter(): boolean {
    if (this.#enabled && (this.#inFlight >= this.#limit || this.#waiting.length > 0)) return false;
    this.#inFlight += 1;
    return true;
  }

  /** How long a newcomer would wait for a place, by what the target gets done now, ms. */
  waitMs(): number {
    return ((this.#waiting.length + 1) * this.#latency.expectedMs) / this.#limit;
  }

  /** May a call with this much time left wait? Not when it would miss its deadline, nor when it would only feed a standing queue. */
  mayWait(leftMs: number, now: number): boolean {
    if (this.#waiting.length >= MOST_WAITING) return false;
    const lasting = this.#waiting.length > 0 && now - this.#waitingSince > LASTING_MS;
    const waitMs = this.waitMs();
    if (lasting && waitMs > this.#latency.expectedMs) return false;
    return waitMs + this.#latency.reserveMs <= leftMs;
  }

  /** Waits for a place; the earliest deadline goes first. Returns how to stop waiting. */
  wait(deadlineAt: number, now: number, admit: () => void): () => void {
    if (this.#waiting.length === 0) this.#waitingSince = now;
    const waiter = { deadlineAt, admit };
    // Nearly always at the end: callers tend to have the same patience.
    let at = this.#waiting.length;
    while (at > 0 && (this.#waiting[at - 1] as Waiter).deadlineAt > deadlineAt) at -= 1;
    this.#waiting.splice(at, 0, waiter);
    return () => {
      const index = this.#waiting.indexOf(waiter);
      if (index >= 0) this.#waiting.splice(index, 1);
    };
  }

  /** Gives a place back, with what its call showed, and hands it on. */
  leave(departure: Departure | null, now: number): void {
    const full = this.#inFlight >= this.#limit;
    if (departure !== null) this.#adapt(departure, full, now);
    this.#inFlight -= 1;
    while (this.#waiting.length > 0 && this.#inFlight < this.#limit) {
      this.#inFlight += 1;
      (this.#waiting.shift() as Waiter).admit();
    }
  }

  #adapt({ contentMs, overloaded, patienceMs }: Departure, full: boolean, now: number): void {
    const { inflation, reserveMs, expectedMs } = this.#latency;
    if (overloaded || (inflation > CONGESTED && reserveMs > patienceMs / 2)) {
      // Once a round trip: what was sent before the last cut still tells of before.
      if (now - this.#shrunkAt < expectedMs) return;
      const factor = Math.min(0.9, Math.max(0.5, CONGESTED / inflation));
      this.#limit = Math.max(
        LEAST,
        Math.min(this.#limit, this.#inFlight) * (overloaded ? Math.min(factor, 0.7) : factor),
      );
      this.#probing = false;
      this.#shrunkAt = now;
    } else if (full && contentMs !== null) {
      this.#limit += this.#probing ? 1 : Math.max(1, this.#limit / 10) / this.#limit;
    }
  }
}
