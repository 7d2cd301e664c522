import type { Call } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { classifyEvent, findErrorInBody } from '../../engine/fault/index.ts';
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
import { notA, parse, tokensOfLength, unreadable } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { messagesEnvelope } from './envelope.ts';
import { followMessages } from './follower.ts';
import { readUsage } from './usage.ts';

/** Anthropic's Messages format. */
export const messages: Dialect = {
  readWhole(body: unknown): WholeReading {
    if (findErrorInBody(body)) return { fault: classifyEvent({ data: body }), usage: NO_USAGE, pins: [] };
    if (!isObject(body) || !Array.isArray(body['content'])) {
      return { fault: notA('message', 'content'), usage: NO_USAGE, pins: [] };
    }
    return { fault: null, usage: readUsage(body['usage']), pins: [] };
  },

  openStream(): StreamReader {
    return new MessagesReader();
  },

  failure(call: Call, fault: Fault): string {
    const { body } = messagesEnvelope(fault, { requestId: call.id, attempts: call.attempts.length });
    return `event: error\ndata: ${JSON.stringify(body)}\n\n`;
  },

  follow: followMessages,
};

/** Where the text of a delta stands, by the delta's type. A signature seals thoughts and is none. */
const PIECES: Readonly<Record<string, string>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  input_json_delta: 'partial_json',
};

class MessagesReader implements StreamReader {
  fault: Fault | null = null;
  usage: Usage = NO_USAGE;
  sentTokens = 0;
  readonly pins: readonly string[] = [];
  /** `message_stop`: a stop reason has said all there is, but the SDKs of this wire take no message without its end. */
  complete = false;

  read(bytes: Buffer, start: number, end: number): number {
    // As Latin-1, which leaves JSON's structure intact and is read at half the cost; texts for people are read again.
    const event = parse(bytes.toString('latin1', start, end));
    if (!isObject(event)) return this.#fail(unreadable(bytes.toString('utf8', start, end)));
    switch (event['type']) {
      case 'content_block_delta':
        return this.#readDelta(event['delta']);
      case 'content_block_start':
        return isObject(event['content_block']) && event['content_block']['type'] === 'tool_use' ? this.#content(1) : 0;
      case 'message_start':
        if (isObject(event['message'])) this.#readBeginning(event['message']['usage']);
        return 0;
      case 'message_delta':
        return this.#readEnding(event);
      case 'message_stop':
        this.complete = true;
        return TERMINAL;
      case 'error':
        return this.#fail(classifyEvent({ data: parse(bytes.toString('utf8', start, end)) }));
      // Others may come at any time and say nothing that is known.
      default:
        return event['error'] ? this.#fail(classifyEvent({ data: parse(bytes.toString('utf8', start, end)) })) : 0;
    }
  }

  /** Every prompt has tokens: none is said by whoever learns their number behind the answer. */
  #readBeginning(told: unknown): void {
    const usage = readUsage(told);
    if (usage.inputTokens !== 0) this.usage = usage;
  }

  #readDelta(delta: unknown): number {
    if (!isObject(delta)) return 0;
    const member = PIECES[String(delta['type'])];
    const piece = member === undefined ? '' : delta[member];
    return typeof piece === 'string' && piece !== '' ? this.#content(tokensOfLength(piece.length)) : 0;
  }

  #content(tokens: number): number {
    this.sentTokens += tokens;
    return CONTENT;
  }

  #readEnding({ delta, usage }: Record<string, unknown>): number {
    this.usage = readUsage(usage, this.usage);
    return isObject(delta) && typeof delta['stop_reason'] === 'string' ? TERMINAL : 0;
  }

  #fail(fault: Fault): number {
    this.fault = fault;
    return FAULTY;
  }
}
