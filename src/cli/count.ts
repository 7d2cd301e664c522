import { readFile } from 'node:fs/promises';
import { text as readAll } from 'node:stream/consumers';
import { Command } from 'commander';
import { countTold } from '../gateway/count.ts';
import type { PromptCount } from '../payload/tokens/count.ts';
import { plain, processTerminal, type Terminal } from './terminal.ts';

interface CountOptions {
  readonly file?: string;
  readonly model?: string;
  readonly text?: true;
  readonly json?: true;
}

/** Whose tokens are counted where neither the request nor the command names a model. */
const COMMON_MODEL = 'gpt-4o';

const EXAMPLES = `
Examples:
  holdfast count 'How many tokens are these?'
  holdfast count --file request.json --model gpt-4.1
  cat notes.md | holdfast count --json

A file or stdin that holds a Chat Completions, Responses or Embeddings request is counted as its provider would count it,
tools and pictures included; anything else as text. A running gateway answers the same: POST /v1/holdfast/count.`;

/** `holdfast count`: how many tokens a text or the prompt of a request has, and how much room that leaves. */
export function countCommand(terminal: Terminal = processTerminal()): Command {
  return new Command('count')
    .description('count the tokens of a text or of a request')
    .argument('[text]', 'the text; left out: --file, then stdin')
    .option('--file <path>', 'a request as JSON, or any text')
    .option('--model <model>', `whose tokens; left out: the request's model, then ${COMMON_MODEL}`)
    .option('--text', 'count a request as the text that it is')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (text: string | undefined, options: CountOptions, command: Command) => {
      if (text !== undefined && options.file !== undefined) command.error('count: give a text or --file, not both');
      if (text === undefined && options.file === undefined && process.stdin.isTTY) {
        command.error('count: give a text, --file, or something on stdin; see --help');
      }
      const written = text ?? (await contentOf(options.file));
      const count = await counted(written, text === undefined && options.text === undefined, options.model);
      if (options.json === true) terminal.write(`${JSON.stringify(countTold(count))}\n`);
      else terminal.write(page(count, terminal));
    });
}

async function contentOf(file: string | undefined): Promise<string> {
  if (file === undefined) return readAll(process.stdin);
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new Error(`--file names a file that cannot be read: ${file}`, { cause: error });
  }
}

/** The tokenizer is loaded when it is needed: its vocabulary has no place in the memory of the other commands. */
async function counted(text: string, mayBeRequest: boolean, model: string | undefined): Promise<PromptCount> {
  const { countPrompt, countText, operationOfBody } = await import('../payload/tokens/count.ts');
  const body = mayBeRequest ? objectIn(text) : null;
  const operation = body === null ? null : operationOfBody(body);
  if (body === null || operation === null) return countText(text, model ?? COMMON_MODEL);
  const named = body['model'];
  return countPrompt(operation, body, model ?? (typeof named === 'string' ? named : COMMON_MODEL));
}

/** The JSON object that a text is; null for any other text. */
function objectIn(text: string): Readonly<Record<string, unknown>> | null {
  if (!/^\ufeff?\s*\{/.test(text)) return null;
  try {
    const value: unknown = JSON.parse(text.replace(/^\ufeff/, ''));
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function page(count: PromptCount, { paint }: Terminal): string {
  const {
    window,
    max_output_tokens: mostOutput,
    room_tokens: room,
  } = countTold(count) as Record<string, number | null>;
  const certainty = count.exact ? 'exact' : 'estimated';
  const lines = [
    `${paint('bold', `${show(count.tokens)} ${plural(count.tokens, 'token')}`)}  ${certainty}, ${plain(count.model)}, ${count.encoding}`,
  ];
  if (count.frameTokens > 0) {
    lines.push(
      `  ${show(count.messageTokens)} in ${show(count.messages)} ${plural(count.messages, 'message')}`,
      `  ${show(count.frameTokens)} around them: tools, schema, the start of the answer`,
    );
  }
  if (count.largestInput !== null && count.messages > 1) {
    lines.push(`  ${show(count.messages)} texts, the largest of ${show(count.largestInput)}`);
  }
  if (typeof window === 'number' && typeof room === 'number') {
    const left = room < 0 ? paint('red', `${show(-room)} too many`) : `${show(room)} left`;
    const answer = typeof mostOutput === 'number' ? `, of which an answer takes at most ${show(mostOutput)}` : '';
    lines.push(`  window of ${show(window)}: ${left}${room < 0 ? '' : answer}`);
  }
  return `${lines.join('\n')}\n`;
}

function show(number: number): string {
  return number.toLocaleString('en');
}

function plural(number: number, word: string): string {
  return number === 1 ? word : `${word}s`;
}
