import type { Figure } from '../figures.ts';
import { machine } from '../machine.ts';
import { PINNED } from '../processes.ts';
import { lowerQuartile } from '../statistics.ts';
import { markdownTable, shown } from '../table.ts';
import { cpuOf } from './judge.ts';
import { kilobytesPerStream, type Measurements } from './measure.ts';
import type { Metric } from './samples.ts';
import { type Scenario, SCENARIOS } from './scenarios.ts';
import type { TargetName } from './targets.ts';

const COLUMNS: readonly TargetName[] = ['floor', 'holdfast', 'portkey', 'direct'];

const TITLES: Readonly<Record<TargetName, string>> = {
  floor: 'bare node:http + undici',
  holdfast: 'Holdfast',
  portkey: 'Portkey 1.15.2',
  direct: 'no gateway',
};

/** The run as a page of Markdown: what was measured on which machine, and what it is held to. */
export function page(measurements: Measurements, figures: readonly Figure[]): string {
  const verdicts = figures.map(({ id, value, unit, target, holds }) => [
    id,
    shown(value),
    unit,
    target,
    holds ? 'yes' : 'NO',
  ]);
  return [
    `Measured on ${machine()}; ${PINNED ? 'the gateway alone on one core, load and upstream on the other' : 'processes not pinned to cores'}.`,
    markdownTable(['', ...COLUMNS.map((name) => TITLES[name])], rows(measurements)),
    markdownTable(['figure', 'value', 'unit', 'target', 'holds'], verdicts),
  ].join('\n\n');
}

function rows(measurements: Measurements): string[][] {
  const { samples, memory, idle } = measurements;
  const row = (title: string, cell: (target: TargetName) => number): string[] => [
    title,
    ...COLUMNS.map((name) => shown(cell(name))),
  ];
  const of =
    ({ name, targets }: Scenario, metric: Metric) =>
    (target: TargetName): number =>
      targets.includes(target) ? samples.quiet(target, name, metric) : Number.NaN;
  const [json1k, json10k, json100k, rate, burst, paced] = SCENARIOS;
  if (!json1k || !json10k || !json100k || !rate || !burst || !paced) return [];
  const cpu =
    (scenario: Scenario) =>
    (target: TargetName): number =>
      target === 'direct' ? Number.NaN : of(scenario, cpuOf(scenario.name))(target);

  return [
    row('JSON 1 KB, CPU µs a call', cpu(json1k)),
    row('JSON 10 KB, CPU µs a call', cpu(json10k)),
    row('JSON 100 KB, CPU µs a call', cpu(json100k)),
    row('burst of 50 chunks, CPU µs a stream', cpu(burst)),
    row('paced stream, CPU µs a chunk', cpu(paced)),
    row(
      '400 calls/s, p50 ms',
      of(rate, ({ latencyMs }) => latencyMs.p50),
    ),
    row(
      '400 calls/s, p99 ms',
      of(rate, ({ latencyMs }) => latencyMs.p99),
    ),
    row(
      'stream, first byte p50 ms',
      of(paced, ({ firstByteMs }) => firstByteMs.p50),
    ),
    row('memory after start, MB', (target) => lowerQuartile(memory.get(target)?.fresh ?? []) / 1024),
    row('memory after warm-up, MB', (target) => lowerQuartile(memory.get(target)?.warm ?? []) / 1024),
    row('open idle stream, KB', (target) => {
      const report = idle.get(target);
      return report === undefined ? Number.NaN : kilobytesPerStream(report);
    }),
    row('idle streams alive', (target) => idle.get(target)?.alive ?? Number.NaN),
    row('bad answers', (target) => SCENARIOS.reduce((sum, { name }) => sum + samples.bad(target, name), 0)),
  ];
}
