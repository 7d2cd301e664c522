import type { Benchmark, Figure, Outcome, RunOptions } from '../figures.ts';
import type { Line } from '../limits/line.ts';
import { summaryOf } from '../storm/yardsticks/yardstick.ts';
import { bulk } from './bulk.ts';
import { cuts } from './cuts.ts';
import { incidents } from './incidents.ts';
import { slowReplica } from './slow-replica.ts';

const LINES: readonly Line[] = [incidents, cuts, slowReplica, bulk];

/** Runs of each experiment: more would take longer than they would tell. */
const MOST_SEEDS = 3;

/** What goes on when a provider does not: another one, the rest of a stream, a second attempt; and work that can wait. */
export const ladder: Benchmark = {
  summary:
    'the ladder: months of incidents, streams that break off, slow replicas, a bulk against a limit; mostly on a virtual clock',

  async run({ quick, seeds }: RunOptions): Promise<Outcome> {
    const figures: Figure[] = [];
    const pages: string[] = [];
    for (const { title, measure } of LINES) {
      const startedAt = performance.now();
      const section = await measure({ seeds: Math.min(seeds, MOST_SEEDS), quick });
      figures.push(...section.figures);
      pages.push(`## ${title}`, section.page);
      console.error(`ladder: ${title} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
    }
    return { figures, page: [summaryOf(figures), ...pages].join('\n\n') };
  },
};
