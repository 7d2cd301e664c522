import type { Alarm, Clock } from './clock.ts';
import type { Timeouts } from './policy.ts';

/** The five timers, by what they wait for. */
export type Phase = 'connect' | 'headers' | 'first-content' | 'idle';

/**
 * The five timers of one attempt on one alarm. Each chunk only moves the due time; the alarm looks at it when it rings
 * and goes back to sleep if there is time left, so a stream of a thousand chunks costs a handful of alarms.
 */
export class Watch {
  readonly #clock: Clock;
  readonly #timeouts: Timeouts;
  readonly #deadlineAt: number;
  readonly #expired: (which: Phase | 'total') => void;
  #phase: Phase = 'connect';
  #dueAt: number;
  #sentAt: number;
  #alarm: Alarm | null = null;
  #ringsAt = Number.POSITIVE_INFINITY;

  /** @param deadlineAt clock time at which the whole call must have ended. */
  constructor(clock: Clock, timeouts: Timeouts, deadlineAt: number, expired: (which: Phase | 'total') => void) {
    this.#clock = clock;
    this.#timeouts = timeouts;
    this.#deadlineAt = deadlineAt;
    this.#expired = expired;
    this.#sentAt = clock.now();
    this.#dueAt = this.#sentAt + timeouts.connectMs;
    this.#arm(this.#sentAt);
  }

  /** The request is on its way: the timers for headers and first content run from here. */
  sent(): void {
    this.#sentAt = this.#clock.now();
    this.#enter('headers', this.#sentAt + (this.#timeouts.headersMs ?? Number.POSITIVE_INFINITY));
  }

  /** Headers came; content is awaited next. */
  awaitContent(): void {
    this.#enter('first-content', this.#sentAt + this.#timeouts.firstContentMs);
  }

  /** Bytes came, or the reader is ready for more: silence counts from now. */
  touch(): void {
    this.#enter('idle', this.#clock.now() + this.#timeouts.idleMs);
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
    if (dueAt < this.#ringsAt) this.#arm(this.#clock.now());
  }

  #arm(now: number): void {
    this.#alarm?.cancel();
    this.#ringsAt = Math.min(this.#dueAt, this.#deadlineAt);
    this.#alarm = this.#clock.after(Math.max(0, this.#ringsAt - now), () => this.#ring());
  }

  #ring(): void {
    this.#alarm = null;
    const now = this.#clock.now();
    if (now < this.#deadlineAt && now < this.#dueAt) return this.#arm(now);
    this.#expired(now >= this.#deadlineAt ? 'total' : this.#phase);
  }
}
