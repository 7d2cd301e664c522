import type { Database } from '../../storage/database.ts';
import type { Name, Names } from '../rollups/facets.ts';
import { SPANS } from '../rollups/spans.ts';
import { forecastOf } from './forecast.ts';
import type { Group, Range } from './queries.ts';
import { facetOf, rollupsOf, type Row, type SeriesMap, seriesOf, userRollups } from './rollup-rows.ts';
import { type Grid, gridOf, stepOf } from './steps.ts';
/** What costs can be told apart by. */
export type CostBy = 'tenant' | 'user' | 'workload' | 'model' | 'route';

/** What was paid for nothing, in US dollars. */
interface Waste {
  /** Attempts that failed, of calls that may have been answered in the end, as far as can be estimated. */
  readonly failedAttempts: number;
  /** What calls that failed cost besides. */
  readonly failedCalls: number;
  /** Streams that broke off in the open. */
  readonly interrupted: number;
  /** Calls whose callers left. */
  readonly abandoned: number;
  /** Attempts that lost a race. */
  readonly hedges: number;
  readonly total: number;
}

export interface CostSums {
  readonly calls: number;
  /** Calls whose tokens have no known price: the cost leaves them out. */
  readonly unpriced: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  /** US dollars. */
  readonly cost: number;
  readonly waste: Waste;
}

export interface CostRow extends CostSums {
  /** null: calls without one. */
  readonly id: string | null;
  /** Whose it is, where `id` is a workload or a user. */
  readonly tenant: string | null;
  /** US dollars a day; null where nothing is known. */
  readonly series: readonly (number | null)[];
}

/** What the month under way will probably come to. */
export interface Forecast {
  /** `2026-11`, in UTC. */
  readonly month: string;
  /** US dollars so far. */
  readonly spent: number;
  readonly expected: number;
  /** Between these in four of five cases. */
  readonly low: number;
  readonly high: number;
  /** Whole days that it is drawn from. */
  readonly basisDays: number;
}

export interface Costs {
  readonly by: CostBy;
  readonly from: number;
  readonly to: number;
  /** Start of each day in UTC, ms since 1970. */
  readonly at: readonly number[];
  readonly total: CostSums & { readonly series: readonly (number | null)[] };
  /** The dearest first. */
  readonly rows: readonly CostRow[];
  /** Rows beyond those shown, added up; null: there are none. */
  readonly others: CostSums | null;
  /** Of all calls, whatever the range; null before there is a day to go by. */
  readonly forecast: Forecast | null;
}

const DOLLAR = 1_000_000;
const DAY_MS = SPANS[2].ms;

/** More rows nobody reads; the rest is added up. */
const MOST_ROWS = 100;

/** Days that a forecast looks back on, and the month under way. */
const FORECAST_DAYS = 62;

type SumColumns = Omit<Row<'user_rollups'>, 'at' | 'series' | 'end_user'>;

/** Costs while they are being added up, in millionths of a dollar. */
class Adding {
  readonly #days: number[];
  readonly #known: boolean[];
  readonly sums: { -readonly [Name in keyof SumColumns]: number } = { ...NOTHING };

  constructor(days: number) {
    this.#days = Array<number>(days).fill(0);
    this.#known = Array<boolean>(days).fill(false);
  }

  add(row: SumColumns, day: number): void {
    for (const name of NAMES) this.sums[name] += row[name];
    this.#days[day] = (this.#days[day] ?? 0) + row.cost;
    this.#known[day] = true;
  }

  merge({ sums }: Adding): void {
    for (const name of NAMES) this.sums[name] += sums[name];
  }

  /** US dollars a day; null where nothing is known. */
  get series(): (number | null)[] {
    return this.#days.map((cost, day) => (this.#known[day] === true ? cost / DOLLAR : null));
  }

  shown(): CostSums {
    const { sums } = this;
    const failedAttempts = sums.waste_failed_attempts / DOLLAR;
    const failedCalls = sums.waste_failed_calls / DOLLAR;
    const interrupted = sums.waste_interrupted / DOLLAR;
    const abandoned = sums.waste_abandoned / DOLLAR;
    const hedges = sums.waste_hedges / DOLLAR;
    const total = failedAttempts + failedCalls + interrupted + abandoned + hedges;
    return {
      calls: sums.calls,
      unpriced: sums.unpriced,
      inputTokens: sums.input_tokens,
      outputTokens: sums.output_tokens,
      cachedTokens: sums.cached_tokens,
      reasoningTokens: sums.reasoning_tokens,
      cost: sums.cost / DOLLAR,
      waste: { failedAttempts, failedCalls, interrupted, abandoned, hedges, total },
    };
  }
}

