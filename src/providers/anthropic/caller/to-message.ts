import type { Usage } from '../../../engine/record.ts';
import { chatUsage, parse } from '../../openai/chat.ts';
import { isObject } from '../../openai/request.ts';
import type { JsonObject } from '../../translation/caller-wire.ts';

/** OpenAI's finish reasons in Anthropic's words. */
const REASONS: Readonly<Record<string, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  tool_calls: 'tool_use',
  function_call: 'tool_use',
  content_filter: 'refusal',
};

/** Why an answer ended; what it holds decides where the reason is new. */
export function stopReasonOf(reason: unknown, hasCalls: boolean, refused: boolean): string {
  if (refused) return 'refusal';
  const known = typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  // Some servers say `stop` behind a call; a caller that goes by the reason would never make it.
  if (hasCalls && (known === undefined || known === 'end_turn')) return 'tool_use';
  return known ?? 'end_turn';
}

/**
 * A whole chat completion as a message; null for what is none.
 *
 * Thoughts (`reasoning_content`) are left out: a thinking block needs a seal that only Anthropic can make, and Claude would
 * refuse the conversation that brings one back without it.
 */
export function toMessage(completion: unknown, model: string): JsonObject | null {
  const choices = isObject(completion) ? completion['choices'] : undefined;
  const [choice] = Array.isArray(choices) ? (choices as unknown[]) : [];
  if (!isObject(completion) || !isObject(choice) || !isObject(choice['message'])) return null;
  const { content: text, refusal, tool_calls: calls } = choice['message'];
  const content: JsonObject[] = [];
  for (const said of [text, refusal])
    if (typeof said === 'string' && said !== '') content.push({ type: 'text', text: said });
  const uses = (Array.isArray(calls) ? calls : []).flatMap(toolUse);
  content.push(...uses);
  return {
    id: messageId(completion['id']),
    type: 'message',
    role: 'assistant',
    model: typeof completion['model'] === 'string' ? completion['model'] : model,
    content,
    stop_reason: stopReasonOf(choice['finish_reason'], uses.length > 0, isRefusal(refusal)),
    stop_sequence: null,
    usage: messagesUsageOf(chatUsage(completion['usage'])),
  };
}

export function isRefusal(refusal: unknown): boolean {
  return typeof refusal === 'string' && refusal !== '';
}

/** The answer keeps its own id behind Anthropic's prefix, so that the provider can be asked about it. */
export function messageId(id: unknown): string {
  return `msg_${typeof id === 'string' ? id.replace(/^(?:chatcmpl-)?(?:msg_)?/, '') : ''}`;
}

function toolUse(call: unknown): JsonObject[] {
  const fn = isObject(call) ? call['function'] : undefined;
  if (!isObject(call) || !isObject(fn)) return [];
  return [{ type: 'tool_use', id: call['id'], name: fn['name'], input: inputIn(fn['arguments']) }];
}

/** Arguments that a cap has cut short are no JSON any more. */
function inputIn(written: unknown): JsonObject {
  const input = typeof written === 'string' ? parse(written) : null;
  return isObject(input) ? input : {};
}

/** Anthropic counts apart what came from the cache or went into it. */
export function messagesUsageOf(usage: Usage): JsonObject {
  const { inputTokens, outputTokens, cachedTokens, cacheWriteTokens, reasoningTokens } = usage;
  const read = cachedTokens ?? 0;
  const written = cacheWriteTokens ?? 0;
  return {
    input_tokens: Math.max(0, (inputTokens ?? 0) - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    output_tokens: outputTokens ?? 0,
    ...(reasoningTokens === null || reasoningTokens === 0
      ? {}
      : { output_tokens_details: { thinking_tokens: reasoningTokens } }),
  };
}
