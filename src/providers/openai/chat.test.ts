import { array, assert, constantFrom, integer, property, record } from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Call } from '../../engine/call.ts';
import type { StreamReader } from '../../engine/ports.ts';
import { chat } from './chat.ts';

const choice = {
  index: 0,
  message: { role: 'assistant', content: 'Hello "you"\n', refusal: null },
  finish_reason: 'stop',
};
const usage = { prompt_tokens: 9, completion_tokens: 12, total_tokens: 21 };
const whole = { id: 'chatcmpl-1', object: 'chat.completion', created: 1, model: 'm', choices: [choice], usage };
const details = {
  prompt_tokens_details: { cached_tokens: 4, audio_tokens: 0 },
  completion_tokens_details: { reasoning_tokens: 8 },
};

const glance = (answer: unknown, indent = 0) => chat.glance?.(Buffer.from(JSON.stringify(answer, null, indent)));

describe('a glance at a whole answer says what a parse of it says', () => {
  test.each([
    ['plain', whole],
    ['with details', { ...whole, usage: { ...usage, ...details } }],
    ['with details of nothing', { ...whole, usage: { ...usage, prompt_tokens_details: null } }],
    ['with tokens that are no count', { ...whole, usage: { prompt_tokens: -1, completion_tokens: 1.5 } }],
    ['with two choices', { ...whole, choices: [choice, choice] }],
    [
      'with a tool call',
      { ...whole, choices: [{ message: { tool_calls: [{ id: 'c', function: { arguments: '{}' } }] } }] },
    ],
  ])('%s', (_, answer) => {
    expect(glance(answer)).toEqual(chat.readWhole(answer));
    expect(glance(answer, 2)).toEqual(chat.readWhole(answer));
  });
});

describe('left to a parse', () => {
  test.each([
    ['another object', { ...whole, object: 'chat.completion.chunk' }],
    ['no object', { ...whole, object: undefined }],
    ['a type', { ...whole, type: 'message' }],
    ['an error beside the answer', { ...whole, error: null }],
    ['a choice that failed', { ...whole, choices: [{ ...choice, finish_reason: 'error' }] }],
    ['an error within a choice', { ...whole, choices: [{ ...choice, error: { code: 502 } }] }],
    ['no choices', { ...whole, choices: [] }],
    ['choices that are none', { ...whole, choices: {} }],
    ['choices without an object', { ...whole, choices: ['x'] }],
    ['no usage', { ...whole, usage: undefined }],
    ['usage that is none', { ...whole, usage: null }],
    ['an error', { error: { message: 'no', type: 'server_error' } }],
  ])('%s', (_, answer) => {
    expect(glance(answer)).toBeNull();
  });

  test('whatever is cut short', () => {
    const bytes = Buffer.from(JSON.stringify(whole));
    for (let length = 0; length < bytes.length; length += 1)
      expect(chat.glance?.(bytes.subarray(0, length))).toBeNull();
  });
});

/** An event's choice, as several servers write them. */
interface Choice {
  readonly index: number;
  readonly delta: object | null;
  readonly finish_reason?: string | null;
}

const reader = (choices: number): StreamReader => chat.openStream({ choices, admission: null } as unknown as Call);

/** What a reader says of a stream, event by event. @param rest is added to each event */
function readAll(stream: readonly (readonly Choice[])[], n: number, id: string, rest: () => object): unknown[] {
  const read = reader(n);
  return stream.map((choices) => {
    const event = { id, object: 'chat.completion.chunk', created: id.length, model: `m${id}`, choices, ...rest() };
    const bytes = Buffer.from(`data: ${JSON.stringify(event)}\n\n`);
    return [read.read(bytes, 6, bytes.length - 2), read.complete, read.sentTokens, read.fault, read.usage];
  });
}

describe('streams like those before are read as if each were the first', () => {
  const delta = constantFrom(
    {},
    { content: 'Hello' },
    { content: ' wörld, how are you doing today?' },
    { content: 'a "quoted" word' },
    { content: '' },
    { content: null },
    { role: 'assistant', content: '' },
    { role: 'assistant', content: 'Hi' },
    { content: 'x', refusal: 'no' },
    { reasoning_content: 'Hm' },
    { tool_calls: [{ index: 0, id: 'call_1', function: { name: 'f', arguments: '{"a":' } }] },
    null,
  );
  const reason = constantFrom(null, null, null, null, undefined, '', 'stop', 'length', 'error');
  const choices = array(record({ index: integer({ min: 0, max: 1 }), delta, finish_reason: reason }), {
    minLength: 0,
    maxLength: 2,
  });

  test('whatever they bring', () => {
    let unlike = 0;
    assert(
      property(array(choices, { maxLength: 12 }), integer({ min: 1, max: 2 }), (stream, n) => {
        const events = stream as readonly (readonly Choice[])[];
        readAll(events, n, 'chatcmpl-1', () => ({}));
        const known = readAll(events, n, 'chatcmpl-another', () => ({}));
        // With something in it that no event has had, each has to be parsed.
        const parsed = readAll(events, n, 'chatcmpl-another', () => ({ unlike: [(unlike += 1)] }));
        expect(known).toEqual(parsed);
      }),
      { numRuns: 500 },
    );
  });

  test('the usage behind them is told of each', () => {
    const stream = [[{ index: 0, delta: { content: 'Hi' }, finish_reason: null }], []];
    let input = 1;
    const told = (): object => ({ usage: { prompt_tokens: (input += 1), completion_tokens: 2 } });
    readAll(stream, 1, 'chatcmpl-1', () => ({}));
    expect(readAll(stream, 1, 'chatcmpl-2', told).at(-1)).toMatchObject([0, false, 1, null, { inputTokens: input }]);
  });

  test('an error in the shape of a piece fails its stream', () => {
    const piece = [{ index: 0, delta: { content: 'Hi' }, finish_reason: null }];
    readAll([piece, piece, piece], 1, 'chatcmpl-1', () => ({}));
    const [failed] = readAll([piece], 1, 'chatcmpl-2', () => ({ error: { message: 'no', code: 'server_error' } }));
    expect(failed).toMatchObject([expect.any(Number), false, 0, { kind: 'server-error' }, {}]);
  });
});
