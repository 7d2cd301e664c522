import type { Benchmark, Figure } from '../figures.ts';
import { machine } from '../machine.ts';
import { markdownTable, shown } from '../table.ts';
import { emitFigures } from './emit.ts';
import { monthFigures } from './month.ts';

/** Calls of the month that questions are asked about. */
const CALLS = { quick: 20_000, usual: 200_000, full: 10_000_000 } as const;

/** What it costs to keep, add up and ask about calls. */
export const see: Benchmark = {
  summary: 'questions about a month of calls, and what keeping them costs; --full: ten million calls',
  async run({ quick, full }) {
    const calls = full ? CALLS.full : quick ? CALLS.quick : CALLS.usual;
    // What is measured in microseconds goes first, before anything has filled the heap.
    const figures: readonly Figure[] = [...emitFigures(), ...(await monthFigures(calls))];
    const rows = figures.map(({ id, value, unit, target, holds }) => [
      id,
      shown(value),
      unit,
      target,
      holds ? 'yes' : 'NO',
    ]);
    const table = markdownTable(['figure', 'value', 'unit', 'target', 'holds'], rows);
    return { figures, page: `# See: ${calls.toLocaleString('en')} calls of a month\n\n${machine()}\n\n${table}` };
  },
};
