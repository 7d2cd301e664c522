import type { Benchmark, Outcome, RunOptions } from '../figures.ts';
import { Traffic } from '../traffic/traffic.ts';
import { judge } from './judge.ts';
import { extentOf, measure, OPEN_FILES } from './measure.ts';
import { page } from './page.ts';

/** What the gateway costs, beside a proxy that does nothing and a gateway that others use. */
export const gateway: Benchmark = {
  summary: 'CPU, latency and memory of the gateway, beside a bare node:http + undici proxy and Portkey',

  async run(options: RunOptions): Promise<Outcome> {
    if (process.platform !== 'linux') throw new Error('this benchmark reads CPU times from /proc, and so needs Linux');
    const traffic = await Traffic.start(OPEN_FILES);
    try {
      const measurements = await measure(traffic, extentOf(options));
      const figures = judge(measurements);
      return { figures, page: page(measurements, figures) };
    } finally {
      await traffic.stop();
    }
  },
};
