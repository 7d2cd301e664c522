import { encode } from 'gpt-tokenizer/encoding/o200k_base';
import { describe, expect, test } from 'vitest';
import { callAt } from '../../engine/scripted.test-support.ts';
import type { Call, Operation } from '../../engine/call.ts';
import type { Demand } from '../../engine/admission/demand.ts';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import { demands } from './demand.ts';
import { readRequest } from './request.ts';
import { estimateTokens, sampleTokens } from './token-estimate.ts';

const clock = new VirtualClock();

/** Reads a request as the doors hand it on: small ones parsed as Latin-1, large ones not at all. */
function read(body: object, operation: Operation = 'chat'): Demand {
  const bytes = Buffer.from(JSON.stringify(body));
  const { parsed } = readRequest(operation, '/', bytes);
  return demands.read(callAt(clock, { operation, body: bytes, parsed }));
}

const PROSE =
  'When the wind had gone round to the north, the fishermen hauled their boats above the line of weed and waited. ' +
  'Nobody spoke of the harbour master, who had promised them a lamp for the outer mole and had forgotten it again. ';
const SAMPLES: Readonly<Record<string, string>> = {
  prose: PROSE.repeat(4),
  question: 'Hi! Could you tell me, in two sentences, why the sky is blue?',
  code: 'export function area({ width, height }: Shape): number {\n  return width * height; // in m²\n}\n'.repeat(12),
  json: JSON.stringify(
    Array.from({ length: 30 }, (_, id) => ({ id, name: `item-${id}`, price: id * 1.25, tags: ['a', 'b'] })),
  ),
  log: '2026-05-14T12:03:44.120Z WARN pool-3 upstream timed out after 5003 ms (attempt 2 of 3)\n'.repeat(12),
  german:
    'Die Zuverlässigkeit unserer Schiffsverbindungen wird regelmäßig überprüft und ausführlich dokumentiert. '.repeat(
      6,
    ),
  french: "L'été dernier, le phare n'était plus allumé ; les pêcheurs l'ont signalé à plusieurs reprises. ".repeat(6),
  russian: 'Рыбаки вытащили лодки на берег и ждали, пока не стихнет северный ветер. '.repeat(6),
  chinese: '渔民们把船拖到岸上，等待北风停下来。没有人提起港务长答应过的那盏灯。'.repeat(6),
  japanese: '漁師たちは船を浜に引き上げ、北風がやむのを待っていた。'.repeat(6),
  arabic: 'سحب الصيادون قواربهم إلى الشاطئ وانتظروا حتى تهدأ الرياح الشمالية. '.repeat(6),
  numbers: Array.from({ length: 200 }, (_, index) => index * 7919).join(' '),
  hex: Array.from({ length: 60 }, (_, index) => (index * 2_654_435_761).toString(16)).join(''),
};

