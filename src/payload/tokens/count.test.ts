import { computeChatCompletionTokenCount } from 'gpt-tokenizer/functionCalling';
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { CORPUS } from './corpus.test-support.ts';
import { countPrompt, countText, operationOfBody } from './count.ts';
import { tokenizingOf } from './encodings.ts';

const ordinary = { disallowedSpecial: new Set<string>() };
const o200 = (text: string): number => o200k.encode(text, ordinary).length;
const cl100 = (text: string): number => cl100k.encode(text, ordinary).length;

describe('a conversation is counted as its provider counts it', () => {
  test.each([
    ['gpt-4o', o200],
    ['gpt-4', cl100],
  ])('%s: each message, its role and what frames it', async (model, tokens) => {
    for (const text of Object.values(CORPUS)) {
      const messages = [
        { role: 'system', content: 'Answer briefly.' },
        { role: 'user', name: 'ada', content: text },
        { role: 'assistant', content: 'Yes.' },
        {
          role: 'user',
          content: [
            { type: 'text', text },
            { type: 'text', text: 'And this?' },
          ],
        },
      ];
      const expected =
        3 +
        tokens('system') +
        tokens('Answer briefly.') +
        (3 + tokens('user') + tokens(text) + tokens('ada') + 1) +
        (3 + tokens('assistant') + tokens('Yes.')) +
        (3 + tokens('user') + tokens(text) + tokens('And this?')) +
        3;
      expect(await countPrompt('chat', { model, messages })).toMatchObject({
        tokens: expected,
        exact: true,
        messages: 4,
      });
    }
  });

  const weather = {
    name: 'get_weather',
    description: 'What the weather is at a place, now or within a week.',
    parameters: {
      type: 'object',
      properties: {
        place: { type: 'string', description: 'Town or harbour' },
        unit: { type: 'string', enum: ['celsius', 'fahrenheit'] },
        days: { type: 'array', items: { type: 'integer' } },
        wind: {
          type: 'object',
          properties: { above: { type: 'number' }, gusts: { type: 'boolean' } },
          required: ['above'],
        },
        note: { type: ['string', 'null'] },
      },
      required: ['place'],
    },
  };
  const bare = { name: 'now', parameters: { type: 'object', properties: {} } };

  test.each([
    ['one function', [weather], 'You plan trips.'],
    ['several', [weather, bare, { ...weather, name: 'tide', description: 'Tides.' }], 'You plan trips.'],
    ['without a system message', [weather], null],
    ['with a system message that ends its line', [bare], 'You plan trips.\n'],
  ])('tools: %s', async (_, functions, system) => {
    const messages = [
      ...(system === null ? [] : [{ role: 'system' as const, content: system }]),
      { role: 'user' as const, content: 'Where should we sail on Sunday?' },
    ];
    const expected = computeChatCompletionTokenCount({ messages, functions: functions as never }, cl100);
    const tools = functions.map((each) => ({ type: 'function', function: each }));
    expect((await countPrompt('chat', { model: 'gpt-4', messages, tools })).tokens).toBe(expected);
    expect((await countPrompt('chat', { model: 'gpt-4', messages, functions })).tokens).toBe(expected);
  });

  test('calls of tools, and their results', async () => {
    const call = { id: 'call_1', type: 'function', function: { name: 'get_weather', arguments: '{"place":"Oban"}' } };
    const messages = [
      { role: 'user', content: 'And in Oban?' },
      { role: 'assistant', content: null, tool_calls: [call, { ...call, id: 'call_2' }] },
      { role: 'tool', tool_call_id: 'call_1', content: '{"sky":"grey"}' },
      { role: 'tool', tool_call_id: 'call_2', content: '{"sky":"blue"}' },
    ];
    const expected =
      3 +
      1 +
      o200('And in Oban?') +
      (3 + 1 + 2 * (o200('get_weather') + o200('{"place":"Oban"}') + 3)) +
      (3 + 1 + o200('{"sky":"grey"}')) +
      (3 + 1 + o200('{"sky":"blue"}')) +
      3;
    expect((await countPrompt('chat', { model: 'gpt-5', messages })).tokens).toBe(expected);
  });

  test('the choice of a tool', async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    const tools = [{ type: 'function', function: bare }];
    const plain = (await countPrompt('chat', { model: 'gpt-4o', messages, tools })).tokens;
    const named = { type: 'function', function: { name: 'now' } };
    expect((await countPrompt('chat', { model: 'gpt-4o', messages, tools, tool_choice: named })).tokens).toBe(
      plain + 5,
    );
    expect((await countPrompt('chat', { model: 'gpt-4o', messages, tools, tool_choice: 'none' })).tokens).toBe(
      plain + 1,
    );
    expect((await countPrompt('chat', { model: 'gpt-4o', messages, tools, tool_choice: 'auto' })).tokens).toBe(plain);
  });

  test('a schema for the answer is part of the prompt', async () => {
    const messages = [{ role: 'user', content: 'hi' }];
    const schema = { type: 'object', properties: { answer: { type: 'string' } }, required: ['answer'] };
    const plain = (await countPrompt('chat', { model: 'gpt-4o', messages })).tokens;
    const chat = {
      model: 'gpt-4o',
      messages,
      response_format: { type: 'json_schema', json_schema: { name: 'a', schema } },
    };
    const counted = await countPrompt('chat', chat);
    expect(counted.tokens).toBe(plain + o200(JSON.stringify(schema)) + 12);
    expect(counted.exact).toBe(false);
    const responses = { model: 'gpt-4o', input: 'hi', text: { format: { type: 'json_schema', name: 'a', schema } } };
    expect((await countPrompt('responses', responses)).tokens).toBe(counted.tokens);
  });
});

