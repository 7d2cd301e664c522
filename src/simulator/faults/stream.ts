import { end, write } from '../script.ts';
import type { Script, Step } from '../script.ts';
import { brokenAfter, frame, headOf, isWrite, withSteps } from './misbehaviour.ts';
import type { Misbehaviour } from './misbehaviour.ts';

const AFTER_TOKENS = { means: 'tokens that arrive before it', standard: 5 };
const BEFORE = { moment: 'before-content', spoils: 'stream', argument: null, wires: ['chat', 'responses'] } as const;
const AFTER = { ...BEFORE, moment: 'after-content', argument: AFTER_TOKENS } as const;

const SERVER_ERROR = {
  type: 'server_error',
  code: 'server_error',
  message: 'The server had an error while processing your request. Sorry about that!',
  param: null,
};
const OVERLOADED = {
  type: 'service_unavailable_error',
  code: 'server_is_overloaded',
  message: 'Our servers are currently overloaded. Please try again later.',
  param: null,
};
const WINDOW_EXCEEDED = {
  type: 'invalid_request_error',
  code: 'context_length_exceeded',
  message: 'Your input exceeds the context window of this model. Please adjust your input and try again.',
  param: 'input',
};

type StreamError = typeof SERVER_ERROR | typeof WINDOW_EXCEEDED;

/** An error inside a stream: nested on the chat wire, a flat event on the Responses wire. */
function errorEvent(script: Script, error: StreamError): Step {
  if (script.about.wire !== 'responses') return write('terminal', frame(script, { error } as object));
  const { code, message, param } = error;
  const event = { type: 'error', code, message, param, sequence_number: nextSequenceNumber(script) };
  return write('terminal', frame(script, event));
}

/** Large enough to be behind every event of the answer. */
function nextSequenceNumber(script: Script): number {
  return script.steps.filter(isWrite).length;
}

/** The last event of a Responses stream, rewritten to end otherwise. */
function endingAs(script: Script, type: string, change: Readonly<Record<string, unknown>>): Step {
  const last = script.steps.findLast((step) => isWrite(step) && step.part === 'terminal');
  const text = last !== undefined && isWrite(last) ? String(last.data) : '';
  const completed = JSON.parse(text.slice(text.indexOf('{'))) as { response: object };
  return write(
    'terminal',
    frame(script, { ...completed, type, response: { ...completed.response, ...change } } as object),
  );
}

const FAILED = {
  status: 'failed',
  output: [],
  usage: null,
  error: { code: 'server_error', message: SERVER_ERROR.message },
};

/** Streams that go wrong in what they say. */
export const STREAM_FAULTS: readonly Misbehaviour[] = [
  {
    ...BEFORE,
    name: 'error-event-first',
    description: 'A 200 whose stream opens and then holds an error event in place of content.',
    kind: 'server-error',
    apply: (script) => brokenAfter(script, 0, [errorEvent(script, SERVER_ERROR), end()]),
  },
  {
    ...BEFORE,
    name: 'overloaded-event',
    description: 'A 200 whose stream opens and then says that the servers are overloaded.',
    kind: 'overloaded',
    apply: (script) => brokenAfter(script, 0, [errorEvent(script, OVERLOADED), end()]),
  },
  {
    ...BEFORE,
    name: 'context-length-event',
    description: 'A 200 whose stream says that the input is over the window; the error is nested even on Responses.',
    kind: 'context-length',
    apply: (script) => {
      const event = { type: 'error', error: WINDOW_EXCEEDED, sequence_number: nextSequenceNumber(script) };
      return brokenAfter(script, 0, [write('terminal', frame(script, event)), end()]);
    },
  },
  {
    ...AFTER,
    name: 'error-event',
    description: 'An error event after some tokens; the stream then ends without its terminal event.',
    kind: 'server-error',
    apply: (script, tokens) => brokenAfter(script, tokens, [errorEvent(script, SERVER_ERROR), end()]),
  },
  {
    ...AFTER,
    name: 'error-event-then-done',
    description: 'An error event after some tokens, then [DONE] as if all were well (vLLM does).',
    kind: 'server-error',
    wires: ['chat'],
    apply: (script, tokens) =>
      brokenAfter(script, tokens, [errorEvent(script, SERVER_ERROR), write('terminal', 'data: [DONE]\n\n'), end()]),
  },
  {
    ...AFTER,
    name: 'error-text-event',
    description: 'An event {"error":"…"} after some tokens: the error is a text.',
    kind: 'server-error',
    apply: (script, tokens) => {
      const event = write(
        'terminal',
        `data: ${JSON.stringify({ error: 'the model runner stopped unexpectedly' })}\n\n`,
      );
      return brokenAfter(script, tokens, [event, end()]);
    },
  },
  {
    ...BEFORE,
    name: 'response-failed',
    description: 'response.created, and then response.failed without a word.',
    kind: 'server-error',
    wires: ['responses'],
    apply: (script) => brokenAfter(script, 0, [endingAs(script, 'response.failed', FAILED), end()]),
  },
  {
    ...AFTER,
    name: 'response-failed-late',
    description: 'response.failed after some tokens.',
    kind: 'server-error',
    wires: ['responses'],
    apply: (script, tokens) => brokenAfter(script, tokens, [endingAs(script, 'response.failed', FAILED), end()]),
  },
  {
    ...AFTER,
    name: 'response-incomplete',
    description: 'response.incomplete after some tokens, for want of output tokens: an orderly, shortened answer.',
    kind: null,
    moment: null,
    wires: ['responses'],
    apply: (script, tokens) => {
      const change = { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } };
      return brokenAfter(script, tokens, [endingAs(script, 'response.incomplete', change), end()]);
    },
  },
  {
    ...AFTER,
    name: 'malformed-event',
    description: 'After some tokens one event is broken JSON; the rest of the stream is sound.',
    kind: 'malformed-response',
    apply: (script, tokens) => {
      let seen = 0;
      const steps = script.steps.map((step) => {
        if (!isWrite(step) || step.part !== 'content' || (seen += 1) !== tokens + 1) return step;
        const text = String(step.data);
        return { ...step, data: `${text.slice(0, Math.floor(text.length / 2))}\n\n` };
      });
      return withSteps(script, steps);
    },
  },
  {
    ...BEFORE,
    name: 'garbage-stream',
    description: 'A 200 that calls itself an event stream and holds bytes that are none.',
    kind: 'malformed-response',
    apply: (script) => {
      const bytes = Uint8Array.from({ length: 512 }, (_, at) => 128 + ((at * 89) % 128));
      return withSteps(script, [headOf(script), write('opening', bytes), end()]);
    },
  },
  {
    ...BEFORE,
    name: 'empty-stream',
    description: 'A 200 that calls itself an event stream and ends without a byte.',
    kind: 'partial-response',
    apply: (script) => withSteps(script, [headOf(script), end()]),
  },
  {
    ...AFTER,
    name: 'done-without-finish',
    description: '[DONE] after some tokens, though no choice has finished.',
    kind: 'partial-response',
    wires: ['chat'],
    apply: (script, tokens) => brokenAfter(script, tokens, [write('terminal', 'data: [DONE]\n\n'), end()]),
  },
];
