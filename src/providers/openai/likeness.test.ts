import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Gap, Likeness } from './likeness.ts';

const CONTENT: Gap = { member: 'content', holds: 'text' };
const OTHERS: readonly Gap[] = [
  { member: 'obfuscation', holds: 'text' },
  { member: 'sequence_number', holds: 'number' },
];

/** An event as OpenAI writes it, with whatever stands between the content's quotes. */
const event = (content: string, rest = 'null', padding?: string): string =>
  `{"id":"chatcmpl-1","object":"chat.completion.chunk","choices":[{"index":0,"delta":{"content":"${content}"},` +
  `"logprobs":null,"finish_reason":${rest}}]${padding === undefined ? '' : `,"obfuscation":"${padding}"`}}`;

/** Length of the content of `text` by the likeness of `usual`; it stands amid other bytes, as in a chunk. */
function contentIn(usual: string, text: string): number {
  const bytes = Buffer.from(`data: ${text}\n\n`);
  return Likeness.of(latin1(usual), CONTENT, OTHERS)?.contentIn(bytes, 6, bytes.length - 2) ?? -1;
}

const latin1 = (text: string): string => Buffer.from(text).toString('latin1');

describe('an event like the one before', () => {
  test.each([
    ['another text', event('Hello'), event(' world'), 6],
    ['a text in other letters', event('a'), event('Größe 🌊'), Buffer.byteLength('Größe 🌊')],
    ['no text at all', event('a'), event(''), 0],
    ['padding of another length', event('a', 'null', 'xYz'), event('bc', 'null', 'k'), 2],
    ['a space behind the colon', '{"content": "a"}', '{"content": "bcd"}', 3],
    ['a number of another length', '{"sequence_number":9,"content":"a"}', '{"sequence_number":10,"content":"bc"}', 2],
    ['the number zero', '{"content":"a","sequence_number":7}', '{"content":"b","sequence_number":0}', 1],
  ])('%s', (_, usual, text, length) => {
    expect(contentIn(usual, text)).toBe(length);
  });

  test.each([
    ['a finish reason', event('a'), event('b', '"stop"')],
    ['an escaped quote', event('a'), event('say \\"hi\\"')],
    ['an escape', event('a'), event('line\\n')],
    ['a control character, which is no JSON', event('a'), event('b\u0001')],
    ['a text that never ends', event('a'), event('b').slice(0, -60)],
    ['a byte too few', event('a'), event('b').slice(0, -1)],
    ['a byte too many', event('a'), `${event('b')} `],
    ['more members', event('a'), event('b","refusal":"c')],
    ['an error beside it', event('a'), event('b').replace('{"id"', '{"error":{},"id"')],
    ['padding where there was none', event('a'), event('b', 'null', 'x')],
    ['no padding where there was some', event('a', 'null', 'x'), event('b')],
    ['the end of the stream', event('a'), '[DONE]'],
    ['a zero before its number', '{"sequence_number":9,"content":"a"}', '{"sequence_number":09,"content":"a"}'],
    ['no number', '{"sequence_number":9,"content":"a"}', '{"sequence_number":,"content":"a"}'],
    ['a fraction', '{"sequence_number":9,"content":"a"}', '{"sequence_number":1.5,"content":"a"}'],
  ])('not with %s', (_, usual, text) => {
    expect(contentIn(usual, text)).toBe(-1);
  });

  test.each([
    ['content in two places', '{"content":"a","logprobs":{"content":[]}}'],
    ['content that is no text', '{"content":null}'],
    ['no content', '{"delta":{}}'],
    ['escapes in the first text', event('a\\n')],
    ['a number that is none', '{"content":"a","sequence_number":null}'],
    ['padding in two places', '{"content":"a","obfuscation":"x","more":{"obfuscation":"y"}}'],
  ])('nothing is learnt from %s', (_, usual) => {
    expect(Likeness.of(usual, CONTENT, OTHERS)).toBeNull();
  });

  test('whatever is found alike is JSON that differs in its texts only', () => {
    const usual = event('usual', 'null', 'pad');
    const pieces = constantFrom('"', '\\', ',', ':', '}', '"content":"', '"error":1', '\n', 'a', 'ß', ' ');
    const texts = array(pieces, { maxLength: 6 }).map((list) => list.join(''));
    assert(
      property(texts, texts, texts, (content, rest, padding) => {
        const text = event(content, rest === '' ? 'null' : rest, padding);
        const length = contentIn(usual, text);
        if (length < 0) return;
        const expected = JSON.parse(usual) as { choices: [{ delta: object }]; obfuscation: string };
        expected.choices[0].delta = { content };
        expected.obfuscation = padding;
        expect(JSON.parse(text)).toEqual(expected);
        expect(length).toBe(Buffer.byteLength(content));
      }),
      { numRuns: 2_000 },
    );
  });
});
