import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Findings, inspect, knownEndpoint } from './inspect.ts';
import type { ModelFacts } from './model-rules.ts';

type Body = Readonly<Record<string, unknown>>;

const FACTS: ModelFacts = {
  reasoning: false,
  sampling: 'fixed',
  stop: true,
  efforts: null,
  inputs: null,
  outputs: null,
  maxOutput: 32_000,
};

function look(path: string, body: object, facts: ModelFacts | null = null): Findings {
  const endpoint = knownEndpoint(path);
  if (endpoint === null) throw new Error(`${path} is not known`);
  return inspect(endpoint, Buffer.from(JSON.stringify(body)), null, facts);
}

/** A text is meant to the letter. */
const worded = (message: string | RegExp): RegExp =>
  typeof message === 'string' ? new RegExp(`^${message.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`) : message;

const GENERATE = '/models/gemini-2.5-flash:generateContent';

test.each([
  ['/messages', true],
  ['/messages?beta=true', true],
  ['/messages/count_tokens', false],
  ['/messages/batches', false],
  [GENERATE, true],
  ['/models/gemini-2.5-flash:streamGenerateContent?alt=sse', true],
  ['/models/gemini-2.5-flash:countTokens', false],
  ['/models/gpt-4o', false],
])('%s is known: %s', (path, known) => {
  expect(knownEndpoint(path) !== null).toBe(known);
});

