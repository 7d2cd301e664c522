import type { LoadOrder, LoadReport } from '../traffic/orders.ts';
import type { TargetName } from './targets.ts';

export type ScenarioName = 'json1k' | 'json10k' | 'json100k' | 'burst' | 'rate' | 'paced';

/** A kind of traffic, and on whom it is tried. */
export interface Scenario {
  readonly name: ScenarioName;
  /** What its CPU is divided by. */
  readonly per: 'call' | 'chunk';
  readonly targets: readonly TargetName[];
  readonly traffic: Pick<LoadOrder, 'bodyBytes' | 'manner' | 'pattern'>;
  /** Traffic before counting begins, ms: the first moments of a process or of a kind of traffic are not like the rest. */
  readonly warmMs: number;
  /** Length of one slice, ms. */
  readonly sliceMs: number;
}

const KIB = 1024;
const SATURATED = { kind: 'closed', connections: 32 } as const;
/** One short of a hundred live streams at a second each; an odd rate keeps their chunks from falling into step. */
const STREAMS_A_SECOND = 97;
const CALLS_A_SECOND = 400;

const ALL = ['floor', 'holdfast', 'portkey'] as const;
const OURS = ['floor', 'holdfast'] as const;
const WITH_ZERO = ['direct', ...ALL] as const;

/** In the order in which each process meets them. */
export const SCENARIOS: readonly Scenario[] = [
  json('json1k', 1, ALL),
  json('json10k', 10, OURS),
  json('json100k', 100, OURS),
  {
    name: 'rate',
    per: 'call',
    targets: WITH_ZERO,
    traffic: { bodyBytes: KIB, manner: 'whole', pattern: { kind: 'open', perSecond: CALLS_A_SECOND } },
    warmMs: 500,
    sliceMs: 4_000,
  },
  {
    name: 'burst',
    per: 'call',
    targets: ALL,
    traffic: { bodyBytes: KIB, manner: 'burst', pattern: { kind: 'closed', connections: 16 } },
    warmMs: 1_000,
    sliceMs: 1_500,
  },
  {
    name: 'paced',
    per: 'chunk',
    targets: WITH_ZERO,
    traffic: { bodyBytes: KIB, manner: 'paced', pattern: { kind: 'open', perSecond: STREAMS_A_SECOND } },
    warmMs: 1_500,
    sliceMs: 3_000,
  },
];

function json(name: ScenarioName, kib: number, targets: readonly TargetName[]): Scenario {
  const traffic = { bodyBytes: kib * KIB, manner: 'whole', pattern: SATURATED } as const;
  return { name, per: 'call', targets, traffic, warmMs: 500, sliceMs: 1_500 };
}

/** CPU of the gateway for one call or chunk, µs. */
export function cpuPerUnit({ per }: Scenario, report: LoadReport): number {
  return report.cpuMicroseconds / (per === 'call' ? report.calls : report.chunks);
}

/** How much of its core the gateway used. Below 0.95 a closed loop did not saturate it. */
export function utilisation(report: LoadReport): number {
  return report.cpuMicroseconds / (report.seconds * 1e6);
}
