/** Calls kept track of at a time; of more, the oldest are lost sight of, which only makes their hanging go unnoticed. */
const CAPACITY = 4096;

/**
 * Which calls have been sent and not answered, oldest first: a ring of times, found again by their number. (A Map would do,
 * but its outgrown tables keep the calls of a whole second alive, and the collector busy.)
 */
export class Awaiting {
  /** When each call was sent; NaN once it is answered. */
  readonly #sentAt = new Float64Array(CAPACITY).fill(Number.NaN);
  /** The oldest number that may still be awaited, and the next one to be given out. */
  #oldest = 0;
  #next = 0;

  begin(now: number): number {
    const call = this.#next;
    this.#next += 1;
    this.#oldest = Math.max(this.#oldest, this.#next - CAPACITY);
    this.#sentAt[call % CAPACITY] = now;
    return call;
  }

  /** @returns whether it was still awaited. */
  end(call: number): boolean {
    if (call < this.#oldest || Number.isNaN(this.#sentAt[call % CAPACITY])) return false;
    this.#sentAt[call % CAPACITY] = Number.NaN;
    while (this.#oldest < this.#next && Number.isNaN(this.#sentAt[this.#oldest % CAPACITY])) this.#oldest += 1;
    return true;
  }

  /** Have at least `count` calls been waiting since before `time`? */
  since(time: number, count: number): boolean {
    let waiting = 0;
    for (let call = this.#oldest; call < this.#next; call += 1) {
      const sentAt = this.#sentAt[call % CAPACITY] as number;
      // The ring is in order of time: behind the first young one there are only younger ones.
      if (sentAt >= time) return false;
      if (sentAt < time) waiting += 1;
      if (waiting >= count) return true;
    }
    return false;
  }
}