describe("Anthropic's messages", () => {
  const ASK = { role: 'user', content: 'Where?' };
  const CALL = { type: 'tool_use', id: 'toolu_1', name: 'look', input: {} };
  const RESULT = { type: 'tool_result', tool_use_id: 'toolu_1', content: 'There.' };
  const TOOL = { name: 'look', input_schema: { type: 'object' } };
  const GOOD = { model: 'claude-sonnet-5', max_tokens: 100, messages: [ASK] };
  const calls = (...content: object[]): object => ({ role: 'assistant', content });
  const said = (...content: object[]): object => ({ role: 'user', content });

  test.each<[string, Body]>([
    ['a question', GOOD],
    [
      'everything at once',
      {
        ...GOOD,
        system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral', ttl: '1h' } }],
        messages: [
          said(
            { type: 'text', text: 'See', citations: null },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
            { type: 'document', title: 'D', source: { type: 'text', media_type: 'text/plain', data: 'kelp' } },
          ),
          calls({ type: 'thinking', thinking: 'Hm', signature: 's' }, CALL),
          said(
            { ...RESULT, content: [{ type: 'text', text: 'There.' }], is_error: false },
            { type: 'text', text: 'So?' },
          ),
          calls({ type: 'server_tool_use', id: 'srvtoolu_1', name: 'web_search', input: { query: 'x' } }),
          ASK,
        ],
        tools: [TOOL, { type: 'web_search_20260318', name: 'web_search', max_uses: 3 }],
        tool_choice: { type: 'tool', name: 'look', disable_parallel_tool_use: true },
        thinking: { type: 'enabled', budget_tokens: 1024 },
        max_tokens: 2048,
        temperature: 1,
        top_k: 40,
        stop_sequences: ['END'],
        metadata: { user_id: 'u' },
        output_config: { effort: 'low', format: { type: 'json_schema', schema: { type: 'object' } } },
        service_tier: 'auto',
        stream: true,
      },
    ],
    ['an answer that is begun', { ...GOOD, messages: [ASK, { role: 'assistant', content: '{' }] }],
    ['two turns of the user', { ...GOOD, messages: [ASK, ASK] }],
  ])('%s is well', (_, body) => {
    expect(look('/messages', body).problems).toEqual([]);
  });

  test.each<[string, Body, string | null, string | RegExp]>([
    ['no model', { ...GOOD, model: undefined }, 'model', 'model: Field required'],
    ['no cap', { ...GOOD, max_tokens: undefined }, 'max_tokens', 'max_tokens: Field required'],
    ['a cap in words', { ...GOOD, max_tokens: 'ten' }, 'max_tokens', 'max_tokens: Input should be a valid integer'],
    ['no messages', { ...GOOD, messages: [] }, 'messages', 'messages: at least one message is required'],
    ['a text for messages', { ...GOOD, messages: 'Hi' }, 'messages', 'messages: Input should be a valid list'],
    [
      'the model first',
      { ...GOOD, messages: [{ role: 'assistant', content: 'Hm' }, ASK] },
      'messages.0.role',
      'messages: first message must use the "user" role',
    ],
    [
      'a role of OpenAI’s',
      { ...GOOD, messages: [{ role: 'developer', content: 'Hm' }, ASK] },
      'messages.0.role',
      "messages.0.role: Input should be 'user', 'assistant' or 'system'",
    ],
    [
      'content that is none',
      { ...GOOD, messages: [{ role: 'user', content: 7 }] },
      'messages.0.content',
      'messages.0.content: Input should be a valid string or list',
    ],
    [
      'no content',
      { ...GOOD, messages: [{ role: 'user' }] },
      'messages.0.content',
      'messages.0.content: Field required',
    ],
    [
      'empty content',
      { ...GOOD, messages: [{ role: 'user', content: [] }] },
      'messages.0.content',
      /^messages\.0: all messages must have non-empty content/,
    ],
    [
      'a blank text',
      { ...GOOD, messages: [said({ type: 'text', text: ' ' })] },
      'messages.0.content.0.text',
      'messages: text content blocks must contain non-whitespace text',
    ],
    [
      'a block of OpenAI’s',
      { ...GOOD, messages: [said({ type: 'image_url', image_url: { url: 'https://a.test/b.png' } })] },
      'messages.0.content.0.type',
      /^messages\.0\.content\.0\.type: Input should be 'text', /,
    ],
    [
      'a picture that nobody takes',
      {
        ...GOOD,
        messages: [said({ type: 'image', source: { type: 'base64', media_type: 'image/bmp', data: 'AA' } })],
      },
      'messages.0.content.0.source.media_type',
      /Input should be 'image\/jpeg', 'image\/png', 'image\/gif' or 'image\/webp'$/,
    ],
    [
      'a call without a result',
      { ...GOOD, messages: [ASK, calls(CALL), ASK] },
      'messages.1',
      /^messages\.1: `tool_use` ids were found without `tool_result` blocks immediately after: toolu_1/,
    ],
    [
      'a call at the end',
      { ...GOOD, messages: [ASK, calls(CALL)] },
      'messages.1',
      /without `tool_result` blocks immediately after: toolu_1/,
    ],
    [
      'a result without a call',
      { ...GOOD, messages: [said(RESULT)] },
      'messages.0',
      /^messages\.0: unexpected `tool_use_id` found in `tool_result` blocks: toolu_1/,
    ],
    [
      'a choice without tools',
      { ...GOOD, tool_choice: { type: 'auto' } },
      'tool_choice',
      'tool_choice may only be specified while providing tools.',
    ],
    [
      'a choice of nobody knows what',
      { ...GOOD, tools: [TOOL], tool_choice: { type: 'tool', name: 'listen' } },
      'tool_choice.name',
      "tool_choice: Tool 'listen' not found in provided tools",
    ],
    [
      'a choice in OpenAI’s words',
      { ...GOOD, tools: [TOOL], tool_choice: { type: 'required' } },
      'tool_choice.type',
      "tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'",
    ],
    ['two tools of a name', { ...GOOD, tools: [TOOL, TOOL] }, 'tools.1.name', 'tools: Tool names must be unique.'],
    [
      'a schema without a type',
      { ...GOOD, tools: [{ name: 'look', input_schema: {} }] },
      'tools.0.input_schema.type',
      'tools.0.input_schema.type: Field required',
    ],
    [
      'a heat that is too great',
      { ...GOOD, temperature: 1.5 },
      'temperature',
      'temperature: Input should be less than or equal to 1',
    ],
    [
      'a short thought',
      { ...GOOD, thinking: { type: 'enabled', budget_tokens: 10 } },
      'thinking.budget_tokens',
      'thinking.budget_tokens: Input should be greater than or equal to 1024',
    ],
    [
      'more thought than answer',
      { ...GOOD, thinking: { type: 'enabled', budget_tokens: 2048 } },
      'max_tokens',
      '`max_tokens` must be greater than `thinking.budget_tokens`',
    ],
    ['a slip', { ...GOOD, temprature: 1 }, 'temprature', 'temprature: Extra inputs are not permitted'],
    [
      'a cap by OpenAI’s name',
      { ...GOOD, max_completion_tokens: 5 },
      'max_completion_tokens',
      'max_completion_tokens: Extra inputs are not permitted',
    ],
    [
      'white space at the end of what is begun',
      { ...GOOD, messages: [ASK, { role: 'assistant', content: 'So ' }] },
      'messages.1.content',
      'messages: final assistant content cannot end with trailing whitespace',
    ],
  ])('%s', (_, body, param, message) => {
    const { problems } = look('/messages', body);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ param });
    expect(problems[0]?.message).toMatch(worded(message));
    expect(problems[0]?.fix).toMatch(/\.$|\?$/);
    expect(problems[0]?.novel).toBe(false);
  });

  test('a field of tomorrow is new, and one of another API is told its place', () => {
    expect(look('/messages', { ...GOOD, fathoms: 3 }).problems).toMatchObject([{ rule: 'unknown-field', novel: true }]);
    expect(look('/messages', { ...GOOD, stop: ['x'] }).problems).toMatchObject([
      { rule: 'moved-field', novel: false, fix: 'Send it as stop_sequences.' },
    ]);
  });

  test('what the model does not take', () => {
    const { problems } = look('/messages', { ...GOOD, max_tokens: 64_000, temperature: 0.5 }, FACTS);
    expect(problems).toMatchObject([
      {
        param: 'max_tokens',
        kind: 'output-cap',
        message: 'max_tokens: 64000 > 32000, which is the maximum allowed number of output tokens for claude-sonnet-5',
        repair: { name: 'output-cap', with: 32_000 },
      },
      { param: 'temperature', repair: { change: 'remove' } },
    ]);
  });
});

