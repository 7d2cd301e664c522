/** What can stand in a heap; it keeps its own place, so that it can leave from the middle. */
export interface Placed {
  /** Index in the heap that it stands in; -1 when it stands in none. */
  place: number;
}

/** A binary heap whose members may leave or change their rank at any time, each in logarithmic time. */
export class Heap<T extends Placed> {
  readonly #items: T[] = [];
  readonly #before: (a: T, b: T) => boolean;

  /** @param before does `a` come out before `b`? */
  constructor(before: (a: T, b: T) => boolean) {
    this.#before = before;
  }

  get length(): number {
    return this.#items.length;
  }

  get first(): T | undefined {
    return this.#items[0];
  }

  /** One of those that come out late, though not always the latest; it is found without a search. */
  get late(): T | undefined {
    return this.#items.at(-1);
  }

  add(item: T): void {
    this.#items.push(item);
    this.#rise(item, this.#items.length - 1);
  }

  remove(item: T): void {
    const { place } = item;
    item.place = -1;
    const last = this.#items.pop();
    if (last !== undefined && last !== item) this.#settle(last, place);
  }

  /** The item's rank has changed. */
  moved(item: T): void {
    this.#settle(item, item.place);
  }

  #settle(item: T, at: number): void {
    if (at > 0 && this.#before(item, this.#items[(at - 1) >> 1] as T)) this.#rise(item, at);
    else this.#sink(item, at);
  }

  #rise(item: T, from: number): void {
    const items = this.#items;
    let at = from;
    while (at > 0) {
      const parent = items[(at - 1) >> 1] as T;
      if (!this.#before(item, parent)) break;
      items[at] = parent;
      parent.place = at;
      at = (at - 1) >> 1;
    }
    items[at] = item;
    item.place = at;
  }

  #sink(item: T, from: number): void {
    const items = this.#items;
    let at = from;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= items.length) break;
      if (child + 1 < items.length && this.#before(items[child + 1] as T, items[child] as T)) child += 1;
      const smaller = items[child] as T;
      if (!this.#before(smaller, item)) break;
      items[at] = smaller;
      smaller.place = at;
      at = child;
    }
    items[at] = item;
    item.place = at;
  }
}
