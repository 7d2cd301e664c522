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

/** Where the index keeps an id of the call with this number. */
export function placeOf(id: string, seq: number): number {
  return Math.floor(seq / SLOT_CALLS) * HASHES + hashOf(id);
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
