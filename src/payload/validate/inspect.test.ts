import { describe, expect, test } from 'vitest';
import { inspect, knownEndpoint } from './inspect.ts';
import type { ModelFacts } from './model-rules.ts';
import type { Problem } from './problem.ts';

const SPEAKS: ModelFacts = {
  reasoning: false,
  sampling: 'free',
  stop: true,
  efforts: null,
  inputs: ['text'],
  outputs: ['text'],
  maxOutput: 4096,
};
const THINKS: ModelFacts = {
  ...SPEAKS,
  reasoning: true,
  sampling: 'fixed',
  stop: false,
  efforts: ['low', 'medium', 'high'],
  maxOutput: 100_000,
};
const MAY_THINK: ModelFacts = { ...THINKS, sampling: 'without-reasoning', efforts: ['none', 'low'] };

function problemsOf(path: string, request: object, facts: ModelFacts | null = null): readonly Problem[] {
  const endpoint = knownEndpoint(path);
  if (endpoint === null) throw new Error(`nothing is known of ${path}`);
  return inspect(endpoint, Buffer.from(JSON.stringify(request)), null, facts).problems;
}

/** Each as `param code`, which is what a caller's error handling reads. */
function told(problems: readonly Problem[]): string[] {
  return problems.map(({ param, code }) => `${param} ${code}`);
}

const question = { role: 'user', content: 'When is the tide high?' };
const call = { id: 'call_1', type: 'function', function: { name: 'tide', arguments: '{}' } };
const calling = { role: 'assistant', content: null, tool_calls: [call] };
const result = { role: 'tool', tool_call_id: 'call_1', content: 'at noon' };
const tool = { type: 'function', function: { name: 'tide', parameters: { type: 'object', properties: {} } } };

function chat(more: object = {}): object {
  return { model: 'gpt-4o', messages: [question], ...more };
}

function strictFormat(schema: object): object {
  return chat({ response_format: { type: 'json_schema', json_schema: { name: 'answer', strict: true, schema } } });
}

