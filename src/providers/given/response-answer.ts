import { isObject } from '../openai/request.ts';
import type { Signature } from './chat-answer.ts';

/** A text as a whole response of the Responses API. */
export function responseAnswer(text: string, { id, at, model }: Signature): Record<string, unknown> {
  return {
    id: `resp_${id}`,
    object: 'response',
    created_at: Math.floor(at / 1000),
    status: 'completed',
    error: null,
    incomplete_details: null,
    instructions: null,
    metadata: {},
    model,
    output: [
      {
        type: 'message',
        id: `msg_${id}`,
        status: 'completed',
        role: 'assistant',
        content: [{ type: 'output_text', text, annotations: [] }],
      },
    ],
    parallel_tool_calls: true,
    tool_choice: 'auto',
    tools: [],
    usage: {
      input_tokens: 0,
      input_tokens_details: { cached_tokens: 0 },
      output_tokens: 0,
      output_tokens_details: { reasoning_tokens: 0 },
      total_tokens: 0,
    },
  };
}

/** A whole response as the stream in which it would have come, each text in one piece. */
export function responseStream(response: Readonly<Record<string, unknown>>): string {
  const events: Record<string, unknown>[] = [];
  const say = (type: string, facts: object): void => {
    events.push({ type, sequence_number: events.length, ...facts });
  };
  const begun = { ...response, status: 'in_progress', output: [], usage: null };
  say('response.created', { response: begun });
  say('response.in_progress', { response: begun });
  const output = Array.isArray(response['output']) ? response['output'] : [];
  for (const [index, item] of output.entries()) if (isObject(item)) sayItem(say, item, index);
  say('response.completed', { response });
  return events.map((event) => `event: ${event['type'] as string}\ndata: ${JSON.stringify(event)}\n\n`).join('');
}

function sayItem(
  say: (type: string, facts: object) => void,
  item: Record<string, unknown>,
  output_index: number,
): void {
  const where = { item_id: item['id'], output_index };
  const { content } = item;
  const texts = item['type'] === 'message' && Array.isArray(content) ? content : [];
  say('response.output_item.added', {
    output_index,
    item: { ...item, status: 'in_progress', ...(texts.length > 0 ? { content: [] } : {}) },
  });
  for (const [content_index, part] of texts.entries()) {
    if (!isObject(part)) continue;
    const { text } = part;
    say('response.content_part.added', { ...where, content_index, part: { ...part, text: '' } });
    if (typeof text === 'string') {
      say('response.output_text.delta', { ...where, content_index, delta: text, logprobs: [] });
      say('response.output_text.done', { ...where, content_index, text, logprobs: [] });
    }
    say('response.content_part.done', { ...where, content_index, part });
  }
  const { arguments: given } = item;
  if (item['type'] === 'function_call' && typeof given === 'string') {
    say('response.function_call_arguments.delta', { ...where, delta: given });
    say('response.function_call_arguments.done', { ...where, name: item['name'], arguments: given });
  }
  say('response.output_item.done', { output_index, item });
}
