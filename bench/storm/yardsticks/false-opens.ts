import { seededRandom } from '../../../src/engine/random.ts';
import { figure } from '../../figures.ts';
import type { Lab } from '../lab.ts';
import { medianOf, worstOf } from '../measures.ts';
import { holdfastRule } from '../rules/holdfast.ts';
import type { RuleMaker } from '../rules/rule.ts';
import { RULES } from '../rules/windows.ts';
import { table, type Yardstick } from './yardstick.ts';

const RATES = [0.1, 1, 10, 100] as const;
const ERRORS = [0.01, 0.05, 0.25, 0.5, 1] as const;
const DAY_MS = 86_400_000;
const DAYS = 30;

/** Errors that are nobody's fault, and no reason to open. */
const NOISE = 0.05;

/** Beyond so many outcomes without opening it is taken at its word. */
const ENOUGH = 5_000_000;
const QUICKLY = 1_000_000;

/** Good weather before the errors begin, in outcomes: it fills every window. */
const CALM = 400;

/** What a rule did with so many outcomes. */
interface Watched {
  readonly opens: number;
  /** After how many outcomes of the bad time it first opened; null when it did not. */
  readonly first: number | null;
}

/** Opens on noise, and stays shut when it should not: the two sides of one coin, so they stand in one table. */
export const falseOpens: Yardstick = {
  id: 'breaker',
  title: 'Breakers: the chance of opening within 30 days, and how many outcomes it takes',

  async measure(lab) {
    const figures = [];
    const rows: string[][] = [];
    for (const rule of [...RULES, holdfastRule]) {
      for (const rate of RATES) {
        const cells: string[] = [];
        for (const errors of ERRORS) {
          const watched = lab.seeds.map((seed) => watch(lab, rule, rate, errors, seed));
          cells.push(cellOf(watched));
          if (rule !== holdfastRule || errors > NOISE) continue;
          const id = `false_opens.${rate}_per_s.${errors * 100}_percent`;
          const opens = worstOf(
            watched.map((each) => each.opens),
            'less',
          );
          figures.push(figure(id, opens, 'in 30 days', { atMost: errors === 0.01 ? 0 : 1 }, 0));
        }
        rows.push([rule.name, `${rate}`, ...cells]);
      }
    }
    return {
      figures,
      page: [
        'Independent errors, Poisson arrivals. Each cell: the share of seeds in which it opened, and after how many outcomes it did',
        '(median), counted from the moment the errors began after good weather.',
        '',
        table(['rule', 'calls/s', ...ERRORS.map((errors) => `${errors * 100} % errors`)], rows),
      ].join('\n'),
    };
  },
};

function cellOf(watched: readonly Watched[]): string {
  const firsts = watched.map(({ first }) => first).filter((first) => first !== null);
  const share = `${Math.round((100 * firsts.length) / watched.length)} %`;
  return firsts.length === 0 ? share : `${share}, ${medianOf(firsts).toLocaleString('en')}`;
}

/**
 * Noise that Holdfast's breaker should sleep through is watched for thirty days to the last outcome. All else is watched
 * until it opens, and for five million outcomes at most.
 */
function watch({ extent }: Lab, rule: RuleMaker, rate: number, errors: number, seed: number): Watched {
  const month = (rate * DAYS * DAY_MS) / 1000;
  const toTheLast = rule === holdfastRule && errors <= NOISE;
  const most = Math.min(month, extent.quick ? QUICKLY : toTheLast ? month : ENOUGH);
  return feed(rule, rate, errors, seed, most, toTheLast);
}

function feed(
  { make }: RuleMaker,
  rate: number,
  errors: number,
  seed: number,
  outcomes: number,
  toTheLast: boolean,
): Watched {
  const rule = make();
  const random = seededRandom(seed);
  const meanGapMs = 1000 / rate;
  let now = 0;
  let opens = 0;
  let first: number | null = null;
  for (let taken = 0; taken < CALM; taken += 1) rule.take((now += meanGapMs), false);
  for (let taken = 1; taken <= outcomes; taken += 1) {
    now -= meanGapMs * Math.log(1 - random());
    if (!rule.take(now, random() < errors)) continue;
    opens += 1;
    first ??= taken;
    if (!toTheLast) break;
  }
  return { opens, first };
}