describe('chat', () => {
  test.each<[string, object, string[]]>([
    ['no model', { messages: [question] }, ['null null']],
    ['no messages', { model: 'gpt-4o' }, ['messages missing_required_parameter']],
    ['messages of text', { model: 'gpt-4o', messages: 'hi' }, ['messages invalid_type']],
    ['no message', { model: 'gpt-4o', messages: [] }, ['messages empty_array']],
    ['a message of text', { model: 'gpt-4o', messages: ['hi'] }, ['messages[0] invalid_type']],
    [
      'a message of nobody',
      { model: 'gpt-4o', messages: [{ content: 'hi' }] },
      ['messages[0].role missing_required_parameter'],
    ],
    ['a role nobody has', chat({ messages: [{ role: 'wizard', content: 'hi' }] }), ['messages[0].role invalid_value']],
    ['content left out', chat({ messages: [{ role: 'user' }] }), ['messages[0].content missing_required_parameter']],
    ['content of a number', chat({ messages: [{ role: 'user', content: 7 }] }), ['messages[0].content invalid_type']],
    ['content null', chat({ messages: [{ role: 'user', content: null }] }), ['messages.[0].content null']],
    [
      'an empty list of parts',
      chat({ messages: [{ role: 'user', content: [] }] }),
      ['messages[0].content empty_array'],
    ],
    [
      'a part of another endpoint',
      chat({ messages: [{ role: 'user', content: [{ type: 'input_text', text: 'hi' }] }] }),
      ['messages[0].content[0].type invalid_value'],
    ],
    [
      'an image that is no address',
      chat({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'kelp.png' } }] }] }),
      ['messages[0].content[0].image_url.url invalid_value'],
    ],
    [
      'an image as text',
      chat({ messages: [{ role: 'user', content: [{ type: 'image_url', image_url: 'x' }] }] }),
      ['messages[0].content[0].image_url invalid_type'],
    ],
    ['a name with spaces', chat({ messages: [{ ...question, name: 'a b' }] }), ['messages[0].name invalid_value']],
    ['temperature above', chat({ temperature: 200 }), ['temperature decimal_above_max_value']],
    ['temperature below', chat({ temperature: -1 }), ['temperature decimal_below_min_value']],
    ['temperature as text', chat({ temperature: '0.5' }), ['temperature invalid_type']],
    ['top_p above', chat({ top_p: 1.1 }), ['top_p decimal_above_max_value']],
    ['penalty below', chat({ presence_penalty: -2.1 }), ['presence_penalty decimal_below_min_value']],
    ['no choices', chat({ n: 0 }), ['n integer_below_min_value']],
    ['129 choices', chat({ n: 129 }), ['n integer_above_max_value']],
    ['half a choice', chat({ n: 1.5 }), ['n invalid_type']],
    ['no tokens', chat({ max_tokens: 0 }), ['max_tokens integer_below_min_value']],
    ['stream as text', chat({ stream: 'true' }), ['stream invalid_type']],
    ['five stops', chat({ stop: ['a', 'b', 'c', 'd', 'e'] }), ['stop array_above_max_length']],
    ['a bias too strong', chat({ logit_bias: { 42: 101 } }), ['logit_bias.42 decimal_above_max_value']],
    ['a long user', chat({ user: 'u'.repeat(65) }), ['user string_above_max_length']],
    ['a long cache key', chat({ prompt_cache_key: 'u'.repeat(65) }), ['prompt_cache_key string_above_max_length']],
    ['a slip', chat({ temprature: 1 }), ['temprature unknown_parameter']],
    ['an unknown field', chat({ warp: 1 }), ['warp unknown_parameter']],
    [
      'an unknown field within',
      chat({ messages: [{ ...question, mood: 'calm' }] }),
      ['messages[0].mood unknown_parameter'],
    ],
    ['a field of Responses', chat({ max_output_tokens: 5 }), ['max_output_tokens unsupported_parameter']],
    ['probabilities of nothing', chat({ top_logprobs: 3 }), ['top_logprobs null']],
    ['21 probabilities', chat({ logprobs: true, top_logprobs: 21 }), ['top_logprobs integer_above_max_value']],
    ['options of no stream', chat({ stream_options: { include_usage: true } }), ['stream_options null']],
    [
      '17 labels',
      chat({ metadata: Object.fromEntries(Array.from({ length: 17 }, (_, at) => [`k${at}`, 'v'])) }),
      ['metadata object_above_max_properties'],
    ],
    ['a long label', chat({ metadata: { kelp: 'v'.repeat(513) } }), ['metadata.kelp string_above_max_length']],
    ['a label of a number', chat({ metadata: { kelp: 1 } }), ['metadata.kelp invalid_type']],
    ['a long label name', chat({ metadata: { ['k'.repeat(65)]: 'v' } }), ['metadata property_name_above_max_length']],
    ['speech without a voice', chat({ modalities: ['text', 'audio'] }), ['audio missing_required_parameter']],
    [
      'streamed mp3',
      chat({ stream: true, modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'mp3' } }),
      ['audio.format unsupported_value'],
    ],
    ['two predictions', chat({ n: 2, prediction: { type: 'content', content: 'x' } }), ['n null']],
    ['JSON that nobody asked for', chat({ response_format: { type: 'json_object' } }), ['messages null']],
    ['a format nobody knows', chat({ response_format: { type: 'object' } }), ['response_format.type invalid_value']],
    [
      'half of an emoji',
      chat({ messages: [{ role: 'user', content: 'cut \ud83d' }] }),
      ['messages[0].content invalid_value'],
    ],
  ])('%s', (_, request, expected) => {
    expect(told(problemsOf('/chat/completions', request))).toEqual(expected);
  });

  test('every problem at once, in the order of the request, each with a fix', () => {
    const problems = problemsOf('/chat/completions', { model: 7, messages: [{ role: 'tool' }], top_p: 2, wrap: 1 });
    expect(told(problems)).toEqual([
      'model invalid_type',
      'messages[0].content missing_required_parameter',
      'messages[0].tool_call_id missing_required_parameter',
      'top_p decimal_above_max_value',
      'wrap unknown_parameter',
      'messages.[0].role null',
    ]);
    for (const { message, fix } of problems) expect(Math.min(message.length, fix.length)).toBeGreaterThan(5);
  });

  test('an endless list of faults is cut', () => {
    const messages = Array.from({ length: 10_000 }, () => 7);
    expect(problemsOf('/chat/completions', { model: 'gpt-4o', messages }).length).toBeLessThanOrEqual(500);
  });

  test('what is quoted is short and holds no key', () => {
    const secret = 'sk-proj-0123456789abcdefghijklmnop';
    const text = JSON.stringify(
      problemsOf('/chat/completions', chat({ [secret]: 1, reasoning_effort: secret, verbosity: 'x'.repeat(500) })),
    );
    expect(text).not.toContain(secret);
    expect(text.length).toBeLessThan(2500);
  });
});

