import type { Call } from '../../engine/call.ts';
import type { ContinuationStyle, Follower, Joint } from '../../engine/continuing/ports.ts';
import { MOST_CHARACTERS } from '../openai/continuing/chat-follower.ts';
import { ANCHOR_TOKENS, leftOf, meant, readRequest, turnsFor } from '../openai/continuing/continuation-request.ts';
import { Seam } from '../openai/continuing/seam.ts';
import { type Event, eventsIn } from '../openai/continuing/wire-events.ts';
import { isObject } from '../openai/request.ts';

/** Follows one stream of messages. */
export function followMessages(call: Call): Follower | null {
  return call.body instanceof Uint8Array ? new MessagesFollower() : null;
}

const THOUGHTS: ReadonlySet<unknown> = new Set(['thinking', 'redacted_thinking']);
const THOUGHT_DELTAS: ReadonlySet<unknown> = new Set(['thinking_delta', 'signature_delta']);

class MessagesFollower implements Follower {
  /** Blocks that have begun. */
  #blocks = 0;
  /** The block of text that is open; null: none has begun. */
  #open: number | null = null;
  /** Thoughts that have not been sealed yet: nobody else could seal them. */
  #thinking = false;
  #text = '';
  #continuable = true;

  get continuable(): boolean {
    return this.#continuable && !this.#thinking;
  }

  get length(): number {
    return this.#text.length;
  }

  gave(events: Uint8Array): void {
    for (const event of eventsIn(events)) this.#note(event);
    if (this.#text.length > MOST_CHARACTERS) this.#continuable = false;
  }

  #note({ type, index, content_block: block, delta }: Event): void {
    const kind = isObject(block) ? block['type'] : isObject(delta) ? delta['type'] : null;
    switch (type) {
      case 'message_start':
      case 'ping':
        return;
      case 'content_block_start':
        this.#blocks += 1;
        if (THOUGHTS.has(kind)) this.#thinking = true;
        else if (kind === 'text' && this.#open === null) this.#open = Number(index);
        else this.#continuable = false;
        return;
      case 'content_block_delta':
        if (kind === 'text_delta') this.#text += isObject(delta) ? String(delta['text']) : '';
        else if (!THOUGHT_DELTAS.has(kind)) this.#continuable = false;
        return;
      case 'content_block_stop':
        if (this.#thinking) this.#thinking = false;
        else this.#continuable = false;
        return;
      default:
        // A stop reason, the end, or something that nobody here knows: nothing to go on from.
        this.#continuable = false;
    }
  }

  request(body: Uint8Array, style: ContinuationStyle, sentTokens: number): Uint8Array | null {
    const request = readRequest(body);
    if (request === null || !Array.isArray(request['messages'])) return null;
    if (this.#text.trim() === '') return Buffer.from(JSON.stringify(request));
    const { messages, max_tokens: cap, output_config: output, thinking } = request;
    const how = meant(style);
    // Told to go on, a model that must write JSON begins a new document; and one that thinks takes no words as its own.
    if (how === 'instruction' && isObject(output) && isObject(output['format'])) return null;
    if (how === 'prefill' && isObject(thinking) && thinking['type'] !== 'disabled') return null;
    const last: unknown = messages.at(-1);
    // The caller has begun the answer itself, and the two beginnings cannot be told apart any more.
    if (isObject(last) && last['role'] === 'assistant') return null;
    const used = sentTokens - (how === 'instruction' ? ANCHOR_TOKENS : 0);
    const most = typeof cap === 'number' ? { max_tokens: leftOf(cap, used) } : {};
    const said: unknown[] = messages;
    return Buffer.from(JSON.stringify({ ...request, messages: [...said, ...turnsFor(this.#text, how)], ...most }));
  }

  join(style: ContinuationStyle, sentTokens: number): Joint {
    const seam = new Seam(this.#text.trim() === '' ? '' : this.#text, meant(style));
    return new MessagesJoint(seam, { open: this.#open, blocks: this.#blocks, sentTokens });
  }
}

interface Given {
  /** The block of text that is open. */
  readonly open: number | null;
  /** Blocks that have begun. */
  readonly blocks: number;
  readonly sentTokens: number;
}

/** Rewrites the continuation's events into ones of the first stream. */
class MessagesJoint implements Joint {
  readonly #seam: Seam;
  readonly #sentTokens: number;
  /** The caller's block of text, while it is open. */
  #open: number | null;
  #blocks: number;
  /** The continuation's first block of text, which goes on with the caller's. */
  #first: unknown = null;
  /** The caller's numbers of the other blocks; thoughts of another model have none. */
  readonly #places = new Map<unknown, number>();

  constructor(seam: Seam, { open, blocks, sentTokens }: Given) {
    this.#seam = seam;
    this.#open = open;
    this.#blocks = blocks;
    this.#sentTokens = sentTokens;
  }

  push(events: Uint8Array): Uint8Array | null {
    let out = '';
    for (const event of eventsIn(events)) {
      const given = this.#rewrite(event);
      if (given === null) return null;
      out += given;
    }
    return Buffer.from(out);
  }

  #rewrite(event: Event): string | null {
    const { type, index, content_block: block, delta, usage } = event;
    switch (type) {
      case 'message_start':
        return '';
      case 'content_block_start':
        return this.#begin(index, isObject(block) ? block : {});
      case 'content_block_delta': {
        if (index === this.#first) return this.#say(this.#seam.take(textIn(delta)));
        const place = this.#places.get(index);
        return place === undefined ? '' : written({ ...event, index: place });
      }
      case 'content_block_stop': {
        if (index === this.#first) return this.#close();
        const place = this.#places.get(index);
        return place === undefined ? '' : written({ ...event, index: place });
      }
      case 'message_delta': {
        const closing = this.#close();
        if (closing === null || !isObject(usage)) return closing === null ? null : closing + written(event);
        const tokens = Number(usage['output_tokens'] ?? 0) + this.#sentTokens;
        return closing + written({ ...event, usage: { ...usage, output_tokens: tokens } });
      }
      default:
        return written(event);
    }
  }

  #begin(index: unknown, block: Event): string | null {
    const { type } = block;
    if (THOUGHTS.has(type)) return '';
    if (type === 'text' && this.#first === null) {
      this.#first = index;
      return this.#say(this.#seam.take(textIn(block)));
    }
    // Whatever comes behind the text shows that there is no more of it to wait for.
    const closing = this.#close();
    if (closing === null) return null;
    const place = this.#blocks;
    this.#blocks += 1;
    this.#places.set(index, place);
    return closing + written({ type: 'content_block_start', index: place, content_block: block });
  }

  #say(text: string | null): string | null {
    if (text === null || text === '') return text;
    let opening = '';
    if (this.#open === null) {
      this.#open = this.#blocks;
      this.#blocks += 1;
      opening = written({ type: 'content_block_start', index: this.#open, content_block: { type: 'text', text: '' } });
    }
    return opening + written({ type: 'content_block_delta', index: this.#open, delta: { type: 'text_delta', text } });
  }

  #close(): string | null {
    const rest = this.#say(this.#seam.end());
    if (rest === null || this.#open === null) return rest;
    const index = this.#open;
    this.#open = null;
    return rest + written({ type: 'content_block_stop', index });
  }
}

function textIn(delta: unknown): string {
  return isObject(delta) && typeof delta['text'] === 'string' ? delta['text'] : '';
}

function written(event: Event): string {
  return `event: ${String(event['type'])}\ndata: ${JSON.stringify(event)}\n\n`;
}
