import type { Database } from '../../storage/database.ts';
import { Sketch } from '../sketch/sketch.ts';
import type { Stepped } from './queries.ts';
import { facetOf, gridFor, rollupsOf, type Row, seriesOf } from './rollup-rows.ts';
import { type Grid, stepOf } from './steps.ts';
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
interface Latencies<Value> {
  /** From arrival to the last byte. */
  readonly durationMs: Value;
  /** Until the first content of the attempt that answered. */
  readonly firstContentMs: Value;
  /** The line's own time. */
  readonly overheadMs: Value;
}

/** One number for each step of time; null where nothing is known, which is not the same as nothing having gone wrong. */
type Steps = readonly (number | null)[];

/** One fault over a range. */
interface FaultCount<Count> {
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

const DOLLAR = 1_000_000;

/** Where each sum is found in a row, and in what unit it stands there. */
const SUMS: { readonly [Name in keyof Sums]: (row: CallRow) => number } = {
  calls: (row) => row.calls,
  answered: (row) => row.answered,
  failed: (row) => row.failed,
  interrupted: (row) => row.interrupted,
  cancelled: (row) => row.cancelled,
  attempts: (row) => row.attempts,
  retries: (row) => row.retries,
  fallbacks: (row) => row.fallbacks,
  hedges: (row) => row.hedges,
  inputTokens: (row) => row.input_tokens,
  outputTokens: (row) => row.output_tokens,
  cachedTokens: (row) => row.cached_tokens,
  reasoningTokens: (row) => row.reasoning_tokens,
  cost: (row) => row.cost / DOLLAR,
  unpriced: (row) => row.unpriced,
  wastedAttempts: (row) => row.wasted_attempts,
  wastedCost: (row) => wasteOf(row) / DOLLAR,
};

const NAMES = Object.keys(SUMS) as (keyof Sums)[];

type CallRow = Row<'call_rollups'>;

function wasteOf(row: CallRow): number {
  return (
    row.waste_failed_attempts + row.waste_failed_calls + row.waste_interrupted + row.waste_abandoned + row.waste_hedges
  );
}

/** What is added up for one step. */
class Step {
  readonly sums: Record<keyof Sums, number> = Object.fromEntries(NAMES.map((name) => [name, 0])) as Record<
    keyof Sums,
    number
  >;
  readonly duration: Sketch = new Sketch();
  readonly firstContent: Sketch = new Sketch();
  readonly overhead: Sketch = new Sketch();

  add(row: CallRow): void {
    for (const name of NAMES) this.sums[name] += SUMS[name](row);
    this.duration.addBytes(row.duration);
    this.firstContent.addBytes(row.first_content);
    this.overhead.addBytes(row.overhead);
  }

  merge(other: Step): void {
    for (const name of NAMES) this.sums[name] += other.sums[name];
    this.duration.merge(other.duration);
    this.firstContent.merge(other.firstContent);
    this.overhead.merge(other.overhead);
  }
}

/** What happened in a range of time, from the sums of its calls. */
export async function answerOverview(
  database: Database,
  { step, from, to, ...group }: Stepped,
  now: number,
): Promise<Overview> {
  const facet = facetOf('call_rollups', group);
  const grid = gridFor(facet, { from, to, step }, now);
  const calls = await rollupsOf(database, 'call_rollups', grid, await seriesOf(database, facet, group));
  const steps: (Step | null)[] = grid.at.map(() => null);
  for (const row of calls) (steps[stepOf(grid, row.at)] ??= new Step()).add(row);
  const faulty = await seriesOf(database, facetOf('fault_rollups', group), group);
  const faults = countFaults(await rollupsOf(database, 'fault_rollups', grid, faulty), grid, steps);
  const total = new Step();
  for (const one of steps) if (one !== null) total.merge(one);
  const each = (value: (one: Step) => number): Steps => steps.map((one) => one && value(one));
  const latencies = (sketch: (one: Step) => Sketch): { readonly [Name in keyof Quantiles]: Steps } => {
    const quantiles = steps.map((one) => one && quantilesOf(sketch(one)));
    const shown = (name: keyof Quantiles): Steps => quantiles.map((all) => all && all[name]);
    return { p50: shown('p50'), p95: shown('p95'), p99: shown('p99') };
  };
  return {
    from: grid.from,
    to: grid.to,
    stepMs: grid.stepMs,
    total: {
      ...total.sums,
      durationMs: quantilesOf(total.duration),
      firstContentMs: quantilesOf(total.firstContent),
      overheadMs: quantilesOf(total.overhead),
      faults: faults.map(({ calls, attempts, ...fault }) => ({ ...fault, calls: sum(calls), attempts: sum(attempts) })),
    },
    series: {
      at: grid.at,
      ...(Object.fromEntries(NAMES.map((name) => [name, each(({ sums }) => sums[name])])) as Record<keyof Sums, Steps>),
      durationMs: latencies(({ duration }) => duration),
      firstContentMs: latencies(({ firstContent }) => firstContent),
      overheadMs: latencies(({ overhead }) => overhead),
      faults,
    },
  };
}

/** Step by step, the most frequent first; null where nothing is known at all. */
function countFaults(
  rows: readonly Row<'fault_rollups'>[],
  grid: Grid,
  steps: readonly (Step | null)[],
): FaultCount<Steps>[] {
  const faults = new Map<string, FaultCount<(number | null)[]>>();
  for (const { kind, party, at, calls, attempts } of rows) {
    const key = `${kind} ${party}`;
    let fault = faults.get(key);
    if (fault === undefined) {
      const zeros = (): (number | null)[] => steps.map((one) => (one === null ? null : 0));
      fault = { kind: kind as FaultKind, party: party as Party, calls: zeros(), attempts: zeros() };
      faults.set(key, fault);
    }
    const place = stepOf(grid, at);
    fault.calls[place] = (fault.calls[place] ?? 0) + calls;
    fault.attempts[place] = (fault.attempts[place] ?? 0) + attempts;
  }
  const weight = ({ calls, attempts }: FaultCount<Steps>): number => sum(calls) + sum(attempts);
  return [...faults.values()].toSorted((one, other) => weight(other) - weight(one) || (one.kind < other.kind ? -1 : 1));
}

/** Milliseconds, of a sketch of microseconds; null when it is empty. */
export function quantilesOf(sketch: Sketch): Quantiles | null {
  const [p50, p95, p99] = [0.5, 0.95, 0.99].map((q) => sketch.quantile(q));
  if (p50 == null || p95 == null || p99 == null) return null;
  return { p50: p50 / 1000, p95: p95 / 1000, p99: p99 / 1000 };
}

function sum(values: Steps): number {
  return values.reduce<number>((total, value) => total + (value ?? 0), 0);
}
