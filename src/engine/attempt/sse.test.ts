import { describe, expect, test } from 'vitest';
import { SseScanner } from './sse.ts';

function scan(chunks: readonly string[] | readonly Buffer[], stopAt?: string, unwanted: readonly string[] = []) {
  const events: string[] = [];
  const strays: string[] = [];
  const scanner = new SseScanner(
    {
      onEvent(bytes, start, end) {
        const data = bytes.toString('utf8', start, end);
        events.push(data);
        return data !== stopAt;
      },
      get unwanted() {
        return unwanted.includes(events.at(-1) ?? '');
      },
      onStray: (line) => (strays.push(line.toString('utf8')), false),
    },
    1024,
  );
  let given = '';
  for (const chunk of chunks) given += scanner.push(Buffer.from(chunk as string))?.toString('utf8') ?? '';
  return { events, strays, given, scanner };
}

const STREAM =
  ': ping\n\ndata: {"a":"naïve 🌊"}\n\nevent: x\ndata:two\ndata: lines\n\nid: 1\r\ndata: crlf\r\n\r\ndata\n\ndata: [DONE]\n\n';
const EVENTS = ['{"a":"naïve 🌊"}', 'two\nlines', 'crlf', '', '[DONE]'];

describe('reading events', () => {
  test.each([1, 2, 3, 7, 64, 10_000])('cut into pieces of %i bytes', (size) => {
    const bytes = Buffer.from(STREAM);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    const { events, given } = scan(pieces);
    expect(events).toEqual(EVENTS);
    expect(given).toBe(STREAM);
  });

  test.each([1, 5, 64, 10_000])('events that nobody wants are left out, cut into pieces of %i bytes', (size) => {
    const bytes = Buffer.from(STREAM);
    const pieces: Buffer[] = [];
    for (let at = 0; at < bytes.length; at += size) pieces.push(bytes.subarray(at, at + size));
    const { events, given } = scan(pieces, undefined, ['two\nlines', 'crlf']);
    expect(events).toEqual(EVENTS);
    expect(given).toBe(': ping\n\ndata: {"a":"naïve 🌊"}\n\ndata\n\ndata: [DONE]\n\n');
    expect(scan(['data: 1\n\n'], undefined, ['1']).given).toBe('');
  });

  test('a whole chunk goes on without a copy', () => {
    const chunk = Buffer.from('data: 1\n\ndata: 2\n\n');
    const scanner = new SseScanner({ onEvent: () => true, onStray: () => true, unwanted: false }, 1024);
    expect(scanner.push(chunk)).toBe(chunk);
  });

  test('half an event is never handed on', () => {
    const { given, scanner } = scan(['data: 1\n\nda', 'ta: {"x"', ':1}\n']);
    expect(given).toBe('data: 1\n\n');
    expect(scanner.carriedBytes).toBe('data: {"x":1}\n'.length);
    expect(scanner.finish()?.toString()).toBe('data: {"x":1}\n\n\n');
  });

  test('stops before the event that the visitor refuses', () => {
    const { events, given } = scan(['data: 1\n\ndata: bad\n\ndata: 3\n\n'], 'bad');
    expect(events).toEqual(['1', 'bad']);
    expect(given).toBe('data: 1\n\n');
  });

  test.each(['{"error":{"message":"no"}}\n', '<html>\n', '[{"error":1}]\n'])('%j is no event', (body) => {
    expect(scan([body]).strays).toHaveLength(1);
  });

  test('an event that never ends is noticed', () => {
    const { scanner } = scan(['data: ', 'x'.repeat(600), 'x'.repeat(600)]);
    expect(scanner.overflowed).toBe(true);
  });
});
