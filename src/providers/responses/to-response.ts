import { chatUsage } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import type { AnswerFacts, JsonObject } from '../translation/caller-wire.ts';
import { baseId, endingOf, ITEMS, responseOf, responsesUsageOf } from './answer.ts';

/** A whole chat completion as a response; null for what is none. */
export function toResponse(completion: unknown, facts: AnswerFacts): JsonObject | null {
  const choices = isObject(completion) ? completion['choices'] : undefined;
  const [choice] = Array.isArray(choices) ? (choices as unknown[]) : [];
  if (!isObject(completion) || !isObject(choice) || !isObject(choice['message'])) return null;
  const { status, details } = endingOf(choice['finish_reason']);
  const id = baseId(completion['id'], facts.callId);
  const model = typeof completion['model'] === 'string' ? completion['model'] : facts.model;
  const { usage } = completion;
  return {
    ...responseOf(facts, { id: `resp_${id}`, model, tier: completion['service_tier'] }),
    status,
    incomplete_details: details,
    output: outputOf(choice['message'], id, status),
    usage: responsesUsageOf(isObject(usage) ? chatUsage(usage) : null),
  };
}

function outputOf(message: Record<string, unknown>, id: string, status: string): readonly JsonObject[] {
  const { content, refusal, reasoning_content: thoughts, tool_calls: calls } = message;
  const output: JsonObject[] = [];
  const next = (): string => `${id}_${output.length}`;
  if (typeof thoughts === 'string' && thoughts !== '') output.push(ITEMS.reasoning(next(), thoughts));
  const parts = [
    ...(typeof content === 'string' && content !== '' ? [ITEMS.text(content)] : []),
    ...(typeof refusal === 'string' && refusal !== '' ? [ITEMS.refusal(refusal)] : []),
  ];
  if (parts.length > 0) output.push(ITEMS.message(next(), status, parts));
  for (const call of Array.isArray(calls) ? (calls as unknown[]) : []) {
    const read = readCall(call);
    if (read !== null) output.push(ITEMS.call(next(), status, read));
  }
  return output;
}

function readCall(call: unknown): { callId: string; name: string; said: string; custom: boolean } | null {
  if (!isObject(call)) return null;
  const { id, function: fn, custom } = call;
  const callId = String(id);
  if (isObject(fn)) return { callId, name: String(fn['name']), said: textIn(fn['arguments']), custom: false };
  if (!isObject(custom)) return null;
  return { callId, name: String(custom['name']), said: textIn(custom['input']), custom: true };
}

function textIn(said: unknown): string {
  return typeof said === 'string' ? said : '';
}