describe("Google's generateContent", () => {
  const ASK = { role: 'user', parts: [{ text: 'Where?' }] };
  const CALL = { role: 'model', parts: [{ functionCall: { name: 'look', args: {} }, thoughtSignature: 's' }] };
  const RESULT = { role: 'user', parts: [{ functionResponse: { name: 'look', response: { output: 'There.' } } }] };
  const TOOLS = [{ functionDeclarations: [{ name: 'look', parametersJsonSchema: { type: 'object' } }] }];
  const GOOD = { contents: [ASK] };

  test.each<[string, Body]>([
    ['a question', GOOD],
    [
      'everything at once',
      {
        contents: [ASK, CALL, RESULT, { role: 'model', parts: [{ text: 'There.' }] }, ASK],
        systemInstruction: { parts: [{ text: 'Be brief.' }] },
        tools: [...TOOLS, { googleSearch: {} }],
        toolConfig: { functionCallingConfig: { mode: 'ANY', allowedFunctionNames: ['look'] } },
        safetySettings: [{ category: 'HARM_CATEGORY_HARASSMENT', threshold: 'BLOCK_NONE' }],
        generationConfig: {
          temperature: 0.5,
          maxOutputTokens: 100,
          stopSequences: ['END'],
          responseMimeType: 'application/json',
          responseJsonSchema: { type: 'object' },
          thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true },
        },
      },
    ],
    [
      'the other spelling',
      {
        contents: { parts: { text: 'Where?' } },
        system_instruction: { parts: { text: 'Be brief.' } },
        generation_config: { max_output_tokens: '100', top_p: null, stop_sequences: ['END'] },
        tools: { function_declarations: [{ name: 'look', parameters: { type: 'OBJECT' } }] },
      },
    ],
    ['two turns of the user', { contents: [ASK, ASK] }],
  ])('%s is well', (_, body) => {
    expect(look(GENERATE, body).problems).toEqual([]);
  });

  test.each<[string, Body, string | null, string | RegExp]>([
    ['nothing', {}, 'contents', '* GenerateContentRequest.contents: contents is not specified'],
    [
      'a role of OpenAI’s',
      { contents: [{ role: 'assistant', parts: [{ text: 'Hm' }] }] },
      'contents[0].role',
      'Please use a valid role: user, model.',
    ],
    [
      'no parts',
      { contents: [{ role: 'user' }] },
      'contents[0].parts',
      '* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.',
    ],
    [
      'a part with nothing in it',
      { contents: [{ parts: [{}] }] },
      'contents[0].parts[0]',
      /required oneof field 'data' must have one initialized field$/,
    ],
    [
      'a text that is a number',
      { contents: [{ parts: [{ text: 7 }] }] },
      'contents[0].parts[0].text',
      "Invalid value at 'contents[0].parts[0].text' (TYPE_STRING), 7",
    ],
    [
      'an unknown field',
      { ...GOOD, generationConfig: { temprature: 1 } },
      'generation_config.temprature',
      'Invalid JSON payload received. Unknown name "temprature" at \'generation_config\': Cannot find field.',
    ],
    [
      'a setting that stands too high',
      { ...GOOD, temperature: 1 },
      'temperature',
      'Invalid JSON payload received. Unknown name "temperature": Cannot find field.',
    ],
    [
      'a heat that is none',
      { ...GOOD, generationConfig: { temperature: 'warm' } },
      'generation_config.temperature',
      'Invalid value at \'generation_config.temperature\' (TYPE_FLOAT), "warm"',
    ],
    [
      'a heat that is too great',
      { ...GOOD, generationConfig: { temperature: 3 } },
      'generation_config.temperature',
      '* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].',
    ],
    [
      'six stops',
      { ...GOOD, generationConfig: { stopSequences: ['a', 'b', 'c', 'd', 'e', 'f'] } },
      'generation_config.stop_sequences',
      'The number of stop sequences must be at most 5.',
    ],
    [
      'a call that follows the model',
      { contents: [ASK, { role: 'model', parts: [{ text: 'Hm' }] }, CALL, RESULT] },
      'contents[2]',
      /^Please ensure that function call turn comes immediately after a user turn/,
    ],
    [
      'a result without a call',
      { contents: [ASK, RESULT] },
      'contents[1]',
      'Please ensure that function response turn comes immediately after a function call turn.',
    ],
    [
      'a call without a result',
      { contents: [ASK, CALL, ASK] },
      'contents[2]',
      /^Please ensure that the number of function response parts is equal/,
    ],
    [
      'a result without a name',
      { contents: [ASK, CALL, { parts: [{ functionResponse: { response: {} } }] }] },
      'contents[2].parts[0].function_response.name',
      '* GenerateContentRequest.contents[2].parts[0].function_response.name: Name cannot be empty.',
    ],
    [
      'names without their mode',
      { ...GOOD, tools: TOOLS, toolConfig: { functionCallingConfig: { allowedFunctionNames: ['look'] } } },
      'tool_config.function_calling_config.allowed_function_names',
      /is set without function calling mode ANY/,
    ],
    [
      'a mode without functions',
      { ...GOOD, toolConfig: { functionCallingConfig: { mode: 'ANY' } } },
      'tool_config.function_calling_config.mode',
      'Function calling mode is set to ANY but no function declarations are provided.',
    ],
    [
      'a schema of text',
      { ...GOOD, generationConfig: { responseJsonSchema: {} } },
      'generation_config.response_json_schema',
      'response_json_schema requires response_mime_type: application/json',
    ],
  ])('%s', (_, body, param, message) => {
    const { problems } = look(GENERATE, body);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ param });
    expect(problems[0]?.message).toMatch(worded(message));
    expect(problems[0]?.novel).toBe(false);
  });

  test('a field of tomorrow is new', () => {
    expect(look(GENERATE, { ...GOOD, fathoms: 3 }).problems).toMatchObject([{ rule: 'unknown-field', novel: true }]);
  });

  test('what the model does not take', () => {
    const { problems } = look(GENERATE, { ...GOOD, generationConfig: { maxOutputTokens: 64_000 } }, FACTS);
    expect(problems).toMatchObject([
      {
        param: 'generation_config.max_output_tokens',
        message: expect.stringContaining('from 1 (inclusive) to 32001 (exclusive)'),
      },
    ]);
  });
});

