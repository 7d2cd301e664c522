import { Chance } from './chance.ts';
import { Pulse } from '../attempt/pulse.ts';

const MINUTE_MS = 60_000;

/** Less than this is missing only because sums of fractions are rounded. */
const ROUNDING = 1e-6;

/** A request is on its way for so long that the provider's count and ours may differ by what flows in that time. */
const TRANSIT_MS = 50;

/** What is known of strangers on the same key holds for so long; nothing is heard while nothing is sent. */
const STRANGERS_MS = 2_000;

/** Counts are whole numbers: how fast strangers take cannot be seen in less than this. */
const SETTLED_MS = 500;

/** What strangers take is taken as the mean over about this long. */
const LATELY_MS = 2_000;

/** Who has waited for so long leaves only half of the reserve: of processes on one key, the one that waits longest dares most. */
const URGENT_MS = 10_000;

/** Share of requests that may be refused: the reserve grows with each refusal, and shrinks between them, to meet it. */
const TOLERATED = 0.000_5;

/** A provider that says when it is to be tried again, this much later than the count says, does not refill evenly. */
const UNEVEN_MS = 1_000;

/** What was let through when a limit that nobody told was found, and how it is felt for afterwards. */
const GUESS = { share: 0.9, cut: 0.85, growthPerSecond: 0.01 } as const;

/** Enforced in shorter slices than a minute, a limit shows itself in refusals with plenty left: then no more than this at once. */
const SLICE_MS = 1_000;

/** How a burst that was cut grows again while nothing is refused. */
const BURST_GROWTH_PER_MINUTE = 1.25;

/** What a provider told of one limit with one answer. */
export interface Report {
  /** A minute's amount; null when it was not told. */
  readonly limit: number | null;
  /** What is left, after the request that this answers. */
  readonly remaining: number | null;
  /** Until all of it is there again, ms; null when it was not told. */
  readonly resetMs: number | null;
}

/** A limit as a provider told it. */
export interface ToldLimit {
  readonly perMinute: number;
  /** What it lets go at once. */
  readonly atOnce: number;
}

/** What was known when a request was sent, to be compared with what its answer tells. */
export interface Mark {
  readonly sentAt: number;
  /** Everything taken so far, this request included. */
  readonly taken: number;
  /** What was thought to be left then; NaN when there was no telling. */
  readonly left: number;
}

/**
 * One limit of an account, requests or tokens a minute, as it shows itself: keeps count of what is left at the provider,
 * from its own takings, the refill, and what each answer says is left. The difference is what strangers take who share the
 * key. What cannot be known is covered by a reserve, which each refusal enlarges.
 *
 * Unlimited until something is learnt. Pure: time is handed in.
 */
export class Meter {
  /** Amount a millisecond; infinite while nothing is known. */
  #rate = Number.POSITIVE_INFINITY;
  /** The rate was never told but felt for, from refusals. */
  #guessed = false;
  /** The largest limit that refusals told of, and that more was let through than it allows. */
  #disproved = 0;
  /** What the provider lets go at once. */
  #capacity = Number.POSITIVE_INFINITY;
  /** What is let go at once here, where slices shorter than a minute are enforced. */
  #burst = Number.POSITIVE_INFINITY;
  #level = 0;
  #smooth = 0;
  /** This process's part of the limit, where others are known that use it too; and what is left of its part. */
  #part = 1;
  #own = 0;
  #at = 0;
  #taken = 0;
  #strangers = 0;
  /** The latest that was heard: of when it tells, what was left then, and what had been taken here by then. */
  #heardAt = Number.NEGATIVE_INFINITY;
  #heardLeft = 0;
  #heardTaken = 0;
  /** What went missing lately, and over what time. */
  #missing = 0;
  #missingMs = 0;
  #reserve = 0;
  #cutAt = Number.NEGATIVE_INFINITY;
  #blockedUntil = Number.NEGATIVE_INFINITY;
  #ceiling = Number.POSITIVE_INFINITY;
  #usual = 0;
  readonly #chance = new Chance();
  readonly #pulse = new Pulse();

  /** A minute's amount as far as it is known; infinite while it is not. */
  get limit(): number {
    return this.#rate * MINUTE_MS;
  }

  get known(): boolean {
    return this.#rate !== Number.POSITIVE_INFINITY;
  }

