import type { LoadOrder, LoadReport } from '../traffic/orders.ts';
import type { TargetName } from './targets.ts';

export type ScenarioName = 'json1k' | 'burst' | 'json10k' | 'json100k' | 'rate' | 'paced';

/** A kind of traffic, and on whom it is tried. */
export interface Scenario {
  /** What its CPU is divided by. */
  readonly per: 'call' | 'chunk';
  /** Measured in turns, slice beside slice: figures are ratios and differences between these. */
  readonly compared: readonly TargetName[];
  /** Measured once a round, for the table only. */
  readonly shown: readonly TargetName[];
  readonly traffic: Pick<LoadOrder, 'bodyBytes' | 'manner' | 'pattern'>;
  /**
   * What is played to each target before its first slice of a round: the same manner of traffic, but as fast as it takes for
   * V8 to compile what the slices will run. It compiles what has been called some thousand times, which at 97 streams a second
   * takes half a minute; and with a new kind of traffic it throws much of what it had compiled away. Gateways run for months:
   * their first minute is not what is measured.
   */
  readonly settling: { readonly pattern: LoadOrder['pattern']; readonly ms: number };
  /** Traffic before counting begins, ms: the first moments after a rest are not like those that follow. */
  readonly warmMs: number;
  /**
   * Length of one slice, ms. Short, because V8 drops the code of a process that waits ten seconds for its next turn, and because
   * many short pairs tell more on a noisy machine than a few long ones: what disturbs it lasts for seconds.
   */
  readonly sliceMs: number;
  /** Slices of each target in a round. */
  readonly turns: number;
}

const KIB = 1024;
const SATURATED = { kind: 'closed', connections: 32 } as const;
/** Some hundred live streams at a second each; an odd rate keeps their chunks from falling into step. */
const STREAMS_A_SECOND = 97;
const CALLS_A_SECOND = 400;

const BASE = ['floor', 'holdfast'] as const;
const ALL = [...BASE, 'portkey'] as const;

/** In the order in which each process meets them: each of the slow ones behind the fast one that runs the same code. */
export const SCENARIOS: Readonly<Record<ScenarioName, Scenario>> = {
  json1k: json(1, ALL),
  rate: {
    per: 'call',
    compared: BASE,
    shown: ['direct', 'portkey'],
    traffic: { bodyBytes: KIB, manner: 'whole', pattern: { kind: 'open', perSecond: CALLS_A_SECOND } },
    settling: { pattern: SATURATED, ms: 1_000 },
    warmMs: 500,
    // A thousand calls, so that the 99th percentile stands on ten.
    sliceMs: 2_500,
    turns: 3,
  },
  burst: {
    per: 'call',
    compared: ALL,
    shown: [],
    traffic: { bodyBytes: KIB, manner: 'burst', pattern: { kind: 'closed', connections: 16 } },
    settling: { pattern: { kind: 'closed', connections: 16 }, ms: 1_500 },
    warmMs: 250,
    sliceMs: 600,
    turns: 4,
  },
  paced: {
    per: 'chunk',
    compared: BASE,
    shown: ['direct', 'portkey'],
    traffic: { bodyBytes: KIB, manner: 'paced', pattern: { kind: 'open', perSecond: STREAMS_A_SECOND } },
    settling: { pattern: { kind: 'open', perSecond: 4 * STREAMS_A_SECOND }, ms: 12_000 },
    // A second until as many streams end as begin.
    warmMs: 1_200,
    sliceMs: 2_500,
    turns: 2,
  },
  json10k: json(10, BASE),
  json100k: json(100, BASE),
};

function json(kib: number, compared: readonly TargetName[]): Scenario {
  const traffic = { bodyBytes: kib * KIB, manner: 'whole', pattern: SATURATED } as const;
  const settling = { pattern: SATURATED, ms: 1_000 } as const;
  return { per: 'call', compared, shown: [], traffic, settling, warmMs: 250, sliceMs: 600, turns: 6 };
}

/** CPU of the gateway for one call, or one chunk where those are counted, µs. */
export function cpuOf(name: ScenarioName): (report: LoadReport) => number {
  const { per } = SCENARIOS[name];
  return ({ cpuMicroseconds, calls, chunks }) => cpuMicroseconds / (per === 'call' ? calls : chunks);
}

/** Share of its core that the gateway used; well below 1, a closed loop did not saturate it. */
export function utilisation(report: LoadReport): number {
  return report.cpuMicroseconds / (report.seconds * 1e6);
}
