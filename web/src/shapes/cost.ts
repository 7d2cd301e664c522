import {
  flag,
  type Json,
  list,
  moment,
  number,
  numberOrNull,
  object,
  objectOrNull,
  text,
  textOrNull,
} from '../read.ts';
import { readSteps, type Steps } from './overview.ts';

interface CostSums {
  readonly calls: number;
  readonly unpriced: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly cost: number;
  readonly waste: number;
}

interface CostRow extends CostSums {
  readonly id: string | null;
  readonly tenant: string | null;
  readonly series: Steps;
}

export interface Costs {
  readonly at: readonly number[];
  readonly total: CostSums & { readonly series: Steps };
  readonly wasted: readonly (readonly [what: string, dollars: number])[];
  readonly rows: readonly CostRow[];
  readonly others: CostSums | null;
  readonly forecast: {
    readonly month: string;
    readonly spent: number;
    readonly expected: number;
    readonly low: number;
    readonly high: number;
    readonly basisDays: number;
  } | null;
  readonly budgets: readonly {
    readonly quota: string;
    readonly level: string;
    readonly holder: string;
    readonly period: string;
    readonly limit: number;
    readonly used: number;
    readonly share: number;
    readonly burn: number;
    readonly refuses: boolean;
    readonly warnAt: number | null;
    readonly endsAt: number | null;
  }[];
}

const WASTE = [
  ['failedAttempts', 'failed attempts'],
  ['failedCalls', 'failed calls'],
  ['interrupted', 'streams that broke off'],
  ['abandoned', 'callers that left'],
  ['hedges', 'races that were lost'],
] as const;

export function readCosts(answer: Json): Costs {
  const total = object(answer['total']);
  const waste = object(total['waste']);
  const others = objectOrNull(answer['others']);
  const forecast = objectOrNull(answer['forecast']);
  return {
    at: list(answer['at'], (at) => number(at)),
    total: { ...readSums(total), series: readSteps(total['series']) },
    wasted: WASTE.map(([name, words]) => [words, number(waste[name])] as const),
    rows: list(answer['data'], (value) => {
      const row = object(value);
      return {
        id: textOrNull(row['id']),
        tenant: textOrNull(row['tenant']),
        ...readSums(row),
        series: readSteps(row['series']),
      };
    }),
    others: others && readSums(others),
    forecast: forecast && {
      month: text(forecast['month']),
      spent: number(forecast['spent']),
      expected: number(forecast['expected']),
      low: number(forecast['low']),
      high: number(forecast['high']),
      basisDays: number(forecast['basisDays']),
    },
    budgets: list(answer['budgets'], (value) => {
      const budget = object(value);
      return {
        quota: text(budget['quota']),
        level: text(budget['level']),
        holder: text(budget['holder']),
        period: text(budget['period']),
        limit: number(budget['limit']),
        used: number(budget['used']),
        share: number(budget['share']),
        burn: number(budget['burn']),
        refuses: flag(budget['refuses']),
        warnAt: numberOrNull(budget['warnAt']),
        endsAt: moment(budget['endsAt']),
      };
    }),
  };
}

function readSums(sums: Json): CostSums {
  return {
    calls: number(sums['calls']),
    unpriced: number(sums['unpriced']),
    inputTokens: number(sums['inputTokens']),
    outputTokens: number(sums['outputTokens']),
    cost: number(sums['cost']),
    waste: number(object(sums['waste'])['total']),
  };
}
