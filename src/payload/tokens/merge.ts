/** A vocabulary. Tokens are strings of bytes, each byte a character from U+0000 to U+00FF. */
export interface Vocabulary {
  /** The rank of each token: of two neighbouring pairs the one of lower rank is merged first. */
  readonly ranks: ReadonlyMap<string, number>;
  /** Ranks of the tokens of two bytes, by `first * 256 + second`; {@link NO_RANK} where there is none. */
  readonly pairs: Int32Array;
  /** Bytes of the longest token. */
  readonly longest: number;
}

export const NO_RANK = 0x7fff_ffff;

/** Up to this length looking through all pairs again after each merge is quicker than keeping them in order. */
const FEW_BYTES = 96;

/** How many tokens byte pair encoding makes of a piece of text that is no token itself. */
export function countMerged(bytes: string, vocabulary: Vocabulary): number {
  return bytes.length <= FEW_BYTES ? countFew(bytes, vocabulary) : countMany(bytes, vocabulary);
}

const fewStarts = new Int32Array(FEW_BYTES + 1);
const fewRanks = new Int32Array(FEW_BYTES + 1);

function countFew(bytes: string, vocabulary: Vocabulary): number {
  const starts = fewStarts;
  const ranks = fewRanks;
  let parts = bytes.length;
  for (let at = 0; at < parts; at += 1) {
    starts[at] = at;
    ranks[at] = at + 1 < parts ? pairAt(bytes, at, vocabulary) : NO_RANK;
  }
  starts[parts] = bytes.length;
  for (;;) {
    let least = NO_RANK;
    let place = -1;
    for (let at = 0; at < parts - 1; at += 1) {
      if ((ranks[at] as number) < least) {
        least = ranks[at] as number;
        place = at;
      }
    }
    if (place < 0) return parts;
    starts.copyWithin(place + 1, place + 2, parts + 1);
    ranks.copyWithin(place + 1, place + 2, parts);
    parts -= 1;
    ranks[place] = rankOf(bytes, starts, place, parts, vocabulary);
    if (place > 0) ranks[place - 1] = rankOf(bytes, starts, place - 1, parts, vocabulary);
  }
}

/** The rank of the token that part `place` and its right neighbour would make. */
function rankOf(bytes: string, starts: Int32Array, place: number, parts: number, vocabulary: Vocabulary): number {
  if (place + 1 >= parts) return NO_RANK;
  return rankBetween(bytes, starts[place] as number, starts[place + 2] as number, vocabulary);
}

function rankBetween(bytes: string, start: number, end: number, { ranks, longest }: Vocabulary): number {
  return end - start > longest ? NO_RANK : (ranks.get(bytes.slice(start, end)) ?? NO_RANK);
}

function pairAt(bytes: string, at: number, { pairs }: Vocabulary): number {
  return pairs[bytes.charCodeAt(at) * 256 + bytes.charCodeAt(at + 1)] as number;
}

/** Ranks stand above positions in a key, so that the least key is the leftmost of the pairs to be merged next. */
const POSITIONS = 2 ** 32;

/**
 * The same for long runs without a break, in n log n steps: 200,000 times the letter a take a fraction of a second where
 * looking through all pairs takes twenty.
 *
 * Parts are a linked list by their first byte. Pairs wait in a heap and are not taken out when one of their parts goes:
 * a pair whose rank is no longer the one noted at its place is passed over.
 */
function countMany(bytes: string, vocabulary: Vocabulary): number {
  const { length } = bytes;
  const next = new Int32Array(length);
  const before = new Int32Array(length);
  const ranks = new Int32Array(length);
  const heap = new KeyHeap(length);
  for (let at = 0; at < length; at += 1) {
    next[at] = at + 1;
    before[at] = at - 1;
    ranks[at] = at + 1 < length ? pairAt(bytes, at, vocabulary) : NO_RANK;
    if (ranks[at] !== NO_RANK) heap.push((ranks[at] as number) * POSITIONS + at);
  }
  let parts = length;
  for (let key = heap.pop(); key >= 0; key = heap.pop()) {
    const at = key % POSITIONS;
    if (ranks[at] !== (key - at) / POSITIONS) continue;
    const swallowed = next[at] as number;
    const end = next[swallowed] as number;
    ranks[swallowed] = NO_RANK;
    next[at] = end;
    if (end < length) before[end] = at;
    parts -= 1;
    note(at, end);
    const left = before[at] as number;
    if (left >= 0) note(left, at);
  }
  return parts;

  /** Notes the rank of the pair that begins at `at` and whose second part begins at `second`. */
  function note(at: number, second: number): void {
    const rank = second < length ? rankBetween(bytes, at, next[second] as number, vocabulary) : NO_RANK;
    ranks[at] = rank;
    if (rank !== NO_RANK) heap.push(rank * POSITIONS + at);
  }
}

/** A binary heap of numbers, the least first. */
class KeyHeap {
  #keys: Float64Array;
  #size = 0;

  constructor(room: number) {
    this.#keys = new Float64Array(Math.max(16, room));
  }

  push(key: number): void {
    if (this.#size === this.#keys.length) {
      const wider = new Float64Array(this.#size * 2);
      wider.set(this.#keys);
      this.#keys = wider;
    }
    const keys = this.#keys;
    let at = this.#size;
    this.#size += 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = keys[parent] as number;
      if (above <= key) break;
      keys[at] = above;
      at = parent;
    }
    keys[at] = key;
  }

  /** The least key; -1 when there is none. */
  pop(): number {
    if (this.#size === 0) return -1;
    const keys = this.#keys;
    const least = keys[0] as number;
    this.#size -= 1;
    const size = this.#size;
    const key = keys[size] as number;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= size) break;
      if (child + 1 < size && (keys[child + 1] as number) < (keys[child] as number)) child += 1;
      const below = keys[child] as number;
      if (below >= key) break;
      keys[at] = below;
      at = child;
    }
    keys[at] = key;
    return least;
  }
}
