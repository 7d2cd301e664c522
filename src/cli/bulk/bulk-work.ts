import { existsSync } from 'node:fs';
import type { Config } from '../../config/config.ts';
import { loadConfig } from '../../config/load.ts';
import { runBulk } from '../../jobs/bulk/bulk.ts';
import { handOver } from '../../jobs/bulk/hand-over.ts';
import { inspect, type InputFacts, linesOf } from '../../jobs/bulk/input.ts';
import { type Done, Journal } from '../../jobs/bulk/journal.ts';
import { Lock } from '../../jobs/bulk/lock.ts';
import { baseUrlOf, keyOf, readKey } from '../request/prepare.ts';
import { showDuration, type Terminal } from '../terminal.ts';
import { type Estimate, estimate } from './estimate.ts';
import { requireDirectory, requireFreeOutput, requireInput } from './files.ts';
import { openGatewaySender } from './gateway-sender.ts';
import { openLine, type Sender } from './line-sender.ts';
import { costOf, faultsOf, showProgress } from './progress.ts';
import { Stop } from './stop.ts';

/** What `holdfast bulk` takes, as it was typed. */
export interface BulkOptions {
  /** Left out for a dry run only. */
  readonly out?: string;
  readonly config?: string;
  readonly url?: string;
  readonly key?: string;
  readonly data?: string;
  readonly concurrency: number;
  readonly attempts: number;
  readonly dryRun?: true;
  readonly expectOutput: number;
  readonly requestsPerMinute?: number;
  readonly tokensPerMinute?: number;
  readonly json?: true;
}

/** How a bulk has ended: 0 all answered, 1 some failed for good, 130 interrupted. */
type ExitCode = 0 | 1 | 130;

/** Sends the requests of a file, or reckons what they will take. @throws {Error} the input is no bulk, or a file cannot be used */
export async function bulk(input: string, options: BulkOptions, terminal: Terminal): Promise<ExitCode> {
  requireInput(input);
  if (options.dryRun === true) return reckon(input, options, terminal);
  const { out } = options;
  if (out === undefined) {
    throw new Error('--out is missing: name the file that the answers go to, or add --dry-run to send nothing');
  }
  requireDirectory(out);
  const lock = Lock.take(`${out}.lock`);
  try {
    return await send(input, out, options, terminal);
  } finally {
    lock.release();
  }
}

async function reckon(input: string, options: BulkOptions, terminal: Terminal): Promise<ExitCode> {
  refuseProblems(input, await inspect(input));
  const { expectOutput: outputTokens, requestsPerMinute = null, tokensPerMinute = null } = options;
  const found = await estimate(input, await configOf(options), { outputTokens, requestsPerMinute, tokensPerMinute });
  terminal.write(options.json === true ? `${JSON.stringify(found)}\n` : describe(found));
  return 0;
}

async function send(input: string, out: string, options: BulkOptions, terminal: Terminal): Promise<ExitCode> {
  const journalFile = `${out}.journal`;
  requireFreeOutput(out, journalFile);
  const facts = await inspect(input);
  refuseProblems(input, facts);
  const sender = await openSender(options);
  const journal = await Journal.open(journalFile, facts.fingerprint);
  const stop = new Stop((words) => terminal.note(words));
  const before = countOf(journal.done);
  if (before > 0)
    terminal.note(`holdfast: ${before} of ${facts.lines} requests are done already; going on with the rest\n`);
  const hide = showProgress({
    total: facts.lines,
    done: () => journal.done,
    write: (text) => terminal.note(text),
    screen: process.stderr.isTTY ? (process.stderr.columns ?? 80) : null,
  });
  try {
    const { concurrency, attempts } = options;
    const stopping = (): boolean => stop.wanted;
    const wait = (ms: number): Promise<void> => stop.wait(ms);
    await runBulk({ lines: linesOf(input), journal, send: sender.send, concurrency, attempts, wait, stopping });
  } finally {
    hide();
    stop.forget();
    await sender.close();
  }
  return conclude(input, journal, facts, { out, json: options.json === true }, terminal);
}

