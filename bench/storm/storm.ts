import type { Benchmark, Figure, Outcome, RunOptions } from '../figures.ts';
import { Lab } from './lab.ts';
import { nightly } from './nightly.ts';
import { takePictures } from './report/png.ts';
import { writeReport } from './report/report.ts';
import { amplificationInOutage } from './yardsticks/amplification.ts';
import { afterBrownOut } from './yardsticks/brown-out.ts';
import { diversion } from './yardsticks/diversion.ts';
import { falseOpens } from './yardsticks/false-opens.ts';
import { goodputInOverload } from './yardsticks/overload.ts';
import { longDays } from './yardsticks/long-days.ts';
import { partialFaults } from './yardsticks/partial.ts';
import { returning } from './yardsticks/return.ts';
import { summaryOf, type Yardstick } from './yardsticks/yardstick.ts';

const YARDSTICKS: readonly Yardstick[] = [
  amplificationInOutage,
  afterBrownOut,
  goodputInOverload,
  diversion,
  partialFaults,
  returning,
  falseOpens,
  longDays,
];

/** What clients do to a provider in trouble, on a virtual clock: the real engine beside the clients that people use. */
export const storm: Benchmark = {
  summary: 'retry storms, brown-outs, overload and recovery on a virtual clock, beside other clients',

  async run({ quick, seeds, nightly: long, png }: RunOptions): Promise<Outcome> {
    if (long) return nightly(quick);
    if (png) return { figures: [], page: await takePictures(new Lab({ seeds: 1, quick })) };
    const lab = new Lab({ seeds, quick });
    const figures: Figure[] = [];
    const pages: string[] = [];
    for (const { title, measure } of YARDSTICKS) {
      const startedAt = performance.now();
      const section = await measure(lab);
      figures.push(...section.figures);
      pages.push(`## ${title}`, section.page);
      console.error(`storm: ${title} (${((performance.now() - startedAt) / 1000).toFixed(0)} s)`);
    }
    const tables = pages.join('\n\n');
    console.error(`storm: pictures in ${await writeReport(lab, figures, tables)}`);
    return { figures, page: [summaryOf(figures), tables].join('\n\n') };
  },
};
