import { NO_USAGE } from '../../engine/ports.ts';
import type { Usage } from '../../engine/record.ts';
import { count, detail } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';

/**
 * What a `usage` object of the wire tells. Its `input_tokens` leave out what came from the cache or went into it; ours, like
 * OpenAI's, are all of the prompt.
 *
 * @param before what was told earlier in the same stream: the end of an answer tells the output, and may leave out the rest.
 */
export function readUsage(usage: unknown, before: Usage = NO_USAGE): Usage {
  if (!isObject(usage)) return before;
  const fresh = count(usage['input_tokens']);
  const read = count(usage['cache_read_input_tokens']) ?? before.cachedTokens;
  const written = count(usage['cache_creation_input_tokens']) ?? before.cacheWriteTokens ?? null;
  return {
    inputTokens: fresh === null ? before.inputTokens : fresh + (read ?? 0) + (written ?? 0),
    outputTokens: count(usage['output_tokens']) ?? before.outputTokens,
    cachedTokens: read,
    cacheWriteTokens: written,
    reasoningTokens: detail(usage['output_tokens_details'], 'thinking_tokens') ?? before.reasoningTokens,
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
    prompt_tokens_details: {
      cached_tokens: usage.cachedTokens ?? 0,
      ...(usage.cacheWriteTokens == null ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    completion_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
  };
}
