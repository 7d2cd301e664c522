import type { Database } from '../../storage/database.ts';
import type { Group, Range } from './queries.ts';
import { gridOf } from './steps.ts';
/** What costs can be told apart by. */
export type CostBy = 'tenant' | 'user' | 'workload' | 'model' | 'route';

/** What was paid for nothing, in US dollars. */
export interface Waste {
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

const NO_WASTE: Waste = { failedAttempts: 0, failedCalls: 0, interrupted: 0, abandoned: 0, hedges: 0, total: 0 };
const NOTHING: CostSums = {
  calls: 0,
  unpriced: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  cost: 0,
  waste: NO_WASTE,
};

const DAY_MS = 86_400_000;

export function answerCosts(
  _database: Database,
  { by, ...asked }: Range & Group & { readonly by: CostBy },
  now: number,
): Promise<Costs> {
  const { from, to, at } = gridOf(asked, DAY_MS, now);
  const total = { ...NOTHING, series: at.map(() => null) };
  return Promise.resolve({ by, from, to, at, total, rows: [], others: null, forecast: null });
}
