import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { classifyEvent, errorEventChat, faultOf, findErrorInBody } from '../../engine/fault/index.ts';
import {
  CONTENT,
  type Dialect,
  FAULTY,
  NO_USAGE,
  type StreamReader,
  TERMINAL,
  UNASKED,
  type WholeReading,
} from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { skipSpace } from './json-bytes.ts';
import { Glance } from './json-glance.ts';
import { followChat } from './continuing/chat-follower.ts';
import type { Gap, Likeness } from './likeness.ts';
import { type Shape, Shapes } from './shapes.ts';
import { isObject } from './request.ts';
import { parseJson } from '../../engine/parse-json.ts';

/** Members of a delta that say nothing: the role comes first, padding comes always. */
const EMPTY_MEMBERS: ReadonlySet<string> = new Set(['role', 'obfuscation']);

const NO_PINS: readonly string[] = [];

/** What tells a chat completion from anything else that may stand in a 200; what speaks of an error is left to a parse. */
const ANSWER = new Glance(['object', 'choices', 'usage', 'type'], true);
const USAGE = new Glance(['prompt_tokens', 'completion_tokens', 'prompt_tokens_details', 'completion_tokens_details']);

/** The Chat Completions format. */
export const chat: Dialect = {
  readWhole(body: unknown): WholeReading {
    if (findErrorInBody(body)) return { fault: classifyEvent({ data: body }), usage: NO_USAGE, pins: [] };
    if (!isObject(body) || !Array.isArray(body['choices']) || body['choices'].length === 0) {
      return { fault: notA('chat completion', 'choices'), usage: NO_USAGE, pins: [] };
    }
    return { fault: null, usage: chatUsage(body['usage']), pins: NO_PINS };
  },

  glance(body: Buffer): WholeReading | null {
    if (!ANSWER.at(body) || ANSWER.startOf('type') >= 0 || ANSWER.value(body, 'object') !== 'chat.completion')
      return null;
    const choices = ANSWER.startOf('choices');
    if (choices < 0 || !startsWithObject(body, choices)) return null;
    const usage = glanceUsage(body, ANSWER.startOf('usage'), ANSWER.endOf('usage'));
    return usage === null ? null : { fault: null, usage, pins: NO_PINS };
  },

  openStream(call: Call): StreamReader {
    return new ChatReader(call.choices, call.admission?.asksUsage ?? false);
  },

  failure(call: Call, fault: Fault): string {
    return errorEventChat(fault, { requestId: call.id, attempts: call.attempts.length });
  },

  follow: followChat,
};

const CONTENT_GAP: Gap = { member: 'content', holds: 'text' };
/** Against eavesdroppers, who could tell words by their lengths. */
export const PADDING_GAP: Gap = { member: 'obfuscation', holds: 'text' };
/** They tell one stream from the next, and say nothing that is read here. */
const STEADY_GAPS: readonly Gap[] = [
  { member: 'id', holds: 'text', steady: true },
  { member: 'created', holds: 'number', steady: true },
  { member: 'model', holds: 'text', steady: true },
];

/** What an event says of one choice beside its content. */
interface Piece {
  readonly index: unknown;
  /** It has a finish reason. */
  readonly last: boolean;
}

const SHAPES = new Shapes<Piece>(CONTENT_GAP, [PADDING_GAP, ...STEADY_GAPS]);

/** Events without a known shape that a stream may have before it is no longer looked for: some are never alike. */
const PATIENCE = 5;

class ChatReader implements StreamReader {
  fault: Fault | null = null;
  usage: Usage = NO_USAGE;
  sentTokens = 0;
  readonly pins: readonly string[] = [];
  #done = false;
  readonly #choices: number;
  /** The caller did not ask for the usage: what tells nothing else is not for it. */
  readonly #usageUnasked: boolean;
  readonly #seen = new Set<unknown>();
  readonly #finished = new Set<unknown>();
  /** What nearly all events of this stream look like. */
  #usual: Likeness | null = null;
  /** The shape of the event before. */
  #before: Shape<Piece> | null = null;
  #patience = PATIENCE;

  constructor(choices: number, usageUnasked: boolean) {
    this.#choices = choices;
    this.#usageUnasked = usageUnasked;
  }

  /** `[DONE]`, or a finish reason for each choice: a server that forgets `[DONE]` has still said all there is. */
  get complete(): boolean {
    return this.#done || this.#finished.size >= Math.max(this.#choices, this.#seen.size);
  }

