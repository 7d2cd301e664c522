import type { Usage } from '../../engine/record.ts';
import { isObject } from '../openai/request.ts';
import type { AnswerFacts, JsonObject } from '../translation/caller-wire.ts';
import { type ChatListener, readChatEvent } from '../translation/chat-stream.ts';
import { baseId, endingOf, ITEMS, responseOf, responsesUsageOf } from './answer.ts';

/** An item of the output whose pieces are on their way. */
type OpenItem = { readonly id: string; readonly index: number; said: string } & (
  | { readonly kind: 'reasoning' | 'text' | 'refusal' }
  | {
      readonly kind: 'call';
      readonly number: unknown;
      readonly callId: string;
      readonly name: string;
      readonly custom: boolean;
    }
);

/** Puts a chat stream into the events of a Responses stream, chunk by chunk. */
export class ResponseEvents implements ChatListener {
  readonly #facts: AnswerFacts;
  #response: JsonObject = {};
  #id = '';
  #started = false;
  #over = false;
  #sequence = 0;
  #open: OpenItem | null = null;
  readonly #output: JsonObject[] = [];
  #reason: string | null = null;
  #usage: Usage | null = null;

  constructor(facts: AnswerFacts) {
    this.#facts = facts;
  }

  /** What a chat event comes to: whole events, none or many. */
  write(data: string): string {
    return readChatEvent(data, this);
  }

  /** The body has ended: a server that forgets `[DONE]` has still said all there is, once it has said why it stopped. */
  end(): string {
    return this.#reason === null ? '' : this.onDone();
  }

  // ChatListener -------------------------------------------------------------------------------------------------

  onChunk(chunk: JsonObject, [choice]: readonly JsonObject[], usage: Usage | null): string {
    if (usage !== null) this.#usage = usage;
    if (choice === undefined) return '';
    const { delta, finish_reason: reason } = choice;
    const written = this.#start(chunk) + this.#delta(delta);
    if (typeof reason === 'string') this.#reason = reason;
    return written;
  }

  onFailure(): string {
    return FAILED;
  }

  onDone(): string {
    if (this.#over) return '';
    this.#over = true;
    const opening = this.#start({});
    const { status, details } = endingOf(this.#reason);
    const closing = this.#close(status);
    const response = {
      ...this.#response,
      status,
      incomplete_details: details,
      output: this.#output,
      usage: responsesUsageOf(this.#usage),
    };
    return opening + closing + this.#event(`response.${status}`, { response });
  }

  // Inside -------------------------------------------------------------------------------------------------------

  #start(chunk: JsonObject): string {
    if (this.#started) return '';
    this.#started = true;
    const { id, model, service_tier: tier } = chunk;
    this.#id = baseId(id, this.#facts.callId);
    const asked = typeof model === 'string' ? model : this.#facts.model;
    this.#response = responseOf(this.#facts, { id: `resp_${this.#id}`, model: asked, tier });
    return (
      this.#event('response.created', { response: this.#response }) +
      this.#event('response.in_progress', { response: this.#response })
    );
  }

  #delta(delta: unknown): string {
    if (!isObject(delta)) return '';
    const { content, refusal, reasoning_content: thoughts, tool_calls: calls } = delta;
    let written = this.#piece('reasoning', thoughts) + this.#piece('text', content) + this.#piece('refusal', refusal);
    if (Array.isArray(calls)) for (const call of calls as unknown[]) if (isObject(call)) written += this.#call(call);
    return written;
  }

  #piece(kind: 'reasoning' | 'text' | 'refusal', piece: unknown): string {
    if (typeof piece !== 'string' || piece === '') return '';
    const open = this.#open;
    if (open !== null && open.kind === kind) return this.#say(open, piece);
    const written = this.#close('completed');
    const item: OpenItem = { kind, ...this.#place(), said: '' };
    this.#open = item;
    return written + this.#announce(item) + this.#say(item, piece);
  }

  #call(call: Record<string, unknown>): string {
    const { index: number, id, function: fn, custom } = call;
    const body = isObject(fn) ? fn : isObject(custom) ? custom : {};
    const piece = body['arguments'] ?? body['input'];
    const open = this.#open;
    const more = typeof piece === 'string' ? piece : '';
    if (open?.kind === 'call' && open.number === number) return more === '' ? '' : this.#say(open, more);
    const written = this.#close('completed');
    const item: OpenItem = {
      kind: 'call',
      number,
      callId: String(id),
      name: String(body['name']),
      custom: isObject(custom),
      ...this.#place(),
      said: '',
    };
    this.#open = item;
    return written + this.#announce(item) + (more === '' ? '' : this.#say(item, more));
  }

  #place(): { readonly id: string; readonly index: number } {
    const index = this.#output.length;
    return { id: `${this.#id}_${index}`, index };
  }

