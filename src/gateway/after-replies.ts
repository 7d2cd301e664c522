/**
 * Puts work off until the replies of this moment have been written: no caller waits for what is done about its call once the
 * answer is there. What several calls leave is done in one go, whose code and tables are then at hand.
 */
export class AfterReplies<Item> {
  readonly #take: (item: Item) => void;
  readonly #doneLater: () => void = () => this.finish();
  #waiting: Item[] = [];

  constructor(take: (item: Item) => void) {
    this.#take = take;
  }

  add(item: Item): void {
    if (this.#waiting.push(item) === 1) setImmediate(this.#doneLater);
  }

  /** Does what waits; at the end, before whatever takes it is closed. */
  finish(): void {
    const items = this.#waiting;
    this.#waiting = [];
    for (let at = 0; at < items.length; at += 1) this.#take(items[at] as Item);
  }
}
