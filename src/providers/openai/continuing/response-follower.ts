import type { Call } from '../../../engine/call.ts';
import type { ContinuationStyle, Follower, Joint } from '../../../engine/continuing/ports.ts';
import { isObject } from '../request.ts';
import { MOST_CHARACTERS } from './chat-follower.ts';
import { ANCHOR_TOKENS, leftOf, meant, readRequest, turnsFor } from './continuation-request.ts';
import { type Place, ResponseJoint } from './response-joint.ts';
import { Seam } from './seam.ts';
import { type Event, eventsIn } from './wire-events.ts';

/** Requests whose answers are more than their text, or belong to one provider. */
const OF_THE_MOMENT = ['"message.output_text.logprobs"', '"background":true', '"background": true'];

/** Follows one response's stream; null for one that is not made of text alone, or goes on with a provider's own state. */
export function followResponse(call: Call): Follower | null {
  if (call.pins.length > 0 || !(call.body instanceof Uint8Array)) return null;
  const body = Buffer.from(call.body.buffer, call.body.byteOffset, call.body.byteLength);
  return OF_THE_MOMENT.some((word) => body.includes(word)) ? null : new ResponseFollower();
}

/** Events that stand around the text and say nothing of it. */
const AROUND: ReadonlySet<unknown> = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.content_part.added',
  'keepalive',
]);

class ResponseFollower implements Follower {
  /** The response as it was announced. */
  #begun: Event | null = null;
  /** Items that were whole before the text began: what was thought. */
  readonly #before: Event[] = [];
  #place: Place | null = null;
  #text = '';
  #sequence = 0;
  #continuable = true;

  get continuable(): boolean {
    return this.#continuable;
  }

  get length(): number {
    return this.#text.length;
  }

  gave(events: Uint8Array): void {
    for (const event of eventsIn(events)) this.#note(event);
    if (this.#text.length > MOST_CHARACTERS) this.#continuable = false;
  }

  #note(event: Event): void {
    const { type, sequence_number: sequence } = event;
    if (typeof sequence === 'number') this.#sequence = sequence;
    if (type === 'response.created' && isObject(event['response'])) this.#begun ??= event['response'];
    if (AROUND.has(type) || String(type).startsWith('response.reasoning_')) return;
    const item = isObject(event['item']) ? event['item'] : {};
    switch (type) {
      case 'response.output_item.added':
        if (item['type'] === 'message' && this.#place === null) this.#place = placeOf(event, item);
        else if (item['type'] !== 'reasoning') this.#continuable = false;
        return;
      case 'response.output_item.done':
        if (item['type'] === 'reasoning') this.#before.push(item);
        else this.#continuable = false;
        return;
      case 'response.output_text.delta':
        if (typeof event['delta'] === 'string') this.#text += event['delta'];
        return;
      default:
        // A tool call, a refusal, a note on the text, or its end: nothing to go on from.
        this.#continuable = false;
    }
  }

  request(body: Uint8Array, style: ContinuationStyle, sentTokens: number): Uint8Array | null {
    const request = readRequest(body);
    if (request === null) return null;
    if (this.#text.trim() === '') return Buffer.from(JSON.stringify(request));
    const { input, text: form, max_output_tokens: cap } = request;
    const format = isObject(form) ? form['format'] : null;
    const structured = isObject(format) && format['type'] !== 'text';
    const how = meant(style);
    if (how === 'instruction' && structured) return null;
    const said = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
    if (!Array.isArray(said)) return null;
    const used = sentTokens - (how === 'instruction' ? ANCHOR_TOKENS : 0);
    const most = typeof cap === 'number' ? { max_output_tokens: leftOf(cap, used) } : {};
    return Buffer.from(JSON.stringify({ ...request, input: [...said, ...turnsFor(this.#text, how)], ...most }));
  }

  join(style: ContinuationStyle, sentTokens: number): Joint {
    const text = this.#text.trim() === '' ? '' : this.#text;
    return new ResponseJoint({
      begun: this.#begun,
      before: this.#before,
      place: this.#place,
      text: this.#text,
      seam: new Seam(text, meant(style)),
      sequence: this.#sequence,
      sentTokens,
    });
  }
}

function placeOf(event: Event, item: Event): Place {
  return { item_id: item['id'], output_index: Number(event['output_index'] ?? 0) };
}
