import { setTimeout as sleep } from 'node:timers/promises';
import type { RunOptions } from '../figures.ts';
import { shown } from '../table.ts';
import type { IdleReport } from '../traffic/orders.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { residentKilobytes } from '../usage.ts';
import { Samples } from './samples.ts';
import { cpuPerUnit, type Scenario, SCENARIOS, utilisation } from './scenarios.ts';
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
  readonly rounds: number;
  /** Slices of each scenario within a round. */
  readonly turns: number;
  /** Slices are this much of their full length. */
  readonly scale: number;
  readonly warmUpMs: number;
  readonly idleStreams: number;
}

/** Rounds alternate the targets, so that a change of the machine's mood falls on all of them. */
export function extentOf({ quick }: RunOptions): Extent {
  return quick
    ? { rounds: 2, turns: 1, scale: 0.5, warmUpMs: 1_500, idleStreams: 2_000 }
    : { rounds: 4, turns: 2, scale: 1, warmUpMs: 3_000, idleStreams: 9_500 };
}

const TARGETS: readonly TargetName[] = ['direct', 'floor', 'holdfast', 'portkey'];
const IDLE_TARGETS: readonly TargetName[] = ['floor', 'holdfast'];

/** The file limit at which 9,500 streams must fit, two sockets each. */
export const OPEN_FILES = 20_000;

/** A fresh process is looked at when it has come to rest, ms. */
const REST_MS = 1_000;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

export async function measure(traffic: Traffic, extent: Extent): Promise<Measurements> {
  const samples = new Samples();
  const memory = new Map(TARGETS.map((name) => [name, { fresh: [] as number[], warm: [] as number[] }]));
  for (let round = 0; round < extent.rounds; round += 1) {
    for (const name of TARGETS) {
      const target = await startTarget(name, traffic.upstreamPort);
      const { pid } = target.destination;
      await sleep(pid === null ? 0 : REST_MS);
      if (pid !== null) memory.get(name)?.fresh.push(residentKilobytes(pid));
      await warmUp(traffic, target, extent);
      if (pid !== null) memory.get(name)?.warm.push(residentKilobytes(pid));
      for (const scenario of SCENARIOS) {
        if (!scenario.targets.includes(name)) continue;
        for (let turn = 0; turn < extent.turns; turn += 1) {
          await slice(traffic, target, scenario, { round, turn, scale: extent.scale }, samples);
        }
      }
      await target.stop();
    }
  }
  const idle = new Map<TargetName, IdleReport>();
  for (const name of IDLE_TARGETS) idle.set(name, await hold(traffic, name, extent));
  return { samples, memory, idle, streams: extent.idleStreams };
}

async function warmUp(traffic: Traffic, { destination }: RunningTarget, { warmUpMs }: Extent): Promise<void> {
  await traffic.load({
    to: destination,
    bodyBytes: 1024,
    manner: 'whole',
    pattern: { kind: 'closed', connections: 32 },
    warmMs: 0,
    measureMs: warmUpMs,
  });
}

async function slice(
  traffic: Traffic,
  target: RunningTarget,
  scenario: Scenario,
  { round, turn, scale }: { readonly round: number; readonly turn: number; readonly scale: number },
  samples: Samples,
): Promise<void> {
  const { warmMs, sliceMs, name } = scenario;
  const report = await traffic.load({
    to: target.destination,
    ...scenario.traffic,
    warmMs: turn === 0 || scenario.traffic.manner === 'paced' ? warmMs : warmMs / 2,
    measureMs: sliceMs * scale,
  });
  samples.add({ target: target.name, scenario: name, round, turn, report });
  const { latencyMs, firstByteMs, calls, bad } = report;
  say(
    `round ${round + 1}  ${target.name.padEnd(8)}  ${name.padEnd(8)}  ` +
      (target.name === 'direct'
        ? ''
        : `${shown(cpuPerUnit(scenario, report))} µs a ${scenario.per}, core ${Math.round(utilisation(report) * 100)} %, `) +
      `${shown(calls / report.seconds)} calls/s, p50 ${shown(latencyMs.p50)} ms, p99 ${shown(latencyMs.p99)} ms` +
      (Number.isNaN(firstByteMs.p50) ? '' : `, first byte ${shown(firstByteMs.p50)} ms`) +
      (bad > 0 ? `, BAD ${bad}` : ''),
  );
}

async function hold(traffic: Traffic, name: TargetName, { idleStreams, warmUpMs }: Extent): Promise<IdleReport> {
  const target = await startTarget(name, traffic.upstreamPort, OPEN_FILES);
  await warmUp(traffic, target, { rounds: 1, turns: 1, scale: 1, warmUpMs: warmUpMs / 2, idleStreams });
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
