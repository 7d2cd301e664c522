import { NO_USAGE } from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { count } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';

/**
 * What a `usageMetadata` object of the wire tells. It counts thoughts apart from the answer, and what tools read apart from the
 * prompt; ours, like OpenAI's, are both.
 *
 * @param before what was told earlier in the same stream.
 */
export function readUsage(usage: unknown, before: Usage = NO_USAGE): Usage {
  if (!isObject(usage)) return before;
  const prompt = count(usage['promptTokenCount']);
  const said = count(usage['candidatesTokenCount']);
  const thought = count(usage['thoughtsTokenCount']);
  return {
    inputTokens: prompt === null ? before.inputTokens : prompt + (count(usage['toolUsePromptTokenCount']) ?? 0),
    outputTokens: said === null && thought === null ? before.outputTokens : (said ?? 0) + (thought ?? 0),
    cachedTokens: count(usage['cachedContentTokenCount']) ?? before.cachedTokens,
    reasoningTokens: thought ?? before.reasoningTokens,
  };
}

/** The same as a chat answer tells it. */
export function chatUsageOf(usage: Usage): Readonly<Record<string, unknown>> {
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  return {
    prompt_tokens: input,
    completion_tokens: output,
    total_tokens: input + output,
    prompt_tokens_details: { cached_tokens: usage.cachedTokens ?? 0 },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
  };
}