async function conclude(
  input: string,
  journal: Journal,
  facts: InputFacts,
  { out, json }: { readonly out: string; readonly json: boolean },
  terminal: Terminal,
): Promise<ExitCode> {
  const { done } = journal;
  if (countOf(done) < facts.lines) {
    journal.close();
    const left = facts.lines - countOf(done);
    terminal.note(`holdfast: stopped, ${left} of ${facts.lines} requests are left. Go on with the same command.\n`);
    return 130;
  }
  const failed = `${out}.failed.jsonl`;
  await handOver(input, journal, { out, failed }).catch((error: unknown) => {
    const why = error instanceof Error ? error.message : String(error);
    const next =
      'All of them are in the journal: make room, and the same command writes them down without sending anything.';
    throw new Error(`the answers cannot be written to ${out} (${why}). ${next}`, { cause: error });
  });
  journal.remove();
  const { answered, cost, unpriced } = done;
  if (json) {
    const faults = Object.fromEntries(done.faults);
    terminal.write(
      `${JSON.stringify({ requests: facts.lines, answered, failed: done.failed, faults, cost: cost / 1e6, unpriced, out })}\n`,
    );
  } else {
    terminal.write(`${answered} of ${facts.lines} requests answered, in ${out}.${faultsOf(done)}${costOf(done)}\n`);
    if (done.failed > 0)
      terminal.write(
        `The requests that failed stand in ${failed}, to be sent again when what went wrong is put right.\n`,
      );
  }
  return done.failed > 0 ? 1 : 0;
}

function refuseProblems(input: string, { lines, problems, problemCount }: InputFacts): void {
  if (lines === 0) throw new Error(`${input} has no requests in it`);
  if (problemCount === 0) return;
  const more = problemCount > problems.length ? [`... and ${problemCount - problems.length} more`] : [];
  throw new Error([`nothing was sent, because ${input} has problems:`, ...problems, ...more].join('\n  '));
}

async function openSender(options: BulkOptions): Promise<Sender> {
  if (options.url !== undefined) {
    return openGatewaySender(baseUrlOf(options.url), await readKey(keyOf(options.key)));
  }
  return openLine(await configOf(options));
}

async function configOf({ config: file, data, dryRun }: BulkOptions): Promise<Config> {
  if (file !== undefined && !existsSync(file)) throw new Error(`there is no ${file}`);
  const env = data === undefined ? process.env : { ...process.env, HOLDFAST_DATA: data };
  // Nobody needs a key to reckon.
  if (dryRun) return loadConfig({ file, env: { ...env, OPENAI_API_KEY: 'sk-nobody' }, secrets: 'skip' });
  const config = await loadConfig({ file, env });
  if (!config.needsSimulator) return config;
  throw new Error(
    'there is nobody to send to: set OPENAI_API_KEY, name a configuration with --config, or a gateway with --url',
  );
}

function describe({ requests, promptTokens, outputTokens, cost, unpriced, ms }: Estimate): string {
  const count = (value: number): string => Math.round(value).toLocaleString('en-US');
  const known = cost === null ? 'unknown: no price is known for these models' : `about $${cost.toFixed(2)}`;
  const lines = [
    `requests  ${count(requests)}`,
    `tokens    about ${count(promptTokens)} in, ${count(outputTokens)} out`,
    `cost      ${known}${cost !== null && unpriced > 0 ? `, and ${unpriced} requests of unknown price` : ''}`,
    `time      ${ms === null ? "unknown: the provider's limits are not told before (say them with --requests-per-minute, --tokens-per-minute)" : `about ${showDuration(ms)} at the limits`}`,
  ];
  return `${lines.join('\n')}\nNothing was sent.\n`;
}

function countOf({ answered, failed }: Done): number {
  return answered + failed;
}
