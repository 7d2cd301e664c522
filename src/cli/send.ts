import { Command } from 'commander';
import { asCurl } from './request/curl.ts';
import { deliver, tellRefusal, tellWay, textOfAnswer } from './request/deliver.ts';
import { prepare, type Prepared, type RequestOptions } from './request/prepare.ts';
import { recordedCall } from './recorded.ts';
import { plain, processTerminal, type Terminal } from './terminal.ts';

interface SendOptions extends RequestOptions {
  readonly call?: string;
  readonly data?: string;
  readonly curl?: true;
  readonly check?: true;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  holdfast send 'When is the tide high?'
  holdfast send --model o3 --set reasoning_effort=low --stream 'Why does kelp hold fast?'
  holdfast send --file request.json --curl         # as a command for a shell; the key stands in it as $HOLDFAST_KEY
  holdfast send --file request.json --check        # what would be refused, and how to put it right; nothing is sent
  holdfast send --call hf-mmjbg8i3 'Once more'     # the endpoint, model and route of a recorded call

Environment: HOLDFAST_URL (where the gateway is), HOLDFAST_KEY (a key of its own, where it asks for one).`;

/** `holdfast send`: tries a request, and tells what became of it on the way. */
export function sendCommand(terminal: Terminal = processTerminal()): Command {
  return requestFlags(new Command('send').description('send a request, see the answer and what happened on the way'))
    .argument('[prompt]', 'what to say')
    .option('--endpoint <name>', 'chat, responses, embeddings, or a path such as /moderations; default chat')
    .option('--model <model>', 'model to ask; default gpt-4o-mini')
    .option('--system <text>', 'what the model is told first')
    .option('--stream', 'answer piece by piece')
    .option('--set <field=value>', 'any field of the body, its value as JSON or text; more than once', collected, [])
    .option('-f, --file <path>', 'the whole body from a file, or from stdin with -')
    .option('--call <id>', 'endpoint, model and streaming of a recorded call, where nothing else says')
    .option('--curl', 'print it as a curl command instead of sending it')
    .option('--check', 'say what would be refused in it instead of sending it')
    .addHelpText('after', EXAMPLES)
    .action(async (prompt: string | undefined, options: SendOptions) => {
      const recorded = options.call === undefined ? null : await recordedCall(options.call, options);
      const prepared = await prepare(prompt, options, recorded);
      if (options.curl === true) return terminal.write(asCurl(prepared));
      if (options.check === true) return check(prepared, options, terminal);
      await send(prepared, options, terminal);
    });
}

/** What `send` and `replay` take alike. */
export function requestFlags(command: Command): Command {
  return command
    .option('--url <url>', "root of the API (HOLDFAST_URL, default http://127.0.0.1:4141/v1); a provider's works too")
    .option(
      '--key <reference>',
      'where the key is: env:NAME, file:/path or none; default env:HOLDFAST_KEY if it is set',
    )
    .option('--header <header>', 'one more header, name: value; more than once', collected, [])
    .option('--data <dir>', 'data directory; left out: HOLDFAST_DATA, then ./data')
    .option('--json', 'print JSON');
}

function collected(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

/** Sends, shows, and leaves a failing exit code for a refusal. */
export async function send(
  prepared: Prepared,
  { json }: { readonly json?: true | undefined },
  terminal: Terminal,
): Promise<number> {
  let streamed = false;
  const delivered = await deliver(prepared, (text) => {
    streamed ||= text !== '';
    if (json !== true) terminal.write(plainLines(text));
  });
  const good = delivered.status < 400;
  if (!good) process.exitCode = 1;
  if (json === true) terminal.write(`${JSON.stringify(delivered)}\n`);
  else if (!good) terminal.note(tellRefusal(delivered, terminal));
  else if (streamed) terminal.write('\n');
  else terminal.write(`${plainLines(textOfAnswer(delivered.body))}\n`);
  if (json !== true) terminal.note(tellWay(delivered, terminal));
  return delivered.status;
}

async function check({ path, body }: Prepared, { json }: SendOptions, terminal: Terminal): Promise<void> {
  // The models' facts are loaded when they are asked for.
  const { problemsOf } = await import('../config/validation.ts');
  const problems = problemsOf(path, Buffer.from(body));
  if (problems.length > 0) process.exitCode = 1;
  const told = problems.map(({ rule, param, code, message, fix, repair }) => {
    return { rule, param, code, message, fix, repair: repair?.name ?? null };
  });
  if (json === true) return terminal.write(`${JSON.stringify(told)}\n`);
  if (told.length === 0) return terminal.write('nothing is wrong with it, as far as can be told from here\n');
  for (const { message, fix, repair } of told) {
    const repaired = repair === null ? '' : terminal.paint('dim', ` (repair: ${repair})`);
    terminal.write(`${terminal.paint('red', plain(message))}\n  ${plain(fix)}${repaired}\n`);
  }
}

/** An answer may be of several lines, and may hold what would move the cursor. */
function plainLines(text: string): string {
  return text.split('\n').map(plain).join('\n');
}
