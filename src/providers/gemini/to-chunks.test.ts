import { describe, expect, test } from 'vitest';
import { type ChunkOptions, ChunkWriter } from './to-chunks.ts';

const OPTIONS: ChunkOptions = { created: 7, tellsUsage: true, choices: 1, mayBeEmpty: false };
const frame = (parts: object[], more: object = {}, rest: object = {}) =>
  JSON.stringify({
    candidates: [{ content: { role: 'model', parts }, ...more }],
    responseId: 'r1',
    modelVersion: 'gemini-3.1-pro',
    ...rest,
  });
const usageMetadata = { promptTokenCount: 10, candidatesTokenCount: 5, thoughtsTokenCount: 3 };

interface Chunk {
  readonly choices: readonly {
    readonly index: number;
    readonly delta: object;
    readonly finish_reason: string | null;
  }[];
  readonly usage: object | null;
}

/** The events that came of the frames, parsed; `[DONE]` as it is. */
function written(frames: readonly string[], options: Partial<ChunkOptions> = {}): unknown[] {
  const writer = new ChunkWriter({ ...OPTIONS, ...options });
  const text = frames.map((each) => writer.write(each)).join('') + writer.end();
  const events = text.split('\n\n');
  expect(events.pop()).toBe('');
  return events.map((event) => (event === 'data: [DONE]' ? 'DONE' : JSON.parse(event.slice('data: '.length))));
}

function deltas(events: readonly unknown[]): unknown[] {
  return (events as Chunk[]).flatMap(
    (event) => event.choices?.map(({ delta, finish_reason: reason }) => reason ?? delta) ?? event,
  );
}

test('a text comes piece by piece, and ends with its reason, its usage and the last word', () => {
  const events = written([
    frame([{ text: 'Hm', thought: true }]),
    frame([{ text: 'Hel' }]),
    frame([{ text: 'lo' }], { finishReason: 'STOP' }, { usageMetadata }),
  ]);
  expect(events).toHaveLength(7);
  expect(events[0]).toEqual({
    id: 'chatcmpl-r1',
    object: 'chat.completion.chunk',
    created: 7,
    model: 'gemini-3.1-pro',
    choices: [
      { index: 0, delta: { role: 'assistant', content: '', refusal: null }, logprobs: null, finish_reason: null },
    ],
    usage: null,
  });
  expect(deltas(events.slice(1, -2))).toEqual([
    { reasoning_content: 'Hm' },
    { content: 'Hel' },
    { content: 'lo' },
    'stop',
  ]);
  expect(events.at(-2)).toMatchObject({
    choices: [],
    usage: { prompt_tokens: 10, completion_tokens: 8, completion_tokens_details: { reasoning_tokens: 3 } },
  });
  expect(events.at(-1)).toBe('DONE');
});

test('who did not ask for the usage is told by the way', () => {
  const events = written([frame([{ text: 'so' }], { finishReason: 'STOP' }, { usageMetadata })], { tellsUsage: false });
  expect(events.at(-2)).toMatchObject({ choices: [{ finish_reason: 'stop' }], usage: { completion_tokens: 8 } });
  expect(events[0]).not.toHaveProperty('usage');
});

test('calls come whole, each with a number of its own, under their seal', () => {
  const called = (id: string, more: object = {}) => ({ functionCall: { id, name: 'f', args: { a: 1 } }, ...more });
  const events = written([
    frame([called('a', { thoughtSignature: 's' })]),
    frame([called('b')], { finishReason: 'STOP' }, { usageMetadata }),
  ]);
  expect(deltas(events.slice(0, -2))).toEqual([
    { role: 'assistant', content: null, refusal: null },
    {
      tool_calls: [
        {
          index: 0,
          id: 'a',
          type: 'function',
          function: { name: 'f', arguments: '{"a":1}' },
          extra_content: { google: { thought_signature: 's' } },
        },
      ],
    },
    { tool_calls: [{ index: 1, id: 'b', type: 'function', function: { name: 'f', arguments: '{"a":1}' } }] },
    'tool_calls',
  ]);
});

test('a seal that comes behind the text goes through', () => {
  const events = written([
    frame([{ text: 'so' }]),
    frame([{ text: '', thoughtSignature: 's' }], { finishReason: 'STOP' }),
  ]);
  expect(deltas(events)[2]).toEqual({ extra_content: { google: { thought_signature: 's' } } });
});

test('several answers are done when all are', () => {
  const events = written(
    [
      frame([{ text: 'a' }], { index: 0, finishReason: 'STOP' }, { usageMetadata }),
      frame([{ text: 'b' }], { index: 1 }),
      frame([], { index: 1, finishReason: 'MAX_TOKENS' }),
      frame([{ text: 'too late' }], { index: 1 }),
    ],
    { choices: 2, tellsUsage: false },
  );
  expect(deltas(events.slice(0, -1)).filter((delta) => typeof delta === 'string')).toEqual(['stop', 'length']);
  expect(events.at(-1)).toBe('DONE');
  expect(JSON.stringify(events)).not.toContain('too late');
});

test('usage that comes behind the end is waited for', () => {
  const events = written([frame([{ text: 'a' }], { finishReason: 'STOP' }), JSON.stringify({ usageMetadata })]);
  expect(events.at(-2)).toMatchObject({ choices: [], usage: { completion_tokens: 8 } });
});

describe('what is no end', () => {
  test('a stream that stops short has none', () => {
    expect(written([frame([{ text: 'a' }])]).at(-1)).toMatchObject({ choices: [{ delta: { content: 'a' } }] });
    expect(written([])).toEqual([]);
    const one = frame([{ text: 'a' }], { finishReason: 'STOP' }, { usageMetadata });
    expect(written([one, frame([{ text: 'b' }], { index: 1 })], { choices: 2 }).at(-1)).not.toBe('DONE');
  });

  test.each<[what: string, data: string, error: object]>([
    ['an error', '{"error":{"code":503,"status":"UNAVAILABLE"}}', { code: 503, status: 'UNAVAILABLE' }],
    ['a list of one error', '[{"error":{"code":429}}]', { code: 429 }],
    [
      'a blocked prompt',
      '{"promptFeedback":{"blockReason":"SAFETY"}}',
      { message: 'The prompt was blocked: SAFETY', code: 'content_filter' },
    ],
    [
      'a call that went wrong',
      frame([], { finishReason: 'MALFORMED_FUNCTION_CALL' }),
      { message: 'The model ended with MALFORMED_FUNCTION_CALL', code: 500, status: 'INTERNAL' },
    ],
    [
      'nothing at all',
      frame([], { finishReason: 'STOP' }),
      { message: 'The model stopped without a word', code: 500, status: 'INTERNAL' },
    ],
  ])('%s is told as one', (_, data, error) => {
    expect(written([data])).toEqual([{ error }]);
  });

  test('what is not JSON goes through as it is', () => {
    expect(new ChunkWriter(OPTIONS).write('[]')).toBe('data: []\n\n');
    expect(new ChunkWriter(OPTIONS).write('half of')).toBe('data: half of\n\n');
  });

  test('nothing at all may be meant', () => {
    const events = written([frame([], { finishReason: 'STOP' }, { usageMetadata })], { mayBeEmpty: true });
    expect(deltas(events.slice(0, 2))).toEqual([{ role: 'assistant', content: '', refusal: null }, 'stop']);
  });
});
