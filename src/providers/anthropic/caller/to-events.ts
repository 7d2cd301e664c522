import { NO_USAGE } from '../../../engine/ports.ts';
import type { Usage } from '../../../engine/record.ts';
import { tokensOfLength } from '../../openai/chat.ts';
import { isObject } from '../../openai/request.ts';
import type { JsonObject } from '../../translation/caller-wire.ts';
import { type ChatListener, readChatEvent } from '../../translation/chat-stream.ts';
import { isRefusal, messageId, messagesUsageOf, stopReasonOf } from './to-message.ts';

/** Puts a chat stream into the events of the Messages wire, chunk by chunk. */
export class MessageEvents implements ChatListener {
  readonly #model: string;
  #started = false;
  #over = false;
  /** Index of the block that is open, and of the next one. */
  #open: number | null = null;
  #openIsText = false;
  #blocks = 0;
  /** Blocks of tool calls by the calls' own numbers. */
  readonly #calls = new Map<unknown, number>();
  #reason: string | null = null;
  #refused = false;
  #usage: Usage | null = null;
  /** For servers that tell no usage. */
  #saidTokens = 0;

  /** @param model that was asked, for servers that do not say which one answers. */
  constructor(model: string) {
    this.#model = model;
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
    const reason = stopReasonOf(this.#reason, this.#calls.size > 0, this.#refused);
    const usage = messagesUsageOf(this.#usage ?? { ...NO_USAGE, outputTokens: this.#saidTokens });
    const delta = { stop_reason: reason, stop_sequence: null };
    return opening + this.#close() + event('message_delta', { delta, usage }) + event('message_stop', {});
  }

  // Inside -------------------------------------------------------------------------------------------------------

  #start({ id, model }: JsonObject): string {
    if (this.#started) return '';
    this.#started = true;
    const message = {
      id: messageId(id),
      type: 'message',
      role: 'assistant',
      model: typeof model === 'string' ? model : this.#model,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      // The chat wire tells it behind the answer.
      usage: messagesUsageOf(NO_USAGE),
    };
    return event('message_start', { message });
  }

  #delta(delta: unknown): string {
    if (!isObject(delta)) return '';
    const { content, refusal, tool_calls: calls } = delta;
    let written = typeof content === 'string' ? this.#text(content) : '';
    if (isRefusal(refusal)) {
      this.#refused = true;
      written += this.#text(String(refusal));
    }
    if (Array.isArray(calls)) for (const call of calls as unknown[]) if (isObject(call)) written += this.#call(call);
    return written;
  }

  #text(text: string): string {
    if (text === '') return '';
    let written = '';
    if (this.#open === null || !this.#openIsText) written = this.#begin({ type: 'text', text: '' });
    this.#saidTokens += tokensOfLength(text.length);
    return written + event('content_block_delta', { index: this.#open, delta: { type: 'text_delta', text } });
  }

  #call(call: Record<string, unknown>): string {
    const fn = isObject(call['function']) ? call['function'] : {};
    let written = '';
    let index = this.#calls.get(call['index']);
    if (index === undefined) {
      index = this.#blocks;
      this.#calls.set(call['index'], index);
      written = this.#begin({ type: 'tool_use', id: call['id'], name: fn['name'], input: {} });
    }
    const piece = fn['arguments'];
    if (typeof piece !== 'string' || piece === '') return written;
    this.#saidTokens += tokensOfLength(piece.length);
    return written + event('content_block_delta', { index, delta: { type: 'input_json_delta', partial_json: piece } });
  }

  #begin(block: JsonObject): string {
    const written = this.#close();
    this.#open = this.#blocks;
    this.#openIsText = block['type'] === 'text';
    this.#blocks += 1;
    return written + event('content_block_start', { index: this.#open, content_block: block });
  }

  #close(): string {
    if (this.#open === null) return '';
    const index = this.#open;
    this.#open = null;
    return event('content_block_stop', { index });
  }
}

function event(type: string, members: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...members })}\n\n`;
}

const FAILED = event('error', { error: { type: 'api_error', message: 'the provider ended its answer with an error' } });