describe('a Responses input', () => {
  test('a text is a message of the user, instructions one of the system', async () => {
    const chat = {
      messages: [
        { role: 'system', content: 'Be kind.' },
        { role: 'user', content: 'Hello there' },
      ],
    };
    const expected = (await countPrompt('chat', { model: 'gpt-5', ...chat })).tokens;
    const request = { model: 'gpt-5', instructions: 'Be kind.', input: 'Hello there' };
    expect(await countPrompt('responses', request)).toMatchObject({ tokens: expected, exact: true });
  });

  test('items of every kind are counted', async () => {
    const input = [
      { role: 'user', content: [{ type: 'input_text', text: 'What is the time?' }] },
      { type: 'function_call', call_id: 'c', name: 'now', arguments: '{}' },
      { type: 'function_call_output', call_id: 'c', output: '12:30' },
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: 'Half past twelve.' }] },
    ];
    const expected =
      4 +
      o200('What is the time?') +
      (4 + o200('now') + o200('{}') + 3) +
      (4 + o200('12:30')) +
      (4 + o200('Half past twelve.')) +
      3;
    expect((await countPrompt('responses', { model: 'gpt-5', input })).tokens).toBe(expected);
  });

  test.each([
    ['an earlier response', { previous_response_id: 'resp_1' }],
    ['a conversation', { conversation: { id: 'conv_1' } }],
    ['an item that is only named', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
    [
      'sealed reasoning',
      { input: [{ type: 'reasoning', id: 'rs_1', encrypted_content: 'x'.repeat(400), summary: [] }] },
    ],
  ])('%s makes the count an estimate', async (_, members) => {
    expect(await countPrompt('responses', { model: 'gpt-5', input: 'hi', ...members })).toMatchObject({ exact: false });
  });
});

describe('texts to embed', () => {
  test.each([
    ['one', 'hello world', 2, 1, 2],
    ['several', ['hello world', 'kelp', ''], 2 + cl100('kelp'), 3, 2],
    ['tokens', [1, 2, 3], 3, 1, 3],
    ['lists of tokens', [[1, 2, 3], [4]], 4, 2, 3],
  ])('%s', async (_, input, tokens, messages, largestInput) => {
    const counted = await countPrompt('embeddings', { model: 'text-embedding-3-small', input });
    expect(counted).toMatchObject({ tokens, messages, largestInput, exact: true, encoding: 'cl100k_base' });
  });
});

describe('other vendors', () => {
  test.each([
    ['claude-sonnet-4-5', 1.25],
    ['anthropic/claude-opus-5', 1.6],
    ['gemini-2.5-pro', 1.2],
    ['meta-llama/llama-4-70b', 1.15],
    ['something-new', 1],
  ])('%s: an estimate on the safe side', async (model, factor) => {
    const text = CORPUS['chat'] as string;
    const counted = await countText(text, model);
    expect(counted).toMatchObject({ tokens: Math.ceil(o200(text) * factor), exact: false });
  });
});

test.each([
  ['gpt-4o-2024-08-06', 'o200k_base'],
  ['gpt-4.1-mini', 'o200k_base'],
  ['gpt-5.4-nano', 'o200k_base'],
  ['chatgpt-4o-latest', 'o200k_base'],
  ['o3-mini', 'o200k_base'],
  ['ft:gpt-4o:acme::x', 'o200k_base'],
  ['openai/gpt-oss-120b', 'o200k_base'],
  ['gpt-4', 'cl100k_base'],
  ['gpt-4-turbo-2024-04-09', 'cl100k_base'],
  ['gpt-35-turbo-16k', 'cl100k_base'],
  ['ft:gpt-3.5-turbo-0125:acme::x', 'cl100k_base'],
  ['text-embedding-3-large', 'cl100k_base'],
  ['text-davinci-003', 'p50k_base'],
  ['gpt2', 'r50k_base'],
] as const)('the encoding of %s is %s', (model, encoding) => {
  expect(tokenizingOf(model)).toEqual({ encoding, factor: 1, known: true });
});

test.each([
  [{ messages: [] }, 'chat'],
  [{ input: 'x', model: 'gpt-5' }, 'responses'],
  [{ input: ['x'], model: 'text-embedding-3-small' }, 'embeddings'],
  [{ file: 'x' }, null],
])('%j is a request for %s', (body, operation) => {
  expect(operationOfBody(body)).toBe(operation);
});
