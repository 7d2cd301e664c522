import { describe, expect, test } from 'vitest';
import { operationOf, readRequest } from './request.ts';

const PADDING = { padding: 'x'.repeat(5_000), nested: { model: 'no', deep: ['}', '"model":"no"', { stream: true }] } };

function readUpTo(parsedUpTo: number) {
  return (operation: 'chat' | 'responses', body: object | string) =>
    readRequest(operation, '/x', Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)), parsedUpTo);
}

describe.each([
  ['parsed', Infinity, {}],
  ['glanced at', 0, {}],
  ['glanced at, and long', 0, PADDING],
])('a request that is %s', (_, parsedUpTo, padding) => {
  const read = readUpTo(parsedUpTo);

  test.each([
    [{ model: 'gpt-4o' }, { model: 'gpt-4o', stream: false, choices: 1 }],
    [
      { model: 'naïve-🌊', stream: true, n: 3 },
      { model: 'naïve-🌊', stream: true, choices: 3 },
    ],
    [
      { stream: 'true', n: 'many' },
      { model: null, stream: false, choices: 1 },
    ],
    [{ model: '' }, { model: null, stream: false, choices: 1 }],
    [{ model: 7 }, { model: null, stream: false, choices: 1 }],
  ])('%j', (body, expected) => {
    expect(read('chat', { ...padding, ...body })).toMatchObject({ reading: expected, problem: null });
    expect(read('chat', { ...body, ...padding })).toMatchObject({ reading: expected, problem: null });
  });

  test.each([
    [{ previous_response_id: 'resp_1' }, ['resp_1']],
    [{ conversation: { id: 'conv_1' } }, ['conv_1']],
    [{ conversation: 'conv_2', previous_response_id: 'resp_2' }, ['resp_2', 'conv_2']],
    [{ input: [{ type: 'reasoning', id: 'rs_1', encrypted_content: 'abc' }, { type: 'message' }] }, ['rs_1']],
    [{ input: [{ type: 'item_reference', id: 'msg_1' }] }, ['msg_1']],
    [{ input: 'hello' }, []],
  ])('pins of %j', (body, pins) => {
    expect(read('responses', { ...padding, ...body }).reading.pins).toEqual(pins);
  });

  test.each([
    '{"model":"a"',
    '{"model":"a"}}',
    '{"model":"a",}',
    '{model:1}',
    '[1]',
    '"text"',
    'null',
    '{"a":1 "b":2}',
  ])('what is no object is refused: %s', (body) => {
    const text = 'padding' in padding ? body.replace('{', `{"padding":"${padding.padding}",`) : body;
    expect(read('chat', text).problem).toMatchObject({ kind: 'invalid-request' });
  });

  test('of two members the last counts', () => {
    const text = JSON.stringify({ ...padding, model: 'first' }).replace(/\}$/, ',"model":"second"}');
    expect(read('chat', text).reading.model).toBe('second');
  });

  test('a name in escapes is the name that it means', () => {
    const text = JSON.stringify({ ...padding, model: 'first' }).replace(
      /\}$/,
      String.raw`,"mod\u0065l":"second","\u006e":3}`,
    );
    expect(read('chat', text).reading).toMatchObject({ model: 'second', choices: 3 });
  });

  test.each([
    ['0', 1],
    ['-3', 1],
    ['"4"', 1],
    ['2.5', 3],
    ['1e15', 1_000_000],
    ['1e400', 1_000_000],
  ])('a number of choices that can be reckoned with: %s', (n, choices) => {
    const text = JSON.stringify({ ...padding, model: 'm' }).replace(/\}$/, `,"n":${n}}`);
    expect(read('chat', text).reading.choices).toBe(choices);
  });
});

test.each([
  ['POST', '/chat/completions', 'chat'],
  ['POST', '/responses', 'responses'],
  ['GET', '/responses/resp_1', 'passthrough'],
  ['POST', '/responses/resp_1/cancel', 'passthrough'],
  ['POST', '/embeddings', 'embeddings'],
  ['GET', '/models', 'models'],
  ['GET', '/models/gpt-4o', 'models'],
  ['DELETE', '/models/ft:gpt-4o', 'passthrough'],
  ['POST', '/files', 'passthrough'],
])('%s %s is %s', (method, path, operation) => {
  expect(operationOf(method, path)).toBe(operation);
});
