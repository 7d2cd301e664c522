import type { Figure, Target } from '../../figures.ts';
import { figure } from '../../figures.ts';
import type { Lab } from '../lab.ts';
import { medianOf, worstOf } from '../measures.ts';

/** One thing that clients are judged by. */
export interface Yardstick {
  readonly id: string;
  readonly title: string;
  readonly measure: (lab: Lab) => Promise<Section>;
}

/** What a yardstick showed. */
interface Section {
  /** What Holdfast is held to. */
  readonly figures: readonly Figure[];
  /** Markdown, with the others beside it. */
  readonly page: string;
}

/** The median over the seeds and the worst of them, held to the same target. */
export function medianAndWorst(
  id: string,
  values: readonly number[],
  unit: string,
  target: Target,
  decimals: number,
): Figure[] {
  const better = 'atMost' in target ? 'less' : 'more';
  return [
    figure(`${id}.median`, medianOf(values), unit, target, decimals),
    figure(`${id}.worst`, worstOf(values, better), unit, target, decimals),
  ];
}

/** `1.02 (1.05)`: the median and the worst. */
export function shown(values: readonly number[], better: 'less' | 'more', decimals: number): string {
  const [median, worst] = [medianOf(values), worstOf(values, better)].map((value) =>
    Number.isFinite(value) ? value.toFixed(decimals) : Number.isNaN(value) ? '–' : 'never',
  );
  return median === worst ? `${median}` : `${median} (${worst})`;
}

/** A Markdown table. */
export function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Every figure with its target, as a table. */
export function summaryOf(figures: readonly Figure[]): string {
  const rows = figures.map(({ id, value, unit, target, holds }) => [
    id,
    Number.isFinite(value) ? `${value} ${unit}` : 'never',
    target,
    holds ? 'holds' : '**falls short**',
  ]);
  return table(['figure', 'value', 'target', ''], rows);
}
