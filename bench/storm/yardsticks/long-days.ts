import type { Tale } from '../../../src/simulator/virtual/tally.ts';
import type { Scene } from '../../../src/simulator/virtual/world.ts';
import { modelFacts } from '../../../src/providers/catalogue/catalogue.ts';
import type { Lab } from '../lab.ts';
import { amplification, answeredShare, between, medianOf } from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { POLICIES } from '../policies/index.ts';
import type { Policy } from '../policies/policy.ts';
import { BAD_HOURS, decemberOf2024, DEMO_BAD, demoDay, juneOf2025 } from '../scenes.ts';
import { table, type Yardstick } from './yardstick.ts';

const AS_SHIPPED = { attemptMs: null } as const;

/** What the answers are priced as, and how long the prompt before each is taken to be, in tokens. */
const MODEL = 'gpt-4o';
const PROMPT_TOKENS = 500;
const ANSWER_TOKENS = 200;

const DAYS = [
  { id: 'june', name: 'Like 10 June 2025: 25 % errors for 4 h', scene: juneOf2025, bad: BAD_HOURS },
  { id: 'december', name: 'Like 26 December 2024: one provider gone for 4 h', scene: decemberOf2024, bad: BAD_HOURS },
  {
    id: 'demo',
    name: 'The demo: a storm of 429s, 25 % errors, cut streams, gone; 24 min each',
    scene: demoDay,
    bad: DEMO_BAD,
  },
] as const;

const HEADS = [
  'client',
  'answered',
  'attempts per call',
  'attempts that brought nothing, per 100 calls',
  'tokens made ÷ had',
  'cost of 1,000 answers',
];

/** Bad days as they happened, hour by hour, and the demo's: who was served, with how much extra load, at what cost. */
export const longDays: Yardstick = {
  id: 'long-days',
  title: 'Three bad days, 2 calls/s: availability, extra load and cost of the bad hours',

  async measure(lab) {
    const pages: string[] = [];
    for (const { id, name, scene, bad } of DAYS) {
      const rows: string[][] = [];
      for (const policy of POLICIES) {
        rows.push([policy.name, ...(await row(lab, policy, `${id} alone`, scene(false), bad))]);
      }
      const two = await row(lab, holdfast, `${id} two`, scene(true), bad);
      rows.push([`${holdfast.name}, with a second provider`, ...two]);
      pages.push(`### ${name}`, table(HEADS, rows));
    }
    const note = `Cost: what providers made, at the list price of ${MODEL} and ${PROMPT_TOKENS} prompt tokens for each answer begun; refusals cost nothing.`;
    return { figures: [], page: [note, ...pages].join('\n\n') };
  },
};

async function row(
  lab: Lab,
  policy: Policy,
  name: string,
  scene: Scene,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<string[]> {
  const tales = await lab.tales(policy, name, scene, AS_SHIPPED);
  const middle = (of: (tale: Tale) => number): number => medianOf(tales.map(of));
  return [
    `${(100 * middle((tale) => answeredShare(tale, from, to))).toFixed(2)} %`,
    middle((tale) => amplification(tale, from, to)).toFixed(3),
    middle((tale) => 100 * wasted(tale, from, to)).toFixed(1),
    middle(({ tokens }) => tokens.made / tokens.answered).toFixed(3),
    `$${middle(costOfThousand).toFixed(2)}`,
  ];
}

/** Attempts of a stretch beyond one for each call that was answered, by calls. */
function wasted({ series }: Tale, from: number, to: number): number {
  const count = (counts: readonly number[]): number => between(counts, series.binMs, from, to);
  return (count(series.attempts) - count(series.answered)) / count(series.offered);
}

/** Dollars for a thousand answers of the whole run, with what was made in vain. */
function costOfThousand({ tokens, answered }: Tale): number {
  const price = modelFacts(MODEL)?.prices.at(-1);
  if (price === undefined) return Number.NaN;
  const begun = tokens.made / ANSWER_TOKENS;
  const dollars = (begun * PROMPT_TOKENS * price.input + tokens.made * price.output) / 1e6;
  return (1000 * dollars) / answered;
}
