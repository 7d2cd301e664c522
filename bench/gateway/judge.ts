import { type Figure, figure } from '../figures.ts';
import { median } from '../statistics.ts';
import { kilobytesPerStream, type Measurements } from './measure.ts';
import type { Metric } from './samples.ts';
import { cpuOf, type ScenarioName } from './scenarios.ts';

/** The figures that Holdfast is held to. */
export function judge({ samples, memory, idle, streams }: Measurements): Figure[] {
  const overFloor = (name: ScenarioName): number => samples.ratio('holdfast', 'floor', name, cpuOf(name));
  const portkeyOver = (name: ScenarioName): number => samples.ratio('portkey', 'holdfast', name, cpuOf(name));
  const added = (name: ScenarioName, metric: Metric): number => samples.added('holdfast', 'floor', name, metric);
  const held = idle.get('holdfast');
  const fresh = median(memory.get('holdfast')?.fresh ?? []) / 1024;

  return [
    figure('json1k.cpu_ratio', overFloor('json1k'), 'x floor', { atMost: 1.3 }, 3),
    figure('json10k.cpu_ratio', overFloor('json10k'), 'x floor', { atMost: 1.5 }, 3),
    figure('json100k.cpu_ratio', overFloor('json100k'), 'x floor', { atMost: 1.15 }, 3),
    figure('paced.chunk_ratio', overFloor('paced'), 'x floor', { atMost: 1.1 }, 3),
    figure('portkey.json_ratio', portkeyOver('json1k'), 'x holdfast', { atLeast: 10 }, 2),
    figure('portkey.burst_ratio', portkeyOver('burst'), 'x holdfast', { atLeast: 3.5 }, 2),
    figure(
      'rate.p50_added_us',
      added('rate', ({ latencyMs }) => latencyMs.p50) * 1000,
      'µs over floor',
      { atMost: 50 },
      0,
    ),
    figure(
      'rate.p99_added_ms',
      added('rate', ({ latencyMs }) => latencyMs.p99),
      'ms over floor',
      { atMost: 0.5 },
      3,
    ),
    figure(
      'firstbyte.added_ms',
      added('paced', ({ firstByteMs }) => firstByteMs.p50),
      'ms over floor',
      { atMost: 0.1 },
      3,
    ),
    figure('idle.kb_per_stream', held === undefined ? Number.NaN : kilobytesPerStream(held), 'KB', { atMost: 32 }, 1),
    figure('idle.streams', held?.alive ?? 0, 'streams', { atLeast: streams }, 0),
    figure('base.rss_mb', fresh, 'MB', { atMost: 130 }, 0),
  ];
}
