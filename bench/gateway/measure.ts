import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOptions } from '../figures.ts';
import { shown } from '../table.ts';
import type { IdleReport, LoadReport } from '../traffic/orders.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { residentKilobytes } from '../usage.ts';
import { type Sample, Samples } from './samples.ts';
import { cpuOf, type Scenario, type ScenarioName, SCENARIOS, utilisation } from './scenarios.ts';
import { type RunningTarget, startTarget, type TargetName } from './targets.ts';

/** Everything that was measured. */
export interface Measurements {
  readonly samples: Samples;
  /** Resident memory of each target, KB: of every fresh process, and after its first warm-up. */
  readonly memory: ReadonlyMap<TargetName, { readonly fresh: readonly number[]; readonly warm: readonly number[] }>;
  readonly idle: ReadonlyMap<TargetName, IdleReport>;
  /** Idle streams that were asked for. */
  readonly streams: number;
}

/** How much is measured. */
export interface Extent {
  /** Each with fresh processes: two runs of the same program differ more than two slices of one. */
  readonly rounds: number;
  /** As much of each scenario's turns within a round are taken, one at least. */
  readonly share: number;
  readonly warmUpMs: number;
  readonly idleStreams: number;
}

export function extentOf({ quick }: RunOptions): Extent {
  return quick
    ? { rounds: 2, share: 0.5, warmUpMs: 1_500, idleStreams: 2_000 }
    : { rounds: 4, share: 1, warmUpMs: 3_000, idleStreams: 9_500 };
}

const TARGETS: readonly TargetName[] = ['direct', 'floor', 'holdfast', 'portkey'];
const IDLE_TARGETS: readonly TargetName[] = ['floor', 'holdfast'];

/** The file limit at which 9,500 streams must fit, two sockets each. */
export const OPEN_FILES = 20_000;

/** Before what is only shown, ms: its process has been warm before. */
const SHOWN_WARM_UP_MS = 1_500;

/** A fresh process is looked at when it has come to rest, ms. */
const REST_MS = 1_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

export async function measure(traffic: Traffic, extent: Extent): Promise<Measurements> {
  const samples = new Samples();
  const memory = new Map(TARGETS.map((name) => [name, { fresh: [] as number[], warm: [] as number[] }]));
  for (let round = 0; round < extent.rounds; round += 1) {
    const targets = new Map<TargetName, RunningTarget>();
    for (const name of TARGETS) targets.set(name, await startTarget(name, traffic.upstreamPort));
    await sleep(REST_MS);
    for (const [name, target] of targets) memory.get(name)?.fresh.push(memoryOf(target));
    for (const [name, target] of targets) {
      await warmUp(traffic, target, extent.warmUpMs);
      memory.get(name)?.warm.push(memoryOf(target));
    }
    await playRound(traffic, targets, round, extent, samples);
    for (const target of targets.values()) await target.stop();
  }
  const idle = new Map<TargetName, IdleReport>();
  for (const name of IDLE_TARGETS) idle.set(name, await hold(traffic, name, extent));
  return { samples, memory, idle, streams: extent.idleStreams };
}

/** All scenarios, the compared targets in turns; then, warmed again, those that are only shown. */
async function playRound(
  traffic: Traffic,
  targets: ReadonlyMap<TargetName, RunningTarget>,
  round: number,
  { share, warmUpMs }: Extent,
  samples: Samples,
): Promise<void> {
  const names = Object.keys(SCENARIOS) as ScenarioName[];
  const play = async (name: TargetName, scenario: ScenarioName, turn: number): Promise<void> => {
    const target = targets.get(name);
    if (target === undefined) return;
    const report = await slice(traffic, target, SCENARIOS[scenario]);
    const sample: Sample = { target: name, scenario, round, turn, report };
    samples.add(sample);
    say(told(sample));
  };
  for (const scenario of names) {
    const { compared, turns } = SCENARIOS[scenario];
    for (const name of compared) await settle(traffic, targets.get(name), SCENARIOS[scenario]);
    for (let turn = 0; turn < Math.max(1, turns * share); turn += 1) {
      // There and back: nobody gains by who goes before.
      const order = turn % 2 === 0 ? compared : compared.toReversed();
      for (const name of order) await play(name, scenario, turn);
    }
  }
  for (const name of TARGETS) {
    const shownIn = names.filter((scenario) => SCENARIOS[scenario].shown.includes(name));
    const target = targets.get(name);
    if (shownIn.length === 0 || target === undefined) continue;
    await warmUp(traffic, target, Math.min(warmUpMs, SHOWN_WARM_UP_MS));
    for (const scenario of shownIn) await play(name, scenario, 0);
  }
}

async function warmUp(traffic: Traffic, { destination }: RunningTarget, ms: number): Promise<void> {
  if (destination.pid === null) return;
  const { traffic: kind } = SCENARIOS.json1k;
  await traffic.load({ to: destination, ...kind, warmMs: 0, measureMs: ms });
}

async function settle(traffic: Traffic, target: RunningTarget | undefined, scenario: Scenario): Promise<void> {
  if (target === undefined) return;
  const { traffic: kind, settling } = scenario;
  await traffic.load({ to: target.destination, ...kind, pattern: settling.pattern, warmMs: 0, measureMs: settling.ms });
}

function slice(traffic: Traffic, target: RunningTarget, scenario: Scenario): Promise<LoadReport> {
  const { traffic: kind, warmMs, sliceMs } = scenario;
  return traffic.load({ to: target.destination, ...kind, warmMs, measureMs: sliceMs });
}

function told({ target, scenario, round, report }: Sample): string {
  const { latencyMs, firstByteMs, calls, seconds, bad } = report;
  const parts = [
    `${shown(calls / seconds)} calls/s`,
    `p50 ${shown(latencyMs.p50)} ms`,
    `p99 ${shown(latencyMs.p99)} ms`,
  ];
  if (!Number.isNaN(firstByteMs.p50)) parts.push(`first byte ${shown(firstByteMs.p50)} ms`);
  if (target !== 'direct') {
    parts.unshift(
      `${shown(cpuOf(scenario)(report))} µs a ${SCENARIOS[scenario].per}`,
      `core ${shown(utilisation(report) * 100)} %`,
    );
  }
  if (bad > 0) parts.push(`${bad} BAD`);
  return `round ${round + 1}  ${scenario.padEnd(8)}  ${target.padEnd(8)}  ${parts.join(', ')}`;
}

function memoryOf({ destination: { pid } }: RunningTarget): number {
  return pid === null ? Number.NaN : residentKilobytes(pid);
}

async function hold(traffic: Traffic, name: TargetName, { idleStreams, warmUpMs }: Extent): Promise<IdleReport> {
  const target = await startTarget(name, traffic.upstreamPort, OPEN_FILES);
  await warmUp(traffic, target, warmUpMs);
  const report = await traffic.idle({
    to: target.destination,
    streams: idleStreams,
    perSecond: 1_500,
    settleMs: 3_000,
  });
  say(
    `idle     ${name.padEnd(8)}  ${report.alive} of ${idleStreams} streams alive, ${shown(kilobytesPerStream(report))} KB each`,
  );
  await target.stop();
  return report;
}

export function kilobytesPerStream({ alive, kilobytesBefore, kilobytesAfter }: IdleReport): number {
  return (kilobytesAfter - kilobytesBefore) / alive;
}