describe('tools', () => {
  const named = (name: string): object => ({ type: 'function', function: { name } });

  test.each<[string, object, string[]]>([
    ['a call and its result', chat({ messages: [question, calling, result] }), []],
    [
      'two calls, results in any order',
      chat({
        messages: [
          { ...calling, tool_calls: [call, { ...call, id: 'call_2' }] },
          { ...result, tool_call_id: 'call_2' },
          result,
        ],
      }),
      [],
    ],
    ['a result of no call', chat({ messages: [question, result] }), ['messages.[1].role null']],
    [
      'a result after another turn',
      chat({ messages: [question, calling, result, question, result] }),
      ['messages.[4].role null'],
    ],
    [
      'a result of another call',
      chat({ messages: [calling, { ...result, tool_call_id: 'call_9' }, result] }),
      ['messages.[1].tool_call_id null'],
    ],
    ['a call without its result', chat({ messages: [calling, question] }), ['messages.[1].role null']],
    ['a call at the end', chat({ messages: [question, calling] }), ['messages null']],
    [
      'a result without an id',
      chat({ messages: [calling, { role: 'tool', content: 'x' }] }),
      ['messages[1].tool_call_id missing_required_parameter', 'messages null'],
    ],
    [
      'arguments that are no text',
      chat({
        messages: [{ ...calling, tool_calls: [{ ...call, function: { name: 'tide', arguments: {} } }] }, result],
      }),
      ['messages[0].tool_calls[0].function.arguments invalid_type'],
    ],
    [
      'a long id',
      chat({
        messages: [
          { ...calling, tool_calls: [{ ...call, id: 'c'.repeat(41) }] },
          { ...result, tool_call_id: 'c'.repeat(41) },
        ],
      }),
      ['messages[0].tool_calls[0].id string_above_max_length', 'messages[1].tool_call_id string_above_max_length'],
    ],
    [
      'no calls',
      chat({ messages: [{ role: 'assistant', content: 'x', tool_calls: [] }, question] }),
      ['messages[0].tool_calls empty_array'],
    ],
    [
      'calls of null',
      chat({ messages: [{ role: 'assistant', content: 'x', tool_calls: null }, question] }),
      ['messages[0].tool_calls invalid_type'],
    ],
    [
      'nothing said, nothing called',
      chat({ messages: [{ role: 'assistant', content: null }, question] }),
      ['messages.[0].content null'],
    ],
    ['a result of null', chat({ messages: [calling, { ...result, content: null }] }), ['messages.[1].content null']],
    ['no tools', chat({ tools: [] }), ['tools empty_array']],
    ['a choice without tools', chat({ tool_choice: 'required' }), ['tool_choice null']],
    ['parallel calls without tools', chat({ parallel_tool_calls: true }), ['parallel_tool_calls null']],
    ['a choice that is there', chat({ tools: [tool], tool_choice: named('tide') }), []],
    ['a choice that is not', chat({ tools: [tool], tool_choice: named('wind') }), ['tool_choice null']],
    ['129 tools', chat({ tools: Array.from({ length: 129 }, () => tool) }), ['tools array_above_max_length']],
    ['a name with a dot', chat({ tools: [named('a.b')] }), ['tools[0].function.name invalid_value']],
    ['a name of 65', chat({ tools: [named('n'.repeat(65))] }), ['tools[0].function.name string_above_max_length']],
    ['no function', chat({ tools: [{ type: 'function' }] }), ['tools[0].function missing_required_parameter']],
    [
      'a tool of Responses',
      chat({ tools: [{ type: 'function', name: 'tide' }] }),
      ['tools[0].name unknown_parameter', 'tools[0].function missing_required_parameter'],
    ],
    [
      'parameters of text',
      chat({ tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'string' } } }] }),
      ['tools[0].function.parameters invalid_function_parameters'],
    ],
    [
      'no properties',
      chat({ tools: [{ type: 'function', function: { name: 'a', parameters: { type: 'object' } } }] }),
      ['tools[0].function.parameters invalid_function_parameters'],
    ],
    [
      'a list of anything',
      chat({
        tools: [
          {
            type: 'function',
            function: { name: 'a', parameters: { type: 'object', properties: { b: { type: 'array' } } } },
          },
        ],
      }),
      ['tools[0].function.parameters invalid_function_parameters'],
    ],
    [
      'an open object, strict',
      chat({
        tools: [
          { type: 'function', function: { name: 'a', strict: true, parameters: { type: 'object', properties: {} } } },
        ],
      }),
      ['tools[0].function.parameters invalid_function_parameters'],
    ],
  ])('%s', (_, request, expected) => {
    expect(told(problemsOf('/chat/completions', request))).toEqual(expected);
  });
});

