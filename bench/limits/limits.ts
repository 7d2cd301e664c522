import type { Benchmark, Figure, Outcome, RunOptions } from '../figures.ts';
import { summaryOf } from '../storm/yardsticks/yardstick.ts';
import { atTheLimit } from './at-the-limit.ts';
import { background } from './background.ts';
import { changedLimit } from './changed-limit.ts';
import { flood } from './flood.ts';
import type { Line } from './line.ts';
import { replicas } from './replicas.ts';

const LINES: readonly Line[] = [atTheLimit, changedLimit, flood, background, replicas];

/** What is shared: a provider's limits, a scarce target among tenants and lanes, a quota among replicas. */
export const limits: Benchmark = {
  summary: 'limits of providers and tenants: pacing, fairness, lanes, replicas; mostly on a virtual clock',

  async run({ quick, seeds }: RunOptions): Promise<Outcome> {
    const figures: Figure[] = [];
    const pages: string[] = [];
    for (const { title, measure } of LINES) {
      const startedAt = performance.now();
      const section = await measure({ seeds, quick });
      figures.push(...section.figures);
      pages.push(`## ${title}`, section.page);
      console.error(`limits: ${title} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
    }
    return { figures, page: [summaryOf(figures), ...pages].join('\n\n') };
  },
};
