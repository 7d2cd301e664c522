import type { Database } from '../../storage/database.ts';
import type { Stepped } from './queries.ts';
import { gridOf } from './steps.ts';
import type { FaultKind, Party } from '../../engine/fault/fault.ts';

/** What is added up of calls. Money is in US dollars. */
export interface Sums {
  readonly calls: number;
  readonly answered: number;
  readonly failed: number;
  readonly interrupted: number;
  readonly cancelled: number;
  readonly attempts: number;
  readonly retries: number;
  readonly fallbacks: number;
  readonly hedges: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cachedTokens: number;
  readonly reasoningTokens: number;
  readonly cost: number;
  /** Calls whose tokens have no known price: the cost leaves them out. */
  readonly unpriced: number;
  /** Attempts that gave nothing to a caller: those that failed, and those of calls that were left. */
  readonly wastedAttempts: number;
  readonly wastedCost: number;
}

/** How long it took, ms; each within one per cent. */
export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** The three latencies; null where nothing was measured. */
export interface Latencies<Value> {
  /** From arrival to the last byte. */
  readonly durationMs: Value;
  /** Until the first content of the attempt that answered. */
  readonly firstContentMs: Value;
  /** The line's own time. */
  readonly overheadMs: Value;
}

/** One number for each step of time; null where nothing is known, which is not the same as nothing having gone wrong. */
export type Steps = readonly (number | null)[];

/** One fault over a range. */
export interface FaultCount<Count> {
  readonly kind: FaultKind;
  readonly party: Party;
  /** Calls that were told it. */
  readonly calls: Count;
  /** Attempts that met it, also of calls that were answered in the end. */
  readonly attempts: Count;
}

/** What happened in a range of time, as a whole and step by step. */
export interface Overview {
  /** Start of the first step, ms since 1970. */
  readonly from: number;
  /** End of the last step. */
  readonly to: number;
  readonly stepMs: number;
  readonly total: Sums & Latencies<Quantiles | null> & { readonly faults: readonly FaultCount<number>[] };
  readonly series: {
    /** Start of each step, ms since 1970. */
    readonly at: readonly number[];
  } & { readonly [Name in keyof Sums]: Steps } & Latencies<{ readonly [Name in keyof Quantiles]: Steps }> & {
      readonly faults: readonly FaultCount<Steps>[];
    };
}

const NOTHING: Sums = {
  calls: 0,
  answered: 0,
  failed: 0,
  interrupted: 0,
  cancelled: 0,
  attempts: 0,
  retries: 0,
  fallbacks: 0,
  hedges: 0,
  inputTokens: 0,
  outputTokens: 0,
  cachedTokens: 0,
  reasoningTokens: 0,
  cost: 0,
  unpriced: 0,
  wastedAttempts: 0,
  wastedCost: 0,
};

export function answerOverview(_database: Database, { step, ...asked }: Stepped, now: number): Promise<Overview> {
  const grid = gridOf(asked, step, now);
  const unknown: Steps = grid.at.map(() => null);
  const series = Object.fromEntries(Object.keys(NOTHING).map((name) => [name, unknown])) as Record<keyof Sums, Steps>;
  const quantiles = { p50: unknown, p95: unknown, p99: unknown };
  const latencies = { durationMs: quantiles, firstContentMs: quantiles, overheadMs: quantiles };
  return Promise.resolve({
    from: grid.from,
    to: grid.to,
    stepMs: grid.stepMs,
    total: { ...NOTHING, durationMs: null, firstContentMs: null, overheadMs: null, faults: [] },
    series: { at: grid.at, ...series, ...latencies, faults: [] },
  });
}
