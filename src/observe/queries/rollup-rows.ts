import type { Selectable } from 'kysely';
import type { Database } from '../../storage/database.ts';
import type { Schema } from '../../storage/schema.ts';
import { EVERYTHING, type Series } from '../rollups/series-book.ts';
import type { Group } from './queries.ts';
import type { Grid } from './steps.ts';

type Row<Table extends keyof Schema> = Selectable<Schema[Table]>;

const NAMES = ['tenant', 'workload', 'route', 'model', 'target'] as const;

/** The series that a group is made of, by their numbers; null: all calls together will do. */
export async function seriesOf(
  { query }: Database,
  group: Group,
  apart: 'together' | 'apart',
): Promise<ReadonlyMap<number, Series> | null> {
  if (apart === 'together' && NAMES.every((name) => group[name] === undefined)) return null;
  let select = query.selectFrom('rollup_series').selectAll().where('id', '>', EVERYTHING);
  for (const name of NAMES) {
    const wanted = group[name];
    if (wanted !== undefined) select = select.where(name, '=', wanted);
  }
  return new Map((await select.execute()).map(({ id, ...series }) => [id, series]));
}

function numbersOf(series: ReadonlyMap<number, Series> | null): readonly number[] {
  return series === null ? [EVERYTHING] : [...series.keys()];
}

/** Numbers asked for at a time; a statement takes some thousands. */
const NUMBERS_AT_ONCE = 2_000;

/** The sums of some series over the time of a grid. */
export async function callRollups(
  { query }: Database,
  grid: Grid,
  series: ReadonlyMap<number, Series> | null,
): Promise<readonly Row<'call_rollups'>[]> {
  return inPieces(numbersOf(series), (numbers) =>
    query
      .selectFrom('call_rollups')
      .selectAll()
      .where('span', '=', grid.span.ms / 1000)
      .where('series', 'in', numbers)
      .where('at', '>=', grid.from)
      .where('at', '<', grid.to)
      .execute(),
  );
}

export async function attemptRollups(
  { query }: Database,
  grid: Grid,
  series: ReadonlyMap<number, Series> | null,
): Promise<readonly Row<'attempt_rollups'>[]> {
  return inPieces(numbersOf(series), (numbers) =>
    query
      .selectFrom('attempt_rollups')
      .selectAll()
      .where('span', '=', grid.span.ms / 1000)
      .where('series', 'in', numbers)
      .where('at', '>=', grid.from)
      .where('at', '<', grid.to)
      .execute(),
  );
}

export async function faultRollups(
  { query }: Database,
  grid: Grid,
  series: ReadonlyMap<number, Series> | null,
): Promise<readonly Row<'fault_rollups'>[]> {
  return inPieces(numbersOf(series), (numbers) =>
    query
      .selectFrom('fault_rollups')
      .selectAll()
      .where('span', '=', grid.span.ms / 1000)
      .where('series', 'in', numbers)
      .where('at', '>=', grid.from)
      .where('at', '<', grid.to)
      .execute(),
  );
}

export async function userRollups(
  { query }: Database,
  grid: Grid,
  series: ReadonlyMap<number, Series>,
): Promise<readonly Row<'user_rollups'>[]> {
  const rows = await query
    .selectFrom('user_rollups')
    .selectAll()
    .where('at', '>=', grid.from)
    .where('at', '<', grid.to)
    .execute();
  return rows.filter((row) => series.has(row.series));
}

async function inPieces<One>(
  numbers: readonly number[],
  select: (numbers: readonly number[]) => Promise<One[]>,
): Promise<readonly One[]> {
  const pieces: One[][] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS_AT_ONCE) {
    pieces.push(await select(numbers.slice(at, at + NUMBERS_AT_ONCE)));
  }
  return pieces.length === 1 ? (pieces[0] ?? []) : pieces.flat();
}
