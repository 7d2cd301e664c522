/** What else is put off, and has its place in the order, whichever was put off first. */
export interface Neighbours {
  /** Done before what waits here. */
  readonly before?: () => void;
  /** Done once something that waited has been done. */
  readonly after?: () => void;
}

/**
 * Puts work off to the end of this turn of events, when all that came up in it is done in one go: its code and tables are then at
 * hand, and whoever it wakes on another core is woken once.
 */
export class TurnEnd<Item> {
  readonly #take: (item: Item) => void;
  readonly #before: () => void;
  readonly #after: () => void;
  readonly #doneLater: () => void = () => this.finish();
  #waiting: Item[] = [];

  constructor(take: (item: Item) => void, { before = nothing, after = nothing }: Neighbours = {}) {
    this.#take = take;
    this.#before = before;
    this.#after = after;
  }

  add(item: Item): void {
    if (this.#waiting.push(item) === 1) setImmediate(this.#doneLater);
  }

  /** Does what waits; at the end, before whatever takes it is closed. */
  finish(): void {
    this.#before();
    if (this.#waiting.length === 0) return;
    const items = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < items.length; at += 1) this.#take(items[at] as Item);
    this.#after();
  }
}

function nothing(): void {
  // There is nothing to be done.
}
