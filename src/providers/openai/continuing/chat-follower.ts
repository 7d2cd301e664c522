import type { Call } from '../../../engine/call.ts';
import type { ContinuationStyle, Follower, Joint } from '../../../engine/continuing/ports.ts';
import { isObject } from '../request.ts';
import { continuationRequest } from './continuation-request.ts';
import { Seam } from './seam.ts';
import { type Event, eventsIn, isDone, line } from './wire-events.ts';

/** A longer text is not kept to be gone on with: in-flight memory is bounded, and so is a prompt. */
export const MOST_CHARACTERS: number = 512 * 1024;

/** Thoughts before the answer: another model has its own, and the caller has read the first one's. */
const THOUGHTS: ReadonlySet<string> = new Set(['reasoning_content', 'reasoning', 'reasoning_details']);

/** Members of a delta that do not stand in the way of going on: who speaks, what was thought, padding. */
const HARMLESS: ReadonlySet<string> = new Set(['role', 'content', 'obfuscation', ...THOUGHTS]);

/** Follows one chat's stream; null for a call of several choices, or of more than text. */
export function followChat(call: Call): Follower | null {
  if (call.choices > 1 || !(call.body instanceof Uint8Array)) return null;
  const body = Buffer.from(call.body.buffer, call.body.byteOffset, call.body.byteLength);
  return OF_THE_MOMENT.some((word) => body.includes(word)) ? null : new ChatFollower();
}

/** Requests whose answers are more than their text: each token's probabilities, speech. */
const OF_THE_MOMENT = ['"logprobs":true', '"logprobs": true', '"modalities":'];

class ChatFollower implements Follower {
  /** What every event of the answer repeats: its id, its date, its model. */
  #head: Event | null = null;
  #text = '';
  #continuable = true;

  get continuable(): boolean {
    return this.#continuable;
  }

  get length(): number {
    return this.#text.length;
  }

  gave(events: Uint8Array): void {
    for (const event of eventsIn(events)) {
      const { choices, usage: _, ...head } = event;
      if (!Array.isArray(choices)) continue;
      this.#head ??= head;
      for (const choice of choices) if (isObject(choice)) this.#note(choice);
    }
  }

  #note({ delta, finish_reason: reason }: Event): void {
    // What has said its last word is not gone on with, whatever broke behind it.
    if (typeof reason === 'string' && reason !== '') this.#continuable = false;
    if (!isObject(delta)) return;
    for (const name in delta) {
      const value = delta[name];
      if (name === 'content' && typeof value === 'string') this.#text += value;
      else if (!HARMLESS.has(name) && isSaid(value)) this.#continuable = false;
    }
    if (this.#text.length > MOST_CHARACTERS) this.#continuable = false;
  }

  request(body: Uint8Array, style: ContinuationStyle, sentTokens: number): Uint8Array | null {
    return continuationRequest(body, this.#text, style, sentTokens);
  }

  join(style: ContinuationStyle, sentTokens: number): Joint {
    return new ChatJoint(this.#head, new Seam(this.#text.trim() === '' ? '' : this.#text, style), sentTokens);
  }
}

/** Whether a member of a delta says anything: tool calls and refusals are often there as null or empty. */
function isSaid(value: unknown): boolean {
  return value !== null && value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0);
}

/** Rewrites the continuation's events into ones of the first stream. */
class ChatJoint implements Joint {
  readonly #head: Event | null;
  readonly #seam: Seam;
  readonly #sentTokens: number;

  constructor(head: Event | null, seam: Seam, sentTokens: number) {
    this.#head = head;
    this.#seam = seam;
    this.#sentTokens = sentTokens;
  }

  push(events: Uint8Array): Uint8Array | null {
    let out = '';
    for (const event of eventsIn(events)) {
      const given = this.#rewrite(event);
      if (given === null) return null;
      out += given;
    }
    if (isDone(events)) out += 'data: [DONE]\n\n';
    return Buffer.from(out);
  }

  #rewrite(event: Event): string | null {
    const { choices, usage, ...own } = event;
    if (!Array.isArray(choices)) return line(event);
    const frame = { ...own, ...this.#head };
    const told = isObject(usage) ? { usage: this.#withSent(usage) } : usage === undefined ? {} : { usage };
    if (choices.length === 0) return line({ ...frame, choices, ...told });
    let out = '';
    for (const choice of choices) {
      if (!isObject(choice)) continue;
      const given = this.#choice(choice);
      if (given === null) return null;
      for (const each of given) out += line({ ...frame, choices: [each], ...told });
    }
    return out;
  }

  /** The events that one of the continuation becomes: none for what the caller has read already. */
  #choice(choice: Event): Event[] | null {
    const { delta, finish_reason: reason } = choice;
    const rest: Record<string, unknown> = {};
    let text: string | null = '';
    for (const [name, value] of Object.entries(isObject(delta) ? delta : {})) {
      if (name === 'content' && typeof value === 'string') text = this.#seam.take(value);
      else if (!HARMLESS.has(name) && isSaid(value)) rest[name] = value;
    }
    const ends = typeof reason === 'string' && reason !== '';
    const more = Object.keys(rest).length > 0;
    // Whatever comes behind the text shows that there is no more of it to wait for.
    const held = text === null ? null : ends || more ? this.#seam.end() : '';
    if (text === null || held === null) return null;
    const said = text + held;
    const events: Event[] = [];
    if (said !== '') events.push({ ...choice, delta: { content: said }, finish_reason: null });
    if (ends || more) events.push({ ...choice, delta: rest });
    return events;
  }

  /** The caller is told of the whole answer: what came before the break no provider has told. */
  #withSent(usage: Event): Event {
    const add = (name: string): Event => {
      const tokens = usage[name];
      return typeof tokens === 'number' ? { [name]: tokens + this.#sentTokens } : {};
    };
    return { ...usage, ...add('completion_tokens'), ...add('total_tokens') };
  }
}
