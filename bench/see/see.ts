import type { Benchmark, Figure } from '../figures.ts';
import { machine } from '../machine.ts';
import { markdownTable, shown } from '../table.ts';
import { Traffic } from '../traffic/traffic.ts';
import { costFigures } from './cost.ts';
import { emitFigures } from './emit.ts';
import { monthFigures } from './month.ts';
import { steadinessFigures } from './steadiness.ts';

/** Calls of the month that questions are asked about. */
const CALLS = { quick: 20_000, usual: 200_000, full: 10_000_000 } as const;

/** Files and sockets that the processes which make traffic may have open. */
const OPEN_FILES = 4_096;

interface Part {
  readonly title: string;
  readonly figures: readonly Figure[];
}

/** What it costs to keep, add up and ask about calls, and whether what is told of them is true. */
export const see: Benchmark = {
  summary: 'what observing costs, alone and in trouble, and questions about a month; --full: of ten million calls',
  async run({ quick, full }) {
    if (process.platform !== 'linux') throw new Error('this benchmark reads CPU times from /proc, and so needs Linux');
    const calls = full ? CALLS.full : quick ? CALLS.quick : CALLS.usual;
    // What is measured in microseconds goes first, before anything has filled the heap.
    const parts: Part[] = [{ title: 'Keeping a call', figures: emitFigures() }];
    const traffic = await Traffic.start(OPEN_FILES);
    try {
      parts.push({ title: 'Beside a bare proxy', figures: await costFigures(traffic, quick) });
      parts.push({ title: 'In trouble, beside a healthy gateway', figures: await steadinessFigures(traffic, quick) });
    } finally {
      await traffic.stop();
    }
    parts.push({ title: `A month of ${calls.toLocaleString('en')} calls`, figures: await monthFigures(calls) });
    const page = ['# See', machine(), ...parts.map(shownPart)].join('\n\n');
    return { figures: parts.flatMap(({ figures }) => figures), page };
  },
};

function shownPart({ title, figures }: Part): string {
  const rows = figures.map(({ id, value, unit, target, holds }) => [
    id,
    shown(value),
    unit,
    target,
    holds ? 'yes' : 'NO',
  ]);
  return `## ${title}\n\n${markdownTable(['figure', 'value', 'unit', 'target', 'holds'], rows)}`;
}
