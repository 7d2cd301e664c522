import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { classifyEvent, errorEventResponses, findErrorInBody } from '../../engine/fault/index.ts';
import {
  CONTENT,
  type Dialect,
  FAULTY,
  NO_USAGE,
  type StreamReader,
  TERMINAL,
  type WholeReading,
} from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { count, detail, notA, PADDING_GAP, parse, tokensOfLength, unreadable } from './chat.ts';
import { followResponse } from './continuing/response-follower.ts';
import { type Gap, Learner } from './likeness.ts';
import { isObject, pinOfItem } from './request.ts';

/** Events that announce and carry nothing yet: after them another attempt can still take over unseen. */
const PRELUDE: ReadonlySet<unknown> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.output_item.added',
  'response.content_part.added',
  'response.reasoning_summary_part.added',
  'keepalive',
]);

/** The Responses format. */
export const responses: Dialect = {
  readWhole(body: unknown): WholeReading {
    if (findErrorInBody(body)) return { fault: classifyEvent({ data: body }), usage: NO_USAGE, pins: [] };
    if (!isObject(body) || !Array.isArray(body['output'])) {
      return { fault: notA('response', 'output'), usage: NO_USAGE, pins: [] };
    }
    return { fault: null, usage: responsesUsage(body['usage']), pins: pinsOfAnswer(body) };
  },

  openStream(): StreamReader {
    return new ResponsesReader();
  },

  failure(call: Call, fault: Fault): string {
    // The caller may number what it has seen; nothing after this event needs an exact count.
    return errorEventResponses(fault, { requestId: call.id, attempts: call.attempts.length }, 0);
  },

  follow: followResponse,
};

const DELTA_GAP: Gap = { member: 'delta', holds: 'text' };
const OTHER_GAPS: readonly Gap[] = [{ member: 'sequence_number', holds: 'number' }, PADDING_GAP];

class ResponsesReader implements StreamReader {
  complete = false;
  fault: Fault | null = null;
  usage: Usage = NO_USAGE;
  sentTokens = 0;
  pins: readonly string[] = [];
  readonly #learner = new Learner(DELTA_GAP, OTHER_GAPS);

  read(bytes: Buffer, start: number, end: number): number {
    const length = this.#learner.contentIn(bytes, start, end);
    if (length > 0) {
      this.sentTokens += tokensOfLength(length);
      return CONTENT;
    }
    // As Latin-1, which leaves JSON's structure intact and is read at half the cost; texts for people are read again.
    const data = bytes.toString('latin1', start, end);
    // Not part of this format's contract, yet some compatible servers close with it.
    if (data === '[DONE]') return 0;
    const event = parse(data);
    if (!isObject(event)) return this.#fail(unreadable(bytes.toString('utf8', start, end)));
    const { type } = event;
    if (type === 'response.completed' || type === 'response.incomplete') return this.#finish(event['response']);
    if (type === 'error' || type === 'response.failed' || (type === undefined && event['error'])) {
      return this.#fail(classifyEvent({ data: parse(bytes.toString('utf8', start, end)) }));
    }
    if (typeof event['delta'] === 'string') this.sentTokens += tokensOfLength(event['delta'].length);
    if (PRELUDE.has(type)) return 0;
    if (this.#learner.willing && typeof event['delta'] === 'string' && event['delta'] !== '') this.#learner.hear(data);
    return CONTENT;
  }

  #finish(response: unknown): number {
    this.complete = true;
    if (isObject(response)) {
      this.usage = responsesUsage(response['usage']);
      this.pins = pinsOfAnswer(response);
    }
    return TERMINAL;
  }

  #fail(fault: Fault): number {
    this.fault = fault;
    return FAULTY;
  }
}

function responsesUsage(usage: unknown): Usage {
  if (!isObject(usage)) return NO_USAGE;
  return {
    inputTokens: count(usage['input_tokens']),
    outputTokens: count(usage['output_tokens']),
    cachedTokens: detail(usage['input_tokens_details'], 'cached_tokens'),
    cacheWriteTokens: detail(usage['input_tokens_details'], 'cache_write_tokens'),
    reasoningTokens: detail(usage['output_tokens_details'], 'reasoning_tokens'),
  };
}

/** What later calls may refer to: the response, its conversation, each of its items. */
function pinsOfAnswer(response: Record<string, unknown>): readonly string[] {
  const pins: string[] = [];
  const { id, conversation, output } = response;
  if (typeof id === 'string') pins.push(id);
  if (isObject(conversation) && typeof conversation['id'] === 'string') pins.push(conversation['id']);
  if (Array.isArray(output)) {
    for (const item of output) {
      if (!isObject(item)) continue;
      const pin = pinOfItem(item) ?? item['id'];
      if (typeof pin === 'string') pins.push(pin);
    }
  }
  return pins;
}