describe('strict schemas', () => {
  const closed = { type: 'object', properties: {}, required: [], additionalProperties: false };
  const deep = (levels: number): object =>
    levels === 0
      ? { type: 'string' }
      : { type: 'object', properties: { a: deep(levels - 1) }, required: ['a'], additionalProperties: false };

  test.each<[string, object, string]>([
    [
      'a list at the root',
      { type: 'array', items: { type: 'string' } },
      `schema must be a JSON Schema of 'type: "object"', got 'type: "array"'.`,
    ],
    [
      'a choice at the root',
      { anyOf: [closed] },
      `schema must be a JSON Schema of 'type: "object"', got 'type: "None"'.`,
    ],
    [
      'an open object',
      { type: 'object', properties: {} },
      "In context=(), 'additionalProperties' is required to be supplied and to be false.",
    ],
    [
      'an open object within',
      { ...closed, properties: { a: { type: 'object' } }, required: ['a'] },
      "In context=('properties', 'a'), 'additionalProperties' is required to be supplied and to be false.",
    ],
    [
      'a property that is not required',
      { ...closed, properties: { a: { type: 'string' } } },
      "In context=(), 'required' is required to be supplied and to be an array including every key in properties. Missing 'a'.",
    ],
    [
      'a required one that is not there',
      { ...closed, required: ['a'] },
      "In context=(), 'required' is required to be supplied and to be an array including every key in properties. Extra required key 'a' supplied.",
    ],
    [
      'all of',
      { ...closed, properties: { a: { type: 'string', allOf: [] } }, required: ['a'] },
      "In context=('properties', 'a'), 'allOf' is not permitted.",
    ],
    [
      'one of',
      { ...closed, properties: { a: { oneOf: [] } }, required: ['a'] },
      "In context=('properties', 'a'), 'oneOf' is not permitted.",
    ],
    [
      'a list of anything',
      { ...closed, properties: { a: { type: 'array' } }, required: ['a'] },
      "In context=('properties', 'a'), array schema missing items.",
    ],
    [
      'a thing of no type',
      { ...closed, properties: { a: {} }, required: ['a'] },
      "In context=('properties', 'a'), schema must have a 'type' key.",
    ],
    [
      'a reference to nothing',
      { ...closed, properties: { a: { $ref: '#/$defs/tide' } }, required: ['a'] },
      "In context=('properties', 'a'), reference to component '#/$defs/tide' which was not found in the schema.",
    ],
    ['eleven levels', deep(12), 'it is nested more than 10 levels deep.'],
    [
      '1,001 words to choose from',
      {
        ...closed,
        properties: { a: { type: 'string', enum: Array.from({ length: 1001 }, (_, at) => `w${at}`) } },
        required: ['a'],
      },
      'it has 1001 enum values in all, and at most 1000 are allowed.',
    ],
  ])('%s', (_, schema, wrong) => {
    const problems = problemsOf('/chat/completions', strictFormat(schema));
    expect(problems.map(({ message }) => message).join('\n')).toContain(wrong);
    expect(problems[0]).toMatchObject({ param: 'response_format', code: 'invalid_json_schema', rule: 'schema' });
    expect(problems[0]?.message).toMatch(/^Invalid schema for response_format 'answer': /);
  });

  test.each<[string, object]>([
    ['ten levels', deep(10)],
    [
      'definitions that refer to themselves',
      {
        ...closed,
        properties: { tree: { $ref: '#/$defs/tree' } },
        required: ['tree'],
        $defs: {
          tree: {
            ...closed,
            properties: { tree: { anyOf: [{ $ref: '#/$defs/tree' }, { type: 'null' }] } },
            required: ['tree'],
          },
        },
      },
    ],
    ['a choice within', { ...closed, properties: { a: { anyOf: [{ type: 'string' }, closed] } }, required: ['a'] }],
    ['a list of objects', { ...closed, properties: { a: { type: 'array', items: closed } }, required: ['a'] }],
    [
      'something or nothing',
      {
        ...closed,
        properties: {
          a: { type: ['object', 'null'], properties: {}, required: [], additionalProperties: false },
        },
        required: ['a'],
      },
    ],
  ])('%s is well', (_, schema) => {
    expect(problemsOf('/chat/completions', strictFormat(schema))).toEqual([]);
  });

  test('a schema that is not strict may be anything', () => {
    const loose = chat({
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema: { type: 'array' } } },
    });
    expect(problemsOf('/chat/completions', loose)).toEqual([]);
  });
});

