import type { Usage } from '../../engine/record.ts';
import { isObject } from '../openai/request.ts';
import type { AnswerFacts, JsonObject } from '../translation/caller-wire.ts';

/** How an answer ended. */
export interface Ending {
  readonly status: 'completed' | 'incomplete';
  readonly details: { readonly reason: 'max_output_tokens' | 'content_filter' } | null;
}

/** A chat answer's finish reason as the end of a response. */
export function endingOf(reason: unknown): Ending {
  if (reason === 'length') return { status: 'incomplete', details: { reason: 'max_output_tokens' } };
  if (reason === 'content_filter') return { status: 'incomplete', details: { reason: 'content_filter' } };
  return { status: 'completed', details: null };
}

/** What a response is besides its output: the request's own words, as OpenAI repeats them. */
export function responseOf(
  { request, wall }: AnswerFacts,
  { id, model, tier }: { readonly id: string; readonly model: string; readonly tier: unknown },
): JsonObject {
  const { text, reasoning, tools, metadata } = request;
  return {
    id,
    object: 'response',
    created_at: Math.floor(wall / 1000),
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: request['instructions'] ?? null,
    max_output_tokens: request['max_output_tokens'] ?? null,
    metadata: isObject(metadata) ? metadata : {},
    model,
    output: [],
    parallel_tool_calls: request['parallel_tool_calls'] !== false,
    previous_response_id: null,
    reasoning: { effort: null, summary: null, ...(isObject(reasoning) ? reasoning : {}) },
    ...(typeof tier === 'string' ? { service_tier: tier } : {}),
    // Nothing is kept of it that could be asked for later.
    store: false,
    temperature: request['temperature'] ?? 1,
    text: { format: { type: 'text' }, ...(isObject(text) ? text : {}) },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: Array.isArray(tools) ? tools : [],
    top_p: request['top_p'] ?? 1,
    truncation: 'disabled',
    usage: null,
    user: request['user'] ?? null,
  };
}

/** Null where the target tells none. */
export function responsesUsageOf(usage: Usage | null): JsonObject | null {
  if (usage === null) return null;
  const input = usage.inputTokens ?? 0;
  const output = usage.outputTokens ?? 0;
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: usage.cachedTokens ?? 0,
      ...(usage.cacheWriteTokens == null ? {} : { cache_write_tokens: usage.cacheWriteTokens }),
    },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: usage.reasoningTokens ?? 0 },
    total_tokens: input + output,
  };
}

/** The answer keeps its own id behind the prefix, so that the provider can be asked about it. */
export function baseId(id: unknown, callId: string): string {
  return typeof id === 'string' && id !== '' ? id.replace(/^(?:chatcmpl-)?(?:msg_)?/, '') : callId;
}

/** The items of an output, whole; ids are made of the answer's own. */
export const ITEMS = {
  reasoning: (id: string, text: string): JsonObject => ({
    id: `rs_${id}`,
    type: 'reasoning',
    summary: text === '' ? [] : [{ type: 'summary_text', text }],
  }),
  message: (id: string, status: string, content: readonly JsonObject[]): JsonObject => ({
    id: `msg_${id}`,
    type: 'message',
    status,
    role: 'assistant',
    content,
  }),
  text: (text: string): JsonObject => ({ type: 'output_text', annotations: [], logprobs: [], text }),
  refusal: (refusal: string): JsonObject => ({ type: 'refusal', refusal }),
  call: (
    id: string,
    status: string,
    call: { callId: string; name: string; said: string; custom: boolean },
  ): JsonObject =>
    call.custom
      ? { id: `ctc_${id}`, type: 'custom_tool_call', status, call_id: call.callId, name: call.name, input: call.said }
      : { id: `fc_${id}`, type: 'function_call', status, call_id: call.callId, name: call.name, arguments: call.said },
} as const;
