import type { Ceilings } from '../caller.ts';
import type { Level, Measure, Period, Quota } from './quota.ts';

/** An amount of money over a period, in US dollars: from where people are warned, and beyond what calls are refused. */
export interface Budget {
  /** @default 80 % of `refuse` */
  readonly warn?: number | undefined;
  /** @default never: the budget only warns */
  readonly refuse?: number | undefined;
}

/** What one holder may take, as people write it. What is left out is not limited; 0 allows none. */
export interface Limits {
  readonly requestsPerMinute?: number | undefined;
  readonly requestsPerDay?: number | undefined;
  /** Tokens of prompt and answer together. */
  readonly tokensPerMinute?: number | undefined;
  readonly tokensPerDay?: number | undefined;
  /** Calls under way at once. */
  readonly concurrentCalls?: number | undefined;
  /** Most tokens in the prompt of one call. */
  readonly promptTokens?: number | undefined;
  /** Most tokens in the answer to one call. */
  readonly outputTokens?: number | undefined;
  /** US dollars a calendar day (UTC); a number alone is where calls are refused. */
  readonly budgetPerDay?: number | Budget | undefined;
  /** US dollars a calendar month (UTC). */
  readonly budgetPerMonth?: number | Budget | undefined;
}

/** Nothing is limited. */
export const NO_LIMITS: Limits = Object.freeze({});

/** The share of a budget at which people are warned when it does not say: late enough to mean it, early enough to act. */
const WARN_SHARE = 0.8;

type CountLimit = Exclude<keyof Limits, 'budgetPerDay' | 'budgetPerMonth'>;
type BudgetLimit = Exclude<keyof Limits, CountLimit>;

/** What a whole-number limit may be, and why not less. */
export interface LimitRule {
  readonly least: 0 | 1;
  /** Beyond it a slip of the keyboard is likelier than a plan. */
  readonly most: number;
  readonly meaning: string;
}

/**
 * The limits that count things. A quota of 0 closes its holder, which is a thing to want; a ceiling of 0 would let no call
 * through while seeming to allow calls, so it is refused.
 */
export const COUNT_LIMITS: Readonly<Record<CountLimit, LimitRule>> = {
  requestsPerMinute: { least: 0, most: 10_000_000, meaning: 'Requests in any 60 seconds; 0 allows none.' },
  requestsPerDay: { least: 0, most: 10_000_000_000, meaning: 'Requests in any 24 hours; 0 allows none.' },
  tokensPerMinute: {
    least: 0,
    most: 100_000_000_000,
    meaning: 'Tokens of prompts and answers in any 60 seconds; 0 allows none.',
  },
  tokensPerDay: {
    least: 0,
    most: 100_000_000_000_000,
    meaning: 'Tokens of prompts and answers in any 24 hours; 0 allows none.',
  },
  concurrentCalls: { least: 0, most: 1_000_000, meaning: 'Calls under way at once; 0 allows none.' },
  promptTokens: { least: 1, most: 100_000_000, meaning: 'Most tokens in the prompt of one call.' },
  outputTokens: { least: 1, most: 100_000_000, meaning: 'Most tokens in the answer to one call.' },
};

/** Most US dollars that a budget can name. */
export const MOST_DOLLARS = 1_000_000_000;

const MICRODOLLARS = 1_000_000;

/** What each quota of a holder counts, and over what. */
const QUOTAS: readonly (readonly [limit: CountLimit | BudgetLimit, measure: Measure, period: Period])[] = [
  ['concurrentCalls', 'calls', 'moment'],
  ['requestsPerMinute', 'requests', 'minute'],
  ['requestsPerDay', 'requests', 'day'],
  ['tokensPerMinute', 'tokens', 'minute'],
  ['tokensPerDay', 'tokens', 'day'],
  ['budgetPerDay', 'money', 'day'],
  ['budgetPerMonth', 'money', 'month'],
];

/** The quotas that a holder's limits come to, frozen. */
export function quotasOf(level: Level, holder: string, limits: Limits): readonly Quota[] {
  const quotas = QUOTAS.flatMap(([limit, measure, period]) => {
    const written = limits[limit];
    if (written === undefined) return [];
    const id = quotaId(level, holder, measure, period);
    const bounds = measure === 'money' ? moneyBounds(written) : countBounds(written);
    return [Object.freeze({ id, level, holder, measure, period, ...bounds })];
  });
  return Object.freeze(quotas);
}

/** The same quota for another holder of its level: of users there may be so many that theirs are made as they come. */
export function quotaFor(holder: string, { level, measure, period, amount, warnAt, refuses }: Quota): Quota {
  const id = quotaId(level, holder, measure, period);
  return Object.freeze({ id, level, holder, measure, period, amount, warnAt, refuses });
}

function quotaId(level: Level, holder: string, measure: Measure, period: Period): string {
  return `${level}:${holder} ${measure}/${period}`;
}

/** The sizes that no call under all of these limits may exceed: the smallest of each. */
export function ceilingsOf(all: readonly Limits[]): Ceilings {
  return Object.freeze({
    promptTokens: smallest(all.map(({ promptTokens }) => promptTokens)),
    outputTokens: smallest(all.map(({ outputTokens }) => outputTokens)),
  });
}

type Bounds = Pick<Quota, 'amount' | 'warnAt' | 'refuses'>;

function countBounds(written: number | Budget): Bounds {
  return { amount: Number(written), warnAt: null, refuses: true };
}

function moneyBounds(written: number | Budget): Bounds {
  const { warn, refuse }: Budget = typeof written === 'number' ? { refuse: written } : written;
  const warnAt = warn ?? (refuse ?? 0) * WARN_SHARE;
  return {
    amount: Math.round((refuse ?? warnAt) * MICRODOLLARS),
    warnAt: warnAt > 0 ? Math.round(warnAt * MICRODOLLARS) : null,
    refuses: refuse !== undefined,
  };
}

function smallest(amounts: readonly (number | undefined)[]): number | null {
  const said = amounts.filter((amount) => amount !== undefined);
  return said.length === 0 ? null : Math.min(...said);
}
