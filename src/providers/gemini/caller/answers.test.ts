import { describe, expect, test } from 'vitest';
import { FOREIGN_SEAL } from '../seal.ts';
import { generateCaller } from './wire.ts';

const answering = (request: object = {}) =>
  generateCaller.answer({ request: { contents: [], ...request }, model: 'asked', wall: 0, callId: 'hf-1' });
const completion = (message: object, finish: string, more: object = {}) => ({
  id: 'chatcmpl-1',
  model: 'gpt-4o',
  choices: [{ index: 0, message: { role: 'assistant', ...message }, finish_reason: finish }],
  ...more,
});
const call = { id: 'a', type: 'function', function: { name: 'f', arguments: '{"x":1}' } };

describe('a whole answer', () => {
  test('of text', () => {
    const usage = {
      prompt_tokens: 10,
      completion_tokens: 8,
      prompt_tokens_details: { cached_tokens: 4 },
      completion_tokens_details: { reasoning_tokens: 3 },
    };
    expect(answering().whole(completion({ content: 'Yes' }, 'stop', { usage }))).toEqual({
      candidates: [{ content: { parts: [{ text: 'Yes' }], role: 'model' }, finishReason: 'STOP', index: 0 }],
      usageMetadata: {
        promptTokenCount: 10,
        candidatesTokenCount: 5,
        thoughtsTokenCount: 3,
        cachedContentTokenCount: 4,
        totalTokenCount: 18,
      },
      modelVersion: 'gpt-4o',
      responseId: '1',
    });
  });

  test.each<[message: object, finish: string, parts: object[], ending: object]>([
    [{ content: 'so' }, 'length', [{ text: 'so' }], { finishReason: 'MAX_TOKENS' }],
    [{ content: null }, 'content_filter', [], { finishReason: 'SAFETY' }],
    [{ content: null, refusal: 'No.' }, 'stop', [], { finishReason: 'SAFETY', finishMessage: 'No.' }],
    [
      { content: null, tool_calls: [call, { ...call, id: 'b', function: { name: 'g', arguments: '{"x' } }] },
      'tool_calls',
      [
        { functionCall: { id: 'a', name: 'f', args: { x: 1 } }, thoughtSignature: FOREIGN_SEAL },
        { functionCall: { id: 'b', name: 'g', args: {} }, thoughtSignature: FOREIGN_SEAL },
      ],
      { finishReason: 'STOP' },
    ],
    [
      { tool_calls: [{ ...call, extra_content: { google: { thought_signature: 's' } } }] },
      'tool_calls',
      [{ functionCall: { id: 'a', name: 'f', args: { x: 1 } }, thoughtSignature: 's' }],
      { finishReason: 'STOP' },
    ],
    [{ content: 'so', reasoning_content: 'Hm' }, 'a_new_one', [{ text: 'so' }], { finishReason: 'STOP' }],
  ])('%j %s', (message, finish, parts, ending) => {
    const { candidates } = answering().whole(completion(message, finish)) as { candidates: object[] };
    expect(candidates).toEqual([{ content: { parts, role: 'model' }, ...ending, index: 0 }]);
  });

  test('thoughts are shown to who asked for them', () => {
    const shown = answering({ generation_config: { thinking_config: { include_thoughts: true } } });
    expect(shown.whole(completion({ content: 'so', reasoning_content: 'Hm' }, 'stop'))).toMatchObject({
      candidates: [{ content: { parts: [{ text: 'Hm', thought: true }, { text: 'so' }] } }],
    });
  });

  test.each([null, [], {}, { choices: [] }, { error: {} }])('%j is none', (body) => {
    expect(answering().whole(body)).toBeNull();
  });
});

/** What comes of chat events, parsed. */
function frames(chunks: readonly (object | string)[], request: object = {}): unknown[] {
  const answer = answering(request);
  const text =
    chunks.map((chunk) => answer.event(typeof chunk === 'string' ? chunk : JSON.stringify(chunk))).join('') +
    answer.end();
  const events = text.split('\n\n');
  expect(events.pop()).toBe('');
  return events.map((each) => JSON.parse(each.slice('data: '.length)) as unknown);
}

