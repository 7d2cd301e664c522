import type { Quota } from '../../engine/admission/quota.ts';

/** What is counted under one quota, as far as it matters to whether it can be forgotten. */
export interface Kept {
  /** Calls under way count here, or something else that would be missed. */
  readonly busy: boolean;
  /** Nothing would be lost with it. */
  idle(at: number): boolean;
}

/** Counts of configured holders are looked through for idle ones when there are at least this many more than last time. */
const LOOK_THROUGH_EVERY = 1024;

/** Finds the count of a quota, and forgets those that nobody needs. */
export class Counts<Count extends Kept> {
  readonly #make: (quota: Quota) => Count;
  readonly #usersPerGeneration: number;
  /** Of organisations, tenants, workloads and keys: no more than somebody has configured. */
  readonly #configured = new Map<string, Count>();
  #lookThroughAt = LOOK_THROUGH_EVERY;
  /** Of end users, whom callers make up: those asked for lately, and those asked for before that. */
  #young = new Map<string, Count>();
  #old = new Map<string, Count>();
  #ageAt: number;

  /** @param users how many end users' counts are kept at most. */
  constructor(users: number, make: (quota: Quota) => Count) {
    this.#make = make;
    this.#usersPerGeneration = Math.floor(users / 2);
    this.#ageAt = this.#usersPerGeneration;
  }

  get size(): number {
    return this.#configured.size + this.#young.size + this.#old.size;
  }

  /** Every count that is kept. */
  *all(): Generator<Count> {
    yield* this.#configured.values();
    yield* this.#young.values();
    yield* this.#old.values();
  }

  find({ id, level }: Quota): Count | undefined {
    return level === 'user' ? (this.#young.get(id) ?? this.#old.get(id)) : this.#configured.get(id);
  }

  for(quota: Quota): Count {
    if (quota.level === 'user') return this.#forUser(quota);
    let count = this.#configured.get(quota.id);
    if (count === undefined) this.#configured.set(quota.id, (count = this.#make(quota)));
    return count;
  }

  /** Makes room, if it is time to. Not while counts are being gathered: one that is found and not yet used looks idle. */
  tidy(at: number): void {
    if (this.#young.size >= this.#ageAt) this.#age();
    if (this.#configured.size >= this.#lookThroughAt) this.#lookThrough(at);
  }

  #forUser(quota: Quota): Count {
    const { id } = quota;
    const young = this.#young.get(id);
    if (young !== undefined) return young;
    const count = this.#old.get(id) ?? this.#make(quota);
    this.#old.delete(id);
    this.#young.set(id, count);
    return count;
  }

  /** The old go, but for those with calls under way, which would come back with too much room. */
  #age(): void {
    const old = this.#old;
    this.#old = this.#young;
    this.#young = new Map();
    for (const [id, count] of old) if (count.busy) this.#young.set(id, count);
    this.#ageAt = this.#young.size + this.#usersPerGeneration;
  }

  #lookThrough(at: number): void {
    for (const [id, count] of this.#configured) if (count.idle(at)) this.#configured.delete(id);
    this.#lookThroughAt = this.#configured.size + Math.max(LOOK_THROUGH_EVERY, this.#configured.size);
  }
}
