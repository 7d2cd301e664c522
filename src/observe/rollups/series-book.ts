import type { DatabaseSync, StatementSync } from 'node:sqlite';

/** What the calls of one sum have in common. */
export interface Series {
  readonly tenant: string | null;
  readonly workload: string | null;
  readonly route: string | null;
  /** Asked for by calls, sent by attempts. */
  readonly model: string | null;
  /** Of calls the last one tried. */
  readonly target: string | null;
}

/** The series of all calls together. */
export const EVERYTHING = 0;

/** What stands for every name that came after the last place was taken. */
const OTHER = 'other';

/** Series in use that are told apart: callers choose the names of models, and may choose a new one for each call. */
const MOST = 5_000;

/** Beyond those, models become `other`, and some more are told apart; beyond these, tenants and workloads do as well. */
const MOST_WITHOUT_MODELS = MOST + 2_000;

/** Hours are forgotten after some weeks: names of a flood do not take the places for ever. */
const IN_USE = ['call_rollups', 'attempt_rollups']
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
      'insert into rollup_series (tenant, workload, route, model, target) values (?, ?, ?, ?, ?)',
    );
    const all = connection.prepare('select * from rollup_series where id > 0').all();
    for (const row of all) this.#ids.set(keyOf(row as unknown as Series), Number(row['id']));
    this.#used = Number(
      connection.prepare(`select count(*) as used from rollup_series s where ${IN_USE}`).get()?.['used'],
    );
  }

  /** To be called in a transaction; after one that failed, the book is to be made anew. */
  of(series: Series): number {
    const known = this.#ids.get(keyOf(series));
    if (known !== undefined) return known;
    if (this.#used < MOST) return this.#add(series);
    const ofAnyModel = { ...series, model: OTHER };
    const known_ = this.#ids.get(keyOf(ofAnyModel));
    if (known_ !== undefined) return known_;
    if (this.#used < MOST_WITHOUT_MODELS) return this.#add(ofAnyModel);
    // Routes and targets are those of the configuration: there are never many.
    const ofAnybody = { ...ofAnyModel, tenant: OTHER, workload: null };
    return this.#ids.get(keyOf(ofAnybody)) ?? this.#add(ofAnybody);
  }

  #add(series: Series): number {
    const { tenant, workload, route, model, target } = series;
    const id = Number(this.#insert.run(tenant, workload, route, model, target).lastInsertRowid);
    this.#ids.set(keyOf(series), id);
    this.#used += 1;
    return id;
  }
}

function keyOf({ tenant, workload, route, model, target }: Series): string {
  return JSON.stringify([tenant, workload, route, model, target]);
}
