/** How far back it looks, in buckets. */
const BUCKETS = 10;

/** Less time than this is no rate yet. */
const LEAST_MS = 1_000;

/** How much was taken a second, lately: constant memory, no list of events. */
export class Pulse {
  readonly #bucketMs: number;
  readonly #amounts = new Float64Array(BUCKETS);
  #bucket = 0;
  #total = 0;
  #since = Number.NaN;

  /** @param bucketMs a tenth of how far back it looks, ms. */
  constructor(bucketMs = 1_000) {
    this.#bucketMs = bucketMs;
  }

  add(amount: number, now: number): void {
    this.#roll(now);
    if (Number.isNaN(this.#since)) this.#since = now;
    const slot = this.#bucket % BUCKETS;
    this.#amounts[slot] = (this.#amounts[slot] as number) + amount;
    this.#total += amount;
  }

  /** How far back it looks, ms. */
  get windowMs(): number {
    return BUCKETS * this.#bucketMs;
  }

  /** All that was taken in that time. */
  total(now: number): number {
    this.#roll(now);
    return this.#total;
  }

  /** Over the time since the first, while that is shorter; yet never over less than a second. */
  perSecond(now: number): number {
    this.#roll(now);
    if (Number.isNaN(this.#since)) return 0;
    const ms = Math.min(Math.max(now - this.#since, LEAST_MS), BUCKETS * this.#bucketMs);
    return (this.#total * 1000) / ms;
  }

  #roll(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    if (bucket === this.#bucket) return;
    const stale = Math.min(bucket - this.#bucket, BUCKETS);
    for (let back = 0; back < stale; back += 1) {
      const slot = (bucket - back) % BUCKETS;
      this.#total -= this.#amounts[slot] as number;
      this.#amounts[slot] = 0;
    }
    // Sums of fractions drift: an empty window has nothing in it.
    if (stale === BUCKETS) this.#total = 0;
    this.#bucket = bucket;
  }
}
