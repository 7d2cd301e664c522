import { type Figure, figure } from '../figures.ts';
import { cpuOf, SCENARIOS } from '../gateway/scenarios.ts';
import { startTarget } from '../gateway/targets.ts';
import type { Destination, LoadReport } from '../traffic/orders.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { startCollector } from './collector.ts';
import { startGateway } from './gateways.ts';
import { Turns } from './turns.ts';

/** A proxy that does nothing; a gateway as it is shipped, with log, metrics and rollups; one that sends traces besides. */
const COMPARED = ['floor', 'observed', 'traced'] as const;

/** As it is by default. */
const TRACE_SHARE = 0.1;

/** A span takes several hundred bytes: if less came for a kept call, traces were not sent. */
const BYTES_PER_KEPT_CALL = 500;

const SCENARIO = SCENARIOS.json1k;

interface Running {
  readonly destination: Destination;
  stop(): Promise<void>;
}

/** What one call costs beside a bare proxy, with everything on that tells what happens. */
export async function costFigures(traffic: Traffic, quick: boolean): Promise<Figure[]> {
  // Each round with fresh processes: two runs of the same program differ more than two slices of one.
  const [rounds, turns, warmUpMs] = quick ? [1, 4, 1_500] : [3, 5, 2_500];
  const collector = await startCollector();
  const all = new Turns<(typeof COMPARED)[number]>();
  let traced = 0;
  for (let round = 0; round < rounds; round += 1) {
    const own = { upstreamPort: traffic.upstreamPort, traceShare: TRACE_SHARE };
    const running: Readonly<Record<(typeof COMPARED)[number], Running>> = {
      floor: await startTarget('floor', traffic.upstreamPort),
      observed: await startGateway({ ...own, collector: null }),
      traced: await startGateway({ ...own, collector: collector.url }),
    };
    const slice = (to: Destination, warmMs: number, measureMs: number): Promise<LoadReport> =>
      traffic.load({ to, ...SCENARIO.traffic, warmMs, measureMs });
    for (const name of COMPARED) await slice(running[name].destination, 0, warmUpMs);
    for (let turn = 0; turn < turns; turn += 1) {
      await all.play(COMPARED, async (name) => {
        const report = await slice(running[name].destination, SCENARIO.warmMs, SCENARIO.sliceMs);
        console.error(
          `bench: ${name} ${cpu(report).toFixed(1)} µs a call${report.bad > 0 ? `, ${report.bad} BAD` : ''}`,
        );
        if (name === 'traced') traced += report.calls;
        return report;
      });
    }
    for (const name of COMPARED) await running[name].stop();
  }
  const bytes = await collector.bytes();
  await collector.stop();
  if (bytes < traced * TRACE_SHARE * BYTES_PER_KEPT_CALL)
    throw new Error(`the collector got ${bytes} bytes of ${traced} calls`);
  return [
    figure('cost.cpu_ratio', all.ratio('observed', 'floor', cpu), 'x floor', { atMost: 1.3 }, 3),
    figure('cost.traced_cpu_ratio', all.ratio('traced', 'floor', cpu), 'x floor', { atMost: 1.5 }, 3),
    figure('cost.failed', all.bad('observed') + all.bad('traced'), 'calls', { atMost: 0 }, 0),
  ];
}

const cpu = cpuOf('json1k');
