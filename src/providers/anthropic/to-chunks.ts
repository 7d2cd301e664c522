import { NO_USAGE } from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { parse } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { finishReasonOf, tierMember } from './finish-reason.ts';
import { completionId, refusalOf } from './to-completion.ts';
import { chatUsageOf, readUsage } from './usage.ts';

export interface ChunkOptions {
  /** Seconds since 1970, which the wire does not tell. */
  readonly created: number;
  /** The caller asked for an event of its own that tells the usage. Without it the last choice tells it by the way. */
  readonly tellsUsage: boolean;
}

/** A tool call whose arguments are on their way. */
interface OpenCall {
  readonly index: number;
  /** Arguments that came with the opening of the block; most servers send none. */
  readonly input: unknown;
  begun: boolean;
}

/** Puts a stream of the Messages wire into chat chunks, event by event. */
export class ChunkWriter {
  readonly #options: ChunkOptions;
  #lead = '';
  #usage: Usage = NO_USAGE;
  /** Tool calls by the index of their block. */
  readonly #calls = new Map<unknown, OpenCall>();
  /** Somebody has spoken: the first chunk says who. */
  #opened = false;
  #finished = false;

  constructor(options: ChunkOptions) {
    this.#options = options;
    this.#begin(null);
  }

  /**
   * What an event comes to.
   *
   * @param data the event's data.
   * @returns whole events of a chat stream, one or many; empty when it says nothing there. What is no event of the wire is
   * handed on as it is, for whoever reads the stream to judge.
   */
  write(data: string): string {
    const event = parse(data);
    if (!isObject(event)) return `data: ${data}\n\n`;
    switch (event['type']) {
      case 'content_block_delta':
        return this.#delta(event);
      case 'message_start':
        this.#begin(event['message']);
        return '';
      case 'content_block_start':
        return this.#openBlock(event);
      case 'content_block_stop':
        return this.#closeBlock(event);
      case 'message_delta':
        return this.#finish(event);
      case 'message_stop':
        return this.#end();
      // Nothing to say, and a sign of life that timers on the way may wait for.
      case 'ping':
        return ': ping\n\n';
      case 'error':
        return `data: ${data}\n\n`;
      default:
        return event['error'] === undefined ? '' : `data: ${data}\n\n`;
    }
  }

  #begin(message: unknown): void {
    const { id, model, usage } = isObject(message) ? message : { id: null, model: '', usage: null };
    const tier = isObject(usage) ? JSON.stringify(tierMember(usage)).slice(1, -1) : '';
    // Built once: a long answer repeats it with every piece.
    this.#lead =
      `data: {"id":${JSON.stringify(completionId(id))},"object":"chat.completion.chunk",` +
      `"created":${this.#options.created},"model":${JSON.stringify(model ?? '')},` +
      `${tier === '' ? '' : `${tier},`}"choices":[`;
    this.#usage = readUsage(usage);
  }

  #openBlock(event: Record<string, unknown>): string {
    const block = event['content_block'];
    if (!isObject(block)) return '';
    if (block['type'] === 'text') return this.#piece('content', block['text']);
    if (block['type'] === 'thinking') return this.#piece('reasoning_content', block['thinking']);
    if (block['type'] !== 'tool_use') return '';
    const index = this.#calls.size;
    this.#calls.set(event['index'], { index, input: block['input'], begun: false });
    const { id, name } = block;
    // An answer without a word has none, which is not the same as an empty one.
    const opening = this.#open(null);
    const call = { index, id, type: 'function', function: { name, arguments: '' } };
    return opening + this.#chunk({ tool_calls: [call] });
  }

  #delta(event: Record<string, unknown>): string {
    const { index, delta } = event;
    if (!isObject(delta)) return '';
    switch (delta['type']) {
      case 'text_delta':
        return this.#piece('content', delta['text']);
      case 'thinking_delta':
        return this.#piece('reasoning_content', delta['thinking']);
      case 'input_json_delta':
        return this.#arguments(index, delta['partial_json']);
      default:
        return '';
    }
  }

  #arguments(index: unknown, piece: unknown): string {
    const call = this.#calls.get(index);
    if (call === undefined || typeof piece !== 'string' || piece === '') return '';
    call.begun = true;
    return this.#chunk({ tool_calls: [{ index: call.index, function: { arguments: piece } }] });
  }

  /** A call without a word of arguments has an empty object of them, which a caller would not find in nothing. */
  #closeBlock({ index }: Record<string, unknown>): string {
    const call = this.#calls.get(index);
    return call === undefined || call.begun ? '' : this.#arguments(index, JSON.stringify(call.input ?? {}));
  }

  #finish({ delta, usage }: Record<string, unknown>): string {
    this.#usage = readUsage(usage, this.#usage);
    const reason = isObject(delta) ? delta['stop_reason'] : null;
    if (this.#finished || typeof reason !== 'string' || !isObject(delta)) return '';
    this.#finished = true;
    const opening = this.#open('');
    const refusal = reason === 'refusal' ? refusalOf(delta['stop_details']) : null;
    const finish = finishReasonOf(reason, this.#calls.size > 0);
    const told = this.#options.tellsUsage ? 'null' : JSON.stringify(chatUsageOf(this.#usage));
    const last = { index: 0, delta: refusal === null ? {} : { refusal }, logprobs: null, finish_reason: finish };
    return `${opening}${this.#lead}${JSON.stringify(last)}],"usage":${told}}\n\n`;
  }

  #end(): string {
    const usage = this.#options.tellsUsage
      ? `${this.#lead}],"usage":${JSON.stringify(chatUsageOf(this.#usage))}}\n\n`
      : '';
    return `${usage}data: [DONE]\n\n`;
  }

  #piece(member: 'content' | 'reasoning_content', text: unknown): string {
    return typeof text === 'string' && text !== '' ? this.#open('') + this.#chunk({ [member]: text }) : '';
  }

  #open(content: '' | null): string {
    if (this.#opened) return '';
    this.#opened = true;
    return this.#chunk({ role: 'assistant', content, refusal: null });
  }

  #chunk(delta: object): string {
    const usage = this.#options.tellsUsage ? ',"usage":null' : '';
    return `${this.#lead}{"index":0,"delta":${JSON.stringify(delta)},"logprobs":null,"finish_reason":null}]${usage}}\n\n`;
  }
}
