import { parseArgs } from 'node:util';
import type { Benchmark, Result } from './figures.ts';
import { gateway } from './gateway/gateway.ts';
import { storm } from './storm/storm.ts';

const BENCHMARKS: ReadonlyMap<string, Benchmark> = new Map([
  ['gateway', gateway],
  ['storm', storm],
]);

const USAGE = `Usage: npm run bench -- NAME [--quick] [--json]

${[...BENCHMARKS].map(([name, { summary }]) => `  ${name.padEnd(10)}${summary}`).join('\n')}

  --quick   shorter and noisier
  --json    one line of JSON on stdout, {name, figures}; exit code 1 when a figure falls short
            (npm itself prints to stdout too: use npm run --silent bench -- NAME --json)`;

/** A mistake of whoever typed the command. */
function misused(message: string): never {
  console.error(`bench: ${message}\n\n${USAGE}`);
  process.exit(2);
}

function readArguments(): { readonly name: string | undefined; readonly quick: boolean; readonly json: boolean } {
  try {
    const { positionals, values } = parseArgs({
      allowPositionals: true,
      options: { quick: { type: 'boolean', default: false }, json: { type: 'boolean', default: false } },
    });
    if (positionals.length > 1) misused(`one benchmark at a time, not ${positionals.join(', ')}`);
    return { name: positionals[0], quick: values.quick, json: values.json };
  } catch (error) {
    return misused(error instanceof Error ? error.message : String(error));
  }
}

async function main(): Promise<void> {
  const { name, quick, json } = readArguments();
  if (name === undefined) return console.log(USAGE);
  const benchmark = BENCHMARKS.get(name);
  if (benchmark === undefined) misused(`there is no benchmark ${JSON.stringify(name)}`);
  const { figures, page } = await benchmark.run({ quick });
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
