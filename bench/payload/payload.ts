import { cpus } from 'node:os';
import type { Benchmark, Figure, RunOptions } from '../figures.ts';
import { figure } from '../figures.ts';
import { markdownTable, shown } from '../table.ts';
import { accuracyFigures, delayFigures } from './counting.ts';
import { enduranceFigures } from './endurance.ts';
import { fittingFigures } from './fitting.ts';
import { validationFigures } from './validation.ts';
import { wideningFigures } from './widening.ts';

/** What is measured, in this order; each gives its own figures. */
const MEASURES: readonly ((options: RunOptions) => Figure[] | Promise<Figure[]>)[] = [
  // What is measured in microseconds goes first, before anything has filled the heap.
  hotPathFigures,
  accuracyFigures,
  delayFigures,
  enduranceFigures,
  wideningFigures,
];

/** How requests are looked at before they leave: checked, counted, made to fit. */
export const payload: Benchmark = {
  summary: 'checking, counting and fitting of requests: cost, exactness, endurance',
  async run(options) {
    const figures: Figure[] = [];
    for (const measure of MEASURES) figures.push(...(await measure(options)));
    const rows = figures.map(({ id, value, unit, target, holds }) => [
      id,
      shown(value),
      unit,
      target,
      holds ? 'yes' : 'NO',
    ]);
    const table = markdownTable(['figure', 'value', 'unit', 'target', 'holds'], rows);
    return { figures, page: `# Payload, on ${cpus()[0]?.model ?? 'this machine'}\n\n${table}` };
  },
};

/** Validation, fitting, and both together, of a small and a large conversation. */
function hotPathFigures(options: RunOptions): Figure[] {
  const parts = [...validationFigures(options), ...fittingFigures(options)];
  const together = (size: string, atMost: number): Figure => {
    const sum = parts.filter(({ id }) => id.endsWith(`.${size}_us`)).reduce((total, { value }) => total + value, 0);
    return figure(`together.${size}_us`, sum, 'µs', { atMost }, 2);
  };
  return [...parts, together('chat2k', 8), together('chat100k', 90)];
}
