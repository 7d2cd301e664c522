import type { Caller, Lane } from '../caller.ts';
import { Knee } from './knee.ts';
import type { Latency } from './latency.ts';

/** How many calls may await content before anything is known of a target; grows at once where it serves them well. */
const INITIAL = 100;

const LEAST = 2;

/** Share of the places that background work may hold: a person finds one free at once. */
const BACKGROUND_SHARE = 0.8;

/** Background work begins with so many calls under way, and feels its way up from there. */
const GENTLE_START = 8;

/** Tenants that followed one another within this time are in each other's way. */
const CONTENDED_MS = 10_000;

/** At this inflation of the latency, and with deadlines in danger, fewer calls may be under way. */
const CONGESTED = 2;

/** Weight of one departure in the share of those that met with overload: the last few dozen count. */
const SWIFT = 1 / 32;

/** Of a target that is well a refusal or a silence comes now and then. As often as this it is no accident. */
const NO_ACCIDENT = 0.5;

/** A silence of up to so many times what nearly every call takes is that of a queue; a longer one is a fault of its own. */
const OF_A_QUEUE = 3;

/** A cut tells of the time when it was made. After this long, and many round trips, a limit that nobody meets grows, too. */
const FORGOTTEN_MS = 30_000;
const FORGOTTEN_TRIPS = 20;

/** What happened to a call that held a place. */
export interface Departure {
  /** From being sent until its first content; null when none came. */
  readonly contentMs: number | null;
  /** How many calls were under way when it was sent, itself included: for a person's call, how many of people's. */
  readonly among: number;
  /** The target said, or showed by silence, that it has too much to do. */
  readonly overloaded: boolean;
  /** How long the call was allowed to take. */
  readonly patienceMs: number;
}

/**
 * How many calls may await their first content from one target at a time.
 *
 * AIMD on time to first content: the limit doubles while nothing is known against it, shrinks by what the latency has
 * grown when calls are in danger of missing their deadlines or when the target says, or shows by its silence, that it is
 * overloaded, and grows by a tenth a round trip otherwise. That one call in a hundred hangs is no overload. Streams that
 * have begun do not count: a long answer is no congestion. Pure: who waits for a
 * place, and who has the next, is the outlet's business.
 */
export class Concurrency {
  readonly #latency: Latency;
  readonly #enabled: boolean;
  /** People's calls may come, so background work keeps out of their way. */
  readonly #people: boolean;
  #limit = INITIAL;
  /** Doubling, until the first sign of congestion. */
  #probing = true;
  #inFlight = 0;
  /** Of the latest departures, the share that met with overload. */
  #overloaded = 0;
  #shrunkAt = Number.NEGATIVE_INFINITY;
  /** Of those, background work. */
  #background = 0;
  /** Of people's calls while several tenants make them, and of background work always. */
  readonly #peopleKnee = new Knee(null);
  readonly #backgroundKnee: Knee;
  /** The tenant of whose people the latest call was, and when it was another's before. */
  #tenant: string | null | undefined = undefined;
  #mixedAt = Number.NEGATIVE_INFINITY;

  /** @param people whether people's calls may come; background work that is alone needs no gentle start */
  constructor(enabled: boolean, latency: Latency, people = true) {
    this.#enabled = enabled;
    this.#people = people;
    this.#latency = latency;
    this.#backgroundKnee = new Knee(people ? GENTLE_START : null);
  }

  /** Places for people's calls. */
  get limit(): number {
    return Math.min(this.#limit, this.#peopleKnee.most);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** Is there a place for a call of this lane? */
  hasRoom(lane: Lane): boolean {
    if (!this.#enabled) return true;
    if (this.#inFlight >= this.#places(lane)) return false;
    // People wait for people; what background work is under way is soon out of their way.
    return lane === 'interactive'
      ? this.#inFlight - this.#background < this.#peopleKnee.most
      : this.#inFlight < this.#backgroundKnee.most;
  }

  /** Takes a place. @returns how many are under way with it */
  enter(caller: Caller, now: number): number {
    this.#inFlight += 1;
    if (caller.lane === 'background') {
      this.#background += 1;
      return this.#inFlight;
    }
    if (caller.tenant !== this.#tenant) {
      if (this.#tenant !== undefined) this.#mixedAt = now;
      this.#tenant = caller.tenant;
    }
    return this.#inFlight - this.#background;
  }

  /** Gives a place back, after so many ms, with what its call showed. */
  leave(lane: Lane, departure: Departure | null, heldMs: number, now: number): void {
    const full = this.#inFlight >= this.#places(lane);
    if (departure !== null) {
      this.#adapt(departure, heldMs, full, now);
      this.#watch(lane, departure, full, now);
    }
    this.#inFlight -= 1;
    if (lane === 'background') this.#background -= 1;
  }

  /** Places for all calls together, as far as one of this lane may take them. */
  #places(lane: Lane): number {
    return lane === 'interactive' || !this.#people ? this.#limit : Math.max(1, this.#limit * BACKGROUND_SHARE);
  }

  /** Where several are after one target, none of them may fill the provider's own queue, in which nobody is told apart. */
  #watch(lane: Lane, { contentMs, among }: Departure, full: boolean, now: number): void {
    const sentAt = contentMs === null ? null : now - contentMs;
    if (lane === 'background') {
      if (sentAt !== null && this.#people)
        this.#backgroundKnee.content(sentAt, among, full || this.#inFlight > this.#backgroundKnee.most - 1, now);
    } else if (now - this.#mixedAt > CONTENDED_MS) this.#peopleKnee.release(now);
    else if (sentAt !== null) {
      const people = this.#inFlight - this.#background;
      this.#peopleKnee.content(sentAt, among, full || people > this.#peopleKnee.most - 1, now);
    }
  }

  #adapt({ contentMs, overloaded, patienceMs }: Departure, heldMs: number, full: boolean, now: number): void {
    const { inflation, reserveMs, expectedMs } = this.#latency;
    this.#overloaded += ((overloaded ? 1 : 0) - this.#overloaded) * SWIFT;
    if (overloaded && this.#isAccident(heldMs)) return;
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
    } else if (contentMs !== null && (full || this.#isForgotten(now))) {
      this.#limit += this.#probing ? 1 : Math.max(1, this.#limit / 10) / this.#limit;
    }
  }

  #isForgotten(now: number): boolean {
    const { expectedMs } = this.#latency;
    return this.#limit < INITIAL && now - this.#shrunkAt > Math.max(FORGOTTEN_MS, FORGOTTEN_TRIPS * expectedMs);
  }

  /** Not when it waited as others do, only for too long; and not when it is one of many. */
  #isAccident(heldMs: number): boolean {
    const { reserveMs, expectedMs } = this.#latency;
    const queued = heldMs > expectedMs && heldMs < OF_A_QUEUE * reserveMs;
    return !queued && this.#overloaded < NO_ACCIDENT;
  }
}
