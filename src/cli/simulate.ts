import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { FAULTS, parseWeather, startSimulator } from '../simulator/index.ts';
import type { Misbehaviour, Simulator, SimulatorOptions, Weather } from '../simulator/index.ts';
import { pageOf, runVirtually, summaryOf, type VirtualFlags } from './simulate/virtual.ts';
import { amount, whole } from './numbers.ts';
import { processTerminal } from './terminal.ts';
import type { Terminal } from './terminal.ts';

interface SimulateFlags {
  readonly port: number;
  readonly host: string;
  readonly name: string;
  readonly weather?: string;
  readonly seed: number;
  readonly speed: number;
  readonly rpm?: number;
  readonly tpm?: number;
  readonly listFaults?: true;
  readonly virtual?: string;
  readonly rate: number;
  readonly calls?: number;
  readonly for?: number;
  readonly deadline?: number;
  readonly fallback?: true;
  readonly json?: true;
}

/** A limit nobody gave while the other one was given. */
const NO_LIMIT = 1_000_000_000;

/** `holdfast simulate`: a provider on this machine that fails on command. */
export function simulateCommand(): Command {
  return new Command('simulate')
    .description('run a provider on this machine that behaves, and misbehaves, like the OpenAI API')
    .option('-p, --port <port>', 'port; 0 takes a free one', whole(0, 65_535), 4142)
    .option('--host <host>', 'address to listen on', '127.0.0.1')
    .option('--name <name>', 'name by which two simulators can be told apart', 'simulator')
    .option('-w, --weather <file>', 'YAML timeline of bad times, begun at once')
    .option('--seed <number>', 'the same seed and request give the same answer', whole(0), 1)
    .option(
      '--speed <factor>',
      'factor on latencies: 0 answers at once, 1 takes as long as the real thing',
      amount(0),
      1,
    )
    .option('--rpm <requests>', 'requests a minute, for each key and model', whole(1))
    .option('--tpm <tokens>', 'tokens a minute, for each key and model', whole(1))
    .option('--list-faults', 'print every fault and stop')
    .option('--virtual <weather>', 'run the engine under this weather on a virtual clock, and print what came of it')
    .option('--rate <calls>', 'with --virtual: calls a second', readRate, 10)
    .option('--calls <number>', 'with --virtual: how many calls', whole(1))
    .option('--for <duration>', 'with --virtual: how long, such as 10m or 30d of virtual time', readDuration)
    .option('--deadline <duration>', 'with --virtual: how long a caller waits', readDuration)
    .option('--fallback', 'with --virtual: a second provider stands by that is always well')
    .option('--json', 'print JSON, one line')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  holdfast simulate --port 4142 --weather brown-out.yaml\n' +
        '  holdfast simulate --list-faults\n' +
        '  holdfast simulate --virtual brown-out.yaml --seed 7 --for 30d --fallback\n\n' +
        'A weather file:\n' +
        '  name: brown-out\n' +
        '  workers: 32              # calls worked on at once; queue: how many may wait\n' +
        '  timeline:\n' +
        '    - { at: 60s, for: 10s, capacity: 0.2 }                    # a fifth of the workers\n' +
        '    - { at: 2m, for: 5m, faults: { server-error: 0.25 } }     # a quarter of the calls\n' +
        '    - { at: 10m, for: 1m, latency: 10 }                       # ten times as slow',
    )
    .action(simulate);
}

/** Options that a simulator on a port has no use for. */
const OF_A_VIRTUAL_RUN = ['rate', 'calls', 'for', 'deadline', 'fallback'] as const;

async function simulate(flags: SimulateFlags, command: Command): Promise<void> {
  const terminal = processTerminal();
  if (flags.listFaults === true) {
    terminal.write(flags.json === true ? `${JSON.stringify(FAULTS.map(faultToJson))}\n` : listFaults(terminal));
    return;
  }
  if (flags.virtual !== undefined) return simulateVirtually(flags.virtual, flags, terminal);
  const useless = OF_A_VIRTUAL_RUN.filter((name) => command.getOptionValueSource(name) === 'cli');
  if (useless.length > 0) {
    const names = useless.map((name) => `--${name}`).join(' and ');
    throw new Error(`${names} belong to a virtual run: add --virtual <weather>, or leave it out`);
  }
  const weather = flags.weather === undefined ? null : await readWeatherFile(flags.weather);
  const simulator = await start(flags, weather);
  terminal.write(
    flags.json === true ? `${JSON.stringify(announcement(simulator, flags))}\n` : greeting(simulator, flags, terminal),
  );
  await interrupted();
  await simulator.close();
  const { requests } = simulator.stats;
  if (flags.json !== true) terminal.note(`\nstopped after ${requests} ${requests === 1 ? 'request' : 'requests'}\n`);
}

