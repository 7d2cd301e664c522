import type { Selectable } from 'kysely';
import type { Database } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { DRAWN, type Facet, facetFor, FAULTY, type Name, type Names } from '../rollups/facets.ts';
import { SPANS } from '../rollups/spans.ts';
import type { Group } from './queries.ts';
import { type Grid, gridOf } from './steps.ts';

type Table = 'call_rollups' | 'attempt_rollups' | 'fault_rollups';
export type Row<Name_ extends Table | 'user_rollups'> = Selectable<Schema[Name_]>;

/** The series that an answer is made of, by their numbers. */
export type SeriesMap = ReadonlyMap<number, Names>;

/** The facets that each table has, those that cost least to read first. */
const FACETS_OF: Readonly<Record<Table, readonly Facet[]>> = {
  call_rollups: [...DRAWN, 'each'],
  attempt_rollups: ['served', 'hit'],
  fault_rollups: FAULTY,
};

const NAMES = ['tenant', 'workload', 'route', 'model', 'target'] as const;

/** Numbers asked for at a time; a statement takes some ten thousands. */
const NUMBERS_AT_ONCE = 5_000;

/** The facet of a table that can tell `group` from others, and tell its parts apart by `apart`; null: none can. */
export function facetOf(table: Table, group: Group, apart: readonly Name[] = []): Facet | null {
  return facetFor(FACETS_OF[table], [...NAMES.filter((name) => group[name] !== undefined), ...apart]);
}

/**
 * A grid whose steps a facet has sums for: those of every combination of names are kept by the hour.
 * @param most steps at most, where nobody says how long they are
 */
export function gridFor(
  facet: Facet | null,
  {
    from,
    to,
    step,
  }: { readonly from?: number | undefined; readonly to?: number | undefined; readonly step?: number | undefined },
  now: number,
  most?: number,
): Grid {
  const grid = gridOf({ from, to }, step, now, most);
  const [, hour] = SPANS;
  if ((facet !== 'each' && facet !== 'hit') || grid.stepMs % hour.ms === 0) return grid;
  return gridOf({ from, to }, Math.ceil(grid.stepMs / hour.ms) * hour.ms, now);
}

/** The series of a facet that a group is made of. */
export async function seriesOf({ query }: Database, facet: Facet | null, group: Group): Promise<SeriesMap> {
  if (facet === null) return new Map();
  let select = query.selectFrom('rollup_series').selectAll().where('facet', '=', facet);
  for (const name of NAMES) {
    const wanted = group[name];
    if (wanted !== undefined) select = select.where(name, '=', wanted);
  }
  const rows = await select.execute();
  return new Map(rows.map(({ id, facet: _facet, ...names }) => [id, names]));
}

/** The sums of some series over the time of a grid. */
export async function rollupsOf<Name_ extends Table>(
  { query }: Database,
  table: Name_,
  { span, from, to }: Grid,
  series: SeriesMap,
): Promise<readonly Row<Name_>[]> {
  const numbers = [...series.keys()];
  const rows: unknown[] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS_AT_ONCE) {
    const some = await query
      .selectFrom(table as Table)
      .selectAll()
      .where('span', '=', span.ms / 1000)
      .where('series', 'in', numbers.slice(at, at + NUMBERS_AT_ONCE))
      .where('at', '>=', from)
      .where('at', '<', to)
      .execute();
    for (const row of some) rows.push(row);
  }
  return rows as Row<Name_>[];
}

/** What one series came to of one fault. */
export type FaultTotal = Omit<Row<'fault_rollups'>, 'span' | 'at'>;

/** Faults of some series over the time of a grid, as a whole: added up where they are kept, they are a tenth as many rows. */
export async function faultTotals(
  { query }: Database,
  { span, from, to }: Grid,
  series: SeriesMap,
): Promise<readonly FaultTotal[]> {
  const numbers = [...series.keys()];
  const totals: FaultTotal[] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS_AT_ONCE) {
    const some = await query
      .selectFrom('fault_rollups')
      .select(['series', 'kind', 'party'])
      .select(({ fn }) => [
        fn.sum('calls').as('calls'),
        fn.sum('attempts').as('attempts'),
        fn.min('first_at').as('first_at'),
        fn.max('last_at').as('last_at'),
        fn.max('last_seq').as('last_seq'),
      ])
      .where('span', '=', span.ms / 1000)
      .where('series', 'in', numbers.slice(at, at + NUMBERS_AT_ONCE))
      .where('at', '>=', from)
      .where('at', '<', to)
      .groupBy(['series', 'kind', 'party'])
      .execute();
    // PostgreSQL's sums of whole numbers come as text.
    for (const row of some) totals.push({ ...row, calls: Number(row.calls), attempts: Number(row.attempts) });
  }
  return totals;
}

/** What single users came to. */
export async function userRollups(
  { query }: Database,
  { from, to }: Grid,
  series: SeriesMap,
): Promise<readonly Row<'user_rollups'>[]> {
  const select = query.selectFrom('user_rollups').selectAll().where('at', '>=', from).where('at', '<', to);
  return (await select.execute()).filter((row) => series.has(row.series));
}
