import { type Figure, figure } from '../figures.ts';
import { SCENARIOS } from '../gateway/scenarios.ts';
import type { LoadReport } from '../traffic/orders.ts';
import type { Traffic } from '../traffic/traffic.ts';
import { startCollector } from './collector.ts';
import { HEALTHY, startTroubled, type Trouble, type Troubled, TROUBLES } from './trouble.ts';
import { Turns } from './turns.ts';

/** Every trace is sent, so that a collector which takes none has something to be in trouble with. */
const TRACE_SHARE = 1;

/** Four hundred calls a second, as in the benchmark of the gateway. */
const SCENARIO = SCENARIOS.rate;

/**
 * What a call may take longer, ms, than at the slower of two healthy gateways in the same turn: what the two differ by is the
 * noise of the machine, and what changes from turn to turn falls on all. The bounds are those that the gateway's own part in a call is held
 * to. A call that waited for a disk, a collector or a browser would take longer by a second or more.
 */
const ADDED = { p50: 0.05, p99: 0.5 } as const;

/** What calls notice of a disk, a collector or a browser in trouble: nothing, if all goes well. */
export async function steadinessFigures(traffic: Traffic, quick: boolean): Promise<Figure[]> {
  const { rounds, turns, warmUpMs, sliceMs } = quick
    ? { rounds: 1, turns: 4, warmUpMs: 1_500, sliceMs: 1_250 }
    : // The slowest hundredth of eight hundred calls are eight of them: it takes a dozen turns to tell a trouble from the machine's own.
      { rounds: 2, turns: 6, warmUpMs: 2_500, sliceMs: 2_000 };
  const collector = await startCollector();
  const all = new Turns<Trouble>();
  const options = {
    upstreamPort: traffic.upstreamPort,
    collector: collector.url,
    traceShare: TRACE_SHARE,
    keyed: true,
  };
  for (let round = 0; round < rounds; round += 1) {
    const running = new Map<Trouble, Troubled>();
    for (const trouble of TROUBLES) running.set(trouble, await startTroubled(trouble, options));
    for (const { gateway } of running.values()) {
      await traffic.load({ to: gateway.destination, ...SCENARIOS.json1k.traffic, warmMs: 0, measureMs: warmUpMs });
    }
    for (let turn = 0; turn < turns; turn += 1) {
      await all.play(TROUBLES, async (trouble) => {
        const troubled = running.get(trouble);
        if (troubled === undefined) throw new Error(`${trouble} was not started`);
        return slice(traffic, trouble, troubled, sliceMs);
      });
    }
    for (const troubled of running.values()) await troubled.stop();
  }
  await collector.stop();
  return TROUBLES.flatMap((trouble) => figuresOf(trouble, all));
}

async function slice(traffic: Traffic, trouble: Trouble, troubled: Troubled, measureMs: number): Promise<LoadReport> {
  const { destination } = troubled.gateway;
  troubled.begin();
  const report = await traffic.load({ to: destination, ...SCENARIO.traffic, warmMs: 300, measureMs });
  await troubled.end(report.calls);
  const { calls, bad, latencyMs } = report;
  console.error(
    `bench: ${trouble} ${calls} calls, p50 ${latencyMs.p50.toFixed(3)} ms, p99 ${latencyMs.p99.toFixed(2)} ms${bad > 0 ? `, ${bad} BAD` : ''}`,
  );
  return report;
}

function figuresOf(trouble: Trouble, all: Turns<Trouble>): Figure[] {
  const id = trouble.replaceAll('-', '_');
  const failed = figure(`trouble.${id}.failed`, all.bad(trouble), 'calls', { atMost: 0 }, 0);
  if (HEALTHY.includes(trouble)) return [failed];
  const added = (name: 'p50' | 'p99'): number => all.added(trouble, HEALTHY, ({ latencyMs }) => latencyMs[name]);
  return [
    figure(`trouble.${id}.p50_added_ms`, added('p50'), 'ms', { atMost: ADDED.p50 }, 3),
    figure(`trouble.${id}.p99_added_ms`, added('p99'), 'ms', { atMost: ADDED.p99 }, 3),
    failed,
  ];
}
