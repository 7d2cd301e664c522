import { isObject } from '../openai/request.ts';
import type { ChatFacts, JsonObject } from '../translation/caller-wire.ts';
import { type Loss, Untranslatable } from '../translation/loss.ts';
import { chatMessages } from './items.ts';
import { toolMembers } from './tools.ts';

/** Members that are carried over, each by its own rule, and hints that change no answer. */
const CARRIED: ReadonlySet<string> = new Set([
  'model',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'max_output_tokens',
  'temperature',
  'top_p',
  'text',
  'reasoning',
  'user',
  'safety_identifier',
  'service_tier',
  'stream',
  'stream_options',
  'prompt_cache_key',
  'prompt_cache_retention',
]);

/** What says nothing in members that the chat wire does not have. */
const NEUTRAL: Readonly<Record<string, (value: unknown) => boolean>> = {
  background: (value) => value === false,
  include: (value) => Array.isArray(value) && value.length === 0,
  metadata: (value) => isObject(value) && Object.keys(value).length === 0,
  store: (value) => value === false,
  top_logprobs: (value) => value === 0,
  truncation: (value) => value === 'disabled',
};

/** Without these it would be another question, or another way of working. */
const NEEDED: Readonly<Record<string, string>> = {
  previous_response_id: 'this target keeps no responses: send the conversation whole, as input',
  conversation: 'this target keeps no conversations: send them whole, as input',
  prompt: 'prompts are kept at OpenAI: send the text itself',
  background: 'this target works while the caller waits',
};

/**
 * Puts a Responses request on the chat wire.
 *
 * @throws {Untranslatable} what cannot be left out without asking something else.
 */
export function toChat(request: JsonObject, facts: ChatFacts, losses: Loss[]): JsonObject {
  for (const [field, value] of Object.entries(request)) {
    if (CARRIED.has(field) || value === null || value === undefined) continue;
    if (Object.hasOwn(NEUTRAL, field) && NEUTRAL[field]?.(value)) continue;
    const needed = Object.hasOwn(NEEDED, field) ? NEEDED[field] : undefined;
    if (needed !== undefined) throw new Untranslatable(field, needed);
    losses.push({ field, how: 'dropped', why: 'the chat wire has nothing like it' });
  }
  return {
    model: facts.model,
    messages: chatMessages(request, losses),
    ...toolMembers(request, losses),
    ...settings(request, facts),
  };
}

function settings(request: JsonObject, { cap }: ChatFacts): JsonObject {
  const { max_output_tokens: most, temperature, top_p: topP, text, reasoning, stream } = request;
  const { user, safety_identifier: identifier = user, service_tier: tier } = request;
  const { format, verbosity } = isObject(text) ? text : {};
  const effort = isObject(reasoning) ? reasoning['effort'] : undefined;
  return {
    ...(typeof most === 'number' ? { [cap]: most } : {}),
    ...(typeof temperature === 'number' ? { temperature } : {}),
    ...(typeof topP === 'number' ? { top_p: topP } : {}),
    ...(isObject(format) ? formatMember(format) : {}),
    ...(typeof verbosity === 'string' ? { verbosity } : {}),
    ...(typeof effort === 'string' ? { reasoning_effort: effort } : {}),
    ...(typeof identifier === 'string' ? { user: identifier } : {}),
    ...(typeof tier === 'string' && tier !== 'auto' ? { service_tier: tier } : {}),
    ...(stream === true ? { stream: true, stream_options: { include_usage: true } } : {}),
  };
}

function formatMember(format: JsonObject): JsonObject {
  const { type, ...schema } = format;
  if (type === 'json_schema') return { response_format: { type, json_schema: schema } };
  return type === 'json_object' ? { response_format: { type } } : {};
}