describe('responses', () => {
  const base = { model: 'gpt-4o', input: 'hi' };
  const made = { type: 'function_call', call_id: 'call_1', name: 'tide', arguments: '{}' };
  const given = { type: 'function_call_output', call_id: 'call_1', output: 'at noon' };

  test.each<[string, object, string[]]>([
    ['text', base, []],
    ['nothing to answer', { model: 'gpt-4o' }, ['input missing_required_parameter']],
    ['no model', { input: 'hi' }, ['model missing_required_parameter']],
    ['a stored prompt instead', { prompt: { id: 'pmpt_1' } }, []],
    ['input of a number', { ...base, input: 7 }, ['input invalid_type']],
    ['messages', { ...base, messages: [] }, ['messages unsupported_parameter']],
    ['a format of chat', { ...base, response_format: {} }, ['response_format unsupported_parameter']],
    ['15 tokens', { ...base, max_output_tokens: 15 }, ['max_output_tokens integer_below_min_value']],
    ['an effort nobody makes', { ...base, reasoning: { effort: 'hgh' } }, ['reasoning.effort invalid_value']],
    ['a call and its output', { ...base, input: [made, given] }, []],
    ['a call without its output', { ...base, input: [made] }, ['input null']],
    ['an output without its call', { ...base, input: [given] }, ['input null']],
    ['an output before its call', { ...base, input: [given, made] }, ['input null', 'input null']],
    ['an output of an earlier response', { ...base, input: [given], previous_response_id: 'resp_1' }, []],
    ['an output of a stored item', { ...base, input: [{ type: 'item_reference', id: 'fc_1' }, given] }, []],
    [
      'an output left out',
      { ...base, input: [made, { type: 'function_call_output', call_id: 'call_1' }] },
      ['input[1].output missing_required_parameter'],
    ],
    [
      'two pasts',
      { ...base, previous_response_id: 'resp_1', conversation: 'conv_1' },
      ['previous_response_id mutually_exclusive_parameters'],
    ],
    [
      'a part of chat',
      { ...base, input: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] },
      ['input[0].content[0].type invalid_value'],
    ],
    ['a role nobody has', { ...base, input: [{ role: 'wizard', content: 'hi' }] }, ['input[0].role invalid_value']],
    [
      'an open schema',
      {
        ...base,
        text: { format: { type: 'json_schema', name: 'a', strict: true, schema: { type: 'object', properties: {} } } },
      },
      ['text.format.schema invalid_json_schema'],
    ],
    [
      'a tool whose schema is open',
      {
        ...base,
        tools: [{ type: 'function', name: 'a', strict: true, parameters: { type: 'object', properties: {} } }],
      },
      ['tools[0].parameters invalid_function_parameters'],
    ],
    [
      'a choice that is not there',
      { ...base, tools: [{ type: 'function', name: 'a' }], tool_choice: { type: 'function', name: 'b' } },
      ['tool_choice null'],
    ],
    ['JSON that nobody asked for', { ...base, text: { format: { type: 'json_object' } } }, ['input null']],
    ['an item of tomorrow', { ...base, input: [{ type: 'dream' }] }, ['input[0].type invalid_value']],
  ])('%s', (_, request, expected) => {
    expect(told(problemsOf('/responses', request))).toEqual(expected);
  });
});

