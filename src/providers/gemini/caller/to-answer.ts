import type { Usage } from '../../../engine/record.ts';
import { chatUsage, parse } from '../../openai/chat.ts';
import { isObject } from '../../openai/request.ts';
import type { JsonObject } from '../../translation/caller-wire.ts';
import { callSeal, FOREIGN_SEAL } from '../seal.ts';

/** OpenAI's finish reasons in Google's words. */
const REASONS: Readonly<Record<string, string>> = {
  stop: 'STOP',
  length: 'MAX_TOKENS',
  tool_calls: 'STOP',
  function_call: 'STOP',
  content_filter: 'SAFETY',
};

/** Why an answer ended, and what was said of it. */
export function endingOf(reason: unknown, refusal: unknown): JsonObject {
  if (typeof refusal === 'string' && refusal !== '') return { finishReason: 'SAFETY', finishMessage: refusal };
  const known = typeof reason === 'string' && Object.hasOwn(REASONS, reason) ? REASONS[reason] : undefined;
  return { finishReason: known ?? 'STOP' };
}

/**
 * A whole chat completion as an answer of the Gemini wire; null for what is none.
 *
 * @param model that was asked, for servers that do not say which one answers.
 * @param thoughts whether the caller asked to be shown them.
 */
export function toAnswer(completion: unknown, model: string, thoughts: boolean): JsonObject | null {
  const choices = isObject(completion) ? completion['choices'] : undefined;
  if (!isObject(completion) || !Array.isArray(choices) || choices.length === 0) return null;
  const candidates = choices.map((choice: unknown, at) => {
    const { message, finish_reason: reason, index } = isObject(choice) ? choice : {};
    const { content, refusal, tool_calls: calls, reasoning_content: thought } = isObject(message) ? message : {};
    const parts = [
      ...(thoughts && typeof thought === 'string' && thought !== '' ? [{ text: thought, thought: true }] : []),
      ...(typeof content === 'string' && content !== '' ? [{ text: content }] : []),
      ...(Array.isArray(calls) ? (calls as unknown[]).flatMap(callPart) : []),
    ];
    const ending = endingOf(reason, refusal);
    return { content: { parts, role: 'model' }, ...ending, index: typeof index === 'number' ? index : at };
  });
  return {
    candidates,
    usageMetadata: usageMetadataOf(chatUsage(completion['usage'])),
    modelVersion: typeof completion['model'] === 'string' ? completion['model'] : model,
    responseId: responseId(completion['id']),
  };
}

/** The answer keeps its own id without OpenAI's prefix. */
export function responseId(id: unknown): string {
  return typeof id === 'string' ? id.replace(/^chatcmpl-/, '') : '';
}

/** A call of a tool; its arguments may have been cut short by a cap. */
export function callPart(call: unknown): JsonObject[] {
  const fn = isObject(call) ? call['function'] : undefined;
  if (!isObject(call) || !isObject(fn)) return [];
  const { name, arguments: written } = fn;
  const args = typeof written === 'string' ? parse(written) : null;
  return [
    {
      functionCall: { id: call['id'], name, args: isObject(args) ? args : {} },
      // A caller gives back what it is given: then one of Google's own models may go on from this call.
      thoughtSignature: callSeal(call) ?? FOREIGN_SEAL,
    },
  ];
}

/** Google counts thoughts apart from the answer. */
export function usageMetadataOf({ inputTokens, outputTokens, cachedTokens, reasoningTokens }: Usage): JsonObject {
  const prompt = inputTokens ?? 0;
  const output = outputTokens ?? 0;
  const thoughts = Math.min(reasoningTokens ?? 0, output);
  return {
    promptTokenCount: prompt,
    candidatesTokenCount: output - thoughts,
    ...(thoughts > 0 ? { thoughtsTokenCount: thoughts } : {}),
    ...((cachedTokens ?? 0) > 0 ? { cachedContentTokenCount: cachedTokens } : {}),
    totalTokenCount: prompt + output,
  };
}
