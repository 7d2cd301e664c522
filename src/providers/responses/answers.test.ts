import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { AnswerFacts } from '../translation/caller-wire.ts';
import { ResponseEvents } from './to-events.ts';
import { toResponse } from './to-response.ts';

const FACTS: AnswerFacts = {
  request: {
    instructions: 'Be kind',
    temperature: 0.5,
    tools: [{ type: 'function', name: 'look' }],
    metadata: { a: 'b' },
  },
  model: 'asked',
  wall: 1_700_000_000_500,
  callId: 'hf-1',
};

interface Said {
  readonly type: string;
  readonly sequence_number: number;
  readonly [member: string]: unknown;
}

interface Response {
  readonly status: string;
  readonly output: readonly Record<string, unknown>[];
  readonly [member: string]: unknown;
}

const chunk = (delta: object, reason: string | null = null): string =>
  JSON.stringify({ id: 'chatcmpl-1', model: 'told', choices: [{ index: 0, delta, finish_reason: reason }] });
const piece = (index: number, more: object): object => ({ tool_calls: [{ index, ...more }] });

/** The events that a chat stream comes to. */
function events(...data: string[]): readonly Said[] {
  const writer = new ResponseEvents(FACTS);
  const written = data.map((each) => writer.write(each)).join('') + writer.end();
  return written
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [name = '', line = ''] = event.split('\n');
      const said = JSON.parse(line.replace(/^data: /, '')) as Said;
      expect(name).toBe(`event: ${said.type}`);
      return said;
    });
}

function last(said: readonly Said[]): Response {
  return said.at(-1)?.['response'] as Response;
}

const CALL = { id: 'call_a', function: { name: 'look', arguments: '' } };

describe('a stream', () => {
  test('tells a text from its beginning to its end, numbered', () => {
    const said = events(
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'a' }),
      chunk({ content: 'b' }),
      chunk({}, 'stop'),
      '[DONE]',
    );
    expect(said.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    expect(said.map(({ sequence_number: number }) => number)).toEqual(said.map((_, at) => at));
    expect(last(said)).toMatchObject({
      id: 'resp_1',
      object: 'response',
      created_at: 1_700_000_000,
      model: 'told',
      status: 'completed',
      instructions: 'Be kind',
      temperature: 0.5,
      metadata: { a: 'b' },
      store: false,
      output: [{ type: 'message', status: 'completed', content: [{ type: 'output_text', text: 'ab' }] }],
    });
  });

  test('keeps parallel calls apart', () => {
    const said = events(
      chunk(piece(0, CALL)),
      chunk(piece(0, { function: { arguments: '{"a":' } })),
      chunk(piece(0, { function: { arguments: '1}' } })),
      chunk(piece(1, { id: 'call_b', function: { name: 'rest', arguments: '{}' } })),
      chunk({}, 'tool_calls'),
      '[DONE]',
    );
    expect(last(said).output).toMatchObject([
      { type: 'function_call', call_id: 'call_a', name: 'look', arguments: '{"a":1}', status: 'completed' },
      { type: 'function_call', call_id: 'call_b', name: 'rest', arguments: '{}', status: 'completed' },
    ]);
    const done = said.filter(({ type }) => type === 'response.function_call_arguments.done');
    expect(done.map(({ output_index: index, arguments: text }) => [index, text])).toEqual([
      [0, '{"a":1}'],
      [1, '{}'],
    ]);
    expect(new Set(last(said).output.map(({ id }) => id)).size).toBe(2);
  });

  test('tells thoughts, words, refusals and calls as items of their own', () => {
    const said = events(
      chunk({ reasoning_content: 'Hm' }),
      chunk({ content: 'Well' }),
      chunk(piece(0, CALL)),
      chunk({ refusal: 'No' }),
      chunk({}, 'content_filter'),
      '[DONE]',
    );
    expect(last(said)).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'content_filter' } });
    expect(last(said).output).toMatchObject([
      { type: 'reasoning', summary: [{ type: 'summary_text', text: 'Hm' }] },
      { type: 'message', content: [{ type: 'output_text', text: 'Well' }] },
      { type: 'function_call', arguments: '' },
      { type: 'message', status: 'incomplete', content: [{ type: 'refusal', refusal: 'No' }] },
    ]);
    expect(said.at(-1)?.type).toBe('response.incomplete');
  });

  test('tells the usage that comes behind the answer', () => {
    const usage = { prompt_tokens: 7, completion_tokens: 3, prompt_tokens_details: { cached_tokens: 2 } };
    const said = events(chunk({ content: 'a' }), chunk({}, 'length'), JSON.stringify({ choices: [], usage }), '[DONE]');
    expect(last(said)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { input_tokens: 7, input_tokens_details: { cached_tokens: 2 }, output_tokens: 3, total_tokens: 10 },
    });
  });

  test('is over once, with or without the last word of the server', () => {
    expect(events(chunk({ content: 'a' }), chunk({}, 'stop')).at(-1)?.type).toBe('response.completed');
    expect(
      events(chunk({ content: 'a' }), chunk({}, 'stop'), '[DONE]', '[DONE]').filter(
        ({ type }) => type === 'response.completed',
      ),
    ).toHaveLength(1);
  });

  test('is not made to look finished when it broke off', () => {
    expect(events(chunk({ content: 'a' })).at(-1)?.type).toBe('response.output_text.delta');
  });

  test.each(['{"error":{"message":"x"}}', 'no JSON', '[1]'])('hands on what is no chunk: %s', (data) => {
    expect(new ResponseEvents(FACTS).write(data)).toBe(`data: ${data}\n\n`);
  });
});