describe('the light endpoints', () => {
  test.each<[string, string, object, string[]]>([
    ['/embeddings', 'nothing', { model: 'e' }, ['input missing_required_parameter']],
    ['/embeddings', 'an empty text', { model: 'e', input: '' }, ['input string_below_min_length']],
    ['/embeddings', 'an empty text of several', { model: 'e', input: ['a', ''] }, ['input[1] string_below_min_length']],
    [
      '/embeddings',
      '2,049 texts',
      { model: 'e', input: Array.from({ length: 2049 }, () => 'a') },
      ['input array_above_max_length'],
    ],
    [
      '/embeddings',
      'more tokens than texts are allowed',
      { model: 'e', input: Array.from({ length: 4096 }, () => 1) },
      [],
    ],
    ['/embeddings', 'a token that is none', { model: 'e', input: [1, 2.5] }, ['input[1] invalid_type']],
    ['/embeddings', 'no dimension', { model: 'e', input: 'a', dimensions: 0 }, ['dimensions integer_below_min_value']],
    [
      '/embeddings',
      'an unknown encoding',
      { model: 'e', input: 'a', encoding_format: 'hex' },
      ['encoding_format invalid_value'],
    ],
    ['/moderations', 'nothing', {}, ['input missing_required_parameter']],
    ['/images/generations', 'no prompt', {}, ['prompt missing_required_parameter']],
    ['/images/generations', 'eleven pictures', { prompt: 'kelp', n: 11 }, ['n integer_above_max_value']],
    ['/audio/speech', 'no voice', { model: 't', input: 'hi' }, ['voice missing_required_parameter']],
    [
      '/audio/speech',
      'too fast',
      { model: 't', input: 'hi', voice: 'alloy', speed: 5 },
      ['speed decimal_above_max_value'],
    ],
  ])('%s: %s', (path, _, request, expected) => {
    expect(told(problemsOf(path, request))).toEqual(expected);
  });
});