async function simulateVirtually(path: string, flags: SimulateFlags, terminal: Terminal): Promise<void> {
  if (flags.weather !== undefined) throw new Error('--virtual brings its own weather; leave --weather out');
  if (flags.calls !== undefined && flags.for !== undefined) throw new Error('give --calls or --for, not both');
  const weather = await readWeatherFile(path, '--virtual');
  const asked: VirtualFlags = {
    seed: flags.seed,
    rate: flags.rate,
    calls: flags.calls ?? null,
    forMs: flags.for ?? null,
    deadlineMs: flags.deadline ?? null,
    fallback: flags.fallback === true,
  };
  const tale = await runVirtually(weather, asked);
  terminal.write(flags.json === true ? `${JSON.stringify(summaryOf(tale))}\n` : pageOf(tale, weather, terminal));
}

async function start(flags: SimulateFlags, weather: Weather | null): Promise<Simulator> {
  const { port, host, name, seed, speed, rpm, tpm } = flags;
  const limited = rpm !== undefined || tpm !== undefined;
  const options: SimulatorOptions = {
    port,
    host,
    name,
    seed,
    speed,
    ...(weather === null ? {} : { weather }),
    ...(limited ? { limits: { requestsPerMinute: rpm ?? NO_LIMIT, tokensPerMinute: tpm ?? NO_LIMIT } } : {}),
  };
  try {
    return await startSimulator(options);
  } catch (error) {
    throw explainListenError(error, port, host);
  }
}

function explainListenError(error: unknown, port: number, host: string): unknown {
  const code = error instanceof Error && 'code' in error ? error.code : null;
  if (code === 'EADDRINUSE') {
    return new Error(
      `port ${port} is taken; stop what uses it, or choose another: holdfast simulate --port ${port + 1}`,
    );
  }
  if (code === 'EACCES') return new Error(`port ${port} is not allowed to this user; choose one above 1023`);
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND') {
    return new Error(`host ${host} is no address of this machine; use --host 127.0.0.1`);
  }
  return error;
}

async function readWeatherFile(path: string, flag = '--weather'): Promise<Weather> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    const reason =
      error instanceof Error && 'code' in error && error.code === 'ENOENT' ? 'is not there' : 'cannot be read';
    throw new Error(`weather file ${path} ${reason}; check ${flag}`, { cause: error });
  }
  try {
    return parseWeather(text);
  } catch (error) {
    throw new Error(`${path}: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
  }
}

function announcement(simulator: Simulator, { name, seed, speed, weather }: SimulateFlags) {
  return { url: simulator.url, port: simulator.port, name, seed, speed, weather: weather ?? null, pid: process.pid };
}

function greeting({ url }: Simulator, { weather }: SimulateFlags, { paint }: Terminal): string {
  const body = `{"model":"gpt-4o","messages":[{"role":"user","content":"Write 20 words about kelp"}]}`;
  return [
    `${paint('bold', 'simulated provider')} at ${paint('cyan', `${url}/v1`)}, any key`,
    `Anthropic's wire at ${url}/v1/messages, Google's at ${url}/v1beta`,
    `status page at ${url}/status${weather === undefined ? '' : `, weather from ${weather}`}`,
    '',
    'Try it:',
    `  curl ${url}/v1/chat/completions -H 'authorization: Bearer sk-any' -H 'content-type: application/json' \\`,
    `    -d '${body}'`,
    '',
    'Choose a fault by the name of the model, with a number where it takes one:',
    '  "model": "gpt-4o@server-error"     "model": "gpt-4o@cut:17"     "model": "gpt-4o@slow:3000"',
    'or by a header:',
    "  -H 'x-simulate-fault: rate-limit-requests:2'",
    'holdfast simulate --list-faults names them all. Ctrl-C stops.',
    '',
  ].join('\n');
}

function faultToJson({ name, description, kind, moment, spoils, wires, argument }: Misbehaviour) {
  return { name, description, kind, moment, spoils, wires, argument };
}

function listFaults({ paint }: Terminal): string {
  const shown = (fault: Misbehaviour) =>
    fault.argument === null ? fault.name : `${fault.name}:${fault.argument.standard}`;
  const width = Math.max(...FAULTS.map((fault) => shown(fault).length));
  return FAULTS.map((fault) => {
    const meaning = fault.argument === null ? '' : ` (${fault.argument.means})`;
    const kind = fault.kind ?? 'no failure';
    return `${paint('bold', shown(fault).padEnd(width))}  ${fault.description}${meaning} ${paint('dim', `[${kind}]`)}\n`;
  }).join('');
}

function interrupted(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGINT', () => resolve());
    process.once('SIGTERM', () => resolve());
  });
}

function readRate(text: string): number {
  const rate = Number(text);
  if (Number.isFinite(rate) && rate > 0) return rate;
  throw new InvalidArgumentError('Write a number of calls a second, more than 0.');
}

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

function readDuration(text: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = Number(amount) * (UNIT_MS[unit ?? ''] ?? Number.NaN);
  if (ms > 0) return ms;
  throw new InvalidArgumentError('Write a duration such as 250ms, 90s, 10m, 4h or 30d.');
}
