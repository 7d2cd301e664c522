/** What became of a call that asked for a worker. */
export type Admission = 'started' | 'queued' | 'turned-away';

/**
 * A fixed crew that takes calls first come, first served: what makes overload real. With fewer workers than calls the
 * line grows, and with it everybody's wait, until newcomers are turned away.
 */
export class Workers {
  #size: number;
  #busy = 0;
  readonly #queueSize: number;
  readonly #waiting: (() => void)[] = [];

  /** @param size workers; @param queueSize how many calls may wait. */
  constructor(size: number, queueSize: number) {
    this.#size = size;
    this.#queueSize = queueSize;
  }

  get busy(): number {
    return this.#busy;
  }

  get waiting(): number {
    return this.#waiting.length;
  }

  /** Sends workers away or brings them back. Those at work finish first. */
  resize(size: number): void {
    this.#size = size;
    this.#next();
  }

  /** Runs `begin` as soon as a worker is free; it has to be followed by one {@link release}. */
  take(begin: () => void): Admission {
    if (this.#busy < this.#size) {
      this.#busy += 1;
      begin();
      return 'started';
    }
    if (this.#waiting.length >= this.#queueSize) return 'turned-away';
    this.#waiting.push(begin);
    return 'queued';
  }

  /** Takes a call that has not begun out of the line, because its client left. */
  leave(begin: () => void): void {
    const at = this.#waiting.indexOf(begin);
    if (at >= 0) this.#waiting.splice(at, 1);
  }

  release(): void {
    this.#busy -= 1;
    this.#next();
  }

  #next(): void {
    while (this.#busy < this.#size) {
      const begin = this.#waiting.shift();
      if (begin === undefined) return;
      this.#busy += 1;
      begin();
    }
  }
}
