import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { loadTokenizer } from '../tokens/tokenizer.ts';
import type { JsonObject } from '../tokens/json.ts';
import type { PromptOperation } from './prompt-wire.ts';
import { replacedAt } from './prompt-wire.ts';
import { hasPrompt, PROMPT_WIRES } from './prompt-wires.ts';

const tokenizer = await loadTokenizer('o200k_base');
const scale = { model: 'gpt-4o', count: (text: string) => tokenizer.count(text) };
const LONG = 'kelp '.repeat(200);
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** The same conversation on each wire: instructions, a question with a picture, thoughts, a call, its result. */
const REQUESTS: Readonly<Record<PromptOperation, JsonObject>> = {
  chat: {
    model: 'gpt-4o',
    max_completion_tokens: 77,
    messages: [
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: LONG },
          { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
        ],
      },
      {
        role: 'assistant',
        tool_calls: [{ id: 'c1', type: 'function', function: { name: 'look', arguments: '{"at":"sea"}' } }],
      },
      { role: 'tool', tool_call_id: 'c1', content: LONG },
    ],
    tools: [{ type: 'function', function: { name: 'look', description: 'Looks.', parameters: { type: 'object' } } }],
  },
  responses: {
    model: 'gpt-4o',
    max_output_tokens: 77,
    instructions: 'Be brief.',
    input: [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: LONG },
          { type: 'input_image', image_url: `data:image/png;base64,${PIXEL}` },
        ],
      },
      { type: 'function_call', call_id: 'c1', name: 'look', arguments: '{"at":"sea"}' },
      { type: 'function_call_output', call_id: 'c1', output: LONG },
    ],
    tools: [{ type: 'function', name: 'look', description: 'Looks.', parameters: { type: 'object' } }],
  },
  messages: {
    model: 'claude-sonnet-5',
    max_tokens: 77,
    system: [{ type: 'text', text: 'Be brief.', cache_control: { type: 'ephemeral' } }],
    messages: [
      {
        role: 'user',
        content: [
          { type: 'text', text: LONG },
          { type: 'image', source: { type: 'base64', media_type: 'image/png', data: PIXEL } },
        ],
      },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'c1', name: 'look', input: { at: 'sea' } }] },
      { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'c1', content: LONG }] },
    ],
    tools: [{ name: 'look', description: 'Looks.', input_schema: { type: 'object' } }],
  },
  generate: {
    systemInstruction: { parts: [{ text: 'Be brief.' }] },
    generationConfig: { maxOutputTokens: 77 },
    contents: [
      { role: 'user', parts: [{ text: LONG }, { inlineData: { mimeType: 'image/png', data: PIXEL } }] },
      { role: 'model', parts: [{ functionCall: { name: 'look', args: { at: 'sea' } }, thoughtSignature: 's' }] },
      { role: 'user', parts: [{ functionResponse: { name: 'look', response: { output: LONG } } }] },
    ],
    tools: [
      { functionDeclarations: [{ name: 'look', description: 'Looks.', parametersJsonSchema: { type: 'object' } }] },
    ],
  },
};

const OPERATIONS = Object.keys(REQUESTS) as PromptOperation[];

/** Tokens of a whole request. */
function tokensOf(operation: PromptOperation): number {
  const wire = PROMPT_WIRES[operation];
  const request = REQUESTS[operation];
  const said = wire.messagesIn(request).map((message) => wire.weigh(scale, message).tokens);
  return said.reduce((sum, tokens) => sum + tokens, wire.weighFrame(scale, request).tokens);
}

