import { type Facet, FACETS, type Name, type Names, seenBy } from './facets.ts';

/** What stands for every name that came after the last place was taken. */
export const OTHER = 'other';

/** Series in use that are told apart: callers choose the names of models, and may choose a new one for each call. */
const MOST = 10_000;

/** Beyond those, models become `other`, and some more are told apart; beyond these, tenants and workloads do as well. */
const MOST_WITHOUT_MODELS = MOST + 4_000;

/** Hours are forgotten after some weeks: names of a flood do not take the places for ever. */
export const SERIES_IN_USE: string = ['call_rollups', 'attempt_rollups', 'fault_rollups']
  .map((table) => `exists (select 1 from ${table} where span = 3600 and series = s.id)`)
  .join(' or ');

/** A row of `rollup_series`. */
export interface Series extends Names {
  readonly id: number;
  readonly facet: string;
}

/** The numbers by which sums refer to what their calls have in common; has what is new written down. */
export class SeriesBook {
  readonly #write: (facet: Facet, names: Names) => number;
  readonly #ids = new Map<string, number>();
  /** Those with sums of their hours, or new. */
  #used: number;

  /**
   * @param used how many are in use already
   * @param write writes a new one down, and gives its number
   */
  constructor(used: number, write: (facet: Facet, names: Names) => number) {
    this.#used = used;
    this.#write = write;
  }

  /** Takes in one that is written down already. */
  learn({ id, facet, ...names }: Series): void {
    this.#ids.set(keyOf(facet as Facet, names), id);
  }

  /** To be called in a transaction; after one that failed, the book is to be made anew. */
  of(facet: Facet, all: Names): number {
    const names = seenBy(facet, all);
    const known = this.#ids.get(keyOf(facet, names));
    if (known !== undefined) return known;
    if (this.#used < MOST) return this.#add(facet, names);
    const ofAnyModel = instead(facet, names, ['model']);
    const knownOfAny = this.#ids.get(keyOf(facet, ofAnyModel));
    if (knownOfAny !== undefined) return knownOfAny;
    if (this.#used < MOST_WITHOUT_MODELS) return this.#add(facet, ofAnyModel);
    // Routes and targets are those of the configuration: there are never many.
    const ofAnybody = instead(facet, ofAnyModel, ['tenant', 'workload']);
    return this.#ids.get(keyOf(facet, ofAnybody)) ?? this.#add(facet, ofAnybody);
  }

  #add(facet: Facet, names: Names): number {
    const id = this.#write(facet, names);
    this.#ids.set(keyOf(facet, names), id);
    this.#used += 1;
    return id;
  }
}

/** `other` in place of some names, where the facet looks at them. */
function instead(facet: Facet, names: Names, which: readonly Name[]): Names {
  const seen: readonly Name[] = FACETS[facet];
  return { ...names, ...Object.fromEntries(which.filter((name) => seen.includes(name)).map((name) => [name, OTHER])) };
}

function keyOf(facet: Facet, { tenant, workload, route, model, target }: Names): string {
  return JSON.stringify([facet, tenant, workload, route, model, target]);
}
