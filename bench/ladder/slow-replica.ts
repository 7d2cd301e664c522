import { seededRandom } from '../../src/engine/random.ts';
import { chat } from '../../src/providers/openai/chat.ts';
import { holdfast } from '../../src/simulator/virtual/holdfast.ts';
import { measured, type Pacer } from '../../src/simulator/virtual/pace.ts';
import { EASY } from '../../src/simulator/virtual/provider.ts';
import { run, type Scene } from '../../src/simulator/virtual/world.ts';
import { type Extent, held, type Line, samples, type Section } from '../limits/line.ts';
import { quantile } from '../statistics.ts';
import { shown } from '../storm/yardsticks/yardstick.ts';
import { markdownTable } from '../table.ts';

const CALLS_PER_SECOND = 10;
const MINUTES = 30;

/** How much slower the one replica is. */
const SLOWER = 30;

const HEDGE = { afterMs: null, budget: 0.05 } as const;

/** What a run showed: time to first content, and attempts beyond one for each call. */
interface Told {
  readonly p50: number;
  readonly p99: number;
  /** Percent of the calls. */
  readonly extra: number;
}

/** Three replicas in one rung, of which one is slow; and where nothing is won by a second attempt. */
export const slowReplica: Line = {
  title: 'Second attempts beside slow ones',

  async measure(extent: Extent): Promise<Section> {
    const forMs = (extent.quick ? MINUTES / 3 : MINUTES) * 60_000;
    const all = await samples(extent, async (seed) => {
      const healthy = await replicas([1, 1, 1], forMs, seed, false);
      const slow = await replicas([1, 1, SLOWER], forMs, seed, false);
      const hedged = await replicas([1, 1, SLOWER], forMs, seed, true);
      const well = await replicas([1, 1, 1], forMs, seed, true);
      const useless = await tell([ofTheCall, ofTheCall, ofTheCall], forMs, seed, true);
      return {
        healthyP99: healthy.p99,
        slowP99: slow.p99,
        hedgedP99: hedged.p99,
        wellP99: well.p99,
        ratio: hedged.p99 / healthy.p99,
        extra: hedged.extra,
        wellExtra: well.extra,
        uselessExtra: useless.extra,
      };
    });
    const times = (name: string): string => shown(all.get(name)?.map((ms) => ms / 1000) ?? [], 'less', 2);
    const share = (name: string): string => shown(all.get(name) ?? [], 'less', 2);
    return {
      figures: [
        ...held(all, 'ratio', 'hedge.p99_of_healthy', 'x', { atMost: 1.5 }, 2),
        ...held(all, 'extra', 'hedge.extra_calls', '%', { atMost: 5 }, 2),
        ...held(all, 'uselessExtra', 'hedge.extra_calls_useless', '%', { atMost: 0.5 }, 2),
      ],
      page: markdownTable(
        ['median and worst', 'p99 to first content, s', 'extra attempts, %'],
        [
          ['three healthy replicas', times('healthyP99'), '0'],
          ['one of them 30 times slower', times('slowP99'), '0'],
          ['the same, with second attempts', times('hedgedP99'), share('extra')],
          ['three healthy ones, with second attempts', times('wellP99'), share('wellExtra')],
          ['slowness that lies in the call itself', '–', share('uselessExtra')],
        ],
      ),
    };
  },
};

function replicas(slowness: readonly number[], forMs: number, seed: number, hedged: boolean): Promise<Told> {
  return tell(slowness.map(slower), forMs, seed, hedged);
}

/** As measured at hosted models, so many times slower. */
function slower(times: number): Pacer {
  const pace = measured();
  return (order, random) => {
    const { firstMs, restMs } = pace(order, random);
    return { firstMs: firstMs * times, restMs };
  };
}

/** Each call takes its time, and takes it anywhere: a long prompt, say. */
const ofTheCall: Pacer = (order) => {
  const roll = seededRandom(order.id + 1)();
  return { firstMs: 200 * (1 / Math.sqrt(1 - roll * 0.999)), restMs: 500 };
};

async function tell(paces: readonly Pacer[], forMs: number, seed: number, hedged: boolean): Promise<Told> {
  const firsts: number[] = [];
  let attempts = 0;
  const scene: Scene = {
    providers: paces.map((pace, at) => ({ ...EASY, id: `replica-${at + 1}`, pace })),
    callsPerSecond: CALLS_PER_SECOND,
    forMs,
    deadlineMs: null,
    streamShare: 1,
    tokens: () => 100,
    binMs: 60_000,
  };
  const client = holdfast({
    dialect: chat,
    replicas: true,
    ...(hedged ? { hedge: HEDGE } : {}),
    told: (_, record) => {
      firsts.push(record.firstContentMs ?? Number.POSITIVE_INFINITY);
      attempts += record.attempts.length;
    },
  });
  await run(scene, seed, client);
  return {
    p50: quantile(firsts, 0.5),
    p99: quantile(firsts, 0.99),
    extra: (attempts / firsts.length - 1) * 100,
  };
}
