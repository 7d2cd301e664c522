import type { Database } from '../../storage/database.ts';
import { type Facet, FACETS } from '../rollups/facets.ts';
import { OTHER } from '../rollups/series-book.ts';
import { type Span, SPANS, startOf, USERS } from '../rollups/spans.ts';
import { OTHER_USERS } from '../rollups/user-book.ts';
import type { Group } from './queries.ts';
import { facetOf } from './rollup-rows.ts';
import type { CallSearch } from './search.ts';

/** A piece of time; ends are exclusive. */
export interface Window {
  readonly from: number;
  readonly to: number;
}

const [, HOUR, DAY] = SPANS;

/** Calls of the last minutes may not have been added up yet, ms. */
const RECENT_MS = 2 * 60_000;

/** Numbers asked for at a time. */
const NUMBERS_AT_ONCE = 5_000;

/** Places looked up at most to learn on which days there was a user: beyond, it is quicker to read the calls. */
const MOST_PLACES = 10_000;

/** Pieces closer than this are searched as one, ms: a question of its own costs as much as to pass over what lies between. */
const CLOSE_MS = 10 * 60_000;

/**
 * The times at which calls such as those looked for may have arrived, the newest first: from the sums, so that a search for
 * what is rare need not read every call in between. Says nothing of filters that the sums do not know.
 */
export async function windowsOf(database: Database, search: CallSearch, now: number): Promise<readonly Window[]> {
  const whole = { from: search.from ?? 0, to: search.to ?? Number.MAX_SAFE_INTEGER };
  const recent = { from: now - RECENT_MS, to: Number.MAX_SAFE_INTEGER };
  let windows: readonly Window[] = [whole];
  for (const times of [timesOfCalls, timesOfFaults, timesOfAttempts, timesOfUser]) {
    const found = await times(database, search, whole, now);
    if (found !== null) windows = common(windows, joined([...found, recent]));
  }
  return windows.toReversed();
}

/** Some times at which there were such calls, and none at which there were not; null: the sums do not tell. */
type Times = (database: Database, search: CallSearch, whole: Window, now: number) => Promise<readonly Window[] | null>;

const timesOfCalls: Times = async (database, { tenant, workload, route, model, outcome, fault }, whole, now) => {
  const group = { tenant, workload, route, model };
  // Where there is a fault its own times say more.
  if (fault !== undefined || Object.values(group).every((name) => name === undefined)) return null;
  const series = await seriesOf(database, 'call_rollups', group);
  return bySpans(whole, now, (span, { from, to }) =>
    inPieces(series, async (numbers) => {
      let select = database.query
        .selectFrom('call_rollups')
        .select('at')
        .distinct()
        .where('span', '=', span.ms / 1000)
        .where('series', 'in', numbers)
        .where('at', '>', from - span.ms)
        .where('at', '<', to);
      // Parts of calls are not counted by how they ended.
      if (outcome !== undefined && outcome !== 'retried') select = select.where(outcome, '>', 0);
      return (await select.execute()).map(({ at }) => ({ from: at, to: at + span.ms }));
    }),
  );
};

/** From the first to the last call of the hour that met it: a moment, where it was one. */
const timesOfFaults: Times = async (database, { tenant, workload, fault }, whole, now) => {
  if (fault === undefined) return null;
  // Models and targets of faults are those of the attempt, which are not what is asked for here.
  const series = await seriesOf(database, 'fault_rollups', { tenant, workload });
  return bySpans(whole, now, (span, { from, to }) =>
    inPieces(series, async (numbers) => {
      const rows = await database.query
        .selectFrom('fault_rollups')
        .select(['first_at', 'last_at'])
        .where('span', '=', span.ms / 1000)
        .where('series', 'in', numbers)
        .where('at', '>', from - span.ms)
        .where('at', '<', to)
        .where('kind', '=', fault)
        .execute();
      return rows.map(({ first_at: first, last_at: last }) => ({ from: first, to: last + 1 }));
    }),
  );
};

