import { type Json, list, moment, number, numberOrNull, object, objectOrNull, text } from '../read.ts';

/** One value a step; null: nothing is known of that time. */
export type Steps = readonly (number | null)[];

const SUMS = [
  'calls',
  'answered',
  'failed',
  'interrupted',
  'cancelled',
  'attempts',
  'retries',
  'fallbacks',
  'inputTokens',
  'outputTokens',
  'cost',
  'unpriced',
  'wastedAttempts',
  'wastedCost',
] as const;

type Sum = (typeof SUMS)[number];

export interface Quantiles {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

export interface Overview {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly total: Readonly<Record<Sum, number>> & {
    readonly durationMs: Quantiles | null;
    readonly firstContentMs: Quantiles | null;
    readonly overheadMs: Quantiles | null;
    readonly faults: readonly {
      readonly kind: string;
      readonly party: string;
      readonly calls: number;
      readonly attempts: number;
    }[];
  };
  readonly at: readonly number[];
  readonly series: Readonly<Record<Sum, Steps>> & {
    readonly firstContentMs: Readonly<Record<keyof Quantiles, Steps>>;
    readonly durationMs: Readonly<Record<keyof Quantiles, Steps>>;
    readonly faults: readonly { readonly kind: string; readonly attempts: Steps }[];
  };
}

export function readOverview(answer: Json): Overview {
  const total = object(answer['total']);
  const series = object(answer['series']);
  const faults = (value: unknown): Json => object(value);
  return {
    from: moment(answer['from']) ?? 0,
    to: moment(answer['to']) ?? 0,
    stepMs: number(answer['stepSeconds'], 60) * 1000,
    at: list(series['at'], (at) => number(at)),
    total: {
      ...each((name) => number(total[name])),
      durationMs: readQuantiles(total['durationMs']),
      firstContentMs: readQuantiles(total['firstContentMs']),
      overheadMs: readQuantiles(total['overheadMs']),
      faults: list(total['faults'], faults).map(({ kind, party, calls, attempts }) => ({
        kind: text(kind),
        party: text(party),
        calls: number(calls),
        attempts: number(attempts),
      })),
    },
    series: {
      ...each((name) => readSteps(series[name])),
      firstContentMs: readQuantileSteps(series['firstContentMs']),
      durationMs: readQuantileSteps(series['durationMs']),
      faults: list(series['faults'], faults).map(({ kind, attempts }) => ({
        kind: text(kind),
        attempts: readSteps(attempts),
      })),
    },
  };
}

export function readQuantiles(value: unknown): Quantiles | null {
  const quantiles = objectOrNull(value);
  if (quantiles === null) return null;
  return { p50: number(quantiles['p50']), p95: number(quantiles['p95']), p99: number(quantiles['p99']) };
}

export function readSteps(value: unknown): Steps {
  return list(value, numberOrNull);
}

function readQuantileSteps(value: unknown): Record<keyof Quantiles, Steps> {
  const steps = object(value);
  return { p50: readSteps(steps['p50']), p95: readSteps(steps['p95']), p99: readSteps(steps['p99']) };
}

function each<Value>(read: (name: Sum) => Value): Record<Sum, Value> {
  return Object.fromEntries(SUMS.map((name) => [name, read(name)])) as Record<Sum, Value>;
}
