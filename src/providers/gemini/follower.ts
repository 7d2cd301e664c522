import type { Call } from '../../engine/call.ts';
import type { ContinuationStyle, Follower, Joint } from '../../engine/continuing/ports.ts';
import { MOST_CHARACTERS } from '../openai/continuing/chat-follower.ts';
import { ANCHOR_TOKENS, leftOf, meant, readRequest, turnsFor } from '../openai/continuing/continuation-request.ts';
import { Seam } from '../openai/continuing/seam.ts';
import { type Event, eventsIn, line } from '../openai/continuing/wire-events.ts';
import { isObject } from '../openai/request.ts';
import { partsIn } from './answer-parts.ts';

/** Follows one stream of generateContent; null for a call of several candidates, or of more than text. */
export function followGenerate(call: Call): Follower | null {
  if (call.choices > 1 || !(call.body instanceof Uint8Array)) return null;
  const body = Buffer.from(call.body.buffer, call.body.byteOffset, call.body.byteLength);
  return OF_THE_MOMENT.test(body.toString('latin1')) ? null : new GenerateFollower();
}

/** Requests whose answers are more than their text, or go on from what the provider keeps. */
const OF_THE_MOMENT =
  /"(?:responseLogprobs|response_logprobs)"\s*:\s*true|"(?:cachedContent|cached_content|responseModalities)"\s*:\s*["[]/;

class GenerateFollower implements Follower {
  /** What every frame of the answer repeats: its id and its model. */
  #head: Event = {};
  #text = '';
  #continuable = true;

  get continuable(): boolean {
    return this.#continuable;
  }

  get length(): number {
    return this.#text.length;
  }

  gave(events: Uint8Array): void {
    for (const { candidates, responseId, modelVersion } of eventsIn(events)) {
      this.#head = { responseId, modelVersion, ...this.#head };
      if (!Array.isArray(candidates)) continue;
      for (const candidate of candidates) if (isObject(candidate)) this.#note(candidate);
    }
    if (this.#text.length > MOST_CHARACTERS) this.#continuable = false;
  }

  #note(candidate: Event): void {
    // What has said its last word is not gone on with, whatever broke behind it.
    if (typeof candidate['finishReason'] === 'string') this.#continuable = false;
    for (const part of partsIn(candidate)) {
      if (!isObject(part) || part['thought'] === true) continue;
      if (typeof part['text'] === 'string') this.#text += part['text'];
      else this.#continuable = false;
    }
  }

  request(body: Uint8Array, style: ContinuationStyle, sentTokens: number): Uint8Array | null {
    const request = readRequest(body);
    if (request === null) return null;
    if (this.#text.trim() === '') return Buffer.from(JSON.stringify(request));
    const how = meant(style);
    const name = 'generation_config' in request ? 'generation_config' : 'generationConfig';
    const settings = isObject(request[name]) ? request[name] : {};
    const form = settings['responseMimeType'] ?? settings['response_mime_type'] ?? 'text/plain';
    // Told to go on, a model that must write JSON begins a new document.
    if (how === 'instruction' && form !== 'text/plain') return null;
    const { contents } = request;
    const said: unknown[] = Array.isArray(contents) ? contents : [contents];
    const turns = turnsFor(this.#text, how).map(({ role, content }) => ({
      role: role === 'assistant' ? 'model' : 'user',
      parts: [{ text: content }],
    }));
    const used = sentTokens - (how === 'instruction' ? ANCHOR_TOKENS : 0);
    const asked = { ...request, contents: [...said, ...turns], [name]: withCap(settings, used) };
    return Buffer.from(JSON.stringify(asked));
  }

  join(style: ContinuationStyle, sentTokens: number): Joint {
    return new GenerateJoint(
      this.#head,
      new Seam(this.#text.trim() === '' ? '' : this.#text, meant(style)),
      sentTokens,
    );
  }
}

/** The rest may be as long as what is left of the cap. */
function withCap(settings: Event, usedTokens: number): Event {
  const name = 'max_output_tokens' in settings ? 'max_output_tokens' : 'maxOutputTokens';
  const cap = settings[name];
  return typeof cap === 'number' ? { ...settings, [name]: leftOf(cap, usedTokens) } : settings;
}

/** Rewrites the continuation's frames into ones of the first stream. */
class GenerateJoint implements Joint {
  readonly #head: Event;
  readonly #seam: Seam;
  readonly #sentTokens: number;

  constructor(head: Event, seam: Seam, sentTokens: number) {
    this.#head = head;
    this.#seam = seam;
    this.#sentTokens = sentTokens;
  }

  push(events: Uint8Array): Uint8Array | null {
    let out = '';
    for (const event of eventsIn(events)) {
      const { candidates, usageMetadata: usage } = event;
      const frame = { ...event, ...this.#head, ...(isObject(usage) ? { usageMetadata: this.#withSent(usage) } : {}) };
      const [candidate] = Array.isArray(candidates) ? (candidates as unknown[]) : [];
      if (!isObject(candidate)) {
        out += line(frame);
        continue;
      }
      const joined = this.#candidate(candidate);
      if (joined === null) return null;
      if (joined !== NOTHING_NEW) out += line({ ...frame, candidates: [joined] });
    }
    return Buffer.from(out);
  }

  /** The candidate without what the caller has read already, and without another model's thoughts. */
  #candidate(candidate: Event): Event | null {
    const ends = typeof candidate['finishReason'] === 'string';
    const others: Event[] = [];
    let text = '';
    for (const part of partsIn(candidate)) {
      if (!isObject(part) || part['thought'] === true) continue;
      if (typeof part['text'] !== 'string') {
        others.push(part);
        continue;
      }
      const piece = this.#seam.take(part['text']);
      if (piece === null) return null;
      text += piece;
    }
    // Whatever comes behind the text shows that there is no more of it to wait for.
    const held = ends || others.length > 0 ? this.#seam.end() : '';
    if (held === null) return null;
    const parts = [...(text + held === '' ? [] : [{ text: text + held }]), ...others];
    if (parts.length === 0 && !ends) return NOTHING_NEW;
    return { ...candidate, content: { parts, role: 'model' } };
  }

  /** The caller is told of the whole answer: what came before the break no provider has told. */
  #withSent(usage: Event): Event {
    const add = (name: string): Event => {
      const tokens = usage[name];
      return typeof tokens === 'number' ? { [name]: tokens + this.#sentTokens } : {};
    };
    return { ...usage, ...add('candidatesTokenCount'), ...add('totalTokenCount') };
  }
}

/** A frame that says only what the caller has read. */
const NOTHING_NEW: Event = {};
