import { type Benchmark, figure, type Figure, type Outcome, type RunOptions } from '../../figures.ts';
import { type Extent, Lab } from '../lab.ts';
import {
  amplification,
  answeredShare,
  between,
  type Diversion,
  diversionOf,
  medianOf,
  timeToRecover,
  type Told,
} from '../measures.ts';
import { holdfast } from '../policies/holdfast.ts';
import { summaryOf, table } from '../yardsticks/yardstick.ts';
import { CLIENTS } from './clients.ts';
import { type Compared, type Quantity, ranking, withinTwice } from './compare.ts';
import { ATTEMPT_MS, BROWN_OUT, CAPACITY, DIVERSION, type HttpScene, ONSET, OUTAGE, OVERLOAD } from './scenes.ts';
import { type Act, Stage } from './stage.ts';

/** A process that was held up for longer than this has spoilt the times of everybody, ms. */
const HELD_UP_MS = 250;

/** How often a spoilt round is played again before it is taken as it is. */
const REPEATS = 2;

/** The arrivals that are played over HTTP, among those of the virtual runs. */
const SEED = 1;

const TERMS = { attemptMs: ATTEMPT_MS };

/** A quantity, and how a run's value of it is had. */
interface Measure extends Quantity {
  readonly scene: HttpScene;
  readonly of: (told: Told) => number;
  /** Is Holdfast's value over HTTP held to within twice of the virtual one? */
  readonly held: boolean;
}

const MEASURES: readonly Measure[] = [
  {
    id: 'amplification',
    title: `attempts per call, ${OUTAGE.title}`,
    scene: OUTAGE,
    better: 'less',
    // Five attempts among the calls of the time.
    grain: 0.015,
    decimals: 3,
    held: true,
    of: (told) => amplification(told, ONSET, OUTAGE.badUntil),
  },
  {
    id: 'recovery_after_outage',
    title: `seconds to recover from ${OUTAGE.title}`,
    scene: OUTAGE,
    better: 'less',
    grain: 2,
    decimals: 0,
    held: true,
    of: (told) => timeToRecover(told, 2, ONSET, OUTAGE.badUntil),
  },
  {
    id: 'brown_out_amplification',
    title: `attempts per call, ${BROWN_OUT.title}`,
    scene: BROWN_OUT,
    better: 'less',
    grain: 0.05,
    decimals: 2,
    held: false,
    of: (told) => amplification(told, ONSET, BROWN_OUT.badUntil),
  },
  {
    id: 'recovery_after_brown_out',
    title: `seconds to recover from ${BROWN_OUT.title}`,
    scene: BROWN_OUT,
    better: 'less',
    grain: 2,
    decimals: 0,
    held: true,
    of: (told) => timeToRecover(told, 2, ONSET, BROWN_OUT.badUntil),
  },
  {
    id: 'answered_after_brown_out',
    title: 'share answered of the 40 s that follow',
    scene: BROWN_OUT,
    better: 'more',
    grain: 0.05,
    decimals: 3,
    held: false,
    of: (told) => answeredShare(told, BROWN_OUT.badUntil, BROWN_OUT.badUntil + 40),
  },
  {
    id: 'goodput',
    title: `goodput, ${OVERLOAD.title}, share of capacity`,
    scene: OVERLOAD,
    better: 'more',
    grain: 0.05,
    decimals: 3,
    held: true,
    of: ({ series }) => between(series.goodput, series.binMs, 5, 30) / (CAPACITY * 25),
  },
];

/** What goes on at the same time: never more than 150 calls a second, retries not counted. */
const ROUNDS: readonly (readonly Act[])[] = [
  CLIENTS.map((policy) => ({ scene: OUTAGE, policy })),
  CLIENTS.map((policy) => ({ scene: BROWN_OUT, policy })),
  CLIENTS.slice(0, 2).map((policy) => ({ scene: OVERLOAD, policy })),
  CLIENTS.slice(2, 4).map((policy) => ({ scene: OVERLOAD, policy })),
  [
    { scene: OVERLOAD, policy: holdfast },
    { scene: DIVERSION, policy: holdfast },
  ],
];

