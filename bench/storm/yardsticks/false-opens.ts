import { seededRandom } from '../../../src/engine/random.ts';
import { figure, type Figure } from '../../figures.ts';
import type { Lab } from '../lab.ts';
import { medianOf, worstOf } from '../measures.ts';
import { detourShare } from '../rules/detours.ts';
import { holdfastRule } from '../rules/holdfast.ts';
import type { RuleMaker } from '../rules/rule.ts';
import { RULES } from '../rules/windows.ts';
import { table, type Yardstick } from './yardstick.ts';

const RATES = [0.1, 1, 10, 100] as const;
const ERRORS = [0.01, 0.05, 0.25, 0.5, 1] as const;
const MONTH_S = 30 * 86_400;

/** Errors that are nobody's fault, and no reason to open. */
const NOISE = 0.05;

/** Good weather before the errors begin, in outcomes: it fills every window. */
const CALM = 400;

/** Opens on noise, and stays shut when it should not: the two sides of one coin, so they stand in one table. */
export const falseOpens: Yardstick = {
  id: 'breaker',
  title: 'Breakers: the chance of opening within 30 days, and how many outcomes it takes',

  measure(lab) {
    const rows: string[][] = [];
    for (const rule of [...RULES, holdfastRule]) {
      for (const rate of RATES) {
        const cells = ERRORS.map((errors) => said(expectation(rule, rate, errors, lab.extent.quick)));
        rows.push([rule.name, `${rate}`, ...cells]);
      }
    }
    const page = [
      'Independent errors, Poisson arrivals, counted from the moment the errors begin after good weather. Each cell: the chance that it',
      'opens within thirty days, and the median of outcomes until it does. Plain: simulated to the opening, at least twenty times.',
      '≈: a renewal estimate, from openings in fewer or cut-off simulations. ≤: computed, the exact chance that the condition holds at an',
      'outcome times the outcomes of a month, which is never too little; the outcomes are then a lower bound.',
      '',
      table(['rule', 'calls/s', ...ERRORS.map((errors) => `${errors * 100} % errors`)], rows),
    ].join('\n');
    return Promise.resolve({ figures: [...watchedNoise(lab), ...detours(lab)], page });
  },
};

/** Holdfast is watched for thirty days to the last outcome, in noise that it should sleep through. */
function watchedNoise({ extent, seeds }: Lab): Figure[] {
  const figures: Figure[] = [];
  for (const rate of RATES) {
    for (const errors of ERRORS.filter((share) => share <= NOISE)) {
      const outcomes = Math.min(rate * MONTH_S, extent.quick ? 1_000_000 : Number.POSITIVE_INFINITY);
      const opens = seeds.map((seed) => opensAmong(holdfastRule, rate, errors, seed, outcomes));
      const id = `false_opens.${rate}_per_s.${errors * 100}_percent`;
      figures.push(figure(id, worstOf(opens, 'less'), 'in 30 days', { atMost: errors === 0.01 ? 0 : 1 }, 0));
    }
  }
  return figures;
}

/** So small a share of the calls may go by another target for nothing: neither load nor bills show it. */
const MOST_DETOURS = 0.01;

/** In fewer, chance has too large a part: it comes to one such detour in some ten thousand calls. */
const DETOUR_CALLS = 1_000_000;

/** Before the breaker opens, calls already go elsewhere: that is quicker, and so it happens in noise too. */
function detours({ seeds }: Lab): Figure[] {
  return RATES.flatMap((rate) =>
    ERRORS.filter((share) => share <= NOISE).map((errors) => {
      const shares = seeds.map((seed) => detourShare(rate, errors, seed, DETOUR_CALLS));
      const id = `detours.${rate}_per_s.${errors * 100}_percent`;
      return figure(id, worstOf(shares, 'less'), 'of the calls', { atMost: MOST_DETOURS }, 4);
    }),
  );
}

function opensAmong(rule: RuleMaker, rate: number, errors: number, seed: number, outcomes: number): number {
  const stream = new Stream(rule, rate, errors, seededRandom(seed));
  let opens = 0;
  for (let left = outcomes; left > 0; left -= stream.taken) if (stream.untilOpen(left)) opens += 1;
  return opens;
}

/** What a rule does in a weather. */
interface Expectation {
  /** Of opening within thirty days. */
  readonly chance: number;
  /** Until it opens, in the median. */
  readonly outcomes: number;
  readonly how: 'simulated' | 'estimated' | 'bounded';
}

/** Simulations end after so many openings, or so many outcomes together. */
const OPENINGS = 20;
const BUDGET = 300_000_000;
const QUICK_BUDGET = 2_000_000;

/** Rarer than this in a month is not waited for. */
const RARE = 0.02;

/** Where the chance of an opening at the very turn of the weather is looked for: so many turns, so many outcomes of each. */
const TURNS = { count: 2_000, outcomes: 500 } as const;

