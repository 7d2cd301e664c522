import {
  type Cost,
  type Counters,
  HELD_HOPE_MS,
  type Measure,
  type Quota,
  type Reservation,
  type Verdict,
} from '../../engine/admission/quota.ts';
import { Counts, type Kept } from './counts.ts';
import { type Window, windowFor } from './windows.ts';

export interface MemoryCountersOptions {
  /**
   * How many end users' counts are kept at most, at some 350 bytes each. Beyond it, those that were not asked for longest
   * are forgotten: whoever can make up end users is not held by their limits, but by those of the tenant above.
   * @default 200,000
   */
  readonly users?: number;
}

/**
 * Counts within this process. Answers at once; nothing is written anywhere, so a restart begins with nothing used but what is
 * recalled.
 */
export class MemoryCounters implements Counters {
  readonly #counts: Counts<Count>;

  constructor(options: MemoryCountersOptions = {}) {
    this.#counts = new Counts(options.users ?? 200_000, (quota) => new Count(quota));
  }

  /** Counts that are kept, idle ones included. */
  get size(): number {
    return this.#counts.size;
  }

  reserve(quotas: readonly Quota[], cost: Cost, at: number): Verdict {
    this.#counts.tidy(at);
    const counts: Count[] = [];
    let refused: Quota | null = null;
    let refusedUse = 0;
    let freeInMs: number | null = 0;
    for (let index = 0; index < quotas.length; index += 1) {
      const quota = quotas[index] as Quota;
      const count = this.#counts.for(quota);
      counts.push(count);
      if (!quota.refuses) continue;
      const wanted = wantedOf(quota.measure, cost);
      const used = count.used(at);
      if (wanted === 0 || used + wanted <= quota.amount) continue;
      const free = count.freeInMs(wanted, quota.amount, at);
      if (refused !== null && (freeInMs === null || (free !== null && free <= freeInMs))) continue;
      refused = quota;
      refusedUse = used;
      freeInMs = free;
    }
    if (refused !== null) return { kind: 'refused', quota: refused, used: refusedUse, freeInMs };
    for (let index = 0; index < quotas.length; index += 1) {
      (counts[index] as Count).take(wantedOf((quotas[index] as Quota).measure, cost), at);
    }
    return { kind: 'granted', reservation: new MemoryReservation(quotas, counts, cost) };
  }

  /** Takes into account what was settled before this process began, the oldest first. */
  recall(quota: Quota, amount: number, at: number): void {
    this.#counts.for(quota).recall(amount, at);
  }

  used(quota: Quota, at: number): number {
    return this.#counts.find(quota)?.used(at) ?? 0;
  }

  settled(quota: Quota, at: number): number {
    return this.#counts.find(quota)?.settled(at) ?? 0;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function wantedOf(measure: Measure, cost: Cost): number {
  switch (measure) {
    case 'requests':
    case 'calls':
      return 1;
    case 'tokens':
      return cost.tokens;
    case 'money':
      return cost.microdollars;
  }
}

class MemoryReservation implements Reservation {
  readonly #quotas: readonly Quota[];
  #counts: readonly Count[] | null;
  readonly #reserved: Cost;

  constructor(quotas: readonly Quota[], counts: readonly Count[], reserved: Cost) {
    this.#quotas = quotas;
    this.#counts = counts;
    this.#reserved = reserved;
  }

  settle(cost: Cost, at: number): void {
    const counts = this.#counts;
    if (counts === null) return;
    this.#counts = null;
    for (let index = 0; index < counts.length; index += 1) {
      const { measure } = this.#quotas[index] as Quota;
      (counts[index] as Count).settle(wantedOf(measure, this.#reserved), wantedOf(measure, cost), at);
    }
  }
}

/** The use of one quota: what is held for calls under way, and what is settled. */
class Count implements Kept {
  readonly #measure: Measure;
  readonly #window: Window | null;
  #held = 0;
  #holders = 0;

  constructor({ measure, period }: Quota) {
    this.#measure = measure;
    this.#window = windowFor(measure, period);
  }

  used(at: number): number {
    return this.#window === null ? this.#held : this.#held + this.#window.total(at);
  }

  settled(at: number): number {
    return this.#window === null ? this.#held : this.#window.total(at);
  }

  /** See {@link Verdict}. */
  freeInMs(wanted: number, amount: number, at: number): number | null {
    if (wanted > amount) return null;
    const settled = this.#window?.total(at) ?? 0;
    const excess = settled + wanted - amount;
    return this.#window === null || excess <= 0 ? HELD_HOPE_MS : this.#window.freeInMs(excess, at);
  }

  take(amount: number, at: number): void {
    this.#holders += 1;
    // A request is one from the moment it is let in; what else it takes is known only when it has ended.
    if (this.#measure === 'requests') this.#window?.add(amount, at);
    else this.#held += amount;
  }

  settle(reserved: number, real: number, at: number): void {
    this.#holders -= 1;
    if (this.#measure === 'requests') return;
    // Sums of fractions of a cent never come back to nothing by themselves.
    this.#held = this.#holders === 0 ? 0 : this.#held - reserved;
    if (this.#measure !== 'calls') this.#window?.add(real, at);
  }

  recall(amount: number, at: number): void {
    this.#window?.add(amount, at);
  }

  /** Nothing would be lost with it. */
  idle(at: number): boolean {
    return !this.busy && (this.#window?.total(at) ?? 0) === 0;
  }

  /** Calls under way count here. */
  get busy(): boolean {
    return this.#holders > 0;
  }
}
