import type { CallRecord } from '../../src/engine/record.ts';
import { chat } from '../../src/providers/openai/chat.ts';
import { holdfast } from '../../src/simulator/virtual/holdfast.ts';
import type { Order } from '../../src/simulator/virtual/order.ts';
import { measured } from '../../src/simulator/virtual/pace.ts';
import { EASY, type ProviderSpec } from '../../src/simulator/virtual/provider.ts';
import { run, type Scene } from '../../src/simulator/virtual/world.ts';
import { type Extent, held, type Line, samples, type Section } from '../limits/line.ts';
import { shown } from '../storm/yardsticks/yardstick.ts';
import { markdownTable } from '../table.ts';
import { FIRST, SECOND, type Window, weatherOf, windowsOf, within } from './history.ts';

const DAY_MS = 86_400_000;

/** Eighteen months. */
const HISTORY_MS = 547 * DAY_MS;

/** Few calls an hour are enough: what counts is how the hours went. */
const CALLS_PER_SECOND = 1 / 300;

/** What one history showed. */
interface Told {
  readonly answered: number;
  readonly p99Ms: number;
  readonly attemptsPerCall: number;
  readonly tokensPerAnswer: number;
  /** Share of the answers that the second provider gave. */
  readonly second: number;
  /** Share of the calls that came while at least one of the providers was well. */
  readonly ceiling: number;
}

/** Eighteen months of incidents at one provider, and at two of which the second is asked when the first fails. */
export const incidents: Line = {
  title: 'Eighteen months of incidents',

  async measure(extent: Extent): Promise<Section> {
    const forMs = extent.quick ? HISTORY_MS / 9 : HISTORY_MS;
    const all = await samples(extent, async (seed) => {
      const first = windowsOf(FIRST, forMs, seed * 2);
      const second = windowsOf(SECOND, forMs, seed * 2 + 1);
      const alone = await replay([first], forMs, seed);
      const ladder = await replay([first, second], forMs, seed);
      return {
        alone: alone.answered * 100,
        ladder: ladder.answered * 100,
        ceiling: ladder.ceiling * 100,
        closed: ((ladder.answered - alone.answered) / (ladder.ceiling - alone.answered)) * 100,
        attempts: (ladder.attemptsPerCall / alone.attemptsPerCall - 1) * 100,
        cost: (ladder.tokensPerAnswer - 1) * 100,
        second: ladder.second * 100,
        p99Alone: alone.p99Ms / 1000,
        p99: ladder.p99Ms / 1000,
      };
    });
    const row = (what: string, name: string, better: 'less' | 'more', decimals: number): string[] => [
      what,
      shown(all.get(name) ?? [], better, decimals),
    ];
    return {
      figures: [
        ...held(all, 'ladder', 'incidents.answered', '%', { atLeast: 99.9 }, 2),
        ...held(all, 'closed', 'incidents.gap_closed', '%', { atLeast: 95 }, 1),
        ...held(all, 'cost', 'incidents.tokens_wasted', '%', { atMost: 1 }, 3),
      ],
      page: markdownTable(
        ['18 months, median and worst', ''],
        [
          row('answered by one provider, %', 'alone', 'more', 2),
          row('answered by a ladder of two, %', 'ladder', 'more', 3),
          row('calls that came while one was well, %', 'ceiling', 'more', 3),
          row('of the gap between them closed, %', 'closed', 'more', 1),
          row('more attempts than with one, %', 'attempts', 'less', 2),
          row('tokens made beyond those of the answers, %', 'cost', 'less', 3),
          row('answers that the second gave, %', 'second', 'less', 2),
          row('p99 to the whole answer with one, s', 'p99Alone', 'less', 1),
          row('the same with two, s', 'p99', 'less', 1),
        ],
      ),
    };
  },
};

async function replay(histories: readonly (readonly Window[])[], forMs: number, seed: number): Promise<Told> {
  const down = histories.map(within);
  let reachable = 0;
  let second = 0;
  const told = (_: Order, record: CallRecord): void => {
    if (record.outcome === 'answered' && record.target === 'second') second += 1;
  };
  const scene: Scene = {
    providers: histories.map((windows, at) => provider(at === 0 ? 'first' : 'second', windows)),
    callsPerSecond: CALLS_PER_SECOND,
    forMs,
    deadlineMs: null,
    streamShare: 1,
    tokens: (random) => 50 + Math.floor(random() * 300),
    binMs: DAY_MS,
  };
  const tale = await run(scene, seed, (site) => {
    const inner = holdfast({ dialect: chat, told })(site);
    return {
      // Orders come in order of time, as the windows are asked for.
      make(order) {
        if (down.some((isDown) => !isDown(order.at))) reachable += 1;
        return inner.make(order);
      },
      close: () => inner.close?.(),
    };
  });
  return {
    answered: tale.answered / tale.offered,
    p99Ms: tale.latency.p99,
    attemptsPerCall: tale.attempts / tale.offered,
    tokensPerAnswer: tale.tokens.made / tale.tokens.answered,
    second: second / tale.answered,
    ceiling: reachable / tale.offered,
  };
}

function provider(id: string, windows: readonly Window[]): ProviderSpec {
  return { ...EASY, id, pace: measured(), weather: weatherOf(windows, id) };
}
