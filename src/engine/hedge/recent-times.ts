/** So many times are looked back on. */
const CAPACITY = 128;

/** Fewer say nothing of a quantile near the end. */
const ENOUGH = 20;

/** The quantile is taken anew after so many more: sorting at every call would cost more than it tells. */
const REFRESH = 8;

/** A quantile of the latest times to first content, in ms. */
export class RecentTimes {
  readonly #quantile: number;
  readonly #times = new Float64Array(CAPACITY);
  #count = 0;
  #known = Number.POSITIVE_INFINITY;

  /** @param quantile 0 to 1. */
  constructor(quantile: number) {
    this.#quantile = quantile;
  }

  add(ms: number): void {
    this.#times[this.#count % CAPACITY] = ms;
    this.#count += 1;
    if (this.#count < ENOUGH || this.#count % REFRESH !== 0) return;
    const sorted = this.#times.slice(0, Math.min(this.#count, CAPACITY)).sort();
    this.#known = sorted[Math.floor(this.#quantile * (sorted.length - 1))] as number;
  }

  /** Infinite while too few are known. */
  get ms(): number {
    return this.#known;
  }
}
