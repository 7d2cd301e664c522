import type { Alarm, Clock } from '../clock.ts';
import type { Timeouts } from '../policy.ts';

/** What four of the five timers wait for. */
type Phase = 'connect' | 'headers' | 'first-content' | 'idle';

/** What was waited for in vain; `total`: the end of the whole call. */
export type Waited = Phase | 'total';

/** Told when a timer runs out. */
export interface Waiting {
  expired(which: Waited): void;
}

/**
 * The five timers of one attempt on one alarm. Each chunk only moves the due time; the alarm looks at it when it rings
 * and goes back to sleep if there is time left, so a stream of a thousand chunks costs a handful of alarms.
 */
export class Watch {
  readonly #clock: Clock;
  readonly #timeouts: Timeouts;
  readonly #deadlineAt: number;
  readonly #waiting: Waiting;
  readonly #ring: () => void = () => this.#look();
  #phase: Phase = 'connect';
  #dueAt: number;
  #sentAt: number;
  #alarm: Alarm | null = null;
  #ringsAt = Number.POSITIVE_INFINITY;

  /** @param deadlineAt clock time at which the whole call must have ended. */
  constructor(clock: Clock, timeouts: Timeouts, deadlineAt: number, now: number, waiting: Waiting) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#deadlineAt = deadlineAt;
    this.#waiting = waiting;
    this.#sentAt = now;
    this.#dueAt = now + timeouts.connectMs;
    this.#arm();
  }

  /** The request is on its way: the timers for headers and first content run from here. */
  sent(now: number): void {
    this.#sentAt = now;
    this.#enter('headers', this.#sentAt + (this.#timeouts.headersMs ?? Number.POSITIVE_INFINITY));
  }

  /** Headers came; content is awaited next. */
  awaitContent(): void {
    this.#enter('first-content', this.#sentAt + this.#timeouts.firstContentMs);
  }

  /** Bytes came, or the reader is ready for more: silence counts from now. */
  touch(now: number): void {
    this.#enter('idle', now + this.#timeouts.idleMs);
  }

  /** The reader asked for a pause; its slowness is not the provider's silence. */
  hold(): void {
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  stop(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#dueAt = Number.POSITIVE_INFINITY;
  }

  #enter(phase: Phase, dueAt: number): void {
    this.#phase = phase;
    this.#dueAt = dueAt;
    // Later is found out when the alarm rings; only an earlier due time needs a new one.
    if (dueAt < this.#ringsAt) this.#arm();
  }

  #arm(): void {
    this.#alarm?.cancel();
    this.#ringsAt = Math.min(this.#dueAt, this.#deadlineAt);
    this.#alarm = this.#clock.at(this.#ringsAt, this.#ring);
  }

  #look(): void {
    this.#alarm = null;
    const now = this.#clock.now();
    if (now < this.#deadlineAt && now < this.#dueAt) return this.#arm();
    this.#waiting.expired(now >= this.#deadlineAt ? 'total' : this.#phase);
  }
}
