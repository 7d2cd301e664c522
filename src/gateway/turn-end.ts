/**
 * Puts work off to the end of this turn of events, when all that came up in it is done in one go: its code and tables are then at
 * hand, and whoever it wakes on another core is woken once.
 */
export class TurnEnd<Item> {
  readonly #take: (item: Item) => void;
  readonly #first: () => void;
  readonly #doneLater: () => void = () => this.finish();
  #waiting: Item[] = [];

  /** @param first done before what waits here, whatever was put off first. */
  constructor(take: (item: Item) => void, first: () => void = nothing) {
    this.#take = take;
    this.#first = first;
  }

  add(item: Item): void {
    if (this.#waiting.push(item) === 1) setImmediate(this.#doneLater);
  }

  /** Does what waits; at the end, before whatever takes it is closed. */
  finish(): void {
    this.#first();
    if (this.#waiting.length === 0) return;
    const items = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < items.length; at += 1) this.#take(items[at] as Item);
  }
}

function nothing(): void {
  // There is nothing that has to go before.
}