describe.each(OPERATIONS)('%s', (operation) => {
  const wire = PROMPT_WIRES[operation];
  const request = REQUESTS[operation];
  const messages = wire.messagesIn(request);

  test('what its messages are to the conversation', () => {
    const readings = messages.map((message) => wire.read(message)).filter(({ role }) => role !== 'guide');
    expect(readings.map(({ role }) => role)).toEqual(['user', 'assistant', 'result']);
    const [asked, called, result] = readings;
    expect(asked?.texts.map(({ text }) => text)).toEqual([LONG]);
    expect(asked?.pictures).toHaveLength(1);
    expect(called?.calls).toHaveLength(1);
    expect(result?.answers).toEqual(called?.calls);
    expect(result?.texts.map(({ text }) => text)).toEqual([LONG]);
  });

  test('its texts and pictures give way to others in their place', () => {
    const asked = messages.find((message) => wire.read(message).role === 'user') as JsonObject;
    const before = structuredClone(asked);
    const { texts, pictures } = wire.read(asked);
    const [text, picture] = [texts[0]?.path ?? [], pictures[0]?.path ?? []];
    const noted = replacedAt(asked, picture, wire.note('no picture')) as JsonObject;
    expect(wire.read(noted)).toMatchObject({ texts: [{ text: LONG }], pictures: [] });
    expect(wire.told(replacedAt(noted, text, 'brief') as JsonObject)).toBe('brief no picture');
    expect(asked).toEqual(before);
  });

  test('it weighs about as much as the same elsewhere', () => {
    expect(Math.abs(tokensOf(operation) - tokensOf('chat'))).toBeLessThan(40);
  });

  test('what it asks for and shows', () => {
    expect(wire.outputOf(request)).toBe(77);
    expect(wire.outputOf({})).toBeNull();
    expect(wire.showsPictures(request)).toBe(true);
    expect(wire.isAllText(request)).toBe(false);
    const bytes = Buffer.from(JSON.stringify(request));
    expect(wire.pictureWords.some((word) => bytes.includes(word))).toBe(true);
    const spoken = { [wire.member]: messages.filter((message) => wire.read(message).pictures.length === 0) };
    expect(wire.showsPictures(spoken)).toBe(false);
    expect(wire.isAllText(spoken)).toBe(true);
  });

  test('a summary is said by the user', () => {
    const message = wire.userMessage('It was calm.');
    expect(wire.read(message).role).toBe('user');
    expect(wire.told(message)).toBe('It was calm.');
  });
});

/** Anything that JSON can say, in places where something else is meant. */
const anything = fc.jsonValue({ maxDepth: 1 });
const text = fc.oneof(fc.string(), fc.constantFrom('text', 'image', 'tool_use', 'tool_result', 'function_call_output'));
const members = (names: readonly string[], deeper: fc.Arbitrary<unknown>): fc.Arbitrary<JsonObject> =>
  fc.dictionary(fc.constantFrom(...names), fc.oneof(text, deeper, fc.array(deeper, { maxLength: 2 }), anything), {
    maxKeys: 4,
  });
const inner = members(['type', 'text', 'content', 'input', 'name', 'id', 'data', 'args', 'response', 'url'], anything);
const piece = members(
  ['type', 'text', 'source', 'content', 'functionCall', 'function_response', 'inlineData', 'fileData', 'image_url'],
  inner,
);
const message = members(['role', 'type', 'content', 'parts', 'output', 'tool_calls', 'call_id'], piece);
const frame = members(
  ['system', 'systemInstruction', 'tools', 'tool_choice', 'toolConfig', 'generationConfig', 'output_config', 'text'],
  piece,
);
const odd = fc.tuple(frame, fc.oneof({ weight: 5, arbitrary: fc.array(message, { maxLength: 3 }) }, anything));

test.each(OPERATIONS)('%s: whatever a request holds, it is read, weighed and told', (operation) => {
  const wire = PROMPT_WIRES[operation];
  fc.assert(
    fc.property(odd, ([around, said]) => {
      const request = { ...around, [wire.member]: said };
      for (const each of wire.messagesIn(request)) {
        const { texts, pictures } = wire.read(each);
        for (const { path, text: long } of texts) expect(replacedAt(each, path, long)).toEqual(each);
        for (const { path, picture } of pictures) expect(replacedAt(each, path, picture)).toEqual(each);
        expect(wire.weigh(scale, each).tokens).toBeGreaterThanOrEqual(0);
        expect(typeof wire.told(each)).toBe('string');
      }
      expect(wire.weighFrame(scale, request).tokens).toBeGreaterThanOrEqual(0);
      expect(typeof wire.isAllText(request)).toBe('boolean');
      expect(typeof wire.showsPictures(request)).toBe('boolean');
      wire.joined?.(wire.messagesIn(request));
    }),
    { numRuns: 500 },
  );
});