const timesOfAttempts: Times = async (database, { tenant, target }, whole, now) => {
  if (target === undefined) return null;
  const series = await seriesOf(database, 'attempt_rollups', { tenant, target });
  return bySpans(whole, now, (span, { from, to }) =>
    inPieces(series, async (numbers) => {
      const rows = await database.query
        .selectFrom('attempt_rollups')
        .select('at')
        .distinct()
        .where('span', '=', span.ms / 1000)
        .where('series', 'in', numbers)
        .where('at', '>', from - span.ms)
        .where('at', '<', to)
        .execute();
      return rows.map(({ at }) => ({ from: at, to: at + span.ms }));
    }),
  );
};

/** By the day, for as long as users are told apart. */
const timesOfUser: Times = async (database, { tenant, user }, whole, now) => {
  if (user === undefined) return null;
  const known = Math.max(whole.from, startOf(USERS, now - USERS.keptMs) + 2 * USERS.ms);
  const days: number[] = [];
  for (let at = startOf(USERS, known); at < Math.min(whole.to, now + USERS.ms); at += USERS.ms) days.push(at);
  const series = await seriesIn(database, 'each', { tenant });
  // Users of a day may be nearly as many as its calls: each place that may tell of this one is looked up, or none.
  const places = days.length * series.length;
  if (places > MOST_PLACES) return null;
  const before = whole.from < known ? [{ from: whole.from, to: known }] : [];
  if (places === 0) return before;
  const rows = await database.query
    .selectFrom('user_rollups')
    .select('at')
    .distinct()
    .where('at', 'in', days)
    .where('series', 'in', series)
    .where('end_user', 'in', [user, OTHER_USERS])
    .execute();
  return [...before, ...rows.map(({ at }) => ({ from: at, to: at + USERS.ms }))];
};

/** The series of a table that tell `group` from others; also those that stand for names beyond the bound. */
function seriesOf(
  database: Database,
  table: 'call_rollups' | 'attempt_rollups' | 'fault_rollups',
  group: Group,
): Promise<readonly number[]> {
  return seriesIn(database, facetOf(table, group), group);
}

async function seriesIn({ query }: Database, facet: Facet | null, group: Group): Promise<readonly number[]> {
  if (facet === null) return [];
  let select = query.selectFrom('rollup_series').select('id').where('facet', '=', facet);
  for (const name of FACETS[facet]) {
    const wanted = group[name];
    if (wanted !== undefined) select = select.where(name, 'in', [wanted, OTHER]);
  }
  return (await select.execute()).map(({ id }) => id);
}

/** Of hours while they are kept, and of days before. */
async function bySpans(
  { from, to }: Window,
  now: number,
  windowsIn: (span: Span, whole: Window) => Promise<readonly Window[]>,
): Promise<readonly Window[]> {
  const hoursFrom = Math.max(from, now - HOUR.keptMs + DAY.ms);
  const ofDays = from < hoursFrom ? await windowsIn(DAY, { from, to: Math.min(to, hoursFrom) }) : [];
  const ofHours = hoursFrom < to ? await windowsIn(HOUR, { from: hoursFrom, to }) : [];
  return [...ofDays, ...ofHours];
}

async function inPieces(
  numbers: readonly number[],
  ask: (some: readonly number[]) => Promise<readonly Window[]>,
): Promise<readonly Window[]> {
  const found: Window[] = [];
  for (let at = 0; at < numbers.length; at += NUMBERS_AT_ONCE) {
    for (const window of await ask(numbers.slice(at, at + NUMBERS_AT_ONCE))) found.push(window);
  }
  return found;
}

/** In order of time; what touches or nearly does is joined. */
function joined(windows: readonly Window[]): readonly Window[] {
  const pieces: { from: number; to: number }[] = [];
  for (const { from, to } of windows.toSorted((one, other) => one.from - other.from)) {
    const last = pieces.at(-1);
    if (last !== undefined && from <= last.to + CLOSE_MS) last.to = Math.max(last.to, to);
    else pieces.push({ from, to });
  }
  return pieces;
}

/** What lies in both, each in order of time and apart. */
function common(some: readonly Window[], others: readonly Window[]): readonly Window[] {
  const both: Window[] = [];
  let [one, other] = [0, 0];
  for (let left = some[one], right = others[other]; left !== undefined && right !== undefined;) {
    const [from, to] = [Math.max(left.from, right.from), Math.min(left.to, right.to)];
    if (from < to) both.push({ from, to });
    if (left.to <= right.to) left = some[(one += 1)];
    else right = others[(other += 1)];
  }
  return both;
}
