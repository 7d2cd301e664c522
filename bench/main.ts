import { parseArgs } from 'node:util';
import type { Benchmark, Result, RunOptions } from './figures.ts';
import { gateway } from './gateway/gateway.ts';
import { stormHttp } from './storm/http/storm-http.ts';
import { ladder } from './ladder/ladder.ts';
import { jobs } from './jobs/jobs.ts';
import { limits } from './limits/limits.ts';
import { payload } from './payload/payload.ts';
import { see } from './see/see.ts';
import { storm } from './storm/storm.ts';

const BENCHMARKS: ReadonlyMap<string, Benchmark> = new Map([
  ['gateway', gateway],
  ['ladder', ladder],
  ['jobs', jobs],
  ['limits', limits],
  ['payload', payload],
  ['see', see],
  ['storm', storm],
  ['storm-http', stormHttp],
]);

const USAGE = `Usage: npm run bench -- NAME [--quick] [--json] [--seeds N] [--nightly] [--full] [--minutes N] [--png]

${[...BENCHMARKS].map(([name, { summary }]) => `  ${name.padEnd(12)}${summary}`).join('\n')}

  --quick   shorter and noisier
  --seeds   storm: runs of each experiment, 5 or more unless --quick (default 5)
  --nightly storm: ten million calls under random weather instead of the experiments
  --full    see: questions about ten million calls
  --minutes see: length of the mixed run (default half a minute)
  --png     storm: take the pictures of the documentation, with Chromium, instead of the experiments
  --json    one line of JSON on stdout, {name, figures}; exit code 1 when a figure falls short
            (npm itself prints to stdout too: use npm run --silent bench -- NAME --json)`;

/** A mistake of whoever typed the command. */
function misused(message: string): never {
  console.error(`bench: ${message}\n\n${USAGE}`);
  process.exit(2);
}

interface Arguments extends RunOptions {
  readonly name: string | undefined;
  readonly json: boolean;
}

function readArguments(): Arguments {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        seeds: { type: 'string', default: '5' },
        nightly: { type: 'boolean', default: false },
        full: { type: 'boolean', default: false },
        minutes: { type: 'string' },
        png: { type: 'boolean', default: false },
      },
    });
    if (positionals.length > 1) misused(`one benchmark at a time, not ${positionals.join(', ')}`);
    const seeds = Number(values.seeds);
    if (!Number.isInteger(seeds) || seeds < 1) misused(`--seeds is a whole number, 1 or more, not ${values.seeds}`);
    const minutes = values.minutes === undefined ? null : Number(values.minutes);
    if (minutes !== null && !(minutes > 0)) misused(`--minutes is a number above 0, not ${values.minutes}`);
    const { quick, json, nightly, full, png } = values;
    return { name: positionals[0], quick, json, seeds, nightly, full, minutes, png };
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const { name, json, ...options } = readArguments();
  if (name === undefined) return console.log(USAGE);
  const benchmark = BENCHMARKS.get(name);
  if (benchmark === undefined) misused(`there is no benchmark ${JSON.stringify(name)}`);
  const { figures, page } = await benchmark.run(options);
  if (json) console.log(JSON.stringify({ name, figures } satisfies Result));
  else console.log(page);
  if (figures.some(({ holds }) => !holds)) process.exitCode = 1;
}

try {
  await main();
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
