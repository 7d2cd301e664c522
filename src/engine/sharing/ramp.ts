import { Chance } from '../admission/chance.ts';
import { Pulse } from '../attempt/pulse.ts';

/** Traffic may grow by half in this time once a provider has asked for less haste (OpenAI's own advice for `slow_down`). */
const HALF_MORE_IN_MS = 15 * 60_000;
const GROWTH = Math.log(1.5) / HALF_MORE_IN_MS;

/** Buckets of the long memory: together the quarter of an hour before. */
const LONG_BUCKET_MS = 90_000;

/** Shares of the latest rate between which the earlier rate is believed. */
const LEAST = 0.25;
const MOST = 0.7;

/** Complaints this soon after one another are of one and the same haste. */
const ONE_COMPLAINT_MS = 10_000;

/** It is over when twice the traffic that was complained of would be let through. */
const OVER = 2;

/** At least one call in so many ms gets through, or nothing would ever be learnt. */
const SLOWEST_MS = 10_000;

/**
 * Back to the earlier rate, and gently up from there, after a provider has said that traffic grew too quickly. Pure: time
 * is handed in.
 */
export class Ramp {
  readonly #chance = new Chance();
  readonly #lately = new Pulse();
  readonly #before = new Pulse(LONG_BUCKET_MS);
  /** Calls a ms; infinite when there is no hurry to be held back. */
  #rate = Number.POSITIVE_INFINITY;
  #complainedOf = 0;
  #complainedAt = Number.NEGATIVE_INFINITY;
  /** What may be sent at once: never more than one. */
  #level = 1;
  #at = 0;

  /** How often the provider has asked for less haste, as far as it was heeded. */
  complaints = 0;

  get active(): boolean {
    return this.#rate !== Number.POSITIVE_INFINITY;
  }

  /** Calls a second that may be made; infinite when any number may. */
  get perSecond(): number {
    return this.#rate * 1000;
  }

  sent(now: number): void {
    this.#chance.sent();
    this.#lately.add(1, now);
    this.#before.add(1, now);
    if (!this.active) return;
    this.#advance(now);
    this.#level -= 1;
  }

  readyIn(now: number): number {
    if (!this.active) return 0;
    this.#advance(now);
    return this.active ? Math.max(0, (1 - this.#level) / this.#rate) : 0;
  }

  /** The provider asks for less haste. Where it asks as often however slowly calls are sent, nothing is to be gained by it. */
  slowDown(now: number): void {
    if (this.#chance.refused(Math.min(this.#rate, this.#lately.perSecond(now) / 1000))) {
      this.#rate = Number.POSITIVE_INFINITY;
      return;
    }
    if (now - this.#complainedAt < ONE_COMPLAINT_MS) return;
    this.#complainedAt = now;
    this.complaints += 1;
    const lately = this.#lately.perSecond(now) / 1000;
    const earlier = this.#before.perSecond(now) / 1000;
    const rate = Math.min(this.#rate * MOST, Math.max(LEAST * lately, Math.min(MOST * lately, earlier)));
    if (!this.active) this.#complainedOf = lately;
    this.#rate = Math.max(rate, 1 / SLOWEST_MS);
    this.#level = 0;
    this.#at = now;
  }

  #advance(now: number): void {
    const since = now - this.#at;
    if (since <= 0) return;
    this.#at = now;
    this.#level = Math.min(1, this.#level + since * this.#rate);
    this.#rate *= Math.exp(GROWTH * since);
    if (this.#rate > OVER * this.#complainedOf && now - this.#complainedAt > HALF_MORE_IN_MS) {
      this.#rate = Number.POSITIVE_INFINITY;
    }
  }
}
