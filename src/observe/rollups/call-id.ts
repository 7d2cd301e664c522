/**
 * Calls of one slot of the index. A search reads a page of every slot, some 150 of them for ten million calls; and new ids go
 * to any of the hundred pages or so of the newest slot, which is what is written to the disk when sums are carried over.
 */
const SLOT_CALLS = 65_536;

const HASHES = 2 ** 32;

/** FNV-1a's, http://www.isthe.com/chongo/tech/comp/fnv/. */
const OFFSET = 0x81_1c_9d_c5;
const PRIME = 0x01_00_01_93;

/** 32 bits of an id. Two ids may share them: whoever finds one reads the call to be sure. */
function hashOf(id: string): number {
  let hash = OFFSET;
  for (let index = 0; index < id.length; index += 1) hash = Math.imul(hash ^ id.charCodeAt(index), PRIME);
  return hash >>> 0;
}

/** Where the index may keep an id, in every slot from the newest call down to the oldest. */
export function* placesOf(id: string, oldestSeq: number, newestSeq: number): Generator<number> {
  const hash = hashOf(id);
  const last = Math.floor(oldestSeq / SLOT_CALLS);
  for (let slot = Math.floor(newestSeq / SLOT_CALLS); slot >= last; slot -= 1) yield slot * HASHES + hash;
}

/** Everything of calls before this number lies below. */
export function firstPlaceOf(seq: number): number {
  return Math.floor(seq / SLOT_CALLS) * HASHES;
}

/** Ids and the numbers of their calls, gathered to be put into the index in its order: neighbours go to the same page. */
export class IdPlaces {
  /** By slot: each as one number, its hash above the number of its call within the slot, which sorts quickly. */
  readonly #slots = new Map<number, number[]>();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  add(id: string, seq: number): void {
    const slot = Math.floor(seq / SLOT_CALLS);
    let keys = this.#slots.get(slot);
    if (keys === undefined) this.#slots.set(slot, (keys = []));
    keys.push(hashOf(id) * SLOT_CALLS + (seq % SLOT_CALLS));
    this.#count += 1;
  }

  /** In the order of the index, a place and the number of a call by turns. */
  inOrder(): Float64Array {
    const pairs = new Float64Array(this.#count * 2);
    let at = 0;
    for (const [slot, keys] of [...this.#slots].toSorted(([one], [other]) => one - other)) {
      for (const key of Float64Array.from(keys).sort()) {
        pairs[at] = slot * HASHES + Math.floor(key / SLOT_CALLS);
        pairs[at + 1] = slot * SLOT_CALLS + (key % SLOT_CALLS);
        at += 2;
      }
    }
    return pairs;
  }
}
