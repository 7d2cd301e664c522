import { bearingOf } from './bearing.ts';
import { faultOf } from '../fault/index.ts';
import type { Fault, FaultKind } from '../fault/fault.ts';

/** When a dead key is tried again, ms: after the first time, each time doubled, up to the most. */
interface Schedule {
  readonly firstMs: number;
  readonly mostMs: number;
}

const MINUTE_MS = 60_000;

/** A new key takes up to a quarter of an hour to work everywhere, and credit is bought when somebody has noticed. */
const SCHEDULES: Readonly<Partial<Record<FaultKind, Schedule>>> = {
  authentication: { firstMs: MINUTE_MS, mostMs: 15 * MINUTE_MS },
  permission: { firstMs: MINUTE_MS, mostMs: 15 * MINUTE_MS },
  'quota-exhausted': { firstMs: 5 * MINUTE_MS, mostMs: 60 * MINUTE_MS },
};

/** Providers have refused good keys for a moment while they were down: once is no proof where the next may tell otherwise. */
const PROOF = 2;

/** For so long after it was put right, others' word that the key is dead may still speak of the key before, ms. */
const NEWS_MS = MINUTE_MS;

/** Models that a key may not use and that are remembered; of more, the oldest are asked again. */
const MOST_MODELS = 256;

/** A refusal that is remembered, for people. */
export interface KnownDeath {
  /** The model that the key may not use; null: nothing at all. */
  readonly model: string | null;
  readonly kind: FaultKind;
  readonly message: string;
  readonly since: number;
  readonly triedAgainAt: number;
}

/** What a provider has refused, and when it is asked again. */
interface Death {
  readonly fault: Fault;
  /** Attempts begun before this tell of a time that is past. */
  readonly since: number;
  readonly everyMs: number;
  /** When one attempt may be made again. */
  readonly until: number;
}

/**
 * What a target's provider thinks of its key, remembered across calls: refused (401), without credit, or not allowed to use a
 * model. Such a key is left alone, but for one attempt now and then to see whether somebody has put it right.
 *
 * Pure: time is handed in.
 */
export class Standing {
  readonly #enabled: boolean;
  #refusals = 0;
  /** When somebody last said that the key had been put right. */
  #clearedAt = Number.NEGATIVE_INFINITY;
  #key: Death | null = null;
  readonly #models = new Map<string, Death>();
  #changed: (fault: Fault | null) => void = () => undefined;

  /** @param enabled false where the key is the caller's own, and another with every call */
  constructor(enabled: boolean) {
    this.#enabled = enabled;
  }

  /** Calls back when the key dies, with its fault, or lives again, with null; not for what others told. One listener. */
  onChange(changed: (fault: Fault | null) => void): void {
    this.#changed = changed;
  }

  /** What is remembered; empty when all is well. */
  get deaths(): readonly KnownDeath[] {
    const known = (model: string | null, { fault, since, until }: Death): KnownDeath => {
      return { model, kind: fault.kind, message: fault.message, since, triedAgainAt: until };
    };
    const ofModels = [...this.#models].map(([model, death]) => known(model, death));
    return this.#key === null ? ofModels : [known(null, this.#key), ...ofModels];
  }

  /** Why no attempt should be made now; null when one may. */
  refuses(model: string | null, now: number): Fault | null {
    if (this.#key === null && this.#models.size === 0) return null;
    const death = this.#key ?? this.#models.get(model ?? '');
    return death === undefined || now >= death.until ? null : remembered(death, now);
  }

  /** An attempt is made: if the key is dead, it is the one of its time. */
  trying(model: string | null, now: number): void {
    if (this.#key !== null) this.#key = { ...this.#key, until: now + this.#key.everyMs };
    if (this.#models.size === 0) return;
    const death = this.#models.get(model ?? '');
    if (death !== undefined) this.#models.set(model ?? '', { ...death, until: now + death.everyMs });
  }

  /** The end of an attempt that was made. @param beganAt when it was sent */
  settle(fault: Fault | null, model: string | null, beganAt: number, now: number): void {
    if (!this.#enabled) return;
    const schedule = fault === null ? undefined : SCHEDULES[fault.kind];
    if (fault === null || schedule === undefined) {
      if (bearingOf(fault) === 'success') this.#lives(model, beganAt);
      return;
    }
    // Sent with the key before, refused when it had been replaced.
    if (beganAt < this.#clearedAt) return;
    if (fault.kind === 'permission') {
      if (model !== null) this.#remember(model, died(fault, this.#models.get(model) ?? null, schedule, beganAt, now));
      return;
    }
    this.#refusals += 1;
    if (fault.kind === 'authentication' && this.#key === null && this.#refusals < PROOF) return;
    const before = this.#key;
    this.#key = died(fault, before, schedule, beganAt, now);
    if (before === null) this.#changed(fault);
  }

  /** Somebody says that it has been put right, or has seen it work: it is tried at once. */
  clear(now: number): void {
    this.#clearedAt = now;
    this.#key = null;
    this.#refusals = 0;
    this.#models.clear();
  }

  /** The same, by somebody who speaks for all processes: the others hear of it. */
  clearForAll(now: number): void {
    this.clear(now);
    this.#changed(null);
  }

  /** Another process has found the key dead, perhaps one that does not have the new one yet. */
  told(kind: FaultKind, message: string, now: number): void {
    if (now - this.#clearedAt < NEWS_MS) return;
    const schedule = SCHEDULES[kind];
    if (!this.#enabled || schedule === undefined || this.#key !== null) return;
    this.#key = died(faultOf(kind, { message, evidence: ['told by another process'] }), null, schedule, now, now);
  }

  #lives(model: string | null, beganAt: number): void {
    if (this.#key !== null && beganAt >= this.#key.since) {
      this.#key = null;
      this.#changed(null);
    }
    this.#refusals = 0;
    if (model !== null && this.#models.size > 0) this.#models.delete(model);
  }

  #remember(model: string, death: Death): void {
    this.#models.delete(model);
    this.#models.set(model, death);
    const [oldest] = this.#models.keys();
    if (this.#models.size > MOST_MODELS && oldest !== undefined) this.#models.delete(oldest);
  }
}

function died(fault: Fault, before: Death | null, { firstMs, mostMs }: Schedule, beganAt: number, now: number): Death {
  // Of those that were under way together, the first has said it all.
  if (before !== null && beganAt < before.since) return before;
  const everyMs = before === null ? firstMs : Math.min(mostMs, before.everyMs * 2);
  const waitMs = fault.retry.afterMs ?? everyMs;
  return { fault, since: now, everyMs, until: now + Math.min(mostMs, Math.max(firstMs, waitMs)) };
}

/** The provider's own words, with what is made of them. */
function remembered({ fault, until }: Death, now: number): Fault {
  const seconds = Math.ceil((until - now) / 1000);
  return {
    ...fault,
    retry: { ...fault.retry, here: false, afterMs: Math.ceil(until - now) },
    evidence: [...fault.evidence, `remembered; the key is tried again in ${seconds} s`],
  };
}
