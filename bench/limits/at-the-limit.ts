import { shown, table } from '../storm/yardsticks/yardstick.ts';
import { quantile } from '../statistics.ts';
import { bursty, type Gap, poisson } from './arrivals.ts';
import { type Entry, keep } from './ledger.ts';
import { type Extent, held, type Line, type Samples, samples } from './line.ts';
import { bySecond, crowd, limited, PLENTY, sceneOf } from './scenes.ts';

/** The provider lets ten requests a second through, ten at once, and speaks of 600 a minute. */
const PER_SECOND = 10;
const BURST = 10;
const LOAD = 0.95;

interface Case {
  readonly id: string;
  readonly name: string;
  readonly gap: Gap;
  readonly processes: number;
  /** They tell each other of the limit, as those that share a Redis do; else they know nothing of each other. */
  readonly acquainted: boolean;
  readonly scarce: 'requests' | 'tokens';
  readonly silent: boolean;
}

const ONE = { processes: 1, acquainted: false, scarce: 'requests', silent: false } as const;
const RATE = LOAD * PER_SECOND;
const CASES: readonly Case[] = [
  { ...ONE, id: 'poisson', name: 'Poisson', gap: poisson(RATE) },
  { ...ONE, id: 'bursty', name: 'bursty (CV 2)', gap: bursty(RATE, 2) },
  { ...ONE, id: 'tokens.poisson', name: 'Poisson, tokens are scarce', gap: poisson(RATE), scarce: 'tokens' },
  { ...ONE, id: 'tokens.bursty', name: 'bursty, tokens are scarce', gap: bursty(RATE, 2), scarce: 'tokens' },
  { ...ONE, id: 'poisson.3_processes', name: 'Poisson, 3 processes', gap: poisson(RATE), processes: 3 },
  { ...ONE, id: 'bursty.3_processes', name: 'bursty, 3 processes', gap: bursty(RATE, 2), processes: 3 },
  {
    ...ONE,
    id: 'poisson.3_acquainted',
    name: 'Poisson, 3 processes that share a Redis',
    gap: poisson(RATE),
    processes: 3,
    acquainted: true,
  },
  {
    ...ONE,
    id: 'bursty.3_acquainted',
    name: 'bursty, 3 processes that share a Redis',
    gap: bursty(RATE, 2),
    processes: 3,
    acquainted: true,
  },
  {
    ...ONE,
    id: 'tokens.bursty.3_acquainted',
    name: 'bursty, tokens are scarce, 3 processes that share a Redis',
    gap: bursty(RATE, 2),
    scarce: 'tokens',
    processes: 3,
    acquainted: true,
  },
  {
    ...ONE,
    id: 'bursty.silent',
    name: 'bursty, the provider tells nothing but how long to wait',
    gap: bursty(RATE, 2),
    silent: true,
  },
];

/** Tokens of a call where tokens are what is scarce. */
const CHARGED = 700;

/** At 95 % of a provider's limit: how many calls does it have to refuse, and what does it cost to spare it that? */
export const atTheLimit: Line = {
  title: 'At 95 % of a limit of 10 a second, 10 at once, learnt from what the provider tells',

  async measure(extent) {
    const figures = [];
    const rows: string[][] = [];
    for (const each of CASES) {
      const found = await samples(extent, (seed) => measure(each, seed, extent));
      const id = `pacing.${each.id}`;
      figures.push(
        ...held(found, 'refused', `${id}.refused`, 'of attempts', { atMost: toleratedBy(each) }, 4),
        ...held(found, 'served', `${id}.served`, 'of calls', { atLeast: 0.97 }, 4),
      );
      // Of several processes that do not know each other, none can know whose turn it would be.
      if (each.processes === 1 && !each.silent) {
        figures.push(...held(found, 'wait', `${id}.wait_p99_to_ideal`, 'ratio', { atMost: 1.1 }, 3));
      }
      rows.push([each.name, ...row(found)]);
    }
    const heads = ['calls', 'refused by the provider, %', 'unpaced they would be, %', 'served, %', 'wait p99 ÷ ideal'];
    return { figures, page: table(heads, rows) };
  },
};

function toleratedBy({ processes, acquainted, silent }: Case): number {
  return (processes > 1 && !acquainted) || silent ? 0.01 : 0.001;
}

function row(found: Samples): string[] {
  const percent = (name: string): number[] => (found.get(name) ?? []).map((share) => share * 100);
  return [
    shown(percent('refused'), 'less', 2),
    shown(percent('unpaced'), 'less', 1),
    shown(percent('served'), 'more', 1),
    shown(found.get('wait') ?? [], 'less', 2),
  ];
}

async function measure({ gap, processes, acquainted, scarce, silent }: Case, seed: number, { quick }: Extent) {
  const limits =
    scarce === 'requests' ? bySecond(60 * PER_SECOND, PLENTY) : bySecond(PLENTY, 60 * PER_SECOND * CHARGED);
  const scene = sceneOf(limited({ atMs: 0, limits, silent }), quick ? 300 : 1800, [crowd({ gap, charged: CHARGED })]);
  const { entries, attempts, refusedAt } = await keep(scene, seed, processes, acquainted);
  const { waits, refused } = ideal(entries);
  return {
    refused: refusedAt.length / attempts,
    unpaced: refused / entries.length,
    served: entries.filter(({ answered }) => answered).length / entries.length,
    wait:
      quantile(
        entries.map(({ waitMs }) => waitMs),
        0.99,
      ) / quantile(waits, 0.99),
  };
}

/**
 * The least anybody could wait: the provider's own bucket, known from the start, before a queue that is never refused.
 * And how many would be refused if nobody waited.
 */
function ideal(entries: readonly Entry[]): { waits: number[]; refused: number } {
  const gapMs = 1000 / PER_SECOND;
  let freeAt = Number.NEGATIVE_INFINITY;
  let naiveAt = Number.NEGATIVE_INFINITY;
  let refused = 0;
  const waits = entries.map(({ order: { at } }) => {
    const slack = gapMs * (BURST - 1);
    const goAt = Math.max(at, freeAt - slack);
    freeAt = Math.max(goAt, freeAt) + gapMs;
    if (at >= naiveAt - slack) naiveAt = Math.max(at, naiveAt) + gapMs;
    else refused += 1;
    return goAt - at;
  });
  return { waits, refused };
}
