import type { Candidate } from '../plan.ts';
import type { Target } from '../target.ts';
import { RecentTimes } from './recent-times.ts';

/** When a second attempt is begun beside one that is silent, and how many of them there may be. */
export interface HedgePolicy {
  /** Silence after which it is begun, ms; null: when 95 of 100 calls have their first content. */
  readonly afterMs: number | null;
  /** Second attempts as a share of the calls, 0 to 1. */
  readonly budget: number;
}

/** Of the times to first content, the one that few calls exceed. (Finagle's backups begin where their budget begins.) */
const LATE = 0.95;

/** Second attempts that a budget can save up for a bad moment. */
const MOST_SAVED = 10;

/** Saved at the beginning: enough to find out whether they help. */
const SAVED_AT_FIRST = 5;

/** Weight of each second attempt in what is thought of them: the last ten or so count. */
const SWIFT = 0.1;

/** What is thought of them before any was made: good enough to try. */
const HOPE = 0.3;

/** Second attempts that win less often than this are useless; from there to {@link USEFUL} the budget grows to its whole. */
const USELESS = 0.05;
const USEFUL = 0.15;

/** Share of the calls on which useless ones are tried all the same, or nobody would learn that they have become useful. */
const TRIAL = 0.002;

/**
 * Decides for a route when a second attempt is worth its cost. Decides only; making it is the work of the race.
 *
 * The delay is that of the quickest target among equally good ones: a slow one is overtaken after what is usual for the
 * others. What second attempts win nothing, as where slowness lies in the call itself, they become rare.
 */
export class Hedger {
  readonly #policy: HedgePolicy;
  readonly #times = new Map<Target, RecentTimes>();
  #saved: number;
  #wins = HOPE;

  constructor(policy: HedgePolicy) {
    this.#policy = policy;
    this.#saved = Math.min(SAVED_AT_FIRST, MOST_SAVED);
  }

  /** Share of the calls that may have a second attempt now. */
  get share(): number {
    const { budget } = this.#policy;
    const worth = Math.min(1, Math.max(0, (this.#wins - USELESS) / (USEFUL - USELESS)));
    return Math.max(Math.min(TRIAL, budget), budget * worth);
  }

  /** A call that could have one begins; each pays in its share of one. */
  begin(): void {
    this.#saved = Math.min(MOST_SAVED, this.#saved + this.share);
  }

  /** How long to wait for the first content of one of these, ms; infinite while that is not known. */
  delayMs(rung: readonly Candidate[]): number {
    const { afterMs } = this.#policy;
    if (afterMs !== null) return afterMs;
    let least = Number.POSITIVE_INFINITY;
    for (const { target } of rung) least = Math.min(least, this.#times.get(target)?.ms ?? least);
    return least;
  }

  /** May a second attempt be made now? If so, it is paid for. */
  take(): boolean {
    if (this.#saved < 1) return false;
    this.#saved -= 1;
    return true;
  }

  /** What was paid for was not made after all. */
  giveBack(): void {
    this.#saved = Math.min(MOST_SAVED, this.#saved + 1);
  }

  /** The first content of a target came after so many ms; or had not come by then, when another was quicker. */
  observe(target: Target, ms: number): void {
    let times = this.#times.get(target);
    if (times === undefined) this.#times.set(target, (times = new RecentTimes(LATE)));
    times.add(ms);
  }

  /** A second attempt is over: was it the quicker one? */
  settle(won: boolean): void {
    this.#wins += ((won ? 1 : 0) - this.#wins) * SWIFT;
  }
}