  read(bytes: Buffer, start: number, end: number): number {
    const length = this.#usual === null ? -1 : this.#usual.contentIn(bytes, start, end);
    if (length > 0) {
      this.sentTokens += tokensOfLength(length);
      return CONTENT;
    }
    const shape = this.#patience > 0 ? SHAPES.find(bytes, start, end) : null;
    if (shape !== null) return this.#readLike(shape, bytes, start, end);
    this.#before = null;
    // As Latin-1, which leaves JSON's structure intact and is read at half the cost; texts for people are read again.
    const data = bytes.toString('latin1', start, end);
    if (data === '[DONE]') {
      this.#done = true;
      return TERMINAL;
    }
    const event = parse(data);
    if (!isObject(event)) return this.#fail(unreadable(bytes.toString('utf8', start, end)));
    if (event['error']) return this.#fail(classifyEvent({ data: parse(bytes.toString('utf8', start, end)) }));
    if (isObject(event['usage'])) this.usage = chatUsage(event['usage']);
    else if (this.#patience > 0) this.#offer(data, event['choices']);
    const choices = event['choices'];
    if (!Array.isArray(choices)) return 0;
    if (this.#usageUnasked && choices.length === 0 && isObject(event['usage'])) return UNASKED;
    let seen = 0;
    for (const choice of choices) if (isObject(choice)) seen |= this.#readChoice(choice);
    // OpenRouter's way to end a stream that failed, for when it comes without an error object.
    if (seen & FAULTY) return this.#fail(faultOf('server-error', { evidence: ['finish_reason error'] }));
    return seen;
  }

  #readLike(shape: Shape<Piece>, bytes: Buffer, start: number, end: number): number {
    const { meaning, hasContent, likeness } = shape;
    // Two in a row of one choice, and most that follow will be like them.
    if (hasContent && !meaning.last && shape === this.#before && this.#choices === 1) {
      this.#usual = likeness.closer(bytes, start, end);
    }
    this.#before = shape;
    this.#seen.add(meaning.index);
    if (meaning.last) this.#finished.add(meaning.index);
    if (hasContent) this.sentTokens += tokensOfLength(SHAPES.length);
    return (hasContent ? CONTENT : 0) | (meaning.last ? TERMINAL : 0);
  }

  /** Offers an event without usage or error to be learnt from. */
  #offer(data: string, choices: unknown): void {
    this.#patience -= 1;
    const choice: unknown = Array.isArray(choices) && choices.length === 1 ? choices[0] : null;
    if (!isObject(choice) || choice['finish_reason'] === 'error') return;
    const { index, finish_reason: reason, delta } = choice;
    const tokens = isObject(delta) ? contentTokens(delta) : 0;
    const content = isObject(delta) ? delta['content'] : undefined;
    const hasContent = typeof content === 'string' && content !== '';
    // What it brings has to be its text and nothing else.
    if (tokens !== (hasContent ? tokensOfLength(content.length) : 0)) return;
    SHAPES.hear({ data, meaning: { index, last: typeof reason === 'string' && reason !== '' }, hasContent });
  }

  #readChoice(choice: Record<string, unknown>): number {
    const { index, finish_reason: reason, delta } = choice;
    this.#seen.add(index);
    if (reason === 'error') return FAULTY;
    const tokens = isObject(delta) ? contentTokens(delta) : 0;
    const content = tokens > 0 ? CONTENT : 0;
    this.sentTokens += tokens;
    if (typeof reason !== 'string' || reason === '') return content;
    this.#finished.add(index);
    return content | TERMINAL;
  }

  #fail(fault: Fault): number {
    this.fault = fault;
    return FAULTY;
  }
}

/** What a delta brings, in tokens: one at least, and as many as its length makes likely; 0 when it says nothing. */
function contentTokens(delta: Record<string, unknown>): number {
  let tokens = 0;
  for (const name in delta) {
    const value = delta[name];
    if (value === null || value === '' || value === undefined || EMPTY_MEMBERS.has(name)) continue;
    if (typeof value === 'string') tokens += tokensOfLength(value.length);
    else if (!Array.isArray(value)) tokens += 1;
    else if (value.length > 0) tokens += tokensOfLength(JSON.stringify(value).length - TOOL_CALL_FRAME);
  }
  return tokens;
}

/** What stands around the arguments in a piece of a tool call: `[{"index":0,"function":{"arguments":""}}]`. */
const TOOL_CALL_FRAME = 42;
const BYTES_PER_TOKEN = 4;

export function tokensOfLength(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / BYTES_PER_TOKEN - 0.5));
}

/** Whether a list of objects begins at `at`. */
function startsWithObject(bytes: Buffer, at: number): boolean {
  return bytes[at] === 0x5b && bytes[skipSpace(bytes, at + 1)] === 0x7b;
}

/** The usage that is written from `start` to `end`; null when it has to be parsed. */
function glanceUsage(bytes: Buffer, start: number, end: number): Usage | null {
  if (start < 0 || !USAGE.at(bytes, start, end)) return null;
  try {
    return chatUsage({
      prompt_tokens: USAGE.value(bytes, 'prompt_tokens'),
      completion_tokens: USAGE.value(bytes, 'completion_tokens'),
      prompt_tokens_details: USAGE.value(bytes, 'prompt_tokens_details'),
      completion_tokens_details: USAGE.value(bytes, 'completion_tokens_details'),
    });
  } catch {
    return null;
  }
}

/** What a chat answer tells of its tokens. */
export function chatUsage(usage: unknown): Usage {
  if (!isObject(usage)) return NO_USAGE;
  const { prompt_tokens: input, completion_tokens: output } = usage;
  return {
    inputTokens: count(input),
    outputTokens: count(output),
    cachedTokens: detail(usage['prompt_tokens_details'], 'cached_tokens'),
    cacheWriteTokens: detail(usage['prompt_tokens_details'], 'cache_write_tokens'),
    reasoningTokens: detail(usage['completion_tokens_details'], 'reasoning_tokens'),
  };
}

/** A token count within a details object; null when it is not told. */
export function detail(details: unknown, name: string): number | null {
  return isObject(details) ? count(details[name]) : null;
}

export function count(value: unknown): number | null {
  return typeof value === 'number' && value >= 0 ? value : null;
}

/** JSON's value; undefined for what is not JSON. */
export function parse(data: string): unknown {
  try {
    return parseJson(data);
  } catch {
    return undefined;
  }
}

export function unreadable(data: string): Fault {
  return faultOf('malformed-response', {
    message: 'an event of the stream is not the JSON it should be',
    evidence: [`unreadable event of ${data.length} characters`],
  });
}

/** A 2xx whose JSON is something else than what was asked for. */
export function notA(what: string, member: string): Fault {
  return faultOf('malformed-response', {
    message: `the answer is JSON but no ${what}`,
    evidence: [`no ${member} in the answer`],
  });
}
