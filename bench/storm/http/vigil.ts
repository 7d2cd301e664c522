const EVERY_MS = 20;

/** Notices when its process is held up, by itself or by others on the machine: then times say little. */
export class Vigil {
  readonly #timer: NodeJS.Timeout;
  #last = performance.now();
  #most = 0;

  constructor() {
    this.#timer = setInterval(() => this.#look(), EVERY_MS);
  }

  /** Ends it. @returns the longest time without a turn, ms. */
  end(): number {
    this.#look();
    clearInterval(this.#timer);
    return this.#most;
  }

  #look(): void {
    const now = performance.now();
    this.#most = Math.max(this.#most, now - this.#last - EVERY_MS);
    this.#last = now;
  }
}
