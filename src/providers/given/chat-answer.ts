import { isObject } from '../openai/request.ts';

/** What an answer that no provider has given is signed with. */
export interface Signature {
  /** Ends the answer's id: the call's own. */
  readonly id: string;
  /** Wall time, ms since 1970. */
  readonly at: number;
  readonly model: string;
}

const NOTHING_USED = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

/** A text as a whole chat completion. */
export function chatAnswer(text: string, { id, at, model }: Signature): Record<string, unknown> {
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: Math.floor(at / 1000),
    model,
    choices: [
      { index: 0, message: { role: 'assistant', content: text, refusal: null }, logprobs: null, finish_reason: 'stop' },
    ],
    usage: NOTHING_USED,
  };
}

/**
 * A whole chat completion as the stream in which it would have come: for each choice its role, its message in one piece, and
 * how it ended.
 *
 * @param tellsUsage the caller asked for the usage at the end (`stream_options.include_usage`)
 */
export function chatStream(completion: Readonly<Record<string, unknown>>, tellsUsage: boolean): string {
  const { choices, usage, object: _, ...head } = completion;
  const chunk = { ...head, object: 'chat.completion.chunk' };
  const events: object[] = [];
  for (const choice of Array.isArray(choices) ? choices : []) {
    if (!isObject(choice)) continue;
    const { message, finish_reason: reason = 'stop', ...rest } = choice;
    const said = isObject(message) ? message : {};
    const { role = 'assistant', ...content } = said;
    const say = (delta: object, finish_reason: unknown): void => {
      events.push({ ...chunk, choices: [{ ...rest, delta, finish_reason }] });
    };
    say({ role, content: '' }, null);
    say(deltaOf(content), null);
    say({}, reason);
  }
  if (tellsUsage) events.push({ ...chunk, choices: [], usage: usage ?? NOTHING_USED });
  return `${events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('')}data: [DONE]\n\n`;
}

/** In a stream each tool call says which one it is. */
function deltaOf(content: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const { tool_calls: calls } = content;
  if (!Array.isArray(calls)) return content;
  return { ...content, tool_calls: calls.map((call: unknown, index) => (isObject(call) ? { index, ...call } : call)) };
}
