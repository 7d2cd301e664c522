import { expect, test } from 'vitest';
import type { Headers } from '../../engine/call.ts';
import { chatTranslator, type TranslatorOptions } from './translator.ts';

const WALL = Date.UTC(2026, 10, 22, 12);
const JSON_HEAD = { 'content-type': 'application/json', 'content-length': '99', 'request-id': 'req_1' };
const EVENTS = { 'content-type': 'text/event-stream' };

/** A translator, and what it hands on. */
function translator(options: Partial<TranslatorOptions> = {}) {
  const heads: (readonly [status: number, headers: Headers])[] = [];
  const chunks: Buffer[] = [];
  const ends: string[] = [];
  const receiver = {
    onSent: () => void ends.push('sent'),
    onHead: (status: number, headers: Headers) => void heads.push([status, headers]),
    onData: (chunk: Buffer) => void chunks.push(chunk),
    onEnd: () => void ends.push('end'),
    onError: (error: unknown) => void ends.push(String(error)),
  };
  const made = chatTranslator(receiver, { stream: false, tellsUsage: false, wall: WALL, ...options });
  return { translator: made, heads, chunks, ends, text: () => Buffer.concat(chunks).toString('utf8') };
}

test('the head of an answer is told in words that callers know', () => {
  const { translator: made, heads } = translator();
  made.onHead(200, {
    ...JSON_HEAD,
    'anthropic-ratelimit-requests-limit': '50',
    'anthropic-ratelimit-requests-remaining': '49',
    'anthropic-ratelimit-requests-reset': '2026-11-22T12:00:01.500Z',
    'anthropic-ratelimit-tokens-limit': '80000',
    'anthropic-ratelimit-tokens-remaining': '79000',
    'anthropic-ratelimit-tokens-reset': '2026-11-22T11:59:00Z',
  });
  const { 'content-length': length, ...rest } = heads[0]?.[1] ?? {};
  expect(length).toBeUndefined();
  expect(rest).toMatchObject({
    'request-id': 'req_1',
    'x-request-id': 'req_1',
    'x-ratelimit-limit-requests': '50',
    'x-ratelimit-remaining-requests': '49',
    'x-ratelimit-reset-requests': '1500ms',
    'x-ratelimit-limit-tokens': '80000',
    'x-ratelimit-remaining-tokens': '79000',
  });
  // A time that has passed tells nothing.
  expect(rest).not.toHaveProperty('x-ratelimit-reset-tokens');
});

test('a refusal passes byte by byte', () => {
  const { translator: made, heads, text, ends } = translator({ stream: true });
  made.onSent();
  made.onHead(529, JSON_HEAD);
  made.onData(Buffer.from('{"type":"error",'));
  made.onData(Buffer.from('"error":{"type":"overloaded_error"}}'));
  made.onEnd();
  expect(heads[0]?.[1]['content-length']).toBe('99');
  expect(text()).toBe('{"type":"error","error":{"type":"overloaded_error"}}');
  expect(ends).toEqual(['sent', 'end']);
});

test('a whole answer is translated at its end, and gives signs of life until then', () => {
  const { translator: made, chunks, text } = translator();
  made.onHead(200, JSON_HEAD);
  made.onData(Buffer.from('{"type":"message","id":"msg_1","model":"m",'));
  made.onData(Buffer.from('"content":[{"type":"text","text":"hi"}],"stop_reason":"end_turn"}'));
  expect(chunks.map(({ length }) => length)).toEqual([0, 0]);
  made.onEnd();
  expect(JSON.parse(text())).toMatchObject({
    id: 'chatcmpl-msg_1',
    created: WALL / 1000,
    choices: [{ message: { content: 'hi' }, finish_reason: 'stop' }],
  });
});

test('a whole answer where a stream was asked for is one all the same', () => {
  const { translator: made, text } = translator({ stream: true });
  made.onHead(200, JSON_HEAD);
  made.onData(Buffer.from('{"type":"message","content":[{"type":"text","text":"hi"}],"stop_reason":"max_tokens"}'));
  made.onEnd();
  expect(JSON.parse(text())).toMatchObject({ choices: [{ message: { content: 'hi' }, finish_reason: 'length' }] });
});

test('what is no answer stays as it came', () => {
  const { translator: made, text } = translator();
  made.onHead(200, JSON_HEAD);
  made.onData(Buffer.from('<html>'));
  made.onEnd();
  expect(text()).toBe('<html>');
});

const HUGE = Buffer.alloc(33 * 1024 * 1024, 'x');

test('an answer without measure is not kept', () => {
  const { translator: made, chunks } = translator();
  made.onHead(200, JSON_HEAD);
  for (const chunk of [HUGE, HUGE, HUGE]) made.onData(chunk);
  // Compared by their identity: to look at every byte takes seconds.
  expect(chunks.map((chunk) => (chunk === HUGE ? 'huge' : chunk.length))).toEqual([0, 'huge', 'huge', 'huge']);
});

test('an event without end is told as one that cannot be read', () => {
  const { translator: made, text } = translator({ stream: true });
  made.onHead(200, EVENTS);
  made.onData(Buffer.from('event: ping\ndata: {"type":"ping"}\n\ndata: '));
  expect(text()).toBe(': ping\n\n');
  for (const chunk of [HUGE, HUGE]) made.onData(chunk);
  expect(text()).toBe(': ping\n\ndata: an event that never ends\n\n');
});

test('half an event at the end says nothing, a whole one without its blank line does', () => {
  const half = translator({ stream: true });
  half.translator.onHead(200, EVENTS);
  half.translator.onData(Buffer.from('data: {"type":"ping"}\n\ndata: {"type":"content_bl'));
  half.translator.onEnd();
  expect(half.text()).toBe(': ping\n\n');
  const whole = translator({ stream: true });
  whole.translator.onHead(200, EVENTS);
  whole.translator.onData(Buffer.from('data: {"type":"message_stop"}'));
  whole.translator.onEnd();
  expect(whole.text()).toBe('data: [DONE]\n\n');
});

test('lines that are no events, and errors of the wire, go through', () => {
  const { translator: made, text, ends } = translator({ stream: true });
  made.onHead(200, EVENTS);
  made.onData(Buffer.from('<html>\n\n'));
  made.onError(new Error('reset'));
  expect(text()).toBe('<html>\n');
  expect(ends).toEqual(['Error: reset']);
});

test('an error in the midst of a stream that is no event is one all the same', () => {
  const { translator: made, text } = translator({ stream: true });
  made.onHead(200, EVENTS);
  made.onData(Buffer.from('data: {"type":"ping"}\n\n'));
  made.onData(Buffer.from('{\n  "error": {\n'));
  expect(text()).toBe(': ping\n\n');
  made.onData(Buffer.from('    "code": 503\n  }\n}\n'));
  expect(text()).toBe(': ping\n\ndata: {"error":{"code":503}}\n\n');
  made.onEnd();
});

test('half of such an error is handed on as it came', () => {
  const { translator: made, text } = translator({ stream: true });
  made.onHead(200, EVENTS);
  made.onData(Buffer.from('[{"error":'));
  made.onEnd();
  expect(text()).toBe('[{"error":');
});
