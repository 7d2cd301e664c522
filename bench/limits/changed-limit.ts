import { shown, table } from '../storm/yardsticks/yardstick.ts';
import { poisson } from './arrivals.ts';
import { keep } from './ledger.ts';
import { held, type Line, samples } from './line.ts';
import { bySecond, crowd, limited, PLENTY, sceneOf } from './scenes.ts';

const BEFORE = 600;
const CHANGE_S = 120;
const AFTER_S = 60;

interface Case {
  readonly id: string;
  readonly name: string;
  readonly factor: number;
  readonly silent: boolean;
  /** How far from the limit five seconds may be: who is told nothing has to feel for it, from below. */
  readonly within: number;
}

const CASES: readonly Case[] = [
  { id: 'halved', name: 'halved', factor: 0.5, silent: false, within: 0.1 },
  { id: 'doubled', name: 'doubled', factor: 2, silent: false, within: 0.1 },
  {
    id: 'halved.silent',
    name: 'halved, and the provider tells nothing but how long to wait',
    factor: 0.5,
    silent: true,
    within: 0.25,
  },
];

/** A limit that changes while calls are made: how soon is the new one kept to, and at the price of how many refusals? */
export const changedLimit: Line = {
  title: 'A limit of 600 a minute changes, with calls for 95 % of the larger one',

  async measure(extent) {
    const figures = [];
    const rows: string[][] = [];
    for (const each of CASES) {
      const found = await samples(extent, (seed) => measure(each, seed));
      const id = `limit_${each.id}`;
      figures.push(
        ...held(found, 'seconds', `${id}.converged`, 's', { atMost: 10 }, 0),
        ...held(found, 'refused', `${id}.refused`, 'calls', { atMost: 10 }, 0),
      );
      rows.push([
        each.name,
        shown(found.get('seconds') ?? [], 'less', 0),
        shown(found.get('refused') ?? [], 'less', 0),
      ]);
    }
    return { figures, page: table(['the limit is', 'seconds until kept to', 'refused because of it'], rows) };
  },
};

async function measure({ factor, silent, within }: Case, seed: number) {
  const after = BEFORE * factor;
  const perSecond = (0.95 * Math.max(BEFORE, after)) / 60;
  const scene = sceneOf(
    limited(
      { atMs: 0, limits: bySecond(BEFORE, PLENTY), silent },
      { atMs: CHANGE_S * 1000, limits: bySecond(after, PLENTY), silent },
    ),
    CHANGE_S + AFTER_S,
    [crowd({ gap: poisson(perSecond) })],
  );
  const { acceptedAt, refusedAt } = await keep(scene, seed);
  const refused = refusedAt.filter((at) => at >= CHANGE_S * 1000 && at < (CHANGE_S + AFTER_S) * 1000);
  return { seconds: keptAfter(acceptedAt, after / 60, within), refused: refused.length };
}

/** Seconds until every five seconds to the end of the scene bring what the limit allows, or nearly. */
function keptAfter(acceptedAt: readonly number[], perSecond: number, within: number): number {
  const WINDOW = 5;
  let kept = AFTER_S;
  for (let from = AFTER_S - WINDOW; from >= 0; from -= 1) {
    const start = (CHANGE_S + from) * 1000;
    const count = acceptedAt.filter((at) => at >= start && at < start + WINDOW * 1000).length;
    if (Math.abs(count / WINDOW / perSecond - 1) > within) break;
    kept = from;
  }
  return kept;
}
