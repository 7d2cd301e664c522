/** A circuit breaker reduced to its decision to open: fed with outcomes, it says when it would. */
export interface Rule {
  /** Takes one outcome, time in ms; true when the breaker opens on it. It starts afresh after that. */
  take(now: number, failed: boolean): boolean;
}

export interface RuleMaker {
  readonly id: string;
  readonly name: string;
  readonly make: () => Rule;
  /**
   * How often, in long weather of so many calls a second of which each fails with a chance, its condition comes to hold, by
   * outcome: the rate of openings is this at most. Computed, because what is rare cannot be waited for.
   */
  readonly hazard: (rate: number, errors: number) => number;
}
