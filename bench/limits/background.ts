import { exponential } from '../../src/simulator/virtual/pace.ts';
import { EASY, type ProviderSpec } from '../../src/simulator/virtual/provider.ts';
import { quantile } from '../statistics.ts';
import { shown, table } from '../storm/yardsticks/yardstick.ts';
import { type Gap, poisson } from './arrivals.ts';
import { type Entry, keep } from './ledger.ts';
import { type Extent, held, type Line, samples } from './line.ts';
import { bySecond, crowd, limited, PLENTY, sceneOf } from './scenes.ts';

/** Calls of a nightly job that all wait from the start. */
const WAITING = 10_000;

/** Until the limits of a provider, or its number of workers, are known. */
const UNKNOWN_S = 30;

interface Case {
  readonly id: string;
  readonly name: string;
  readonly provider: ProviderSpec;
  /** Calls a second that there is room for, and that people make. */
  readonly perSecond: number;
  readonly people: number;
}

const CASES: readonly Case[] = [
  {
    id: 'requests',
    name: 'a limit of 10 requests a second',
    provider: limited({ atMs: 0, limits: bySecond(600, PLENTY) }),
    perSecond: 10,
    people: 2,
  },
  {
    id: 'tokens',
    name: 'a limit of tokens that allows 10 calls a second',
    provider: limited({ atMs: 0, limits: { requestsPerMinute: PLENTY, tokensPerMinute: 300_000 } }),
    perSecond: 10,
    people: 2,
  },
  {
    id: 'workers',
    name: 'ten workers before an endless queue',
    provider: { ...EASY, id: 'a', workers: 10, pace: exponential(100) },
    perSecond: 100,
    people: 20,
  },
];

/** A night's work waits: do people notice? */
export const background: Line = {
  title: '10,000 calls wait in the background lane, people call at a fifth of what there is room for',

  async measure(extent) {
    const figures = [];
    const rows: string[][] = [];
    for (const each of CASES) {
      const found = await samples(extent, (seed) => measure(each, seed, extent));
      const id = `background.${each.id}`;
      figures.push(
        ...held(found, 'slower', `${id}.interactive_p99_to_idle`, 'ratio', { atMost: 1.1 }, 3),
        ...held(found, 'progress', `${id}.progress`, 'of what people leave', { atLeast: 0.5 }, 2),
        ...held(found, 'failed', `${id}.failed`, 'of calls', { atMost: 0.001 }, 4),
      );
      rows.push([
        each.name,
        shown(found.get('slower') ?? [], 'less', 2),
        shown(found.get('progress') ?? [], 'more', 2),
      ]);
    }
    const crowded = await samples(extent, (seed) => measureCrowded(seed));
    figures.push(
      ...held(crowded, 'progress', 'background.crowded_out.progress', 'of what there is', { atLeast: 0.02 }, 3),
    );
    rows.push([
      'the same, when people ask for twice of what there is',
      '',
      shown(crowded.get('progress') ?? [], 'more', 2),
    ]);
    const heads = [
      'what is scarce',
      "people's p99 to first content ÷ idle",
      'background calls served, of what people leave',
    ];
    return { figures, page: table(heads, rows) };
  },
};

async function measure({ provider, perSecond, people }: Case, seed: number, { quick }: Extent) {
  const seconds = quick ? 150 : 600;
  const person = crowd({ gap: poisson(people), caller: { tenant: 'people' } });
  const night = crowd({ gap: atOnce(), caller: { tenant: 'night', lane: 'background' }, untilMs: WAITING });
  const busy = await keep(sceneOf(provider, seconds, [person, night]), seed);
  const idle = await keep(sceneOf(provider, seconds, [person]), seed);
  const within = (entry: Entry): boolean => entry.order.at > UNKNOWN_S * 1000;
  const by = (lane: string): Entry[] => busy.entries.filter(({ order }) => order.caller.lane === lane);
  const done = by('background').filter(({ answered, order, waitMs }) => answered && order.at + waitMs < seconds * 1000);
  // With so many waiting, all that people leave could be used, until the last is gone.
  const room = Math.min(WAITING, (perSecond - people) * seconds);
  return {
    slower: slowest(by('interactive').filter(within)) / slowest(idle.entries.filter(within)),
    progress: done.length / room,
    failed: by('interactive').filter((entry) => within(entry) && !entry.answered).length / by('interactive').length,
  };
}

/** People alone ask for more than there is: the night's work gets its small share all the same. */
async function measureCrowded(seed: number) {
  const seconds = 300;
  const provider = limited({ atMs: 0, limits: bySecond(600, PLENTY) });
  const people = crowd({ gap: poisson(20), caller: { tenant: 'people' } });
  const night = crowd({ gap: atOnce(), caller: { tenant: 'night', lane: 'background' }, untilMs: WAITING });
  const { entries } = await keep(sceneOf(provider, seconds, [people, night]), seed);
  const done = entries.filter(
    ({ order, answered, waitMs }) =>
      order.caller.lane === 'background' && answered && order.at + waitMs < seconds * 1000,
  );
  return { progress: done.length / (10 * seconds) };
}

/** All of them within the first seconds: one a millisecond. */
function atOnce(): Gap {
  return () => 1;
}

function slowest(entries: readonly Entry[]): number {
  return quantile(
    entries.map(({ contentMs }) => contentMs).filter((ms) => !Number.isNaN(ms)),
    0.99,
  );
}
