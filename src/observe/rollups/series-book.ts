import type { DatabaseSync, StatementSync } from 'node:sqlite';
import { type Facet, FACETS, type Name, type Names, seenBy } from './facets.ts';

/** What stands for every name that came after the last place was taken. */
const OTHER = 'other';

/** Series in use that are told apart: callers choose the names of models, and may choose a new one for each call. */
const MOST = 10_000;

/** Beyond those, models become `other`, and some more are told apart; beyond these, tenants and workloads do as well. */
const MOST_WITHOUT_MODELS = MOST + 4_000;

/** Hours are forgotten after some weeks: names of a flood do not take the places for ever. */
const IN_USE = ['call_rollups', 'attempt_rollups', 'fault_rollups']
  .map((table) => `exists (select 1 from ${table} where span = 3600 and series = s.id)`)
  .join(' or ');

/** The numbers by which sums refer to what their calls have in common; writes down what is new. */
export class SeriesBook {
  readonly #insert: StatementSync;
  readonly #ids = new Map<string, number>();
  /** Those with sums of their hours, or new. */
  #used: number;

  constructor(connection: DatabaseSync) {
    this.#insert = connection.prepare(
      'insert into rollup_series (facet, tenant, workload, route, model, target) values (?, ?, ?, ?, ?, ?)',
    );
    for (const { id, facet, ...names } of connection.prepare('select * from rollup_series').all()) {
      this.#ids.set(keyOf(facet as Facet, names as unknown as Names), Number(id));
    }
    const used = connection.prepare(`select count(*) as used from rollup_series s where ${IN_USE}`).get();
    this.#used = Number(used?.['used']);
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
    const { tenant, workload, route, model, target } = names;
    const id = Number(this.#insert.run(facet, tenant, workload, route, model, target).lastInsertRowid);
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