describe('Anthropic', () => {
  const wire = PROMPT_WIRES.messages;

  test('a question beside a result is a question', () => {
    const content = [
      { type: 'tool_result', tool_use_id: 'c1', content: [{ type: 'text', text: LONG }] },
      { type: 'document', source: { type: 'text', media_type: 'text/plain', data: LONG } },
      { type: 'text', text: 'And now?' },
    ];
    expect(wire.read({ role: 'user', content })).toMatchObject({
      role: 'user',
      answers: ['c1'],
      texts: [{ path: ['content', 0, 'content', 0, 'text'] }, { path: ['content', 1, 'source', 'data'] }],
    });
  });

  test('thoughts stay with what they led to, and are never shortened', () => {
    const content = [
      { type: 'thinking', thinking: LONG, signature: 's' },
      { type: 'tool_use', id: 'c1', name: 'look', input: {} },
    ];
    expect(wire.read({ role: 'assistant', content })).toMatchObject({ thinks: true, calls: ['c1'], texts: [] });
    expect(wire.isAllText({ messages: [{ role: 'assistant', content }] })).toBe(false);
  });

  test('the provider’s own tools come into the prompt unseen', () => {
    expect(wire.isAllText({ messages: [], tools: [{ type: 'web_search_20250305', name: 'web_search' }] })).toBe(false);
  });

  test('neighbours of one side become one message', () => {
    const two = [
      { role: 'user', content: 'One.' },
      { role: 'user', content: [{ type: 'text', text: 'Two.' }] },
      { role: 'assistant', content: 'Three.' },
    ];
    expect(wire.joined?.(two)).toEqual([
      {
        role: 'user',
        content: [
          { type: 'text', text: 'One.' },
          { type: 'text', text: 'Two.' },
        ],
      },
      two[2],
    ]);
  });
});

describe('Google', () => {
  const wire = PROMPT_WIRES.generate;

  test('either way of writing a name is read', () => {
    expect(wire.outputOf({ generation_config: { max_output_tokens: 5 } })).toBe(5);
    const parts = [{ function_response: { name: 'look', response: { said: LONG } } }];
    expect(wire.read({ parts })).toMatchObject({
      role: 'result',
      answers: ['function look'],
      texts: [{ path: ['parts', 0, 'function_response', 'response', 'said'] }],
    });
  });

  test.each([
    ['audio/mpeg', 1_000],
    ['audio/wav', 83],
    ['video/mp4', 125],
    ['application/pdf', 15_625],
  ])('%s is estimated by its length', (mimeType, tokens) => {
    const data = 'A'.repeat(Math.ceil((125_000 * 4) / 3));
    const { tokens: weighed, exact } = wire.weigh(scale, { role: 'user', parts: [{ inlineData: { mimeType, data } }] });
    expect(weighed).toBeGreaterThanOrEqual(tokens);
    expect(weighed).toBeLessThan(tokens + 10);
    expect(exact).toBe(false);
  });

  test('what the provider keeps is not seen', () => {
    expect(wire.isAllText({ contents: [], cachedContent: 'cachedContents/1' })).toBe(false);
    expect(wire.isAllText({ contents: [], tools: [{ googleSearch: {} }] })).toBe(false);
  });
});

test.each([
  ['chat', true],
  ['generate', true],
  ['embeddings', false],
  ['passthrough', false],
] as const)('%s has a prompt: %s', (operation, has) => {
  expect(hasPrompt(operation)).toBe(has);
});
