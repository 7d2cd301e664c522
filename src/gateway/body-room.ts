/**
 * How much of callers' bodies is held at a time, of all calls together: each body may be small enough, and a thousand of them
 * that come slowly would still be more than there is memory.
 */
export class BodyRoom {
  readonly #most: number;
  #held = 0;

  /** @param most bytes; no less than the largest body that is taken. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Bytes that are held now, without those of small bodies. */
  get held(): number {
    return this.#held;
  }

  get most(): number {
    return this.#most;
  }

  /** Takes room for so many more bytes; false, and nothing taken, when there is none. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.#most) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}
