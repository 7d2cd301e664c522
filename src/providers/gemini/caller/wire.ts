import type { CallerWire } from '../../translation/caller-wire.ts';
import { memberOf, objectIn } from './members.ts';
import { toAnswer } from './to-answer.ts';
import { toChat } from './to-chat.ts';
import { GenerateFrames } from './to-frames.ts';

/** What the Gemini wire calls what chat calls otherwise. */
const FIELDS: Readonly<Record<string, string>> = {
  messages: 'contents',
  max_completion_tokens: 'generationConfig.maxOutputTokens',
  max_tokens: 'generationConfig.maxOutputTokens',
  n: 'generationConfig.candidateCount',
  stop: 'generationConfig.stopSequences',
  seed: 'generationConfig.seed',
  temperature: 'generationConfig.temperature',
  top_p: 'generationConfig.topP',
  presence_penalty: 'generationConfig.presencePenalty',
  frequency_penalty: 'generationConfig.frequencyPenalty',
  response_format: 'generationConfig.responseSchema',
  reasoning_effort: 'generationConfig.thinkingConfig',
  tool_choice: 'toolConfig.functionCallingConfig',
  service_tier: 'serviceTier',
};

/** Callers of the Gemini wire, for targets that do not speak it. */
export const generateCaller: CallerWire = {
  headers({ 'x-goog-api-key': key, authorization: bearer }) {
    const own = bearer ?? (typeof key === 'string' ? `Bearer ${key}` : undefined);
    return { 'content-type': 'application/json', ...(own === undefined ? {} : { authorization: own }) };
  },
  toChat,
  fieldOf(field) {
    const [first = ''] = field.split(/[.[]/, 1);
    return (FIELDS[first] ?? first) + field.slice(first.length);
  },
  answer({ request, model }) {
    const thinking = objectIn(objectIn(request, 'generationConfig') ?? {}, 'thinkingConfig');
    const thoughts = thinking !== null && memberOf(thinking, 'includeThoughts') === true;
    const frames = new GenerateFrames(model, thoughts);
    return {
      head: () => ({}),
      whole: (body) => toAnswer(body, model, thoughts),
      event: (data) => frames.write(data),
      end: () => frames.end(),
    };
  },
};
