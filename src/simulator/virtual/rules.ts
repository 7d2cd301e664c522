/** What has to be true of every run, whatever the weather. The first breach ends the run. */
export class Rules {
  readonly #seed: number;
  #breach: string | null = null;

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Notes a breach; the first stays. Does not throw, because it is called from within the code under test. */
  broken(call: number | null, what: string): void {
    this.#breach ??= `seed ${this.#seed}${call === null ? '' : `, call ${call}`}: ${what}`;
  }

  /** @throws {Error} when a rule was broken */
  look(): void {
    if (this.#breach !== null) throw new Error(this.#breach);
  }
}
