import { isObject } from '../openai/request.ts';
import { finishReasonOf, tierMember } from './finish-reason.ts';
import { chatUsageOf, readUsage } from './usage.ts';

/**
 * A whole answer of the Messages wire as a chat completion; null for what is no such answer (an error in a 200, say), which is
 * better judged as it came.
 *
 * @param created seconds since 1970, which the wire does not tell.
 */
export function toCompletion(message: unknown, created: number): Readonly<Record<string, unknown>> | null {
  if (!isObject(message) || message['type'] !== 'message' || !Array.isArray(message['content'])) return null;
  const { id, model, stop_reason: stopReason, stop_details: details } = message;
  const usage = isObject(message['usage']) ? message['usage'] : null;
  const read = readContent(message['content']);
  const hasCalls = read.calls.length > 0;
  return {
    id: completionId(id),
    object: 'chat.completion',
    created,
    model: typeof model === 'string' ? model : '',
    choices: [
      {
        index: 0,
        message: {
          role: 'assistant',
          content: read.text === '' && (hasCalls || stopReason === 'refusal') ? null : read.text,
          refusal: stopReason === 'refusal' ? refusalOf(details) : null,
          ...(read.thoughts === '' ? {} : { reasoning_content: read.thoughts }),
          ...(hasCalls ? { tool_calls: read.calls } : {}),
        },
        logprobs: null,
        finish_reason: finishReasonOf(stopReason, hasCalls),
      },
    ],
    ...(usage === null ? {} : { usage: chatUsageOf(readUsage(usage)), ...tierMember(usage) }),
  };
}

/** The answer keeps its own id behind OpenAI's prefix, so that the provider can be asked about it. */
export function completionId(id: unknown): string {
  return `chatcmpl-${typeof id === 'string' ? id : ''}`;
}

/** What is said of a refusal; null when nothing is. */
export function refusalOf(details: unknown): string | null {
  if (!isObject(details)) return null;
  const { explanation, category } = details;
  if (typeof explanation === 'string' && explanation !== '') return explanation;
  return typeof category === 'string' ? `Refused: ${category}` : null;
}

interface Content {
  readonly text: string;
  readonly thoughts: string;
  readonly calls: readonly object[];
}

/** Blocks of kinds that chat does not know (sealed thoughts, the provider's own tools) are left out. */
function readContent(blocks: readonly unknown[]): Content {
  let text = '';
  let thoughts = '';
  const calls: object[] = [];
  for (const block of blocks) {
    if (!isObject(block)) continue;
    if (block['type'] === 'text' && typeof block['text'] === 'string') text += block['text'];
    else if (block['type'] === 'thinking' && typeof block['thinking'] === 'string') thoughts += block['thinking'];
    else if (block['type'] === 'tool_use') {
      const { id, name, input } = block;
      calls.push({ id, type: 'function', function: { name, arguments: JSON.stringify(input ?? {}) } });
    }
  }
  return { text, thoughts, calls };
}
