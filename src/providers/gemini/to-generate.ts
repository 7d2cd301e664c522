import { type TranslatedRequest, translateChat } from '../translation/chat-request.ts';
import type { Loss } from '../translation/loss.ts';
import { conversationOf } from './conversation.ts';
import { type GeminiTraits, traitsOf } from './gemini.ts';
import { formatOf, maxTokensOf, samplingOf, serviceTierOf, stopSequencesOf } from './settings.ts';
import { thinkingOf } from './thinking.ts';
import { type ToolMembers, toolMembers } from './tools.ts';

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
  return translateChat('Gemini', request, CARRIED, (losses) => bodyOf(request, model, cap, losses));
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
