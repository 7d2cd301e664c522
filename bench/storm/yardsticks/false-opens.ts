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

/** Beyond so many outcomes without opening, a rule that is not ours is taken at its word. */
const ENOUGH = 5_000_000;

/** Good weather before the errors begin, in outcomes: it fills every window. */
const CALM = 400;

/** Opens on noise, and stays shut when it should not: the two sides of one coin, so they stand in one table. */
export const falseOpens: Yardstick = {
  id: 'breaker',
  title: 'Breakers: the chance of opening within 30 days, and how many outcomes it takes',

  async measure(lab) {
    const figures = [0.01, 0.05].flatMap((errors) =>
      RATES.map((rate) => {
        const opens = lab.seeds.map((seed) => openings(holdfastRule, rate, errors, seed, longest(lab, rate)));
        const most = errors === 0.01 ? 0 : 1;
        return figure(
          `false_opens.${rate}_per_s.${errors * 100}_percent`,
          worstOf(opens, 'less'),
          'in 30 days',
          { atMost: most },
          1,
        );
      }),
    );
    const rows = [...RULES, holdfastRule].flatMap((rule) =>
      RATES.map((rate) => [rule.name, `${rate}`, ...ERRORS.map((errors) => cell(lab, rule, rate, errors))]),
    );
    return {
      figures,
      page: [
        'Independent errors, Poisson arrivals. Each cell: the share of seeds in which it opened within 30 days, and after how many',
        'outcomes it did (median), counted from the moment the errors began after good weather.',
        '',
        table(['rule', 'calls/s', ...ERRORS.map((errors) => `${errors * 100} % errors`)], rows),
      ].join('\n'),
    };
  },
};

function cell(lab: Lab, rule: RuleMaker, rate: number, errors: number): string {
  const most = rule === holdfastRule ? longest(lab, rate) : Math.min(ENOUGH, longest(lab, rate));
  const firsts = lab.seeds.map((seed) => firstOpening(rule, rate, errors, seed, most));
  const opened = firsts.filter((outcomes) => outcomes !== null);
  const share = `${Math.round((100 * opened.length) / firsts.length)} %`;
  return opened.length === 0 ? share : `${share}, ${medianOf(opened).toLocaleString('en')}`;
}

/** Outcomes in thirty days; a quick run has fewer, where there would be very many. */
function longest(lab: Lab, rate: number): number {
  const outcomes = (rate * DAYS * DAY_MS) / 1000;
  return lab.extent.quick ? Math.min(outcomes, 1_000_000) : outcomes;
}

/** How often it opens in so many outcomes. */
function openings({ make }: RuleMaker, rate: number, errors: number, seed: number, outcomes: number): number {
  const rule = make();
  const random = seededRandom(seed);
  const meanGapMs = 1000 / rate;
  let now = 0;
  let opens = 0;
  for (let taken = 0; taken < outcomes; taken += 1) {
    now -= meanGapMs * Math.log(1 - random());
    if (rule.take(now, random() < errors)) opens += 1;
  }
  return opens;
}

/** After how many outcomes of the bad time it opens; null when it does not. */
function firstOpening(
  { make }: RuleMaker,
  rate: number,
  errors: number,
  seed: number,
  outcomes: number,
): number | null {
  const rule = make();
  const random = seededRandom(seed + 1000);
  const meanGapMs = 1000 / rate;
  let now = 0;
  for (let taken = 0; taken < CALM; taken += 1) rule.take((now += meanGapMs), false);
  for (let taken = 1; taken <= outcomes; taken += 1) {
    now -= meanGapMs * Math.log(1 - random());
    if (rule.take(now, random() < errors)) return taken;
  }
  return null;
}
