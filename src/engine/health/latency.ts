/** Weight of a new sample in the running mean and deviation: the last dozen or so calls count. */
const SWIFT = 1 / 8;

/** Weight in the baseline: what is usual, over some hundreds of calls. */
const STEADY = 1 / 200;

/** Weight of lately better times in the baseline. */
const BETTER = 1 / 50;

/** Fewer samples than this say nothing. */
const ENOUGH = 20;

/** A sample beyond this many times the baseline is slow. */
const SLOW = 5;

/**
 * How long a target takes until its first content, in ms: lately, how much that scatters, and usually. Mean and deviation
 * are kept as TCP keeps its round-trip time (Jacobson, 1988), whose sum of mean and four deviations nearly all samples
 * stay under. Time to first content rather than the whole, because the whole grows with the output.
 */
export class Latency {
  #mean = 0;
  #deviation = 0;
  #baseline = 0;
  #samples = 0;

  add(ms: number): void {
    this.#samples += 1;
    if (this.#samples === 1) {
      this.#mean = this.#baseline = ms;
      this.#deviation = ms / 2;
      return;
    }
    const error = ms - this.#mean;
    this.#mean += error * SWIFT;
    this.#deviation += (Math.abs(error) - this.#deviation) * SWIFT;
    // The first samples make the baseline; later slow ones move it little, yet a lasting change becomes the usual.
    const weight = Math.max(STEADY, 1 / this.#samples);
    const bounded = this.#samples < ENOUGH ? ms : Math.min(ms, this.#baseline * SLOW);
    this.#baseline += (bounded - this.#baseline) * weight;
    // What was learnt in a bad hour is no measure: better is believed sooner than worse.
    if (this.#mean < this.#baseline) this.#baseline += (this.#mean - this.#baseline) * BETTER;
  }

  get known(): boolean {
    return this.#samples >= ENOUGH;
  }

  /** Lately; 0 while unknown, so that nothing is refused on a guess. */
  get expectedMs(): number {
    return this.known ? this.#mean : 0;
  }

  /** Nearly every call stays under this; 0 while unknown. */
  get reserveMs(): number {
    return this.known ? this.#mean + 4 * this.#deviation : 0;
  }

  /** How many times slower than usual it is lately; 1 while unknown. */
  get inflation(): number {
    return this.known && this.#baseline > 0 ? this.#mean / this.#baseline : 1;
  }

  /** Beyond this a call is slow; never while unknown. */
  get slowMs(): number {
    return this.known ? this.#baseline * SLOW : Number.POSITIVE_INFINITY;
  }
}
