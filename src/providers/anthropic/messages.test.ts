import { expect, test } from 'vitest';
import { ANYONE } from '../../engine/caller.ts';
import type { Call } from '../../engine/call.ts';
import { faultOf } from '../../engine/fault/index.ts';
import { CONTENT, FAULTY, NO_USAGE, type StreamReader, TERMINAL } from '../../engine/ports.ts';
import { messages } from './messages.ts';

const CALL = { id: 'call-1', caller: ANYONE, attempts: [], choices: 1, admission: null } as unknown as Call;

const TEXT = { type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'Grüß dich' } };
const START = {
  type: 'message_start',
  message: { usage: { input_tokens: 9, cache_read_input_tokens: 1, output_tokens: 1 } },
};
const ENDING = { type: 'message_delta', delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } };
const OVERLOADED = { type: 'error', error: { type: 'overloaded_error', message: 'Überlastet' } };

function read(reader: StreamReader, event: object | string): number {
  const bytes = Buffer.from(`data: ${typeof event === 'string' ? event : JSON.stringify(event)}\n\n`);
  return reader.read(bytes, 6, bytes.length - 2);
}

test.each<[what: string, event: object | string, seen: number]>([
  ['the opening', START, 0],
  ['a block of text', { type: 'content_block_start', index: 0, content_block: { type: 'text', text: '' } }, 0],
  ['a call', { type: 'content_block_start', index: 0, content_block: { type: 'tool_use', name: 'a' } }, CONTENT],
  ['a piece of text', TEXT, CONTENT],
  [
    'a piece of arguments',
    { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '{' } },
    CONTENT,
  ],
  ['no arguments yet', { type: 'content_block_delta', delta: { type: 'input_json_delta', partial_json: '' } }, 0],
  ['a thought', { type: 'content_block_delta', delta: { type: 'thinking_delta', thinking: 'Hm' } }, CONTENT],
  ['a seal', { type: 'content_block_delta', delta: { type: 'signature_delta', signature: 'x' } }, 0],
  ['a ping', { type: 'ping' }, 0],
  ['an event to come', { type: 'message_mood' }, 0],
  ['a stop reason', ENDING, TERMINAL],
  ['the end', { type: 'message_stop' }, TERMINAL],
  ['an error', OVERLOADED, FAULTY],
  ['an error of no kind', { error: { message: 'odd' } }, FAULTY],
  ['no JSON', 'oops', FAULTY],
])('%s', (_, event, seen) => {
  expect(read(messages.openStream(CALL), event)).toBe(seen);
});

test('a stream is complete with its last event, and tells what it used', () => {
  const reader = messages.openStream(CALL);
  for (const event of [START, TEXT]) read(reader, event);
  expect(reader.complete).toBe(false);
  // Eleven bytes of UTF-8: three tokens, roughly.
  expect(reader.sentTokens).toBe(3);
  read(reader, ENDING);
  expect(reader.complete).toBe(false);
  read(reader, { type: 'message_stop' });
  expect(reader.complete).toBe(true);
  expect(reader.usage).toEqual({
    ...NO_USAGE,
    inputTokens: 10,
    outputTokens: 4,
    cachedTokens: 1,
    cacheWriteTokens: null,
  });
  expect(reader.fault).toBeNull();
});

test('an error inside a stream is named, with its letters', () => {
  const reader = messages.openStream(CALL);
  read(reader, OVERLOADED);
  expect(reader.fault).toMatchObject({ kind: 'overloaded', message: 'Überlastet' });
});

test.each<[what: string, body: unknown, kind: string | null]>([
  ['an answer', { type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 2 } }, null],
  ['an error in a 200', OVERLOADED, 'overloaded'],
  ['something else', { type: 'message_batch' }, 'malformed-response'],
  ['no JSON', undefined, 'malformed-response'],
])('%s', (_, body, kind) => {
  const { fault, usage } = messages.readWhole(body);
  expect(fault?.kind ?? null).toBe(kind);
  expect(usage.outputTokens).toBe(kind === null ? 2 : null);
});

test.each([
  ['overloaded', 'overloaded_error'],
  ['rate-limit-tokens', 'rate_limit_error'],
  ['partial-response', 'api_error'],
  ['invalid-request', 'invalid_request_error'],
  ['gateway-timeout', 'timeout_error'],
] as const)('%s is told to callers of this wire as %s', (kind, type) => {
  const event = messages.failure(CALL, faultOf(kind, {}));
  expect(event.startsWith('event: error\ndata: {"type":"error",')).toBe(true);
  const data = JSON.parse(event.slice(event.indexOf('{'))) as object;
  expect(data).toMatchObject({
    error: { type, holdfast: { fault: kind, request_id: 'call-1' } },
    request_id: 'call-1',
  });
});
