import type { Bearing } from './bearing.ts';
import type { Random } from '../clock.ts';
import { Awaiting } from './awaiting.ts';
import { ErrorRate } from './error-rate.ts';
import type { Latency } from './latency.ts';

/** A target that fails this often, or is slow this often, is worth avoiding when another stands. */
const PARTIAL = 0.3;

/**
 * Evidence, in nats, at which a target is suspect. Chance alone gathers as much a few times in a million calls, and then costs
 * some dozens of calls the detour by another target; no more is risked than that, so this may be quicker than the breaker. A
 * healthy target that dies gathers it in three failures, one that begins to fail 30 % of its calls within twenty calls.
 */
const SUSPECT = 9;

/** Evidence is kept up to this, so that a recovered target is cleared within a handful of good trials. */
const MOST = 12;

/** Share of calls that a suspect target still gets, to find out whether it is well again. */
const TRIAL = 0.05;

/** Where calls are few one of them is a trial when the target has not had any for so long, ms. */
const TRIAL_EVERY_MS = 20_000;

/** No trial so soon after the last bad outcome, ms: however many calls there are, a dead target gets one a second at most. */
const TRIAL_AFTER_MS = 1000;

/**
 * Where answers take seconds, those of better times still come when the target has died. So many that end well in the second
 * after a failure, when no trial is sent, say nothing; where more come, it is no death.
 */
const OLD_NEWS = 4;

/** Outcomes are learnt as the target's usual error rate only this much later, or the change would hide itself. */
const HINDSIGHT = 32;

/** This many calls that hang far beyond the usual make a target suspect before any of them has ended. */
const HANGING = 3;

/**
 * Finds targets that work badly rather than not at all: some of the calls fail, answers come ten times slower, the first
 * token hangs. A breaker must not open on these, because for a lone target a retry is better than a refusal; but calls go
 * elsewhere first when there is an elsewhere. CUSUM over outcomes (Page, 1954), against the target's own error rate.
 */
export class Suspicion {
  readonly #enabled: boolean;
  readonly #latency: Latency;
  readonly #errors = new ErrorRate();
  #evidence = 0;
  /** When it last failed or was slow. */
  #badAt = Number.NEGATIVE_INFINITY;
  #sentAt = Number.NEGATIVE_INFINITY;
  /** How many have ended well since then, within a second and while it was suspect. */
  #goodSince = 0;
  readonly #recent: boolean[] = [];
  readonly #awaiting = new Awaiting();

  constructor(enabled: boolean, latency: Latency) {
    this.#enabled = enabled;
    this.#latency = latency;
  }

  /** Is it better to call another target now? Now and then the answer is no, as a trial. */
  avoid(now: number, random: Random): boolean {
    if (!this.#enabled || !this.suspect(now)) return false;
    if (now - this.#badAt < TRIAL_AFTER_MS) return true;
    return now - this.#sentAt < TRIAL_EVERY_MS && random() >= TRIAL;
  }

  suspect(now: number): boolean {
    return this.#evidence >= SUSPECT || this.#hangs(now);
  }

  /** A call was sent. @returns its number, for {@link content} and {@link ended}. */
  sent(now: number): number {
    this.#sentAt = now;
    return this.#awaiting.begin(now);
  }

  /** Content came after so many ms. */
  content(call: number, ms: number, now: number): void {
    this.#awaiting.end(call);
    this.#weigh(ms > this.#latency.slowMs, now);
  }

  /** It ended; without content when that was not told before. */
  ended(call: number, bearing: Bearing, now: number): void {
    const awaited = this.#awaiting.end(call);
    if (bearing === 'failure') this.#weigh(true, now);
    else if (bearing === 'success' && awaited) this.#weigh(false, now);
  }

  /** Others have found it down. That is doubted as soon as one call goes well, and believed as soon as one does not. */
  warned(): void {
    this.#evidence = Math.max(this.#evidence, SUSPECT);
  }

  /** The breaker has taken over: it finds out for itself when the target is well again. */
  clear(): void {
    this.#evidence = 0;
  }

  #weigh(bad: boolean, now: number): void {
    if (bad) {
      this.#badAt = now;
      this.#goodSince = 0;
    }
    if (bad || !this.#isOldNews(now)) {
      const usual = Math.min(this.#errors.estimate, PARTIAL / 2);
      const gain = bad ? Math.log(PARTIAL / usual) : Math.log((1 - PARTIAL) / (1 - usual));
      this.#evidence = Math.min(MOST, Math.max(0, this.#evidence + gain));
    }
    this.#recent.push(bad);
    if (this.#recent.length > HINDSIGHT) this.#errors.learn(this.#recent.shift() === true);
  }

  #isOldNews(now: number): boolean {
    if (this.#evidence < SUSPECT || now - this.#badAt >= TRIAL_AFTER_MS) return false;
    this.#goodSince += 1;
    return this.#goodSince <= OLD_NEWS;
  }

  #hangs(now: number): boolean {
    const { slowMs } = this.#latency;
    return slowMs !== Number.POSITIVE_INFINITY && this.#awaiting.since(now - slowMs, HANGING);
  }
}
