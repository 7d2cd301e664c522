import { Command } from 'commander';
import type { StoredCall } from '../observe/call-row.ts';
import { outcomeText } from './call-timeline.ts';
import { prepare, type RequestOptions } from './request/prepare.ts';
import { recordedCall } from './recorded.ts';
import { requestFlags, send } from './send.ts';
import { plain, processTerminal, showDuration, showMoment, type Terminal } from './terminal.ts';

interface ReplayOptions extends Pick<RequestOptions, 'file' | 'url' | 'key' | 'header'> {
  readonly data?: string;
  readonly json?: true;
}

const EXAMPLES = `
Examples:
  holdfast replay hf-mmjbg8i3                       # what is known of it, and what a replay needs
  holdfast replay hf-mmjbg8i3 --file request.json   # the same call with the body that your application has

Holdfast keeps no prompts and no answers, so the body has to come from elsewhere.`;

/** `holdfast replay`: makes a recorded call again, as far as it is known, and compares. */
export function replayCommand(terminal: Terminal = processTerminal()): Command {
  return requestFlags(new Command('replay').description('make a recorded call again, and compare what comes of it'))
    .argument('<id>', 'id of the call (the x-request-id of its answer), or its beginning')
    .option('-f, --file <path>', 'its body, from a file or from stdin with -')
    .addHelpText('after', EXAMPLES)
    .action(async (id: string, options: ReplayOptions) => {
      const call = await recordedCall(id, options);
      if (options.file === undefined) return explain(call, options, terminal);
      if (options.json !== true) terminal.note(`then: ${tellThen(call)}\nnow:\n`);
      await send(await prepare(undefined, options, call), options, terminal);
    });
}

function explain(call: StoredCall, { json }: ReplayOptions, terminal: Terminal): void {
  process.exitCode = 1;
  const { id, method, path, model, stream, route, status, attempts } = call;
  const missing = ['body'];
  if (json === true) {
    return terminal.write(`${JSON.stringify({ id, method, path, model, stream, route, status, missing })}\n`);
  }
  terminal.write(`then: ${tellThen(call)}\n`);
  const tries = attempts.map(({ target, status: answer, fault }) => `${target} (${fault?.kind ?? answer ?? '-'})`);
  if (tries.length > 0) terminal.write(`      ${plain(tries.join(', then '))}\n`);
  terminal.note(
    `${plain(id)} cannot be made again from its record alone: what it said was not stored.\n` +
      `Give the body that your application sent: holdfast replay ${plain(id)} --file request.json\n`,
  );
}

function tellThen(call: StoredCall): string {
  const { at, method, path, model, stream, durationMs } = call;
  const asked = `${method} ${path}${model === null ? '' : `, ${model}`}${stream ? ', stream' : ''}`;
  return plain(
    `${showMoment(at)} ${asked}: ${outcomeText(call)}, status ${call.status}, after ${showDuration(durationMs)}`,
  );
}
