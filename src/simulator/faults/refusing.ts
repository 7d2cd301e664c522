import { isObject, type JsonObject } from '../json.ts';
import { end, write } from '../script.ts';
import type { Script, Step } from '../script.ts';
import { brokenAfter, frame, headOf, isWrite, rewritten, wholeBody, withSteps } from './misbehaviour.ts';
import type { Misbehaviour } from './misbehaviour.ts';

/** Changes a value inside JSON, under its name; as the reviver of `JSON.parse`. */
type Change = (name: string, value: unknown) => unknown;

/** A stream's event, or a body, with its JSON changed. */
function changed(script: Script, data: string | Uint8Array, change: Change): string {
  const text = String(data);
  const start = text.indexOf('{');
  if (start < 0) return text;
  const value = JSON.parse(text.slice(start), change) as JsonObject;
  return script.stream ? frame(script, value) : JSON.stringify(value);
}

/** Every event of a stream, or the whole body, with its JSON changed. */
function throughout(script: Script, change: Change): Script {
  if (script.stream) return rewritten(script, (step) => [{ ...step, data: changed(script, step.data, change) }]);
  const body = changed(script, wholeBody(script), change);
  const start = headOf(script);
  const headers = { ...start.headers, 'content-length': Buffer.byteLength(body) };
  return withSteps(script, [{ ...start, headers }, write('whole', body), end()]);
}

/** What is said as a text, said as a refusal: parts and events of a response, messages and deltas of chat. */
function inRefusal(name: string, value: unknown): unknown {
  if (!isObject(value)) return value;
  const { type, text, logprobs: _, ...rest } = value;
  switch (type) {
    case 'output_text':
      return { type: 'refusal', refusal: text };
    case 'response.output_text.delta':
      return { type: 'response.refusal.delta', ...rest };
    case 'response.output_text.done':
      return { type: 'response.refusal.done', ...rest, refusal: text };
    default: {
      const { content } = value;
      const says = (name === 'message' || name === 'delta') && typeof content === 'string' && content !== '';
      return says ? { ...value, content: name === 'message' ? null : undefined, refusal: content } : value;
    }
  }
}

/** The end of a response that a filter has stopped: no more than was `said`, and why; `null` leaves what was said alone. */
function filtered(said: string | null): Change {
  return (_, value) => {
    if (!isObject(value)) return value;
    const { type, object } = value;
    if (object === 'response') {
      return { ...value, status: 'incomplete', incomplete_details: { reason: 'content_filter' } };
    }
    if (type === 'response.completed') return { ...value, type: 'response.incomplete' };
    if (type === 'message') return { ...value, status: 'incomplete' };
    const says = type === 'output_text' || type === 'response.output_text.done';
    return says && said !== null ? { ...value, text: said } : value;
  };
}

/** A response, or its stream after some tokens, stopped by a filter. */
function filteredResponse(script: Script, tokens: number): Script {
  if (!script.stream) return throughout(script, filtered(null));
  const begun = brokenAfter(script, tokens, []);
  const said = begun.steps.map((step) => (isWrite(step) && step.part === 'content' ? deltaIn(step.data) : '')).join('');
  const change = filtered(said);
  const closing = script.steps.flatMap((step): Step[] => {
    const closes = isWrite(step) && (step.part === 'closing' || step.part === 'terminal');
    return closes ? [{ ...step, data: changed(script, step.data, change) }] : [];
  });
  return withSteps(script, [...begun.steps, ...closing, end()]);
}

function deltaIn(data: string | Uint8Array): string {
  const text = String(data);
  const event: unknown = JSON.parse(text.slice(text.indexOf('{')));
  return isObject(event) && typeof event['delta'] === 'string' ? event['delta'] : '';
}

/** The finish reason of a chat answer replaced, in a stream after some tokens and in a whole body as it is. */
export function finishedAs(script: Script, reason: string, tokens: number): Script {
  const change: Change = (name, value) => (name === 'finish_reason' && value !== null ? reason : value);
  if (!script.stream) return throughout(script, change);
  const closing = script.steps.filter((step) => isWrite(step) && (step.part === 'closing' || step.part === 'terminal'));
  return throughout(brokenAfter(script, tokens, [...closing, end()]), change);
}

const ANY = { kind: null, moment: null, spoils: 'any', wires: ['chat', 'responses'] } as const;

/** Answers that are none, and no failure of anybody's. */
export const REFUSALS: readonly Misbehaviour[] = [
  {
    ...ANY,
    name: 'content-filter',
    description: 'The answer is stopped by a content filter: finish_reason, or incomplete_details, content_filter.',
    argument: { means: 'tokens that arrive before it', standard: 5 },
    apply: (script, tokens) =>
      script.about.wire === 'chat' ? finishedAs(script, 'content_filter', tokens) : filteredResponse(script, tokens),
  },
  {
    ...ANY,
    name: 'refusal',
    description: 'The model refuses: what it says comes as a refusal, and not as its answer.',
    argument: null,
    apply: (script) => throughout(script, inRefusal),
  },
];
