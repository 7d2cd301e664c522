import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulator } from './simulator.ts';
import type { Simulator } from './simulator.ts';

let simulator: Simulator;

beforeAll(async () => {
  simulator = await startSimulator();
});

afterAll(() => simulator.close());

interface Sent {
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
}

function call(method: string, path: string, init: Sent = {}): Promise<Response> {
  const headers = { authorization: 'Bearer k', ...init.headers };
  return fetch(simulator.url + path, { method, ...init, headers });
}

test('an upload is counted and hashed whole, and read back', async () => {
  const content = Buffer.alloc(3_000_000, 'kelp');
  const form = new FormData();
  form.set('purpose', 'batch');
  form.set('file', new Blob([content]), 'big.jsonl');
  const upload = new Response(form);
  const bytes = Buffer.from(await upload.arrayBuffer());
  const headers = { 'content-type': upload.headers.get('content-type') ?? '' };
  const made = (await (await call('POST', '/v1/files', { body: bytes, headers })).json()) as Record<string, unknown>;
  expect(made).toMatchObject({
    object: 'file',
    filename: 'big.jsonl',
    bytes: bytes.byteLength,
    sha256: createHash('sha256').update(bytes).digest('hex'),
  });
  const back = Buffer.from(await (await call('GET', `/v1/files/${String(made['id'])}/content`)).arrayBuffer());
  expect(back.equals(bytes.subarray(0, back.byteLength))).toBe(true);
  expect(back.byteLength).toBeGreaterThan(1_000_000);
  expect((await call('DELETE', `/v1/files/${String(made['id'])}`)).status).toBe(200);
  expect((await call('GET', `/v1/files/${String(made['id'])}`)).status).toBe(404);
});

test.each([
  ['POST', '/v1/batches', 200, 'application/json'],
  ['POST', '/v1/images/generations', 200, 'application/json'],
  ['POST', '/v1/moderations', 200, 'application/json'],
  ['POST', '/v1/audio/speech', 200, 'audio/mpeg'],
  ['POST', '/v1/vector_stores', 201, 'application/json'],
  ['DELETE', '/v1/vector_stores/vs_1', 204, null],
  ['GET', '/v1/files', 200, 'application/json'],
  ['POST', '/v1/responses/resp_none/cancel', 404, 'application/json'],
] as const)('%s %s is a %d of %s', async (method, path, status, type) => {
  const answer = await call(method, path);
  expect(answer.status).toBe(status);
  expect(answer.headers.get('content-type')).toBe(type);
});

test('sound has every byte value', async () => {
  const sound = Buffer.from(await (await call('POST', '/v1/audio/speech')).arrayBuffer());
  expect(new Set(sound).size).toBe(256);
});

test('the echo says what arrived, and HEAD has the headers alone', async () => {
  const headers = { 'x-trace': 'a, b', 'content-type': 'application/octet-stream' };
  const echoed = await call('PUT', '/v1/echo/a%20b?x=1&x=2', { headers, body: Buffer.from([0, 255, 10]) });
  expect(await echoed.json()).toMatchObject({
    method: 'PUT',
    path: '/v1/echo/a%20b',
    query: 'x=1&x=2',
    headers: { 'x-trace': 'a, b' },
    body: {
      bytes: 3,
      sha256: createHash('sha256')
        .update(Buffer.from([0, 255, 10]))
        .digest('hex'),
    },
  });
  const head = await call('HEAD', '/v1/echo');
  expect(head.headers.get('x-echo-method')).toBe('HEAD');
  expect(await head.text()).toBe('');
});
