import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Command, Option } from 'commander';
import { planCalls } from './demo/plan.ts';
import { showProgress } from './demo/progress.ts';
import { reportTable, verdictLine } from './demo/report.ts';
import { Run } from './demo/run.ts';
import type { Measured } from './demo/run.ts';
import { loadSdk } from './demo/sdk.ts';
import type { Sdk } from './demo/sdk.ts';
import { openSides } from './demo/side.ts';
import type { DemoDoor } from './demo/side.ts';
import { PHASES, weatherOver } from './demo/sky.ts';
import { judge, PROMISE } from './demo/verdict.ts';
import type { Verdict } from './demo/verdict.ts';
import { amount, whole } from './numbers.ts';
import { processTerminal, showDuration } from './terminal.ts';
import type { Terminal } from './terminal.ts';

interface DemoFlags {
  readonly seed: number;
  readonly calls: number;
  readonly seconds: number;
  readonly door: DemoDoor;
  readonly json?: true;
}

/** More would measure how busy this machine is: both sides and their providers share one process. */
const MOST_CALLS_PER_SECOND = 60;

/** When the demo's own timers come this late, ms, the latencies it measures are its own and not the providers'. */
const BUSY_LAG_MS = 100;

/** What a shell reports of a command ended by Ctrl-C. */
const INTERRUPTED = 130;

/** `holdfast demo`: the same calls with and without Holdfast while the weather turns. */
export function demoCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('demo')
    .description(
      'compare the OpenAI SDK alone with the SDK through Holdfast, in a storm on this machine (no key needed)',
    )
    .option('--seed <number>', 'the same seed makes the same calls under the same weather', whole(0), 1)
    .option('--calls <number>', 'calls made on each side', whole(1), 1600)
    .option('--seconds <number>', 'length of the storm', amount(1, 3600), 40)
    .addOption(
      new Option('--door <door>', 'how calls reach Holdfast').choices(['in-process', 'gateway']).default('in-process'),
    )
    .option('--json', 'print JSON, one line')
    .addHelpText(
      'after',
      '\nExits with 0 when Holdfast kept its promise (99.9 % answered, none wrong), with 1 when not.\n\n' +
        'Examples:\n' +
        '  holdfast demo\n' +
        '  holdfast demo --seed 7 --door gateway\n' +
        '  holdfast demo --json --seconds 20 --calls 600',
    )
    .action((flags: DemoFlags) => demo(flags, terminal));
}

async function demo(flags: DemoFlags, terminal: Terminal): Promise<void> {
  const { calls, seconds } = flags;
  if (calls > seconds * MOST_CALLS_PER_SECOND) {
    throw new Error(
      `--calls ${calls} in --seconds ${seconds} is more than ${MOST_CALLS_PER_SECOND} a second; ` +
        `take --calls ${seconds * MOST_CALLS_PER_SECOND} or fewer, or more seconds`,
    );
  }
  const sdk = await loadSdk();
  if (flags.json !== true) terminal.write(introduction(flags, sdk.version, terminal));

  const stop = new AbortController();
  const interrupt = (): void => stop.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  const measured = await measure(flags, sdk, terminal, stop.signal);
  process.off('SIGINT', interrupt).off('SIGTERM', interrupt);

  const verdict = judge(measured.total.holdfast, stop.signal.aborted);
  terminal.write(
    flags.json === true
      ? `${JSON.stringify(facts(flags, sdk.version, measured, verdict))}\n`
      : conclusion(flags, measured, verdict, terminal),
  );
  if (verdict !== 'kept') process.exitCode = verdict === 'broken' ? 1 : INTERRUPTED;
}

async function measure(
  { seed, calls, seconds, door }: DemoFlags,
  sdk: Sdk,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<Measured> {
  const lengthMs = seconds * 1000;
  const plan = await planCalls({ seed, calls, lengthMs });
  const sides = await openSides(sdk, seed, door);
  const run = new Run({ plan, sides, weather: weatherOver(lengthMs, seed), signal });
  const lag = monitorEventLoopDelay();
  lag.enable();
  const hideProgress = showProgress({
    lengthMs,
    measured: () => run.measured(),
    write: (text) => terminal.note(text),
    screen: process.stderr.isTTY && process.env['TERM'] !== 'dumb' ? process.stderr.columns || 80 : null,
  });
  try {
    await run.go();
  } finally {
    hideProgress();
    lag.disable();
    await Promise.all(sides.map((side) => side.close()));
  }
  const lagMs = lag.percentile(99) / 1e6;
  if (lagMs > BUSY_LAG_MS) {
    terminal.note(
      `This machine was too busy to tell times: the demo itself came ${showDuration(lagMs)} late (p99). ` +
        'Stop what else is running, or take fewer calls: --calls\n\n',
    );
  }
  return run.measured();
}

function introduction({ seed, calls, seconds, door }: DemoFlags, version: string, { paint }: Terminal): string {
  const width = Math.max(...PHASES.map(({ name }) => name.length));
  return [
    `${calls} calls in ${seconds} s (seed ${seed}) to a provider in bad weather, made twice: by the OpenAI SDK ${version} alone,`,
    `and by the same SDK with the same options through Holdfast (${door}), which knows a second provider. The weather:`,
    ...PHASES.map(({ name, meaning }) => `  ${paint('bold', name.padEnd(width))}  ${meaning}`),
    '',
    '',
  ].join('\n');
}

function conclusion(flags: DemoFlags, measured: Measured, verdict: Verdict, { width, paint }: Terminal): string {
  return [
    reportTable(measured, width, paint),
    'failed: an error was raised. wrong: no error, but the text is not the whole text. attempts: HTTP requests to providers.',
    'asked again: the application got an error and made the call again a second later, twice at most; the same code on both sides.',
    'p50, p99: until the answer or the last error. Measured here and now; docs/demo.md tells how.',
    '',
    verdictLine(verdict, measured.total, paint) + `Again: ${rerun(flags)}\n`,
  ].join('\n');
}

function facts(flags: DemoFlags, version: string, measured: Measured, verdict: Verdict): object {
  const { seed, calls, seconds, door } = flags;
  return {
    seed,
    calls,
    seconds,
    door,
    sdk: version,
    node: process.version,
    phases: PHASES.map((phase, index) => ({ ...phase, ...measured.phases[index] })),
    total: measured.total,
    promise: PROMISE,
    verdict,
    again: rerun(flags),
  };
}

function rerun({ seed, calls, seconds, door }: DemoFlags): string {
  return `holdfast demo --seed ${seed} --calls ${calls} --seconds ${seconds} --door ${door}`;
}