describe('the estimate of a text', () => {
  test.each(Object.entries(SAMPLES))('is on the high side, and not by half: %s', (_, text) => {
    const tokens = encode(text).length;
    const latin1 = Buffer.from(text).toString('latin1');
    for (const estimate of [estimateTokens(text), estimateTokens(latin1), sampleTokens(text), sampleTokens(latin1)]) {
      expect(estimate / tokens).toBeGreaterThan(0.97);
      expect(estimate / tokens).toBeLessThan(1.75);
    }
  });

  test('takes no longer for a text of any length', () => {
    const [short, long] = [PROSE.repeat(50), PROSE.repeat(5_000)];
    expect(sampleTokens(long) / sampleTokens(short) / 100).toBeCloseTo(1, 0);
    const begun = performance.now();
    for (let index = 0; index < 1_000; index += 1) sampleTokens(long);
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test('is never less than a token for four characters', () => {
    expect(estimateTokens('a'.repeat(400))).toBeGreaterThanOrEqual(100);
  });
});

describe('a request', () => {
  const messages = [
    { role: 'system', content: 'Answer briefly.' },
    { role: 'user', content: SAMPLES['question'] },
  ];
  const text = (facts: object): number => read(facts).promptTokens;

  test('has the tokens of its messages, and a few for each', () => {
    const counted = messages.reduce((sum, { content }) => sum + 4 + encode(content ?? '').length, 3);
    expect(text({ model: 'm', messages })).toBeGreaterThanOrEqual(counted);
    expect(text({ model: 'm', messages })).toBeLessThanOrEqual(counted * 1.3 + 4);
  });

  test('has those of its tools and of the form it wants', () => {
    const tool = { type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } };
    const bare = text({ messages });
    expect(text({ messages, tools: [tool] })).toBeGreaterThan(bare + 15);
    expect(text({ messages, response_format: { type: 'json_object' } })).toBeGreaterThan(bare);
  });

  test('reads a long conversation from samples, nearly as well', () => {
    const long = Array.from({ length: 120 }, (_, index) => ({
      role: index % 2 ? 'assistant' : 'user',
      content: PROSE,
    }));
    const counted = long.length * (4 + encode(PROSE).length);
    const estimate = text({ model: 'm', messages: long });
    expect(estimate / counted).toBeGreaterThan(1);
    expect(estimate / counted).toBeLessThan(1.6);
  });

  test.each([200, 400_000])('does not take a picture of %d bytes for text', (bytes) => {
    const url = `data:image/png;base64,${'iVBORw0KGgo/8mXq'.repeat(bytes / 16)}`;
    const content = [
      { type: 'text', text: 'What is this?' },
      { type: 'image_url', image_url: { url } },
      { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
    ];
    const tokens = text({ messages: [{ role: 'user', content }] });
    expect(tokens).toBeGreaterThan(2 * 1_000);
    expect(tokens).toBeLessThan(2 * 2_000);
    const input = [{ role: 'user', content: [{ type: 'input_image', image_url: url }] }];
    const responses = read({ input }, 'responses').promptTokens;
    expect(responses).toBeGreaterThan(1_000);
    expect(responses).toBeLessThan(2_000);
  });

  test('counts an embedding’s texts, and token arrays one by one', () => {
    const numbers = read({ input: [[1, 2, 3], [40_000]] }, 'embeddings');
    expect(numbers).toMatchObject({ generates: false, promptMember: 'input', outputTokens: null });
    expect(numbers.promptTokens).toBe(4 + 4);
    expect(read({ input: ['one', 'two'] }, 'embeddings').promptTokens).toBeLessThan(12);
  });

  test.each<[string, object, Operation, number | null, string | null]>([
    ['nothing', {}, 'chat', null, null],
    ['null', { max_tokens: null }, 'chat', null, null],
    ['the old word', { max_tokens: 5 }, 'chat', 5, 'max_tokens'],
    ['the new word', { max_completion_tokens: 6 }, 'chat', 6, 'max_completion_tokens'],
    ['both, of which the larger binds us', { max_tokens: 9, max_completion_tokens: 6 }, 'chat', 9, 'max_tokens'],
    ['that of responses', { max_output_tokens: 16 }, 'responses', 16, 'max_output_tokens'],
    ['what is no number', { max_tokens: 'many' }, 'chat', null, null],
    ['what is beyond all numbers', { max_tokens: Number.MAX_VALUE }, 'chat', 1e12, 'max_tokens'],
    ['the word of responses in a chat', { max_output_tokens: 1 }, 'chat', null, null],
    ['the words of chat in responses', { max_tokens: 1, max_completion_tokens: 1 }, 'responses', null, null],
  ])('states how long the answer may be: %s', (_, facts, operation, outputTokens, outputMember) => {
    expect(read({ messages, input: 'x', ...facts }, operation)).toMatchObject({ outputTokens, outputMember });
    const large = { ...facts, messages: [{ role: 'user', content: PROSE.repeat(40) }] };
    expect(read(large, operation)).toMatchObject({ outputTokens, outputMember });
  });

  test.each<[object, Operation, boolean]>([
    [{ input: 'x' }, 'responses', false],
    [{ input: 'x', background: false }, 'responses', false],
    [{ input: 'x', background: 'true' }, 'responses', false],
    [{ input: 'x', background: true }, 'responses', true],
    [{ input: PROSE.repeat(40), background: 'true' }, 'responses', false],
    [{ input: PROSE.repeat(40), background: true }, 'responses', true],
    [{ messages, background: true }, 'chat', false],
  ])('may be answered in the background: %j', (body, operation, unattended) => {
    expect(read(body, operation).unattended).toBe(unattended);
  });

  test.each([
    [{ input: 'x' }, false],
    [{ input: 'x', previous_response_id: null }, false],
    [{ input: 'x', previous_response_id: 'resp_1' }, true],
    [{ input: PROSE.repeat(40), conversation: { id: 'conv_1' } }, true],
  ])('may go on from what the provider keeps: %j', (body, continues) => {
    expect(read(body, 'responses').continues).toBe(continues);
  });

  test.each<[Operation, Call['body']]>([
    ['models', null],
    ['passthrough', Buffer.from('{"model":"m"}')],
    ['chat', Buffer.from('{"messages":[')],
  ])('of which nothing is known takes nothing: %s', (operation, body) => {
    expect(demands.read(callAt(clock, { operation, body, parsed: null })).promptTokens).toBe(0);
  });
});

test.each<[string, string, boolean]>([
  ['POST', '/images/generations', true],
  ['POST', '/completions', true],
  ['POST', '/audio/speech?x=1', true],
  ['POST', '/batches', true],
  ['POST', '/whatever/comes/next', true],
  ['POST', '/filesystem', true],
  ['GET', '/images/generations', false],
  ['DELETE', '/files/file-1', false],
  ['POST', '/files', false],
  ['POST', '/uploads/upload-1/parts', false],
  ['POST', '/responses/resp_1/cancel', false],
  ['POST', '/batches/batch_1/cancel', false],
])('%s %s costs money that nobody reads: %s', (method, path, costsUnread) => {
  const facts = { operation: 'passthrough', method, path, body: Buffer.from('{"model":"m"}') } as const;
  expect(demands.read(callAt(clock, facts)).costsUnread).toBe(costsUnread);
});

describe('a cap', () => {
  const capped = (operation: Operation, body: string): string =>
    Buffer.from(demands.cap(callAt(clock, { operation, body: Buffer.from(body) }), 64)).toString();

  test.each<[Operation, string, string]>([
    [
      'chat',
      '{"model":"m","seed":12345678901234567890}',
      '{"max_completion_tokens":64,"model":"m","seed":12345678901234567890}',
    ],
    ['chat', '{"max_completion_tokens": null}', '{"max_completion_tokens": 64}'],
    ['responses', '{"input":"x"}', '{"max_output_tokens":64,"input":"x"}'],
  ])('is written into the bytes, and nothing else is touched: %s %s', (operation, body, written) => {
    expect(capped(operation, body)).toBe(written);
  });
});

describe('the usage of a stream', () => {
  const hides = (facts: object): boolean => {
    const body = Buffer.from(JSON.stringify({ messages: [], ...facts }));
    return demands.read(callAt(clock, { body, ...readRequest('chat', '/', body).reading })).hidesUsage;
  };
  const long = { messages: [{ role: 'user', content: PROSE.repeat(40) }], stream: true };

  test.each<[object, boolean]>([
    [{ stream: true }, true],
    [{ stream: true, stream_options: null }, true],
    [{ stream: true, stream_options: { include_usage: false } }, true],
    [{ stream: true, stream_options: { include_usage: true } }, false],
    [{}, false],
    [long, true],
    [{ ...long, stream_options: { include_usage: true } }, false],
  ])('is hidden unless it is asked for: %j', (facts, hidden) => {
    expect(hides(facts)).toBe(hidden);
  });

  test.each([
    ['{"stream":true}', '{"stream_options":{"include_usage":true},"stream":true}'],
    ['{"stream_options":null}', '{"stream_options":{"include_usage":true}}'],
    [
      '{"stream_options": {"include_obfuscation":false}}',
      '{"stream_options": {"include_obfuscation":false,"include_usage":true}}',
    ],
  ])('is asked for in %s', (body, written) => {
    const call = callAt(clock, { body: Buffer.from(body), stream: true });
    expect(Buffer.from(demands.askUsage(call)).toString()).toBe(written);
  });
});

test.each([
  ['gpt-4o', 16_384],
  ['gpt-5-2025-08-07', 128_000],
  ['house-7', null],
  [null, null],
])('%s gives at most %s tokens', (model, most) => {
  expect(demands.mostOutput(model)).toBe(most);
});
