import { chat } from '../../src/providers/openai/chat.ts';
import { holdfast } from '../../src/simulator/virtual/holdfast.ts';
import { randomScene } from '../../src/simulator/virtual/random-scene.ts';
import { run } from '../../src/simulator/virtual/world.ts';
import { figure, type Outcome } from '../figures.ts';
import { summaryOf, table } from './yardsticks/yardstick.ts';

const SEEDS = 20;
const CALLS = 10_000_000;

/** Ten million calls of the engine under weathers drawn by chance: does every rule hold? */
export async function nightly(quick: boolean): Promise<Outcome> {
  const each = (quick ? CALLS / 20 : CALLS) / SEEDS;
  const breaches: string[] = [];
  const rows: string[][] = [];
  let calls = 0;
  let wallMs = 0;
  let cpuMs = 0;
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const before = process.threadCpuUsage();
    const startedAt = performance.now();
    try {
      // A little more than its share: the number of arrivals is drawn by chance.
      const tale = await run(randomScene(seed, each * 1.02), seed, holdfast({ dialect: chat }));
      const spent = process.threadCpuUsage(before);
      const tookMs = performance.now() - startedAt;
      calls += tale.offered;
      wallMs += tookMs;
      cpuMs += (spent.user + spent.system) / 1000;
      rows.push([
        `${seed}`,
        tale.offered.toLocaleString('en'),
        `${((100 * tale.answered) / tale.offered).toFixed(1)} %`,
        (tale.attempts / tale.offered).toFixed(3),
        `${tale.mostLive}`,
        `${tale.mostTimers}`,
        Math.round((tale.offered / tookMs) * 1000).toLocaleString('en'),
      ]);
    } catch (error) {
      const breach = error instanceof Error ? error.message : String(error);
      breaches.push(breach);
      rows.push([`${seed}`, breach, '', '', '', '', '']);
    }
    console.error(`storm: seed ${seed} of ${SEEDS}`);
  }
  const wanted = quick ? 500_000 : CALLS;
  const figures = [
    figure('nightly.breaches', breaches.length, 'runs', { atMost: 0 }, 0),
    figure('nightly.calls', calls, 'calls', { atLeast: wanted }, 0),
    // By the clock on the wall; where others are at work on the machine, its own time on a core tells what it would be.
    figure('nightly.calls_per_second', (calls / wallMs) * 1000, 'calls/s', { atLeast: 100_000 }, 0),
    figure('nightly.calls_per_cpu_second', (calls / cpuMs) * 1000, 'calls/s of its thread', { atLeast: 100_000 }, 0),
  ];
  const heads = ['seed', 'calls', 'answered', 'attempts per call', 'most under way', 'most timers', 'calls/s'];
  const title = `## ${calls.toLocaleString('en')} calls under random weather`;
  return { figures, page: [summaryOf(figures), title, table(heads, rows)].join('\n\n') };
}
