import type { Figure } from '../figures.ts';
import { machine } from '../machine.ts';
import { PINNED } from '../processes.ts';
import { median } from '../statistics.ts';
import { markdownTable, shown } from '../table.ts';
import { kilobytesPerStream, type Measurements } from './measure.ts';
import type { Metric } from './samples.ts';
import { cpuOf, type ScenarioName, utilisation } from './scenarios.ts';
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

function rows({ samples, memory, idle }: Measurements): string[][] {
  const row = (title: string, cell: (target: TargetName) => number): string[] => [
    title,
    ...COLUMNS.map((name) => shown(cell(name))),
  ];
  const quiet = (title: string, scenario: ScenarioName, metric: Metric): string[] =>
    row(title, (target) => samples.quiet(target, scenario, metric));
  const cpu = (title: string, scenario: ScenarioName): string[] =>
    row(title, (target) => (target === 'direct' ? Number.NaN : samples.quiet(target, scenario, cpuOf(scenario))));

  return [
    cpu('JSON 1 KB, CPU µs a call', 'json1k'),
    cpu('JSON 10 KB, CPU µs a call', 'json10k'),
    cpu('JSON 100 KB, CPU µs a call', 'json100k'),
    cpu('burst of 50 chunks, CPU µs a stream', 'burst'),
    cpu('paced stream, CPU µs a chunk', 'paced'),
    quiet('400 calls/s, p50 ms', 'rate', ({ latencyMs }) => latencyMs.p50),
    quiet('400 calls/s, p99 ms', 'rate', ({ latencyMs }) => latencyMs.p99),
    quiet('stream, first byte p50 ms', 'paced', ({ firstByteMs }) => firstByteMs.p50),
    row('JSON 1 KB, share of the core used, %', (target) => samples.middle(target, 'json1k', utilisation) * 100),
    row('memory after start, MB', (target) => median(memory.get(target)?.fresh ?? []) / 1024),
    row('memory after warm-up, MB', (target) => median(memory.get(target)?.warm ?? []) / 1024),
    row('open idle stream, KB', (target) => {
      const report = idle.get(target);
      return report === undefined ? Number.NaN : kilobytesPerStream(report);
    }),
    row('idle streams alive', (target) => idle.get(target)?.alive ?? Number.NaN),
    row('bad answers', (target) => samples.bad(target)),
  ];
}
