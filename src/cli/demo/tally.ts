import type { Ending } from './application.ts';

/** What a side's calls came to. */
export interface Summary {
  readonly calls: number;
  readonly answered: number;
  readonly failed: number;
  readonly wrong: number;
  /** Calls that the application had to ask more than once. */
  readonly askedAgain: number;
  /** Requests to a provider for each call of the application; null without calls. */
  readonly attemptsPerCall: number | null;
  /** Time until the answer or the last error, of all calls; null without calls. */
  readonly p50Ms: number | null;
  readonly p99Ms: number | null;
  /** Classes of the errors that failed calls raised, and how often. */
  readonly errors: Readonly<Record<string, number>>;
}

/** Counts how calls ended. */
export class Tally {
  readonly #counts = { answered: 0, failed: 0, wrong: 0 };
  readonly #durations: number[] = [];
  readonly #errors: Record<string, number> = {};
  #attempts = 0;
  #askedAgain = 0;

  add({ kind, attempts, askedAgain, ms, error }: Ending): void {
    this.#counts[kind] += 1;
    this.#durations.push(ms);
    this.#attempts += attempts;
    if (askedAgain) this.#askedAgain += 1;
    if (error !== null) this.#errors[error] = (this.#errors[error] ?? 0) + 1;
  }

  summary(): Summary {
    const calls = this.#durations.length;
    const sorted = this.#durations.toSorted((a, b) => a - b);
    return {
      calls,
      ...this.#counts,
      askedAgain: this.#askedAgain,
      attemptsPerCall: calls === 0 ? null : this.#attempts / calls,
      p50Ms: quantile(sorted, 0.5),
      p99Ms: quantile(sorted, 0.99),
      errors: this.#errors,
    };
  }
}

/** The smallest value that at least so large a share of them does not exceed (nearest rank); null of none. */
export function quantile(sorted: readonly number[], share: number): number | null {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? null;
}