describe('a whole answer', () => {
  const message = {
    role: 'assistant',
    content: 'Well',
    refusal: null,
    reasoning_content: 'Hm',
    tool_calls: [
      { id: 'a', type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
      { id: 'b', type: 'custom', custom: { name: 'run', input: 'ls' } },
    ],
  };

  test('says the same as its stream', () => {
    const completion = {
      id: 'chatcmpl-1',
      model: 'told',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
    };
    const said = events(
      chunk({ reasoning_content: 'Hm' }),
      chunk({ content: 'We' }),
      chunk({ content: 'll' }),
      chunk(piece(0, { id: 'a', function: { name: 'look', arguments: '{"a":1}' } })),
      chunk(piece(1, { id: 'b', type: 'custom', custom: { name: 'run', input: 'ls' } })),
      chunk({}, 'tool_calls'),
      '[DONE]',
    );
    expect(toResponse(completion, FACTS)).toEqual(last(said));
  });

  test.each([null, 7, {}, { choices: [] }, { choices: [7] }, { choices: [{ message: null }] }, { error: {} }])(
    'is none: %j',
    (body) => {
      expect(toResponse(body, FACTS)).toBeNull();
    },
  );
});

test('whatever a server says, each event is one, numbered, and at most one is the last', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('', '{}'));
  const anything = fc.jsonValue({ maxDepth: 2 });
  const delta = fc.record(
    {
      content: fc.oneof(text, anything),
      refusal: fc.oneof(text, anything),
      reasoning_content: fc.oneof(text, anything),
      tool_calls: fc.oneof(
        fc.array(fc.record({ index: fc.nat(2), id: text, function: fc.record({ name: text, arguments: text }) }), {
          maxLength: 2,
        }),
        anything,
      ),
    },
    { requiredKeys: [] },
  );
  const data = fc.oneof(
    fc.tuple(delta, fc.constantFrom(null, 'stop', 'length')).map(([each, reason]) => chunk(each, reason)),
    anything.map((value) => JSON.stringify({ choices: value })),
  );
  fc.assert(
    fc.property(fc.array(data, { maxLength: 8 }), (stream) => {
      const said = events(...stream, '[DONE]');
      expect(said.map(({ sequence_number: number }) => number)).toEqual(said.map((_, at) => at));
      const endings = said.filter(({ type }) => /^response\.(?:completed|incomplete)$/.test(type));
      expect(endings).toHaveLength(1);
      const added = said.filter(({ type }) => type === 'response.output_item.added').length;
      expect(last(said).output).toHaveLength(added);
    }),
    { numRuns: 500 },
  );
});