describe('models', () => {
  const image = chat({
    messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a/b.png' } }] }],
  });

  test.each<[string, ModelFacts, object, string[]]>([
    ['max_tokens on a model that thinks', THINKS, chat({ max_tokens: 5 }), ['max_tokens unsupported_parameter']],
    ['a temperature on one', THINKS, chat({ temperature: 0.2 }), ['temperature unsupported_value']],
    ['the temperature it has anyway', THINKS, chat({ temperature: 1, top_p: null }), []],
    ['a penalty on one', THINKS, chat({ presence_penalty: 1 }), ['presence_penalty unsupported_value']],
    ['a bias on one', THINKS, chat({ logit_bias: { 1: 1 } }), ['logit_bias unsupported_parameter']],
    ['probabilities on one', THINKS, chat({ logprobs: true }), ['logprobs unsupported_parameter']],
    ['a stop on one', THINKS, chat({ stop: 'x' }), ['stop unsupported_parameter']],
    [
      'an effort it does not make',
      THINKS,
      chat({ reasoning_effort: 'minimal' }),
      ['reasoning_effort unsupported_value'],
    ],
    ['an effort it makes', THINKS, chat({ reasoning_effort: 'low' }), []],
    [
      'an effort where nothing is thought',
      SPEAKS,
      chat({ reasoning_effort: 'low' }),
      ['reasoning_effort unsupported_parameter'],
    ],
    [
      'a temperature while it thinks',
      MAY_THINK,
      chat({ temperature: 0.2, reasoning_effort: 'low' }),
      ['temperature unsupported_value'],
    ],
    ['a temperature while it does not', MAY_THINK, chat({ temperature: 0.2, reasoning_effort: 'none' }), []],
    ['a temperature and nobody knows', MAY_THINK, chat({ temperature: 0.2 }), []],
    ['more output than it has', SPEAKS, chat({ max_tokens: 4097 }), ['max_tokens invalid_value']],
    ['an image for the blind', SPEAKS, image, ['messages.[0].content.[0].type null']],
    [
      'speech from the mute',
      SPEAKS,
      chat({ modalities: ['text', 'audio'], audio: { voice: 'alloy', format: 'wav' } }),
      ['modalities unsupported_value'],
    ],
  ])('%s', (_, facts, request, expected) => {
    expect(told(problemsOf('/chat/completions', request, facts))).toEqual(expected);
  });

  test('in the words of Responses', () => {
    const request = {
      model: 'o3',
      input: 'hi',
      reasoning: { effort: 'minimal' },
      top_p: 0.5,
      max_output_tokens: 200_000,
    };
    expect(told(problemsOf('/responses', request, THINKS))).toEqual([
      'top_p unsupported_value',
      'reasoning.effort unsupported_value',
      'max_output_tokens invalid_value',
    ]);
  });

  test('of an unknown model nothing is refused', () => {
    expect(
      problemsOf('/chat/completions', chat({ max_tokens: 1_000_000, temperature: 0, reasoning_effort: 'max' })),
    ).toEqual([]);
  });
});

