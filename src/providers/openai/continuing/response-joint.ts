import type { Joint } from '../../../engine/continuing/ports.ts';
import { isObject } from '../request.ts';
import type { Seam } from './seam.ts';
import { type Event, eventsIn } from './wire-events.ts';

/** Where the text stands within the response. */
export interface Place {
  readonly item_id: unknown;
  readonly output_index: number;
}

export interface JointFacts {
  readonly begun: Event | null;
  readonly before: readonly Event[];
  /** Null: it broke off before its text had a place; then the continuation's own is as good. */
  readonly place: Place | null;
  /** The text that was given. */
  readonly text: string;
  readonly seam: Seam;
  /** Number of the last event that was given. */
  readonly sequence: number;
  readonly sentTokens: number;
}

/** Events that announce what the caller has been told already. */
const ANNOUNCED: ReadonlySet<unknown> = new Set(['response.created', 'response.queued', 'response.in_progress']);

/** Rewrites the continuation's events into ones of the first response. */
export class ResponseJoint implements Joint {
  readonly #facts: JointFacts;
  #text: string;
  #sequence: number;
  /** The continuation's own place for its text; null before it has one. */
  #own: Place | null = null;

  constructor(facts: JointFacts) {
    this.#facts = facts;
    this.#text = facts.text;
    this.#sequence = facts.sequence;
  }

  push(events: Uint8Array): Uint8Array | null {
    let out = '';
    for (const event of eventsIn(events)) {
      const given = this.#rewrite(event);
      if (given === null) return null;
      for (const each of given) out += this.#written(each);
    }
    return Buffer.from(out);
  }

  #written(event: Event): string {
    this.#sequence += 1;
    const numbered = { ...event, sequence_number: this.#sequence };
    return `event: ${String(event['type'])}\ndata: ${JSON.stringify(numbered)}\n\n`;
  }

  /** The events that one of the continuation becomes; null when it does not go on where the text ends. */
  #rewrite(event: Event): Event[] | null {
    const { type } = event;
    if (ANNOUNCED.has(type) || this.#isThought(event)) return [];
    if (type === 'response.completed' || type === 'response.incomplete') return this.#completed(event);
    const item = isObject(event['item']) ? event['item'] : {};
    if (type === 'response.output_item.added' && item['type'] === 'message' && this.#own === null) {
      this.#own = { item_id: item['id'], output_index: Number(event['output_index'] ?? 0) };
      return this.#facts.place === null ? [event] : [];
    }
    if (typeof event['output_index'] !== 'number') return [event];
    // What is no text comes only after it, unless nothing had been said.
    if (this.#own === null) return this.#facts.place === null ? [event] : null;
    if (event['output_index'] !== this.#own.output_index) return [this.#moved(event)];
    return this.#ofTheText(event);
  }

  #ofTheText(event: Event): Event[] | null {
    switch (event['type']) {
      case 'response.content_part.added':
        return this.#facts.place === null ? [event] : [];
      case 'response.output_text.delta':
        return this.#said(event, this.#facts.seam.take(typeof event['delta'] === 'string' ? event['delta'] : ''));
      case 'response.output_text.done': {
        const rest = this.#said(
          { ...event, type: 'response.output_text.delta', text: undefined },
          this.#facts.seam.end(),
        );
        return rest === null ? null : [...rest, { ...this.#moved(event), text: this.#text }];
      }
      case 'response.content_part.done':
        return [{ ...this.#moved(event), part: this.#wholePart(event['part']) }];
      case 'response.output_item.done':
        return [{ ...this.#moved(event), item: this.#wholeItem(event['item']) }];
      default:
        return [this.#moved(event)];
    }
  }

  #said(event: Event, delta: string | null): Event[] | null {
    if (delta === null) return null;
    this.#text += delta;
    return delta === '' ? [] : [{ ...this.#moved(event), delta }];
  }

  /** The same event where the first response has it. */
  #moved(event: Event): Event {
    const { place } = this.#facts;
    const own = this.#own;
    if (place === null || own === null) return event;
    const index = Number(event['output_index'] ?? own.output_index);
    const moved = { ...event, output_index: place.output_index + index - own.output_index };
    return event['item_id'] === own.item_id ? { ...moved, item_id: place.item_id } : moved;
  }

  #wholePart(part: unknown): unknown {
    return isObject(part) && part['type'] === 'output_text' ? { ...part, text: this.#text } : part;
  }

  #wholeItem(item: unknown): unknown {
    if (!isObject(item) || !Array.isArray(item['content'])) return item;
    const id = this.#facts.place?.item_id ?? item['id'];
    return { ...item, id, content: item['content'].map((part: unknown) => this.#wholePart(part)) };
  }

  /**
   * The whole response: what was there before, the joined text, and what came after it. It keeps the id that it began with, under
   * which no provider has stored it: so it says that it is not.
   */
  #completed(event: Event): Event[] | null {
    const { response } = event;
    const { begun, before, sentTokens } = this.#facts;
    if (!isObject(response) || !Array.isArray(response['output'])) return [event];
    const items = response['output'].filter((item: unknown) => !isObject(item) || item['type'] !== 'reasoning');
    let joined = false;
    const output = items.map((item: unknown) => {
      if (joined || !isObject(item) || item['type'] !== 'message') return item;
      joined = true;
      return this.#wholeItem(item);
    });
    if (!joined) return null;
    const { id, created_at, model } = begun ?? response;
    const usage = withSent(response['usage'], sentTokens);
    return [
      {
        ...event,
        response: { ...response, id, created_at, model, store: false, output: [...before, ...output], usage },
      },
    ];
  }

  /** Thoughts before the rest: the caller has read those of the beginning. */
  #isThought(event: Event): boolean {
    const { type, item, output_index: index } = event;
    if (String(type).startsWith('response.reasoning_')) return true;
    const isReasoning = isObject(item) && item['type'] === 'reasoning';
    return isReasoning && (this.#own === null || index !== this.#own.output_index);
  }
}

/** The caller is told of the whole answer: what came before the break no provider has told. */
function withSent(usage: unknown, sentTokens: number): unknown {
  if (!isObject(usage)) return usage;
  const { output_tokens: output, total_tokens: total } = usage;
  const more = (tokens: unknown): unknown => (typeof tokens === 'number' ? tokens + sentTokens : tokens);
  return { ...usage, output_tokens: more(output), total_tokens: more(total) };
}
