import type { Choice } from './generation.ts';
import type { Spoken } from './parallel.ts';
import { isObject, listAt, stringAt } from './json.ts';
import type { JsonObject } from './json.ts';
import type { Pace } from './latency.ts';
import { write } from './script.ts';
import type { Part, Write } from './script.ts';

/** The events of a streamed response, numbered from 0, each in its place and time. */
export function responseWrites(body: JsonObject, choice: Spoken, pace: Pace): Write[] {
  const events = new EventList();
  const started = { ...body, status: 'in_progress', output: [], usage: null, incomplete_details: null };
  events.add('opening', 'response.created', { response: started });
  events.add('opening', 'response.in_progress', { response: started });
  // The first token's wait falls on the item that brings it: the events before it come at once, as they really do.
  let wait = pace.firstTokenMs;
  const calls = [choice, ...choice.more];
  for (const [index, item] of listAt(body, 'output').entries()) {
    if (!isObject(item)) continue;
    if (item['type'] === 'reasoning') {
      events.add('opening', 'response.output_item.added', { output_index: index, item }, wait);
      events.add(
        'opening',
        'response.output_item.done',
        { output_index: index, item },
        pace.gaps(choice.reasoningTokens),
      );
      wait = 0;
      continue;
    }
    if (item['type'] === 'function_call') addCall(events, item, index, calls.shift() ?? choice, pace, wait);
    else addMessage(events, item, index, choice, pace, wait);
    wait = 0;
  }
  const last = body['status'] === 'incomplete' ? 'response.incomplete' : 'response.completed';
  events.add('terminal', last, { response: body });
  return events.writes;
}

/** Frames and numbers events. */
class EventList {
  readonly writes: Write[] = [];

  add(part: Part, type: string, fields: JsonObject, waitMs = 0): void {
    const event = { type, sequence_number: this.writes.length, ...fields };
    this.writes.push(write(part, `event: ${type}\ndata: ${JSON.stringify(event)}\n\n`, waitMs));
  }
}

type Adder = (events: EventList, item: JsonObject, index: number, choice: Choice, pace: Pace, wait: number) => void;

const addMessage: Adder = (events, item, index, choice, pace, wait) => {
  const place = { item_id: item['id'], output_index: index, content_index: 0 };
  const [part] = listAt(item, 'content');
  const emptyPart = { type: 'output_text', annotations: [], logprobs: [], text: '' };
  const emptyItem = { ...item, status: 'in_progress', content: [] };
  events.add('opening', 'response.output_item.added', { output_index: index, item: emptyItem }, wait);
  events.add('opening', 'response.content_part.added', { ...place, part: emptyPart });
  choice.pieces.forEach((delta, at) => {
    events.add('content', 'response.output_text.delta', { ...place, delta, logprobs: [] }, at === 0 ? 0 : pace.gap());
  });
  const text = choice.pieces.join('');
  events.add('closing', 'response.output_text.done', { ...place, text, logprobs: [] });
  events.add('closing', 'response.content_part.done', { ...place, part });
  events.add('closing', 'response.output_item.done', { output_index: index, item });
};

const addCall: Adder = (events, item, index, choice, pace, wait) => {
  const place = { item_id: item['id'], output_index: index };
  const emptyItem = { ...item, status: 'in_progress', arguments: '' };
  events.add('opening', 'response.output_item.added', { output_index: index, item: emptyItem }, wait);
  choice.pieces.forEach((delta, at) => {
    events.add('content', 'response.function_call_arguments.delta', { ...place, delta }, at === 0 ? 0 : pace.gap());
  });
  const whole = { arguments: stringAt(item, 'arguments'), name: item['name'] };
  events.add('closing', 'response.function_call_arguments.done', { ...place, ...whole });
  events.add('closing', 'response.output_item.done', { output_index: index, item });
};
