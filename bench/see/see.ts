import type { Benchmark, Figure } from '../figures.ts';
import { machine } from '../machine.ts';
import { markdownTable, shown } from '../table.ts';
import { Traffic } from '../traffic/traffic.ts';
import { costFigures } from './cost.ts';
import { emitFigures } from './emit.ts';
import { mixedFigures } from './mixed/mixed.ts';
import { monthFigures } from './month.ts';
import { steadinessFigures } from './steadiness.ts';

/** Calls of the month that questions are asked about. */
const CALLS = { quick: 20_000, usual: 200_000, full: 10_000_000 } as const;

/** Files and sockets that the processes which make traffic may have open. */
const OPEN_FILES = 4_096;

/** Length of the mixed run, unless somebody names another, s. */
const MIXED_SECONDS = { quick: 10, usual: 30 } as const;

interface Part {
  readonly title: string;
  readonly figures: readonly Figure[];
  /** What is to be said below them, if anything. */
  readonly words?: string;
}

/** What it costs to keep, add up and ask about calls, and whether what is told of them is true. */
export const see: Benchmark = {
  summary: 'what observing costs, alone and in trouble; whether what is shown is true; questions about a month',
  async run({ quick, full, minutes }) {
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
    const seconds = minutes === null ? MIXED_SECONDS[quick ? 'quick' : 'usual'] : minutes * 60;
    parts.push({ title: `A mixed run of ${seconds} s`, ...(await mixedFigures(seconds)) });
    const page = ['# See', machine(), ...parts.map(shownPart)].join('\n\n');
    return { figures: parts.flatMap(({ figures }) => figures), page };
  },
};

function shownPart({ title, figures, words = '' }: Part): string {
  const rows = figures.map(({ id, value, unit, target, holds }) => [
    id,
    shown(value),
    unit,
    target,
    holds ? 'yes' : 'NO',
  ]);
  const table = markdownTable(['figure', 'value', 'unit', 'target', 'holds'], rows);
  return [`## ${title}`, table, words].filter((text) => text !== '').join('\n\n');
}
