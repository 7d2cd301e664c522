import type { Fault } from '../../engine/fault/fault.ts';
import { isObject } from '../openai/request.ts';
import { traitsOf } from './claude.ts';
import { conversationOf } from './conversation.ts';
import { type Loss, Untranslatable, untranslatable } from '../translation/loss.ts';
import { loseTheRest } from '../translation/rest.ts';
import { formatOf, maxTokensOf, samplingOf, serviceTierOf, stopSequencesOf, userOf } from './settings.ts';
import { thinkingOf } from './thinking.ts';
import { toolMembers } from './tools.ts';

type Request = Readonly<Record<string, unknown>>;

/** A chat request on the Messages wire, or why it cannot be put there. */
export type TranslatedRequest =
  | {
      readonly kind: 'translated';
      readonly body: Request;
      /** What was left out or changed on the way; told to the caller, never silent. */
      readonly losses: readonly Loss[];
      /** The caller asked for an event that tells the usage (`stream_options.include_usage`). */
      readonly tellsUsage: boolean;
    }
  | { readonly kind: 'untranslatable'; readonly fault: Fault };

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
  const losses: Loss[] = [];
  try {
    const body = bodyOf(request, model, cap, losses);
    loseTheRest(request, CARRIED, 'Messages', losses);
    const options = request['stream_options'];
    const tellsUsage = isObject(options) && options['include_usage'] === true;
    return { kind: 'translated', body, losses, tellsUsage };
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    return { kind: 'untranslatable', fault: untranslatable('Messages', error.field, error.message) };
  }
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
