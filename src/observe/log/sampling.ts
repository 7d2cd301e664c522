/** Which of the calls that went well get a line. Every other call always does. */
export interface SamplingPolicy {
  /** So many a second are told whatever the load: a quiet gateway tells everything. */
  readonly perSecond: number;
  /** Beyond that, this share of them, 0 to 1. */
  readonly share: number;
}

/**
 * Picks the calls that are told. Beyond the allowance every n-th is, not each by chance: the same share with less noise. What
 * a line stands for is told with it, so that sums over a sampled log are right.
 */
export class Sampling {
  readonly #perSecond: number;
  readonly #share: number;
  #second = Number.NEGATIVE_INFINITY;
  #told = 0;
  /** Calls left out since the last one that was told beyond the allowance, in shares of a line. */
  #owed = 0;

  constructor({ perSecond, share }: SamplingPolicy) {
    this.#perSecond = perSecond;
    this.#share = share;
  }

  /** @param at wall time, ms. @returns for how many calls the line stands; 0: no line */
  weigh(at: number): number {
    const second = Math.floor(at / 1000);
    if (second !== this.#second) {
      this.#second = second;
      this.#told = 0;
    }
    if (this.#told < this.#perSecond) {
      this.#told += 1;
      return 1;
    }
    this.#owed += this.#share;
    // A hair less than one: shares such as a tenth do not add up to it exactly.
    if (this.#owed < 1 - 1e-9) return 0;
    this.#owed -= 1;
    return 1 / this.#share;
  }
}