/** The storm once more with nothing virtual in it: does what the virtual clock says hold in the world? */
export const stormHttp: Benchmark = {
  summary: 'the storm over real HTTP: simulator, callers and gateway as processes, beside the virtual figures',

  async run({ quick, seeds }: RunOptions): Promise<Outcome> {
    const virtual = await playVirtually({ quick, seeds });
    const { told, heldUpMs } = await playLive();
    const figures: Figure[] = [];
    const pages: string[] = [];
    for (const measure of MEASURES) {
      const rows = CLIENTS.map((policy): Compared => {
        const key = keyOf({ scene: measure.scene, policy });
        const values = virtual.get(key)?.map(measure.of) ?? [];
        const live = told.get(key);
        return {
          client: policy.name,
          virtual: medianOf(values),
          twin: values[SEED - 1] ?? Number.NaN,
          http: live === undefined ? Number.NaN : measure.of(live),
        };
      });
      const { pairs, reversed } = ranking(measure, rows);
      figures.push(figure(`${measure.id}.order_reversed`, reversed.length, `of ${pairs} pairs`, { atMost: 0 }, 0));
      if (measure.held) figures.push(withinTwice(measure, rows.at(-1) as Compared));
      pages.push(`### ${measure.title}`, comparison(measure, rows, reversed));
    }
    const diverted = divertedFigures(virtual, told);
    figures.push(...diverted.figures);
    pages.push(`### ${DIVERSION.title}`, diverted.page);
    const stall = `The longest that a process had no turn: ${heldUpMs.map((ms) => `${Math.round(ms)} ms`).join(', ')} in the rounds.`;
    return { figures, page: [summaryOf(figures), stall, ...pages].join('\n\n') };
  },
};

function keyOf({ scene, policy }: Act): string {
  return `${scene.id} ${policy.id}`;
}

async function playVirtually(extent: Extent): Promise<ReadonlyMap<string, readonly Told[]>> {
  const lab = new Lab(extent);
  const told = new Map<string, readonly Told[]>();
  for (const act of ROUNDS.flat()) {
    told.set(keyOf(act), await lab.tales(act.policy, act.scene.id, act.scene.scene, TERMS));
  }
  return told;
}

async function playLive(): Promise<{ told: ReadonlyMap<string, Told>; heldUpMs: readonly number[] }> {
  const stage = new Stage();
  const told = new Map<string, Told>();
  const heldUpMs: number[] = [];
  try {
    for (const acts of ROUNDS) {
      const played = await playUndisturbed(stage, acts);
      heldUpMs.push(played.heldUpMs);
      for (const [at, act] of acts.entries()) told.set(keyOf(act), played.told[at] as Told);
    }
  } finally {
    await stage.stop();
  }
  return { told, heldUpMs };
}

async function playUndisturbed(stage: Stage, acts: readonly Act[]): ReturnType<Stage['play']> {
  const name = acts.map(({ scene, policy }) => `${policy.name}: ${scene.id}`).join(', ');
  for (let repeat = 0; ; repeat += 1) {
    console.error(`storm-http: ${name}`);
    const played = await stage.play(acts, SEED);
    if (played.heldUpMs <= HELD_UP_MS || repeat === REPEATS) return played;
    console.error(`storm-http: a process was held up for ${Math.round(played.heldUpMs)} ms; once more`);
  }
}

function comparison(measure: Measure, rows: readonly Compared[], reversed: readonly string[]): string {
  const said = (value: number): string => (Number.isFinite(value) ? value.toFixed(measure.decimals) : 'never');
  const lines = rows.map(({ client, virtual, twin, http }) => [client, said(virtual), said(twin), said(http)]);
  const note = reversed.length === 0 ? '' : `\n\nThe other way round over HTTP: ${reversed.join('; ')}.`;
  return table(['client', 'virtual, median', 'virtual, the same callers', 'HTTP'], lines) + note;
}

function divertedFigures(virtual: ReadonlyMap<string, readonly Told[]>, told: ReadonlyMap<string, Told>) {
  const key = keyOf({ scene: DIVERSION, policy: holdfast });
  const of = (one: Told): Diversion => diversionOf(one, ONSET, DIVERSION.badUntil);
  const runs = (virtual.get(key) ?? []).map(of);
  const live = told.get(key);
  const none: Diversion = { seconds: Number.NaN, calls: Number.NaN, attempts: Number.NaN, failed: Number.NaN };
  const http = live === undefined ? none : of(live);
  const median = (pick: (one: Diversion) => number): number => medianOf(runs.map(pick));
  const twin = runs[SEED - 1] ?? none;
  const compared = (pick: (one: Diversion) => number): Compared => {
    return { client: holdfast.name, virtual: median(pick), twin: pick(twin), http: pick(http) };
  };
  const row = (title: string, pick: (one: Diversion) => number): string[] => {
    return [title, `${median(pick)}`, `${pick(twin)}`, `${pick(http)}`];
  };
  const rows = [
    row('seconds until it is left alone', (one) => one.seconds),
    row('attempts wasted', (one) => one.attempts),
    row('calls failed', (one) => one.failed),
  ];
  return {
    figures: [
      withinTwice(
        { id: 'diversion.seconds', grain: 0.2 },
        compared((one) => one.seconds),
      ),
      figure('diversion.wasted_attempts', http.attempts, 'attempts', { atMost: 5 }, 0),
      withinTwice(
        { id: 'diversion.wasted_attempts', grain: 2 },
        compared((one) => one.attempts),
      ),
      figure('diversion.user_visible_errors', http.failed, 'calls', { atMost: 0 }, 0),
    ],
    page: table(['Holdfast', 'virtual, median', 'virtual, the same callers', 'HTTP'], rows),
  };
}
