import type { CallerWire } from '../translation/caller-wire.ts';
import { toChat } from './to-chat.ts';
import { ResponseEvents } from './to-events.ts';
import { toResponse } from './to-response.ts';

/** What the Responses API calls what chat calls otherwise. */
const FIELDS: Readonly<Record<string, string>> = {
  max_tokens: 'max_output_tokens',
  max_completion_tokens: 'max_output_tokens',
  response_format: 'text.format',
  verbosity: 'text.verbosity',
  reasoning_effort: 'reasoning.effort',
};

/** Callers of the Responses API, for targets that have only chat. */
export const responsesCaller: CallerWire = {
  headers: (headers) => headers,
  toChat,
  fieldOf(field) {
    const [first = ''] = field.split(/[.[]/, 1);
    // A message is not always one item: which it was is not told.
    if (first === 'messages') return 'input';
    return (FIELDS[first] ?? first) + field.slice(first.length);
  },
  answer(facts) {
    const events = new ResponseEvents(facts);
    return {
      head: () => ({}),
      whole: (body) => toResponse(body, facts),
      event: (data) => events.write(data),
      end: () => events.end(),
    };
  },
};