describe('JSON itself', () => {
  function broken(body: string | Uint8Array): Problem | undefined {
    const endpoint = knownEndpoint('/chat/completions');
    if (endpoint === null) throw new Error('chat is known');
    return inspect(endpoint, Buffer.from(body as string), null, null).problems[0];
  }

  test.each<[string, string | Uint8Array, RegExp, RegExp]>([
    ['nothing', '', /the body is empty/, /one JSON object/],
    ['space', ' \n', /there is nothing in it \(line 2, column 1\)/, /one JSON object/],
    ['a comma too many', '{"a":1,}', /a comma stands after the last one \(line 1, column 7\)/, /Remove the comma/],
    [
      'a comma too many in a list',
      '{"a":[1,\n2,\n]}',
      /a comma stands after the last one \(line 2, column 2\)/,
      /Remove the comma/,
    ],
    ['single quotes', "{'a':1}", /is no quote of JSON \(line 1, column 2\)/, /json\.dumps/],
    ['curly quotes', '{“a”:1}', /is no quote of JSON/, /double quotes/],
    ['a bare name', '{a:1}', /a name stands without quotes/, /double quotes/],
    ['a bare word', '{"a":yes}', /yes stands without quotes/, /double quotes/],
    ['NaN', '{"a":NaN}', /NaN is no number of JSON \(line 1, column 6\)/, /finite/],
    ['-Infinity', '{"a":-Infinity}', /-Infinity is no number/, /finite/],
    ["Python's None", '{"a":None}', /None is no value of JSON/, /Write null/],
    ["Python's True", '{"a":True}', /True is no value of JSON/, /Write true/],
    ['undefined', '{"a":undefined}', /undefined is no value/, /null/],
    ['a comment', '{"a":1 // why\n}', /a comma or } is missing/, /commas/],
    ['a comment for a value', '{"a":/* why */1}', /a comment stands here/, /Remove/],
    ['the end of it missing', '{"a":{"b":[1,2', /ends before the JSON does \(line 1, column 15\)/, /Content-Length/],
    ['cut within a text', '{"a":"hel', /ends before the JSON does/, /Content-Length/],
    ['cut within a word', '{"a":tru', /ends before the JSON does/, /Content-Length/],
    [
      'two of them',
      '{"a":1}{"b":2}',
      /something follows after the end of the JSON \(line 1, column 8\)/,
      /nothing after it/,
    ],
    ['a line break in a text', '{"a":"x\ny"}', /a line break stands bare inside a string \(line 1, column 8\)/, /\\n/],
    ['a tab in a text', '{"a":"x\ty"}', /a tab stands bare/, /\\t/],
    ['a strange escape', '{"a":"C:\\Users"}', /\\U is no escape of JSON/, /\\\\/],
    ['a leading zero', '{"a":01}', /no number of JSON/, /leading zero/],
    ['a plus', '{"a":+1}', /the character|cannot stand here|no number/, /./],
    ['no colon', '{"a" 1}', /a colon is missing after the name a/, /"name": value/],
    ['no comma', '{"a":1 "b":2}', /a comma or } is missing after this member \(line 1, column 8\)/, /commas/],
    ['a list', '[1]', /it is a list/, /one JSON object/],
    ['a text', '"hi"', /it is a string/, /one JSON object/],
    ['null', 'null', /it is null/, /one JSON object/],
    ['a form', 'model=gpt-4o&input=hi', /URL-encoded form/, /application\/json/],
    ['a multipart form', '--boundary123\r\nContent-Disposition: form-data', /multipart form/, /application\/json/],
    ['a page', '<!DOCTYPE html><html>', /HTML or XML/, /application\/json/],
    ['UTF-16', Buffer.from('\ufeff{"a":1}', 'utf16le'), /UTF-16/, /UTF-8/],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0]), /gzip/, /UTF-8/],
    ['Latin-1', Buffer.from('{"a":"na\xefve"}', 'latin1'), /not UTF-8 \(byte 9\)/, /UTF-8/],
    [
      'a byte order mark',
      '\ufeff{"model":"a","messages":[{"role":"user","content":"a"}]}',
      /byte order mark/,
      /without/,
    ],
  ])('%s', (_, body, message, fix) => {
    const problem = broken(body);
    expect(problem?.message).toMatch(message);
    expect(problem?.fix).toMatch(fix);
    expect(problem).toMatchObject({ param: null, code: null, kind: 'invalid-request' });
  });

  test.each<[string, string, string]>([
    ['at the top', '{"model":"a","messages":[{"role":"user","content":"a"}],"model":"b"}', 'model'],
    ['deep down', '{"model":"a","messages":[{"role":"user","content":"a","content":"b"}]}', 'messages[0].content'],
    ['with odd spacing', '{"model":"a","messages":[{"role":"user","content":"a"}],"model"\n :"b"}', 'model'],
    ['with an escape', '{"model":"a","messages":[{"role":"user","content":"a"}],"mod\\u0065l":"b"}', 'model'],
    [
      'where nobody looks',
      '{"model":"a","messages":[{"role":"user","content":"a"}],"metadata":{"a":"1","a":"2"}}',
      'metadata.a',
    ],
    [
      'beside colons in texts',
      '{"model":":","messages":[{"role":"user","content":"\\":"}],"user":"a","user":"b"}',
      'user',
    ],
  ])('a name twice, %s', (_, body, param) => {
    const endpoint = knownEndpoint('/chat/completions');
    if (endpoint === null) throw new Error('chat is known');
    const { problems } = inspect(endpoint, Buffer.from(body), null, null);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ rule: 'duplicate-keys', param });
  });

  test('nesting without an end', () => {
    const rulesFor = (levels: number, place: string): string[] => {
      const nested = `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`;
      const body = `{"model":"a","messages":[{"role":"user","content":"a"}],${place.replace('@', () => nested)}}`;
      const endpoint = knownEndpoint('/chat/completions');
      if (endpoint === null) throw new Error('chat is known');
      return inspect(endpoint, Buffer.from(body), null, null).problems.map(({ rule }) => rule);
    };
    const parameters =
      '"tools":[{"type":"function","function":{"name":"a","parameters":{"type":"object","properties":@}}}]';
    expect(rulesFor(100, parameters)).toEqual([]);
    expect(rulesFor(500, parameters)).toContain('depth');
    expect(rulesFor(500, '"metadata":@')).toContain('type');
    expect(rulesFor(50_000, parameters)).toEqual(['json']);
  });
});
