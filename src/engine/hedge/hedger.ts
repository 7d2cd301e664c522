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

/** And for each target: no more, since none may help. */
const CREDIT_AT_FIRST = 2;

/** So many are kept for targets whose second attempts mostly win: others do not use them up. */
const KEPT = 3;
const MOSTLY = 0.5;

/** Weight of each second attempt in what is thought of them: the last seven or so count. */
const SWIFT = 0.15;

/** What is thought of them before any was made: good enough to try. */
const HOPE = 0.2;

/** Second attempts that win less often than this are useless; from there to {@link USEFUL} they grow to all that is paid for. */
const USELESS = 0.05;
const USEFUL = 0.15;

/** Share of the calls on which useless ones are tried all the same, or nobody would learn that they have become useful. */
const TRIAL = 0.001;

/** What is known of one target by the second attempts beside its own. */
interface Known {
  readonly times: RecentTimes;
  /** Share of second attempts that were quicker, lately. */
  wins: number;
  /** Second attempts beside its own that they are worth, saved up. */
  credit: number;
}

/**
 * Decides for a route when a second attempt is worth its cost. Decides only; making it is the work of the race.
 *
 * The delay is that of the quickest target among equally good ones: a slow one is overtaken after what is usual for the
 * others. Where second attempts win nothing, since slowness lies in the call itself, they become rare.
 */
export class Hedger {
  readonly #policy: HedgePolicy;
  readonly #known = new Map<Target, Known>();
  /** Paid for by the route's calls. */
  #saved = SAVED_AT_FIRST;
  /** Of all targets together: what is thought of one that nothing is known of. */
  #wins = HOPE;

  constructor(policy: HedgePolicy) {
    this.#policy = policy;
  }

  /** A call that could have a second attempt begins at this target; it pays in its share of one. */
  begin(target: Target): void {
    const known = this.#of(target);
    this.#saved = Math.min(MOST_SAVED, this.#saved + this.#policy.budget);
    known.credit = Math.min(MOST_SAVED, known.credit + worthOf(known.wins));
  }

  /** How long to wait for the first content of one of these, ms; infinite while that is not known. */
  delayMs(rung: readonly Candidate[]): number {
    const { afterMs } = this.#policy;
    if (afterMs !== null) return afterMs;
    let least = Number.POSITIVE_INFINITY;
    for (const { target } of rung) least = Math.min(least, this.#known.get(target)?.times.ms ?? least);
    return least;
  }

  /** May a second attempt be made now beside one at this target? If so, it is paid for. */
  take(target: Target): boolean {
    const known = this.#of(target);
    const kept = known.wins > MOSTLY ? 0 : KEPT;
    if (this.#saved < 1 + kept || known.credit < 1) return false;
    this.#saved -= 1;
    known.credit -= 1;
    return true;
  }

  /** What was paid for was not made after all. */
  giveBack(target: Target): void {
    this.#saved += 1;
    this.#of(target).credit += 1;
  }

  /** The first content of a target came after so many ms; or had not come by then, when another was quicker. */
  observe(target: Target, ms: number): void {
    this.#of(target).times.add(ms);
  }

  /** A second attempt beside one at this target is over: was it the quicker one? */
  settle(target: Target, won: boolean): void {
    const known = this.#of(target);
    const value = won ? 1 : 0;
    known.wins += (value - known.wins) * SWIFT;
    this.#wins += (value - this.#wins) * SWIFT;
  }

  #of(target: Target): Known {
    let known = this.#known.get(target);
    if (known === undefined) {
      known = { times: new RecentTimes(LATE), wins: this.#wins, credit: CREDIT_AT_FIRST };
      this.#known.set(target, known);
    }
    return known;
  }
}

/** Second attempts that each call of a target is worth: all that can be paid for where they win, hardly any where they do not. */
function worthOf(wins: number): number {
  return Math.max(TRIAL, Math.min(1, (wins - USELESS) / (USEFUL - USELESS)));
}