  /** An item comes empty first, and what it is made of. */
  #announce(item: OpenItem): string {
    const added = this.#event('response.output_item.added', {
      output_index: item.index,
      item:
        item.kind === 'text' || item.kind === 'refusal'
          ? ITEMS.message(item.id, 'in_progress', [])
          : whole(item, 'in_progress'),
    });
    const part = partOf(item);
    if (part === null) return added;
    return added + this.#event(PART_EVENTS[item.kind].added, { ...placeOf(item), part });
  }

  #say(item: OpenItem, delta: string): string {
    item.said += delta;
    const logprobs = item.kind === 'text' ? { logprobs: [] } : {};
    return this.#event(`${eventOf(item)}.delta`, { ...placeOf(item), delta, ...logprobs });
  }

  #close(status: string): string {
    const item = this.#open;
    if (item === null) return '';
    this.#open = null;
    const done = whole(item, status);
    this.#output.push(done);
    const part = partOf(item);
    return (
      this.#event(`${eventOf(item)}.done`, { ...placeOf(item), ...saidOf(item) }) +
      (part === null ? '' : this.#event(PART_EVENTS[item.kind].done, { ...placeOf(item), part })) +
      this.#event('response.output_item.done', { output_index: item.index, item: done })
    );
  }

  #event(type: string, members: JsonObject): string {
    const data = { type, sequence_number: this.#sequence, ...members };
    this.#sequence += 1;
    return `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
  }
}

const SUMMARY = {
  added: 'response.reasoning_summary_part.added',
  done: 'response.reasoning_summary_part.done',
} as const;
const CONTENT_PART = { added: 'response.content_part.added', done: 'response.content_part.done' } as const;

/** What announces the part that an item is made of, and what closes it. */
const PART_EVENTS = { reasoning: SUMMARY, text: CONTENT_PART, refusal: CONTENT_PART, call: CONTENT_PART } as const;

const EVENTS = {
  reasoning: 'response.reasoning_summary_text',
  text: 'response.output_text',
  refusal: 'response.refusal',
} as const;

function eventOf(item: OpenItem): string {
  if (item.kind !== 'call') return EVENTS[item.kind];
  return item.custom ? 'response.custom_tool_call_input' : 'response.function_call_arguments';
}

function placeOf(item: OpenItem): JsonObject {
  const place = { item_id: idOf(item), output_index: item.index };
  if (item.kind === 'call') return place;
  return item.kind === 'reasoning' ? { ...place, summary_index: 0 } : { ...place, content_index: 0 };
}

function idOf(item: OpenItem): unknown {
  return whole(item, '')['id'];
}

/** What an item has said so far, as its part; null for calls, which have none. */
function partOf({ kind, said }: OpenItem): JsonObject | null {
  switch (kind) {
    case 'reasoning':
      return { type: 'summary_text', text: said };
    case 'text':
      return ITEMS.text(said);
    case 'refusal':
      return ITEMS.refusal(said);
    case 'call':
      return null;
  }
}

function saidOf(item: OpenItem): JsonObject {
  const { kind, said } = item;
  if (kind === 'call') return item.custom ? { input: said } : { name: item.name, arguments: said };
  if (kind === 'refusal') return { refusal: said };
  return kind === 'text' ? { text: said, logprobs: [] } : { text: said };
}

function whole(item: OpenItem, status: string): JsonObject {
  switch (item.kind) {
    case 'reasoning':
      return ITEMS.reasoning(item.id, item.said);
    case 'call':
      return ITEMS.call(item.id, status, item);
    case 'text':
      return ITEMS.message(item.id, status, [ITEMS.text(item.said)]);
    case 'refusal':
      return ITEMS.message(item.id, status, [ITEMS.refusal(item.said)]);
  }
}

const FAILED = 'data: {"error":{"type":"server_error","message":"the provider ended its answer with an error"}}\n\n';
