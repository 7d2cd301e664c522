import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { Command } from 'commander';
import { describeFault, explain, explanationOf, type Note } from '../diagnose/explain.ts';
import { NoteError, readNote, statusOf } from '../diagnose/note.ts';

interface ExplainOptions {
  readonly provider?: string;
  readonly status?: string;
  readonly header?: readonly string[];
  readonly body?: string;
  readonly stream?: true;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  holdfast explain --provider openai --status 429 --header 'retry-after: 3' --body @error.json
  holdfast explain --stream --body '{"error":{"message":"Overloaded","code":"server_is_overloaded"}}'
  holdfast explain --json < failures.jsonl

Each line on stdin: {"provider": "openai", "status": 429, "headers": {"retry-after": "3"}, "body": "...", "stream": false}`;

/** `holdfast explain`: what a failure means, who is at fault, what to do, and whether a retry helps. */
export function explainCommand(): Command {
  return new Command('explain')
    .description('say what a failure of a provider means, who is at fault, what to do, and whether a retry helps')
    .option('--provider <name>', 'who answered, such as openai, azure or anthropic')
    .option('--status <number>', 'HTTP status of the answer')
    .option('--header <line>', "a header of the answer, 'name: value'; repeat for more", collect)
    .option('--body <text>', 'body of the answer: the text itself, or @file')
    .option('--stream', 'the body is an event inside a stream whose status was 200')
    .option('--json', 'print one line of JSON for each failure')
    .addHelpText('after', EXAMPLES)
    .action(run);
}

function collect(line: string, before: readonly string[] = []): readonly string[] {
  return [...before, line];
}

async function run(options: ExplainOptions, command: Command): Promise<void> {
  const { provider, status, header, body, stream } = options;
  const asked = [provider, status, header, body, stream].some((option) => option !== undefined);
  if (asked) return tell(await noteOf(options), options);
  if (process.stdin.isTTY)
    command.error('explain: give --status (and --header, --body), or JSON lines on stdin; see --help');
  await explainLines(options);
}

/** Every line gets its answer; a line that cannot be read is told on stderr and makes the exit code 1. */
async function explainLines(options: ExplainOptions): Promise<void> {
  let number = 0;
  for await (const line of createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    number += 1;
    if (line.trim() === '') continue;
    try {
      tell(readNote(line.replace(/^\uFEFF/, '')), options);
    } catch (error) {
      if (!(error instanceof NoteError)) throw error;
      process.stderr.write(`holdfast: line ${number}: ${error.message}\n`);
      process.exitCode = 1;
    }
  }
}

function tell(note: Note, { json }: ExplainOptions): void {
  const fault = explain(note, Date.now());
  process.stdout.write(json === true ? `${JSON.stringify(explanationOf(fault))}\n` : `${describeFault(fault)}\n`);
}

async function noteOf({ provider, status, header = [], body, stream }: ExplainOptions): Promise<Note> {
  if (status === undefined && stream !== true) {
    throw new Error('--status is missing; give the HTTP status of the answer, or --stream for an event of a stream');
  }
  return {
    ...(provider === undefined ? {} : { provider }),
    status: status === undefined ? 200 : statusOf(status),
    headers: Object.fromEntries(header.map(headerOf)),
    body: await bodyOf(body),
    stream: stream === true,
  };
}

function headerOf(line: string): readonly [name: string, value: string] {
  const at = line.indexOf(':');
  if (at < 1) throw new Error(`--header ${JSON.stringify(line.slice(0, 40))} has no name; write 'name: value'`);
  return [line.slice(0, at).trim().toLowerCase(), line.slice(at + 1).trim()];
}

async function bodyOf(body: string | undefined): Promise<string | null> {
  if (body === undefined) return null;
  if (!body.startsWith('@')) return body;
  try {
    return await readFile(body.slice(1), 'utf8');
  } catch (error) {
    throw new Error(`--body names a file that cannot be read: ${body.slice(1)}`, { cause: error });
  }
}
