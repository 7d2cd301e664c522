import type { Fault } from '../../engine/fault/fault.ts';
import { isObject } from '../openai/request.ts';
import { type Loss, Untranslatable, untranslatable } from '../translation/loss.ts';
import { loseTheRest } from '../translation/rest.ts';
import { conversationOf } from './conversation.ts';
import { type GeminiTraits, traitsOf } from './gemini.ts';
import { formatOf, maxTokensOf, samplingOf, serviceTierOf, stopSequencesOf } from './settings.ts';
import { thinkingOf } from './thinking.ts';
import { type ToolMembers, toolMembers } from './tools.ts';

type Request = Readonly<Record<string, unknown>>;

/** A chat request on the Gemini wire, or why it cannot be put there. */
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
  'top_k',
  'seed',
  'n',
  'presence_penalty',
  'frequency_penalty',
  'stop',
  'tools',
  'tool_choice',
  'parallel_tool_calls',
  'functions',
  'response_format',
  'reasoning_effort',
  'service_tier',
]);

/**
 * Puts a Chat Completions request on the Gemini wire.
 *
 * @param model the name it goes under.
 * @param cap the most tokens that the model says; null when that is not known.
 */
export function toGenerate(request: Request, model: string, cap: number | null): TranslatedRequest {
  const losses: Loss[] = [];
  try {
    const body = bodyOf(request, model, cap, losses);
    loseTheRest(request, CARRIED, 'Gemini', losses);
    const options = request['stream_options'];
    const tellsUsage = isObject(options) && options['include_usage'] === true;
    return { kind: 'translated', body, losses, tellsUsage };
  } catch (error) {
    if (!(error instanceof Untranslatable)) throw error;
    return { kind: 'untranslatable', fault: untranslatable('Gemini', error.field, error.message) };
  }
}

function bodyOf(request: Request, model: string, cap: number | null, losses: Loss[]): Request {
  const traits = traitsOf(model);
  const { system, contents } = conversationOf(request['messages'], traits, losses);
  const maxTokens = maxTokensOf(request, cap, losses);
  const tools = toolMembers(request, losses);
  const stop = stopSequencesOf(request['stop'], losses);
  const tier = serviceTierOf(request['service_tier'], losses);
  const generationConfig = {
    ...(maxTokens === null ? {} : { maxOutputTokens: maxTokens }),
    ...samplingOf(request, traits, losses),
    ...(stop === null ? {} : { stopSequences: stop }),
    ...formatOf(request['response_format'], hindranceOf(tools, traits), losses),
    ...thinkingOf(request['reasoning_effort'], traits, maxTokens, losses),
  };
  return {
    contents,
    ...(system.length > 0 ? { systemInstruction: { parts: system } } : {}),
    ...tools,
    ...(Object.keys(generationConfig).length > 0 ? { generationConfig } : {}),
    ...(tier === null ? {} : { serviceTier: tier }),
  };
}

/** Why an answer cannot be held to a form. */
function hindranceOf({ tools, toolConfig }: ToolMembers, { schemaWithTools }: GeminiTraits): string | null {
  if (tools === undefined) return null;
  if (toolConfig?.functionCallingConfig.mode === 'ANY')
    return 'a tool has to be called, and its call has a form of its own';
  return schemaWithTools ? null : 'this model keeps to a form only where no tools are on offer';
}