const NOTHING: SumColumns = {
  calls: 0,
  answered: 0,
  failed: 0,
  interrupted: 0,
  cancelled: 0,
  attempts: 0,
  retries: 0,
  fallbacks: 0,
  hedges: 0,
  input_tokens: 0,
  output_tokens: 0,
  cached_tokens: 0,
  reasoning_tokens: 0,
  cost: 0,
  unpriced: 0,
  wasted_attempts: 0,
  waste_failed_attempts: 0,
  waste_failed_calls: 0,
  waste_interrupted: 0,
  waste_abandoned: 0,
  waste_hedges: 0,
};
const NAMES = Object.keys(NOTHING) as (keyof SumColumns)[];

/** What a series has to be told apart by; users are told apart within every combination. */
const APART: Readonly<Record<CostBy, readonly Name[]>> = {
  tenant: ['tenant'],
  user: ['tenant', 'workload', 'route', 'model', 'target'],
  workload: ['tenant', 'workload'],
  model: ['model'],
  route: ['route'],
};

interface Keyed {
  readonly id: string | null;
  readonly tenant: string | null;
  readonly adding: Adding;
}

/** What calls cost, by whole days in UTC. Left out, the range is the month under way. */
export async function answerCosts(
  database: Database,
  { by, from, to, ...group }: Range & Group & { readonly by: CostBy },
  now: number,
): Promise<Costs> {
  const grid = gridOf({ from: from ?? monthOf(to ?? now), to }, DAY_MS, now);
  const facet = facetOf('call_rollups', group, APART[by]);
  const series = await seriesOf(database, facet, group);
  const total = new Adding(grid.at.length);
  const keyed = new Map<string, Keyed>();
  const add = (row: Row<'user_rollups'> | Row<'call_rollups'>, user: string | null): void => {
    const day = stepOf(grid, row.at);
    const { id, tenant } = keyOf(by, series.get(row.series), user);
    const key = JSON.stringify([id, tenant]);
    let one = keyed.get(key);
    if (one === undefined) keyed.set(key, (one = { id, tenant, adding: new Adding(grid.at.length) }));
    one.adding.add(row, day);
  };
  const calls = await rollupsOf(database, 'call_rollups', { ...grid, span: SPANS[2] }, series);
  for (const row of calls) total.add(row, stepOf(grid, row.at));
  if (by === 'user') for (const row of await userRollups(database, grid, series)) add(row, row.end_user);
  else for (const row of calls) add(row, null);
  const sorted = [...keyed.values()].toSorted((one, other) => other.adding.sums.cost - one.adding.sums.cost);
  const others = new Adding(0);
  for (const { adding } of sorted.slice(MOST_ROWS)) others.merge(adding);
  return {
    by,
    from: grid.from,
    to: grid.to,
    at: grid.at,
    total: { ...total.shown(), series: total.series },
    rows: sorted
      .slice(0, MOST_ROWS)
      .map(({ id, tenant, adding }) => ({ id, tenant, ...adding.shown(), series: adding.series })),
    others: sorted.length > MOST_ROWS ? others.shown() : null,
    forecast: forecastOf(await dailyCosts(database, series, now), now),
  };
}

function keyOf(by: CostBy, series: Names | undefined, user: string | null): Pick<Keyed, 'id' | 'tenant'> {
  const tenant = series?.tenant ?? null;
  switch (by) {
    case 'user':
      return { id: user, tenant };
    case 'workload':
      return { id: series?.workload ?? null, tenant };
    default:
      return { id: series?.[by] ?? null, tenant: null };
  }
}

async function dailyCosts(database: Database, series: SeriesMap, now: number): Promise<ReadonlyMap<number, number>> {
  const from = now - (now % DAY_MS) - FORECAST_DAYS * DAY_MS;
  const grid: Grid = { ...gridOf({ from, to: now + 1 }, DAY_MS, now), span: SPANS[2] };
  const days = new Map<number, number>();
  for (const { at, cost } of await rollupsOf(database, 'call_rollups', grid, series))
    days.set(at, (days.get(at) ?? 0) + cost / DOLLAR);
  return days;
}

function monthOf(at: number): number {
  const date = new Date(at - 1);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}