function expectation(rule: RuleMaker, rate: number, errors: number, quick: boolean): Expectation {
  const month = rate * MONTH_S;
  const hazard = rule.hazard(rate, errors);
  const computed = -Math.expm1(-hazard * month);
  const turn = openingsAtTurn(rule, rate, errors);
  if (turn < 0.5 && computed < RARE) {
    // At the turn a rule that learns has not learnt yet; what it does there is no matter of the month's length.
    const chance = turn + (1 - turn) * computed;
    if (turn > 0) return { chance, outcomes: Number.NaN, how: 'estimated' };
    return { chance, outcomes: Math.LN2 / hazard, how: 'bounded' };
  }
  return simulated(rule, rate, errors, month, hazard, quick ? QUICK_BUDGET : BUDGET);
}

function openingsAtTurn(rule: RuleMaker, rate: number, errors: number): number {
  const random = seededRandom(11);
  let opened = 0;
  for (let turn = 0; turn < TURNS.count; turn += 1) {
    if (new Stream(rule, rate, errors, random).untilOpen(TURNS.outcomes)) opened += 1;
  }
  return opened / TURNS.count;
}

function simulated(
  rule: RuleMaker,
  rate: number,
  errors: number,
  month: number,
  hazard: number,
  budget: number,
): Expectation {
  const random = seededRandom(12);
  const waits: number[] = [];
  let cutOff = 0;
  let spent = 0;
  while (waits.length < OPENINGS && spent < budget) {
    const stream = new Stream(rule, rate, errors, random);
    const opened = stream.untilOpen(Math.min(month, budget - spent));
    if (opened) waits.push(stream.taken);
    else cutOff += 1;
    spent += stream.taken;
  }
  if (waits.length === 0) {
    // Nothing was seen; with nineteen chances of twenty there would have been, were it likelier than this.
    const unseen = 1 - Math.exp((-3 * month) / spent);
    const chance = Math.min(-Math.expm1(-hazard * month), unseen);
    return { chance, outcomes: Math.max(spent / 3, Math.LN2 / hazard), how: 'bounded' };
  }
  const rateOfOpening = waits.length / spent;
  if (waits.length >= OPENINGS && cutOff === 0) return { chance: 1, outcomes: medianOf(waits), how: 'simulated' };
  return { chance: 1 - Math.exp(-month * rateOfOpening), outcomes: Math.LN2 / rateOfOpening, how: 'estimated' };
}

/** Outcomes of one weather for one rule, calm at first. */
class Stream {
  /** Outcomes that the latest look has taken. */
  taken = 0;
  readonly #rule: ReturnType<RuleMaker['make']>;
  readonly #errors: number;
  readonly #meanGapMs: number;
  readonly #random: () => number;
  #now = 0;

  constructor({ make }: RuleMaker, rate: number, errors: number, random: () => number) {
    this.#rule = make();
    this.#errors = errors;
    this.#meanGapMs = 1000 / rate;
    this.#random = random;
    for (let calm = 0; calm < CALM; calm += 1) this.#rule.take((this.#now += this.#meanGapMs), false);
  }

  /** Goes on until it opens, or for so many outcomes. */
  untilOpen(most: number): boolean {
    const random = this.#random;
    for (this.taken = 1; this.taken <= most; this.taken += 1) {
      this.#now -= this.#meanGapMs * Math.log(1 - random());
      if (this.#rule.take(this.#now, random() < this.#errors)) return true;
    }
    this.taken = Math.max(1, Math.floor(most));
    return false;
  }
}

function said({ chance, outcomes, how }: Expectation): string {
  if (chance < NEVER) return `< ${power(NEVER)}`;
  const mark = { simulated: '', estimated: '≈ ', bounded: '≤ ' }[how];
  const wait = Number.isFinite(outcomes) ? `, ${how === 'bounded' ? '≥ ' : ''}${counted(outcomes)}` : '';
  return `${mark}${percent(chance)}${wait}`;
}

/** What is rarer needs no more digits. */
const NEVER = 1e-30;

function percent(chance: number): string {
  if (chance >= 0.995) return '100 %';
  if (chance >= 1e-4) return `${Number((100 * chance).toPrecision(2))} %`;
  return power(chance);
}

function counted(outcomes: number): string {
  if (outcomes > 1 / NEVER) return power(1 / NEVER);
  return outcomes < 1e7 ? Math.round(outcomes).toLocaleString('en') : power(outcomes);
}

/** `4·10⁻⁹`. */
function power(value: number): string {
  const [digits = '', exponent = ''] = value.toExponential(0).split('e');
  const raised = Array.from(exponent.replace('+', ''))
    .map((each) => (each === '-' ? '⁻' : '⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(each)]))
    .join('');
  return digits === '1' ? `10${raised}` : `${digits}·10${raised}`;
}
