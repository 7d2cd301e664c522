import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { listLimits, type ListQuestion } from './model-list.ts';

let server: Server;
let seen: string[] = [];
let answer: { readonly status: number; readonly body: string } = { status: 200, body: '' };

beforeAll(async () => {
  server = createServer(({ url, headers }, response) => {
    seen.push(`${url} ${headers.authorization ?? 'no key'}`);
    response.writeHead(answer.status, { location: 'http://127.0.0.1:1/' }).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());

const asked = (who: NonNullable<ListQuestion['server']>): ListQuestion => ({
  provider: 'openai-compatible',
  server: who,
  baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/v1`,
  deployment: null,
  apiVersion: null,
  headers: {},
});

test.each([
  ['vllm', null, { id: 'm', max_model_len: 4_096 }, '/v1/models no key'],
  ['openrouter', 'k', { id: 'm', context_length: 4_096 }, '/v1/models Bearer k'],
  ['lmstudio', null, { id: 'm', loaded_context_length: 4_096 }, '/api/v0/models no key'],
] as const)('%s is asked where it tells', async (who, key, row, request) => {
  seen = [];
  answer = { status: 200, body: JSON.stringify({ data: [row] }) };
  expect((await listLimits(asked(who), key)).get('m')).toMatchObject({ window: 4_096 });
  expect(seen).toEqual([request]);
});

test.each([
  ['an error', { status: 500, body: '{}' }, 'it answers 500'],
  ['no JSON', { status: 200, body: '<html>' }, 'what it answers is no JSON, or too much'],
  ['more than is read', { status: 200, body: `[${' '.repeat(5_000_000)}]` }, 'what it answers is no JSON, or too much'],
  ['a way elsewhere', { status: 302, body: '' }, 'fetch failed'],
])('%s is no list', async (_, said, message) => {
  answer = said;
  await expect(listLimits(asked('vllm'), 'sk-secret')).rejects.toThrow(message);
});
