import type { CallerWire } from '../../translation/caller-wire.ts';
import { toChat } from './to-chat.ts';
import { MessageEvents } from './to-events.ts';
import { toMessage } from './to-message.ts';

/** What the Messages wire calls what chat calls otherwise. */
const FIELDS: Readonly<Record<string, string>> = {
  max_completion_tokens: 'max_tokens',
  stop: 'stop_sequences',
  response_format: 'output_config.format',
  reasoning_effort: 'output_config.effort',
  parallel_tool_calls: 'tool_choice.disable_parallel_tool_use',
  user: 'metadata.user_id',
};

/** Callers of the Messages wire, for targets that do not speak it. */
export const messagesCaller: CallerWire = {
  headers({ 'x-api-key': key, authorization: bearer }) {
    const own = bearer ?? (typeof key === 'string' ? `Bearer ${key}` : undefined);
    return { 'content-type': 'application/json', ...(own === undefined ? {} : { authorization: own }) };
  },
  toChat,
  fieldOf(field) {
    const [first = ''] = field.split(/[.[]/, 1);
    return (FIELDS[first] ?? first) + field.slice(first.length);
  },
  answer({ model }) {
    const events = new MessageEvents(model);
    return {
      head: () => ({}),
      whole: (body) => toMessage(body, model),
      event: (data) => events.write(data),
      end: () => events.end(),
    };
  },
};
