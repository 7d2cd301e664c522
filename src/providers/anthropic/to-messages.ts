import { traitsOf } from './claude.ts';
import { conversationOf } from './conversation.ts';
import { type TranslatedRequest, translateChat } from '../translation/chat-request.ts';
import type { Loss } from '../translation/loss.ts';
import { formatOf, maxTokensOf, samplingOf, serviceTierOf, stopSequencesOf, userOf } from './settings.ts';
import { thinkingOf } from './thinking.ts';
import { toolMembers } from './tools.ts';

type Request = Readonly<Record<string, unknown>>;

/** Members that are carried over, each by its own rule. */
const CARRIED: ReadonlySet<string> = new Set([
  'model',
  'messages',
  'stream',
  'stream_options',
  'max_tokens',
  'max_completion_tokens',
  'temperature',
  'top_p',
  'stop',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'response_format',
  'reasoning_effort',
  'user',
  'safety_identifier',
  'service_tier',
]);

/**
 * Puts a Chat Completions request on the Messages wire.
 *
 * @param model the name it goes under.
 * @param cap the most tokens that the model says; null when that is not known.
 */
export function toMessages(request: Request, model: string, cap: number | null): TranslatedRequest {
  return translateChat('Messages', request, CARRIED, (losses) => bodyOf(request, model, cap, losses));
}

function bodyOf(request: Request, model: string, cap: number | null, losses: Loss[]): Request {
  const traits = traitsOf(model);
  const { system, turns } = conversationOf(request['messages'], traits.prefill, losses);
  const maxTokens = maxTokensOf(request, cap, losses);
  const tools = toolMembers(request, traits, losses);
  const forced = tools.tool_choice?.['type'] === 'any' || tools.tool_choice?.['type'] === 'tool';
  const facts = { traits, maxTokens, turns, forced };
  const { thinking, effort } = thinkingOf(request['reasoning_effort'], facts, losses);
  const stop = stopSequencesOf(request['stop'], losses);
  const format = formatOf(request['response_format'], traits, losses);
  const user = userOf(request, losses);
  const tier = serviceTierOf(request['service_tier'], losses);
  return {
    model,
    max_tokens: maxTokens,
    ...(system.length > 0 ? { system } : {}),
    messages: turns,
    ...tools,
    ...samplingOf(request, traits, thinking !== undefined, losses),
    ...(stop === null ? {} : { stop_sequences: stop }),
    ...(thinking === undefined ? {} : { thinking }),
    ...(format === null && effort === undefined
      ? {}
      : { output_config: { ...(format === null ? {} : { format }), ...(effort === undefined ? {} : { effort }) } }),
    ...(user === null ? {} : { metadata: { user_id: user } }),
    ...(tier === null ? {} : { service_tier: tier }),
    ...(request['stream'] === true ? { stream: true } : {}),
  };
}