  /** Share of what can be there at once that is there now, 0 to 1; 1 while nothing is known. */
  headroom(now: number): number {
    if (!this.known) return 1;
    this.#advance(now);
    return Math.min(1, Math.max(0, this.#level / this.#capacity));
  }

  /** As the provider told it; null while nothing is known, or only felt for. */
  get told(): ToldLimit | null {
    return this.known && !this.#guessed ? { perMinute: this.limit, atOnce: this.#capacity } : null;
  }

  /** How much is taken a second, lately. */
  perSecond(now: number): number {
    return this.#pulse.perSecond(now);
  }

  /** Until the provider said that it is to be tried again, ms. */
  blockedFor(now: number): number {
    return Math.max(0, this.#blockedUntil - now);
  }

  /** Somebody who uses the limit too was told of it. What is heard here itself is known better. */
  hearsOf({ perMinute, atOnce }: ToldLimit, now: number): void {
    if (this.told !== null || !(perMinute > 0)) return;
    this.#learn(Math.min(perMinute, this.#ceiling), false, now);
    this.#inferCapacity(atOnce);
    // The others have taken nobody knows how much of it; the first answer tells.
    this.#level = Math.min(this.#capacity, this.#rate * SLICE_MS);
  }

  /** Somebody else was told to wait. */
  hearsOfBlock(ms: number, now: number): void {
    this.#blockedUntil = Math.max(this.#blockedUntil, now + Math.min(ms, MINUTE_MS));
  }

  /**
   * Keeps to a part of the limit, because others who are known take the rest.
   * @param part above 0, up to 1: all of it
   */
  share(part: number, now: number): void {
    if (part === this.#part) return;
    this.#advance(now);
    const whole = this.#part === 1;
    this.#part = part;
    this.#own = whole ? this.#ownMost : Math.min(this.#own, this.#ownMost);
  }

  /** Never more than so much a minute, whatever the provider says: as configured. */
  state(perMinute: number, now: number): void {
    this.#ceiling = perMinute;
    if (!this.known) this.#learn(perMinute, false, now);
    else this.#rate = Math.min(this.#rate, perMinute / MINUTE_MS);
    this.#burst = Math.max(1, (perMinute * SLICE_MS) / MINUTE_MS);
    this.#smooth = this.#burst;
  }

  /**
   * Until so much may be taken, so that `spare` of what can be there at once is left, ms.
   * @param spare share, 0 to 1
   * @param waitedMs for how long whoever wants it has waited
   */
  readyIn(amount: number, spare: number, now: number, waitedMs = 0): number {
    if (!this.known) return 0;
    this.#advance(now);
    const kept = this.#reserve / (1 + waitedMs / URGENT_MS) + spare * this.#capacity;
    // What is larger than can ever be there goes when as much is there as can be.
    const need = Math.min(amount + kept, this.#capacity);
    const refilledIn = this.#refilledIn(need - this.#level, now);
    return Math.max(this.#blockedUntil - now, refilledIn, this.#smoothIn(amount), this.#ownIn(amount), 0);
  }

  /** Until all of a queue that is to take so much would have had its turn, ms. */
  clearsIn(amount: number, spare: number, now: number): number {
    if (!this.known) return 0;
    this.#advance(now);
    const missing = amount + this.#reserve + spare * this.#capacity - this.#level;
    const rate = Math.max(this.#rate - this.#strangers, this.#rate / 10);
    const smoothMs = this.#burst === Number.POSITIVE_INFINITY ? 0 : (amount - this.#smooth) / this.#rate;
    const ownMs = this.#part === 1 ? 0 : (amount - this.#own) / (this.#rate * this.#part);
    return Math.max(0, this.#blockedUntil - now) + Math.max(0, missing / rate, smoothMs, ownMs);
  }

  /** Takes it, in any case. */
  take(amount: number, now: number): void {
    this.#pulse.add(amount, now);
    this.#chance.sent();
    this.#taken += amount;
    this.#usual += (amount - this.#usual) / 16;
    if (!this.known) return;
    this.#advance(now);
    this.#level -= amount;
    if (this.#burst !== Number.POSITIVE_INFINITY) this.#smooth -= amount;
    if (this.#part !== 1) this.#own -= amount;
  }

  /** How things stand, for comparison with what the answer to a request sent now will tell. */
  mark(now: number): Mark {
    return { sentAt: now, taken: this.#taken, left: this.known ? this.#level : Number.NaN };
  }

  /**
   * An answer told how things are.
   * @param mark of the request that it answers; null when none was made
   * @param uncharged what was taken here for the request although the provider took nothing
   */
  heard(report: Report, mark: Mark | null, uncharged: number, now: number): void {
    const { limit, remaining, resetMs } = report;
    if (limit !== null && limit > 0) this.#learn(Math.min(limit, this.#ceiling), false, now);
    if (!this.known || remaining === null) return;
    this.#advance(now);
    if (resetMs !== null) this.#inferCapacity(remaining + resetMs * this.#rate);
    // Sent before anything was known: no more is left than it says.
    if (mark === null) this.#level = Math.min(this.#level, remaining);
    // What was sent earlier but answered later tells of a time that is better known.
    if (mark === null || mark.sentAt < this.#heardAt) return;
    this.#compare(remaining - uncharged, mark);
    this.#heardAt = mark.sentAt;
    this.#heardLeft = remaining;
    this.#heardTaken = mark.taken;
    const since = now - mark.sentAt;
    const refill = since * this.#rate - Math.min(since, STRANGERS_MS) * this.#strangers;
    this.#level = Math.min(this.#capacity, remaining + refill - (this.#taken - mark.taken));
  }

  /** It was accepted: the reserve may shrink a little. */
  accepted(now: number): void {
    if (!this.known) return;
    if (!this.#guessed) return;
    // A limit that is not reached may have grown; one that is not needed need not be felt for.
    const used = this.#pulse.perSecond(now) >= 0.7 * this.#rate * 1000;
    if (used) this.#rate *= 1 + GUESS.growthPerSecond * Math.min(1, 1 / this.#pulse.perSecond(now));
  }

  /**
   * Can there be a limit of so many a minute, which only a refusal tells of? Not if more was let through just now than such a
   * limit has at once and refills meanwhile.
   */
  believes(perMinute: number, now: number): boolean {
    if (this.told !== null) return true;
    const most = 1.05 * perMinute * (1 + this.#pulse.windowMs / MINUTE_MS);
    if (this.#pulse.total(now) > most) this.#disproved = Math.max(this.#disproved, perMinute);
    return perMinute > this.#disproved;
  }

  /**
   * A request was refused for this limit: is that by chance, and no limit to be kept to? Asked before the refusal is heeded.
   * What accepted answers tell of a limit is never doubted.
   */
  doubts(now: number): boolean {
    if (this.told !== null) return false;
    const rate = Math.min(this.#rate, this.#pulse.perSecond(now) / 1000);
    if (!this.#chance.refused(rate)) return false;
    this.#forget();
    return true;
  }

  /**
   * A request for `amount` was refused for this limit.
   * @param remaining what the refusal said is left; null when it did not say
   */
  refused(amount: number, afterMs: number | null, remaining: number | null, mark: Mark | null, now: number): void {
    if (!this.known || (this.#guessed && !(mark !== null && mark.sentAt < this.#cutAt))) this.#guess(now);
    this.#advance(now);
    const thought = mark === null || Number.isNaN(mark.left) ? Number.NEGATIVE_INFINITY : mark.left;
    if (thought >= 0) this.#reserve = Math.min(this.#capacity / 2, this.#reserve + this.#step());
    if (remaining !== null && remaining >= amount) this.#cutBurst(amount);
    else this.#level = Math.min(this.#level, remaining ?? 0);
    const refillMs = this.#refilledIn(Math.min(amount, this.#capacity) - this.#level, now);
    if (afterMs !== null && (remaining === null || afterMs > refillMs + UNEVEN_MS)) {
      this.#blockedUntil = Math.max(this.#blockedUntil, now + afterMs);
    }
  }

  /** A refusal's worth of reserve. */
  #step(): number {
    return this.#usual + this.#rate * TRANSIT_MS;
  }

  #learn(perMinute: number, guessed: boolean, now: number): void {
    const rate = perMinute / MINUTE_MS;
    if (rate === this.#rate) return;
    const fresh = !this.known;
    if (!fresh) this.#advance(now);
    const before = this.#rate;
    this.#rate = rate;
    this.#guessed = guessed;
    this.#capacity = Math.max(1, guessed ? rate * SLICE_MS : perMinute);
    if (fresh) {
      this.#at = now;
      this.#level = this.#capacity;
      this.#smooth = this.#capacity;
      this.#reserve = 0;
    } else if (this.#burst !== Number.POSITIVE_INFINITY) this.#burst *= rate / before;
    this.#level = Math.min(this.#level, this.#capacity);
    this.#reserve = Math.min(Math.max(this.#reserve, rate * TRANSIT_MS), this.#capacity / 2);
  }

  /** There is no such limit as was guessed. */
  #forget(): void {
    this.#rate = this.#capacity = this.#burst = Number.POSITIVE_INFINITY;
    this.#guessed = false;
    this.#blockedUntil = Number.NEGATIVE_INFINITY;
  }

  /** Nobody told the limit: it is thought to be a little below what was let through. */
  #guess(now: number): void {
    this.#cutAt = now;
    const lately = this.#pulse.perSecond(now) / 1000;
    const rate = this.known ? Math.min(this.#rate, lately) * GUESS.cut : lately * GUESS.share;
    const least = 1 / MINUTE_MS;
    this.#learn(Math.max(least, rate) * MINUTE_MS, true, now);
    this.#level = Math.min(this.#level, 0);
  }

  /** What would be there if nobody took anything: limits are rounded, so small differences are none. */
  #inferCapacity(seen: number): void {
    const most = Math.min(this.limit, Math.max(1, seen));
    const same = most <= this.#capacity && most >= Math.min(this.#capacity * 0.8, this.#capacity - 1);
    if (!same) this.#capacity = most;
    this.#reserve = Math.min(this.#reserve, this.#capacity / 2);
  }

  /** What is left, beside what would be if nobody else took anything since the last time: the difference went to strangers. */
  #compare(remaining: number, { sentAt, taken }: Mark): void {
    const since = sentAt - this.#heardAt;
    if (since > STRANGERS_MS) return;
    const refilled = Math.min(this.#capacity, this.#heardLeft + since * this.#rate);
    this.#missing += refilled - (taken - this.#heardTaken) - remaining;
    this.#missingMs += since;
    if (this.#missingMs < SETTLED_MS) return;
    const seen = Math.min(this.#rate, Math.max(0, this.#missing / this.#missingMs));
    this.#strangers += (seen - this.#strangers) * (1 - Math.exp(-this.#missingMs / LATELY_MS));
    this.#missing = 0;
    this.#missingMs = 0;
  }

  #cutBurst(amount: number): void {
    const slice = Math.max(this.#rate * SLICE_MS, amount);
    this.#burst = this.#burst > slice ? slice : Math.max(amount, this.#burst / 2);
    this.#smooth = 0;
  }

  #advance(now: number): void {
    const since = now - this.#at;
    if (since <= 0) return;
    const refill = since * this.#rate;
    const least = Math.min(this.#rate * TRANSIT_MS, this.#capacity / 2);
    // Measured by what could be sent and not by what is: who has a large reserve sends little, and would never lose it.
    this.#reserve = Math.max(
      least,
      this.#reserve - (this.#step() * TOLERATED * this.#rate * since) / Math.max(1, this.#usual),
    );
    const strangersFor = Math.max(0, Math.min(now, this.#heardAt + STRANGERS_MS) - Math.max(this.#at, this.#heardAt));
    this.#level = Math.min(this.#capacity, this.#level + refill - strangersFor * this.#strangers);
    if (this.#part !== 1) this.#own = Math.min(this.#ownMost, this.#own + refill * this.#part);
    if (this.#burst !== Number.POSITIVE_INFINITY) {
      this.#smooth = Math.min(this.#burst, this.#smooth + refill);
      this.#burst *= 1 + (Math.log(BURST_GROWTH_PER_MINUTE) * since) / MINUTE_MS;
      if (this.#burst >= this.#capacity) this.#burst = Number.POSITIVE_INFINITY;
    }
    this.#at = now;
  }

  #refilledIn(missing: number, now: number): number {
    if (missing <= ROUNDING) return 0;
    const shared = Math.max(0, this.#rate - this.#strangers);
    const sharedMs = Math.max(0, this.#heardAt + STRANGERS_MS - now);
    if (missing <= shared * sharedMs) return missing / shared;
    return sharedMs + (missing - shared * sharedMs) / this.#rate;
  }

  /** What may go at once of this process's part; one call of the usual size at the least. */
  get #ownMost(): number {
    return Math.max(1, this.#usual, this.#capacity * this.#part);
  }

  #ownIn(amount: number): number {
    if (this.#part === 1) return 0;
    const missing = Math.min(amount, this.#ownMost) - this.#own;
    return missing <= ROUNDING ? 0 : missing / (this.#rate * this.#part);
  }

  #smoothIn(amount: number): number {
    if (this.#burst === Number.POSITIVE_INFINITY) return 0;
    const missing = Math.min(amount, this.#burst) - this.#smooth;
    return missing <= ROUNDING ? 0 : missing / this.#rate;
  }
}
