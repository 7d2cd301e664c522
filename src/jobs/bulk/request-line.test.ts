import { expect, test } from 'vitest';
import { readLine } from './request-line.ts';

const GOOD = { custom_id: 'a', method: 'POST', url: '/v1/chat/completions', body: { model: 'gpt-4o', messages: [] } };

test('reads a request, and its body to the byte', () => {
  const text =
    '{"custom_id":"a","url":"/v1/embeddings","body":{"model":"e",  "seed":12345678901234567890,"input":"ü"}}';
  const line = readLine(text);
  expect(line).toMatchObject({ kind: 'request', request: { customId: 'a', path: '/embeddings', model: 'e' } });
  expect(line.kind === 'request' && line.request.body.toString()).toBe(
    '{"model":"e",  "seed":12345678901234567890,"input":"ü"}',
  );
});

test.each([
  ['{"custom_id":', /is no JSON/],
  ['[1]', /no JSON object/],
  [JSON.stringify({ ...GOOD, custom_id: 7 }), /custom_id/],
  [JSON.stringify({ ...GOOD, custom_id: '' }), /custom_id/],
  [JSON.stringify({ ...GOOD, method: 'GET' }), /method has to be POST/],
  [JSON.stringify({ ...GOOD, url: '/v1/images' }), /url has to be one of .*\/v1\/responses/],
  [JSON.stringify({ ...GOOD, body: 'text' }), /body has to be the request/],
  [JSON.stringify({ ...GOOD, body: { stream: true } }), /body\.stream has to be left out/],
  [JSON.stringify({ ...GOOD, body: { model: 5 } }), /body\.model/],
])('says what is wrong with %s', (text, problem) => {
  expect(readLine(text)).toEqual({ kind: 'wrong', problem: expect.stringMatching(problem) as string });
});
