/** What stands for every series that came after the last place was taken. */
export const OTHER = 'other';

/**
 * The combinations of labels that have been seen, each with a number. There are never more than `most`: whatever comes after
 * is counted together as `other`, so that a flood of names costs its detail and not the memory.
 */
export class Shapes {
  readonly #numbers = new Map<string, number>();
  readonly #labels: (readonly string[])[] = [];
  readonly #most: number;
  readonly #width: number;

  /** @param width labels of a combination */
  constructor(width: number, most: number) {
    this.#width = width;
    this.#most = most;
  }

  /** The number of a combination, by the key that its labels make together. */
  of(key: string, labels: () => readonly string[]): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const full = this.#labels.length >= this.#most;
    if (full) return this.#other();
    this.#numbers.set(key, this.#labels.length);
    return this.#labels.push(labels()) - 1;
  }

  /** The labels of every combination, by number. */
  get labels(): readonly (readonly string[])[] {
    return this.#labels;
  }

  #other(): number {
    const last = this.#labels.length - 1;
    if (this.#labels[last]?.every((label) => label === OTHER) === true) return last;
    return this.#labels.push(Array<string>(this.#width).fill(OTHER)) - 1;
  }
}

/** Numbers that grow with the combinations: counts and sums, one or several for each. */
export class Cells {
  readonly #width: number;
  #cells: Float64Array;

  constructor(width = 1) {
    this.#width = width;
    this.#cells = new Float64Array(16 * width);
  }

  add(shape: number, cell: number, amount: number): void {
    const at = shape * this.#width + cell;
    if (at >= this.#cells.length) this.#grow(at);
    this.#cells[at] = (this.#cells[at] ?? 0) + amount;
  }

  get(shape: number, cell = 0): number {
    return this.#cells[shape * this.#width + cell] ?? 0;
  }

  #grow(at: number): void {
    const cells = new Float64Array(Math.max(at + this.#width, this.#cells.length * 2));
    cells.set(this.#cells);
    this.#cells = cells;
  }
}

/** A call by which a bucket can be understood: one that fell into it, by its id. */
export interface Exemplar {
  readonly id: string;
  readonly value: number;
  /** Seconds since 1970. */
  readonly at: number;
}

/** Counts by upper bound, with their sum, for each combination. */
export class Buckets {
  readonly bounds: readonly number[];
  readonly #counts: Cells;
  readonly #sums = new Cells();
  readonly #exemplars: (Exemplar | null)[] = [];

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.#counts = new Cells(bounds.length + 1);
  }

  add(shape: number, value: number, id: string, at: number): void {
    const { bounds } = this;
    let bucket = 0;
    while (bucket < bounds.length && value > (bounds[bucket] as number)) bucket += 1;
    // The first to fall into a bucket stands for it: keeping every newest would cost an object a call.
    if (this.#counts.get(shape, bucket) === 0) {
      this.#exemplars[shape * (bounds.length + 1) + bucket] = { id, value, at: at / 1000 };
    }
    this.#counts.add(shape, bucket, 1);
    this.#sums.add(shape, 0, value);
  }

  count(shape: number, bucket: number): number {
    return this.#counts.get(shape, bucket);
  }

  sum(shape: number): number {
    return this.#sums.get(shape);
  }

  exemplar(shape: number, bucket: number): Exemplar | null {
    return this.#exemplars[shape * (this.bounds.length + 1) + bucket] ?? null;
  }
}