/** Anything that JSON can say, in places where something else is meant. */
const anything = fc.jsonValue({ maxDepth: 1 });
const word = fc.oneof(
  fc.string(),
  fc.constantFrom('user', 'assistant', 'model', 'text', 'tool_use', 'tool_result', 'ANY'),
);
const members = (names: readonly string[], deeper: fc.Arbitrary<unknown>): fc.Arbitrary<Body> =>
  fc.dictionary(fc.constantFrom(...names), fc.oneof(word, deeper, fc.array(deeper, { maxLength: 2 }), anything), {
    maxKeys: 5,
  });
const inner = members(
  ['type', 'text', 'id', 'tool_use_id', 'name', 'input', 'source', 'functionCall', 'functionResponse'],
  anything,
);
const turn = members(
  ['role', 'content', 'parts', 'name', 'input_schema', 'functionDeclarations', 'mode', 'type'],
  inner,
);
const request = members(
  [
    'model',
    'max_tokens',
    'messages',
    'contents',
    'tools',
    'tool_choice',
    'toolConfig',
    'thinking',
    'generationConfig',
    'stop',
  ],
  turn,
);

test.each(['/messages', GENERATE])('%s: whatever is sent, each problem is told with its place and its fix', (path) => {
  fc.assert(
    fc.property(request, (body) => {
      const { problems } = look(path, body, FACTS);
      const clear = problems.filter(({ message, fix }) => message !== '' && !/undefined|\[object/.test(message + fix));
      expect(clear).toEqual(problems);
    }),
    { numRuns: 1000 },
  );
});