const chunk = (delta: object, finish: string | null = null, more: object = {}) => ({
  id: 'chatcmpl-1',
  model: 'gpt-4o',
  choices: [{ index: 0, delta, finish_reason: finish }],
  ...more,
});
const usage = { prompt_tokens: 3, completion_tokens: 2 };
const tail = { modelVersion: 'gpt-4o', responseId: '1' };
const frame = (parts: object[], more: object = {}, rest: object = {}) => ({
  candidates: [{ content: { parts, role: 'model' }, ...more, index: 0 }],
  ...rest,
  ...tail,
});
const usageMetadata = { promptTokenCount: 3, candidatesTokenCount: 2, totalTokenCount: 5 };

describe('a stream', () => {
  test('of text ends with its reason and its usage', () => {
    const chunks = [
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hel' }),
      chunk({ content: 'lo' }),
      chunk({}, 'length'),
      { ...chunk({}), choices: [], usage },
      '[DONE]',
    ];
    expect(frames(chunks)).toEqual([
      frame([{ text: 'Hel' }]),
      frame([{ text: 'lo' }]),
      frame([{ text: '' }], { finishReason: 'MAX_TOKENS' }, { usageMetadata }),
    ]);
  });

  test('calls come whole, each once', () => {
    const piece = (index: number, more: object) => chunk({ tool_calls: [{ index, ...more }] });
    const chunks = [
      piece(0, { id: 'a', type: 'function', function: { name: 'f', arguments: '' } }),
      piece(0, { function: { arguments: '{"x"' } }),
      piece(1, { id: 'b', type: 'function', function: { name: 'g', arguments: '{}' } }),
      piece(0, { function: { arguments: ':1}' } }),
      chunk({}, 'tool_calls', { usage }),
    ];
    expect(frames(chunks)).toEqual([
      frame(
        [
          { functionCall: { id: 'a', name: 'f', args: { x: 1 } }, thoughtSignature: FOREIGN_SEAL },
          { functionCall: { id: 'b', name: 'g', args: {} }, thoughtSignature: FOREIGN_SEAL },
        ],
        { finishReason: 'STOP' },
        { usageMetadata },
      ),
    ]);
  });

  test('a refusal is told with the end', () => {
    expect(
      frames([chunk({ refusal: 'No' }), chunk({ refusal: '.' }), chunk({}, 'stop'), '[DONE]']).at(-1),
    ).toMatchObject({
      candidates: [{ finishReason: 'SAFETY', finishMessage: 'No.' }],
    });
  });

  test('a server that tells no usage is estimated, and one that forgets the last word is done all the same', () => {
    expect(frames([chunk({ content: 'four letters' }), chunk({}, 'stop')]).at(-1)).toMatchObject({
      usageMetadata: { candidatesTokenCount: 3 },
    });
  });

  test('what stops short has no end', () => {
    expect(frames([chunk({ content: 'a' })])).toEqual([frame([{ text: 'a' }])]);
    expect(frames([chunk({ content: 'a' }), '[DONE]'])).toEqual([frame([{ text: 'a' }])]);
  });

  test('errors go through, and OpenRouter’s become one', () => {
    expect(frames([{ error: { message: 'x' } }])).toEqual([{ error: { message: 'x' } }]);
    expect(frames([chunk({}, 'error')])).toMatchObject([{ error: { code: 500, status: 'INTERNAL' } }]);
    expect(answering().event('half of')).toBe('data: half of\n\n');
  });
});

test('fields and keys have other names', () => {
  expect(generateCaller.fieldOf('messages[2].content')).toBe('contents[2].content');
  expect(generateCaller.fieldOf('max_tokens')).toBe('generationConfig.maxOutputTokens');
  expect(generateCaller.fieldOf('tools[0]')).toBe('tools[0]');
  expect(generateCaller.headers({ 'x-goog-api-key': 'k', cookie: 'c' })).toEqual({
    'content-type': 'application/json',
    authorization: 'Bearer k',
  });
});
