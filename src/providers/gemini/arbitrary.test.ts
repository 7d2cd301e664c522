import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Loss } from '../translation/loss.ts';
import { Untranslatable } from '../translation/loss.ts';
import { toAnswer } from './caller/to-answer.ts';
import { toChat } from './caller/to-chat.ts';
import { GenerateFrames } from './caller/to-frames.ts';
import { ChunkWriter } from './to-chunks.ts';
import { toCompletion } from './to-completion.ts';
import { toGenerate } from './to-generate.ts';

/** Anything that JSON can say, in places where something else is meant. */
const anything = fc.jsonValue({ maxDepth: 3 });
const text = fc.oneof(
  fc.string(),
  fc.constantFrom('', ' ', '{}', '{"a":1}', 'data:,x', 'data:image/png;base64,AA', 'https://a.test'),
);
/** An object of some of the members, each what it should be or anything at all. */
const members = (names: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record(
    Object.fromEntries(
      Object.entries(names).map(([name, value]) => [name, fc.oneof({ weight: 5, arbitrary: value }, anything)]),
    ),
    { requiredKeys: [] },
  );

const part = members({
  type: fc.constantFrom('text', 'image_url', 'file', 'refusal', 'input_audio'),
  text,
  image_url: members({ url: text, detail: text }),
  file: members({ file_data: text, filename: text }),
  input_audio: members({ data: text, format: text }),
});
const call = members({
  id: text,
  function: members({ name: text, arguments: text }),
  extra_content: members({ google: members({ thought_signature: text }) }),
});
const message = members({
  role: fc.constantFrom('system', 'user', 'assistant', 'tool'),
  content: fc.oneof(text, fc.array(part, { maxLength: 3 })),
  tool_calls: fc.array(call, { maxLength: 3 }),
  tool_call_id: text,
  name: text,
});
const request = members({
  messages: fc.array(message, { maxLength: 5 }),
  tools: fc.array(members({ function: members({ name: text, parameters: anything, strict: fc.boolean() }) }), {
    maxLength: 2,
  }),
  tool_choice: fc.oneof(
    fc.constantFrom('auto', 'required', 'none'),
    members({ function: anything, allowed_tools: anything }),
  ),
  response_format: members({ type: fc.constant('json_schema'), json_schema: members({ schema: anything }) }),
  reasoning_effort: fc.constantFrom('none', 'low', 'max'),
  max_tokens: fc.integer(),
  stop: fc.array(text),
  n: fc.integer(),
});
const model = fc.constantFrom('gemini-2.0-flash', 'gemini-2.5-pro', 'gemini-3.1-pro', 'gemma-3-27b-it', 'other');

interface Body {
  readonly contents: readonly { readonly role: string; readonly parts: readonly object[] }[];
}

test('any chat request is translated or refused, and what is translated has the shape that the wire wants', () => {
  let translated = 0;
  fc.assert(
    fc.property(request, model, (asked, name) => {
      const translation = toGenerate(asked, name, 1000);
      if (translation.kind === 'untranslatable') return translation.fault.param !== null;
      translated += 1;
      const { contents } = translation.body as unknown as Body;
      return contents[0]?.role === 'user' && contents.every(({ parts }) => parts.length > 0);
    }),
    { numRuns: 5000 },
  );
  expect(translated).toBeGreaterThan(100);
});

const answerPart = members({
  text,
  thought: fc.boolean(),
  thoughtSignature: text,
  functionCall: members({ id: text, name: text, args: anything }),
  inlineData: members({ mimeType: text, data: text }),
  functionResponse: members({ id: text, name: text, response: anything }),
});
const candidate = members({
  content: members({ parts: fc.array(answerPart, { maxLength: 4 }) }),
  index: fc.nat(2),
  finishReason: fc.constantFrom('STOP', 'MAX_TOKENS', 'SAFETY', 'MALFORMED_FUNCTION_CALL'),
});
const answer = members({
  candidates: fc.array(candidate, { maxLength: 3 }),
  promptFeedback: members({ blockReason: text }),
  usageMetadata: members({ promptTokenCount: fc.nat(), candidatesTokenCount: fc.nat() }),
  responseId: text,
  modelVersion: text,
});

test('any answer is translated, told as an error, or left alone', () => {
  fc.assert(
    fc.property(answer, fc.boolean(), (given, mayBeEmpty) => {
      const completion = toCompletion(given, { created: 0, mayBeEmpty });
      expect(completion === null || 'choices' in completion || 'error' in completion).toBe(true);
    }),
    { numRuns: 1000 },
  );
});

test('any events come to whole events', () => {
  fc.assert(
    fc.property(fc.array(answer, { maxLength: 8 }), fc.boolean(), (events, tellsUsage) => {
      const writer = new ChunkWriter({ created: 0, tellsUsage, choices: 1, mayBeEmpty: false });
      const written = events.map((each) => writer.write(JSON.stringify(each))).join('') + writer.end();
      expect(brokenIn(written)).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

const asked = members({
  contents: fc.array(
    members({ role: fc.constantFrom('user', 'model'), parts: fc.array(answerPart, { maxLength: 3 }) }),
    { maxLength: 4 },
  ),
  systemInstruction: members({ parts: fc.array(answerPart, { maxLength: 2 }) }),
  tools: fc.array(
    members({ functionDeclarations: fc.array(members({ name: text, parameters: anything }), { maxLength: 2 }) }),
    { maxLength: 2 },
  ),
  toolConfig: members({
    functionCallingConfig: members({ mode: fc.constantFrom('ANY', 'AUTO'), allowedFunctionNames: fc.array(text) }),
  }),
  generationConfig: members({
    temperature: fc.double(),
    stopSequences: fc.array(text),
    responseMimeType: text,
    responseSchema: anything,
    thinkingConfig: anything,
  }),
});

test('any request on the Gemini wire becomes a chat or is refused', () => {
  let translated = 0;
  fc.assert(
    fc.property(asked, (given) => {
      const losses: Loss[] = [];
      try {
        const { messages } = toChat(given, { model: 'gpt-5', cap: 'max_tokens', stream: false }, losses);
        translated += 1;
        return Array.isArray(messages);
      } catch (error) {
        return error instanceof Untranslatable;
      }
    }),
    { numRuns: 2000 },
  );
  expect(translated).toBeGreaterThan(100);
});

const delta = members({
  content: text,
  refusal: text,
  reasoning_content: text,
  tool_calls: fc.array(call, { maxLength: 2 }),
});
const choice = members({
  index: fc.nat(2),
  delta,
  message: delta,
  finish_reason: fc.constantFrom('stop', 'tool_calls', 'error'),
});
const chunk = members({ choices: fc.array(choice, { maxLength: 2 }), usage: anything, id: text, model: text });

test('any chat comes to whole frames', () => {
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 8 }), fc.boolean(), (events, thoughts) => {
      const frames = new GenerateFrames('m', thoughts);
      const written = [...events.map((each) => JSON.stringify(each)), '[DONE]']
        .map((each) => frames.write(each))
        .join('');
      expect(brokenIn(written + frames.end())).toEqual([]);
      const answers = events.map((each) => toAnswer(each, 'm', thoughts));
      expect(answers.filter((each) => each !== null && !Array.isArray(each['candidates']))).toEqual([]);
    }),
    { numRuns: 1000 },
  );
});

/** What is no whole event among what was written. */
function brokenIn(written: string): readonly string[] {
  const lines = written.split('\n\n');
  const last = lines.pop();
  return [
    ...lines.filter((line) => line !== 'data: [DONE]' && !isJson(line.slice('data: '.length))),
    ...(last === '' ? [] : [String(last)]),
  ];
}

function isJson(line: string): boolean {
  try {
    return JSON.parse(line) !== undefined;
  } catch {
    return false;
  }
}
