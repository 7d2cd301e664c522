import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MessageEvents } from './to-events.ts';
import { toMessage } from './to-message.ts';

interface Said {
  readonly type: string;
  readonly index?: number;
  readonly [member: string]: unknown;
}

const chunk = (delta: object, reason: string | null = null): string =>
  JSON.stringify({ id: 'chatcmpl-1', model: 'told', choices: [{ index: 0, delta, finish_reason: reason }] });
const piece = (index: number, more: object): object => ({ tool_calls: [{ index, ...more }] });

/** The events that a chat stream comes to. */
function events(...data: string[]): readonly Said[] {
  const writer = new MessageEvents('asked');
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

/** The message that the events come to, put together as the SDK does it. */
function composed(said: readonly Said[]): Record<string, unknown> {
  let message: Record<string, unknown> = {};
  const blocks: Record<string, unknown>[] = [];
  const inputs = new Map<number, string>();
  for (const event of said) {
    const { index = -1 } = event;
    const delta = event['delta'] as Record<string, unknown>;
    if (event.type === 'message_start') message = { ...(event['message'] as object) };
    else if (event.type === 'content_block_start') blocks[index] = { ...(event['content_block'] as object) };
    else if (event.type === 'content_block_delta') {
      const block = blocks[index] ?? {};
      if (delta['type'] === 'text_delta') block['text'] = String(block['text']) + String(delta['text']);
      else inputs.set(index, (inputs.get(index) ?? '') + String(delta['partial_json']));
    } else if (event.type === 'message_delta') message = { ...message, ...delta, usage: event['usage'] };
  }
  for (const [index, input] of inputs) (blocks[index] ?? {})['input'] = JSON.parse(input);
  return { ...message, content: blocks };
}

const USAGE = { prompt_tokens: 9, completion_tokens: 4, prompt_tokens_details: { cached_tokens: 5 } };
const TOLD = JSON.stringify({ choices: [], usage: USAGE });

describe('a stream', () => {
  test('tells a text from its beginning to its end', () => {
    const said = events(
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'a' }),
      chunk({ content: 'b' }),
      chunk({}, 'stop'),
      TOLD,
      '[DONE]',
    );
    expect(said.map(({ type }) => type)).toEqual([
      'message_start',
      'content_block_start',
      'content_block_delta',
      'content_block_delta',
      'content_block_stop',
      'message_delta',
      'message_stop',
    ]);
    expect(composed(said)).toMatchObject({
      id: 'msg_1',
      model: 'told',
      content: [{ type: 'text', text: 'ab' }],
      stop_reason: 'end_turn',
      usage: { input_tokens: 4, cache_read_input_tokens: 5, output_tokens: 4 },
    });
  });

  test('says the same as the whole answer', () => {
    const calls = [
      { id: 'a', type: 'function', function: { name: 'look', arguments: '{"a":1}' } },
      { id: 'b', type: 'function', function: { name: 'rest', arguments: '{}' } },
    ];
    const message = { role: 'assistant', content: 'Well', tool_calls: calls, reasoning_content: 'left out' };
    const whole = {
      id: 'chatcmpl-1',
      model: 'told',
      choices: [{ index: 0, message, finish_reason: 'tool_calls' }],
      usage: USAGE,
    };
    const said = events(
      chunk({ reasoning_content: 'left out' }),
      chunk({ content: 'Well' }),
      chunk(piece(0, { id: 'a', function: { name: 'look', arguments: '{"a"' } })),
      chunk(piece(0, { function: { arguments: ':1}' } })),
      chunk(piece(1, { id: 'b', function: { name: 'rest', arguments: '{}' } })),
      chunk({}, 'tool_calls'),
      TOLD,
      '[DONE]',
    );
    expect(composed(said)).toEqual(toMessage(whole, 'asked'));
  });

  test.each<[reason: string, stop: string]>([
    ['stop', 'end_turn'],
    ['length', 'max_tokens'],
    ['content_filter', 'refusal'],
    ['something new', 'end_turn'],
  ])('that ends with %s stopped with %s', (reason, stop) => {
    expect(composed(events(chunk({ content: 'a' }), chunk({}, reason)))['stop_reason']).toBe(stop);
    const whole = { choices: [{ message: { content: 'a' }, finish_reason: reason }] };
    expect(toMessage(whole, 'asked')?.['stop_reason']).toBe(stop);
  });

  test('with a call is one that waits for it, whatever the server says', () => {
    const called = chunk(piece(0, { id: 'a', function: { name: 'look', arguments: '{}' } }));
    expect(composed(events(called, chunk({}, 'stop')))['stop_reason']).toBe('tool_use');
    expect(composed(events(called, chunk({}, 'length')))['stop_reason']).toBe('max_tokens');
  });

  test('estimates what it said for servers that do not tell', () => {
    const { usage } = composed(events(chunk({ content: 'a word or two' }), chunk({}, 'stop'))) as {
      usage: { output_tokens: number };
    };
    expect(usage.output_tokens).toBeGreaterThan(0);
  });

  test('is not made to look finished when it broke off', () => {
    expect(events(chunk({ content: 'a' })).at(-1)?.type).toBe('content_block_delta');
  });

  test('that a broker ended with an error is one', () => {
    expect(events(chunk({ content: 'a' }, 'error')).at(-1)?.type).toBe('error');
  });

  test.each(['{"error":{"message":"x"}}', 'no JSON', '[1]'])('hands on what is no chunk: %s', (data) => {
    expect(new MessageEvents('asked').write(data)).toBe(`data: ${data}\n\n`);
  });
});

test.each([null, 7, {}, { choices: [] }, { choices: [7] }, { choices: [{ message: null }] }, { error: {} }])(
  'what is no completion: %j',
  (body) => {
    expect(toMessage(body, 'asked')).toBeNull();
  },
);

test('whatever a server says, blocks are opened and closed in turn, and the end comes once', () => {
  const text = fc.oneof(fc.string(), fc.constantFrom('', '{}'));
  const anything = fc.jsonValue({ maxDepth: 2 });
  const call = fc.record({ index: fc.nat(2), id: text, function: fc.record({ name: text, arguments: text }) });
  const delta = fc.record(
    {
      content: fc.oneof(text, anything),
      refusal: fc.oneof(text, anything),
      tool_calls: fc.oneof(fc.array(call, { maxLength: 2 }), anything),
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
      const opened = said.flatMap(({ type, index }) => (type === 'content_block_start' ? [index] : []));
      const closed = said.flatMap(({ type, index }) => (type === 'content_block_stop' ? [index] : []));
      expect(opened).toEqual(opened.map((_, at) => at));
      expect(closed).toEqual(opened);
      expect(said[0]?.type).toBe('message_start');
      expect(said.filter(({ type }) => type === 'message_stop')).toHaveLength(1);
    }),
    { numRuns: 500 },
  );
});
