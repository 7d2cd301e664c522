const BUCKETS = 10;

/** Counts of outcomes over the last stretch of time, in ten buckets: constant memory, no list of events. */
export class OutcomeWindow {
  readonly #bucketMs: number;
  readonly #successes = new Float64Array(BUCKETS);
  readonly #failures = new Float64Array(BUCKETS);
  #bucket = 0;
  #volume = 0;
  #failed = 0;

  /** @param lengthMs how far back it looks. */
  constructor(lengthMs: number) {
    this.#bucketMs = lengthMs / BUCKETS;
  }

  /** Outcomes within the window, as of the last {@link add} or {@link roll}. */
  get volume(): number {
    return this.#volume;
  }

  get failures(): number {
    return this.#failed;
  }

  add(failed: boolean, now: number): void {
    this.roll(now);
    const slot = this.#bucket % BUCKETS;
    const counts = failed ? this.#failures : this.#successes;
    counts[slot] = (counts[slot] ?? 0) + 1;
    this.#volume += 1;
    if (failed) this.#failed += 1;
  }

  /** Forgets what time has passed over. */
  roll(now: number): void {
    const bucket = Math.floor(now / this.#bucketMs);
    const stale = Math.min(bucket - this.#bucket, BUCKETS);
    for (let back = 0; back < stale; back += 1) {
      const slot = (bucket - back) % BUCKETS;
      this.#volume -= (this.#successes[slot] ?? 0) + (this.#failures[slot] ?? 0);
      this.#failed -= this.#failures[slot] ?? 0;
      this.#successes[slot] = 0;
      this.#failures[slot] = 0;
    }
    this.#bucket = bucket;
  }

  clear(): void {
    this.#successes.fill(0);
    this.#failures.fill(0);
    this.#volume = 0;
    this.#failed = 0;
  }
}
