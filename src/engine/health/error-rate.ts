/** Outcomes after which half of what was learnt has been forgotten, for the slow and the quick memory. */
const HALF_LIFE = { slow: 500, quick: 30 } as const;

/** A target nobody knows is taken to fail one call in a hundred, with the weight of twenty outcomes. */
const PRIOR = { rate: 0.01, weight: 20 } as const;

/**
 * How often a target fails in ordinary times. Two memories of different length, and the worse counts: the slow one holds
 * still on noise, the quick one notices within a few dozen calls that a quarter of them has begun to fail.
 */
export class ErrorRate {
  readonly #slow = new Memory(0.5 ** (1 / HALF_LIFE.slow));
  readonly #quick = new Memory(0.5 ** (1 / HALF_LIFE.quick));

  learn(failed: boolean): void {
    this.#slow.learn(failed);
    this.#quick.learn(failed);
  }

  /** Between the prior's rate and 1. */
  get estimate(): number {
    return Math.max(PRIOR.rate, this.#slow.rate, this.#quick.rate);
  }
}

class Memory {
  readonly #keep: number;
  #outcomes = 0;
  #failures = 0;

  constructor(keep: number) {
    this.#keep = keep;
  }

  learn(failed: boolean): void {
    this.#outcomes = this.#outcomes * this.#keep + 1;
    this.#failures = this.#failures * this.#keep + (failed ? 1 : 0);
  }

  get rate(): number {
    return (this.#failures + PRIOR.rate * PRIOR.weight) / (this.#outcomes + PRIOR.weight);
  }
}
