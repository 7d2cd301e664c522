import { end, write } from '../script.ts';
import type { Script, Step, Write } from '../script.ts';
import { headOf, isWrite, rewritten, wholeBody, withSteps } from './misbehaviour.ts';
import type { Misbehaviour } from './misbehaviour.ts';
import { finishedAs } from './refusing.ts';

const ANY = { kind: null, moment: null, spoils: 'any', wires: null, argument: null } as const;
const STREAM = { ...ANY, spoils: 'stream', wires: ['chat', 'responses'] } as const;

function eachText(script: Script, change: (text: string, step: Write) => string): Script {
  return rewritten(script, (step) => [{ ...step, data: change(String(step.data), step) }]);
}

/** The byte of a body at a time. */
function bytewise(step: Write): Step[] {
  return Array.from(Buffer.from(step.data), (byte, at) => ({
    ...step,
    data: Uint8Array.of(byte),
    waitMs: at === 0 ? step.waitMs : 0,
  }));
}

/** Everything after the headers in one write. */
function glued(script: Script): Script {
  return withSteps(script, [headOf(script), write('content', wholeBody(script)), end()]);
}

/** One event grown to so many bytes by a field that clients ignore; a whole body by blanks behind it. */
function huge(script: Script, bytes: number): Script {
  if (!script.stream) {
    return withBody(script, Buffer.concat([wholeBody(script), Buffer.alloc(bytes, ' ')]));
  }
  let grown = false;
  return eachText(script, (text, step) => {
    if (grown || step.part !== 'content') return text;
    grown = true;
    return text.replace('data: {', `data: {"obfuscation":"${'x'.repeat(bytes)}",`);
  });
}

/** Oddities that are legal, or common enough to live with: the caller has to get a whole answer. */
export const QUIRKS: readonly Misbehaviour[] = [
  {
    ...ANY,
    name: 'huge-chunk',
    description: 'One event, or the body, is very large.',
    argument: { means: 'bytes', standard: 1024 * 1024 },
    apply: huge,
  },
  {
    ...ANY,
    name: 'tiny-chunks',
    description: 'Every byte is written by itself, so that events and characters are split anywhere.',
    apply: (script) => rewritten(script, bytewise),
  },
  { ...ANY, name: 'one-chunk', description: 'Everything after the headers comes in one chunk.', apply: glued },
  {
    ...ANY,
    name: 'gzip',
    description: 'The body is compressed; a stream is flushed with every event.',
    apply: (script) => ({ ...script, gzip: true }),
  },
  {
    ...ANY,
    name: 'silent-truncation',
    description: 'A prompt over a small window is cut without a word; only the usage tells.',
    wires: ['chat', 'responses'],
    argument: { means: 'tokens of the window', standard: 4096 },
    apply: (script, window) => withPromptTokens(script, Math.min(script.about.promptTokens, window)),
  },
  {
    ...STREAM,
    name: 'crlf',
    description: 'Lines end with CR LF.',
    apply: (script) => eachText(script, (text) => text.replaceAll('\n', '\r\n')),
  },
  {
    ...STREAM,
    name: 'comments',
    description: 'A comment line comes before every event.',
    apply: (script) => eachText(script, (text) => `: keep-alive\n\n${text}`),
  },
  {
    ...STREAM,
    name: 'no-space',
    description: 'No space stands behind `data:`.',
    apply: (script) => eachText(script, (text) => text.replaceAll('data: ', 'data:')),
  },
  {
    ...STREAM,
    name: 'multi-line-data',
    description: 'The JSON of an event is spread over two data lines.',
    apply: (script) => eachText(script, (text) => text.replace('data: {', 'data: {\ndata: ')),
  },
  {
    ...STREAM,
    name: 'empty-choices',
    description: 'The first chunk has no choices, as with Azure.',
    wires: ['chat'],
    apply: (script) => {
      const chunk =
        'data: {"id":"","object":"","created":0,"model":"","prompt_filter_results":[{"prompt_index":0,"content_filter_results":{}}],"choices":[]}\n\n';
      const [first, ...rest] = script.steps;
      return first === undefined ? script : withSteps(script, [first, write('opening', chunk), ...rest]);
    },
  },
  {
    ...STREAM,
    name: 'wrong-content-type',
    description: 'An event stream that calls itself JSON.',
    apply: (script) => withHeaders(script, { 'content-type': 'application/json' }),
  },
  {
    ...STREAM,
    name: 'finish-without-done',
    description: 'Every choice finishes and the stream ends, but [DONE] is missing.',
    wires: ['chat'],
    apply: (script) =>
      withSteps(
        script,
        script.steps.filter((step) => !isWrite(step) || step.part !== 'terminal'),
      ),
  },
  {
    ...STREAM,
    name: 'empty-answer',
    description: 'Reasoning has eaten the budget: no content, finish_reason length.',
    wires: ['chat'],
    apply: (script) => finishedAs(script, 'length', 0),
  },
];

function withHeaders(script: Script, headers: Readonly<Record<string, string>>): Script {
  const [, ...rest] = script.steps;
  const start = headOf(script);
  return withSteps(script, [{ ...start, headers: { ...start.headers, ...headers } }, ...rest]);
}

function withPromptTokens(script: Script, tokens: number): Script {
  const change = (text: string) =>
    text
      .replace(/"(prompt|input)_tokens":\d+/g, `"$1_tokens":${tokens}`)
      .replace(
        /"total_tokens":(\d+)/g,
        (_, total: string) => `"total_tokens":${Number(total) - script.about.promptTokens + tokens}`,
      );
  if (script.stream) return eachText(script, (text, step) => (step.part === 'content' ? text : change(text)));
  return withBody(script, Buffer.from(change(wholeBody(script).toString())));
}

/** A whole answer with another body. */
function withBody(script: Script, body: Buffer): Script {
  const relabelled = withHeaders(script, { 'content-length': String(body.byteLength) });
  return withSteps(script, [headOf(relabelled), write('whole', body), end()]);
}
