/**
 * A map of bounded size that keeps what was asked for last: at least half of what it holds at most, whatever else is put in.
 *
 * Two generations instead of one list in order of use: what is asked for moves to the younger one, and when that is full, it
 * becomes the older one and what was there goes. A map from which the oldest entry is deleted each time gets slower by the
 * holes it leaves.
 */
export class Recent<Value> {
  readonly #half: number;
  #younger = new Map<string, Value>();
  #older = new Map<string, Value>();

  /** @param most entries at once. */
  constructor(most: number) {
    this.#half = Math.max(1, Math.floor(most / 2));
  }

  get(name: string): Value | undefined {
    const value = this.#younger.get(name);
    if (value !== undefined) return value;
    const old = this.#older.get(name);
    if (old !== undefined) this.set(name, old);
    return old;
  }

  set(name: string, value: Value): void {
    if (this.#younger.size >= this.#half && !this.#younger.has(name)) {
      this.#older = this.#younger;
      this.#younger = new Map();
    }
    this.#younger.set(name, value);
  }

  clear(): void {
    this.#younger.clear();
    this.#older.clear();
  }
}
