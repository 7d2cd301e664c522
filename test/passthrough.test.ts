import { createHash, randomBytes } from 'node:crypto';
import {
  createServer,
  type IncomingMessage,
  request as httpRequest,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { toFile } from 'openai';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { CALLERS_KEY, type Door, openDoor, until } from './harness.ts';

const MIB = 1024 * 1024;
const AUTHORIZATION = { authorization: `Bearer ${CALLERS_KEY}` };

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

interface Sending {
  readonly body?: string | Uint8Array<ArrayBuffer>;
  readonly headers?: Readonly<Record<string, string>>;
}

describe('what the gateway does not read itself', () => {
  let simulator: Simulator;
  let door: Door;
  let below: string;
  beforeAll(async () => {
    simulator = await startSimulator();
    door = await openDoor('gateway', { ladder: [{ at: simulator }] });
    below = door.baseURL;
  });
  afterAll(async () => {
    await door.close();
    await simulator.close();
  });

  function send(method: string, path: string, { body, headers }: Sending = {}): Promise<Response> {
    const said = { method, headers: { ...AUTHORIZATION, ...headers } };
    return door.fetch(below + path, body === undefined ? said : { ...said, body });
  }

  test.each(['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])(
    'keeps the method and the query: %s',
    async (method) => {
      const response = await send(method, '/echo/there?limit=2&after=a%20b&tag=x&tag=y');
      expect(response.status).toBe(200);
      expect(await response.json()).toMatchObject({
        method,
        path: '/v1/echo/there',
        query: 'limit=2&after=a%20b&tag=x&tag=y',
        body: { bytes: 0 },
      });
      expect(response.headers.get('x-echo-method')).toBe(method);
    },
  );

  test('keeps a HEAD without a body', async () => {
    const response = await send('HEAD', '/echo');
    expect(response.status).toBe(200);
    expect(response.headers.get('x-echo-method')).toBe('HEAD');
    expect(await response.text()).toBe('');
  });

  test('keeps a status of 201 and one of 204', async () => {
    const created = await send('POST', '/vector_stores', {
      body: JSON.stringify({ name: 'kelp' }),
      headers: { 'content-type': 'application/json' },
    });
    expect(created.status).toBe(201);
    const { id } = (await created.json()) as { id: string };
    const deleted = await send('DELETE', `/vector_stores/${id}`);
    expect(deleted.status).toBe(204);
    expect(await deleted.text()).toBe('');
    await until(() => door.records.length === door.calls);
    expect(door.records.slice(-2)).toMatchObject([
      { operation: 'passthrough', method: 'POST', status: 201, outcome: 'answered' },
      { operation: 'passthrough', method: 'DELETE', status: 204, outcome: 'answered' },
    ]);
  });

  test('keeps headers, but for credentials and those of the connection', async () => {
    const response = await send('GET', '/echo', {
      headers: {
        'openai-beta': 'assistants=v2',
        'x-custom': 'kept',
        'x-stainless-retry-count': '0',
        'x-holdfast-debug': '1',
        cookie: 'a=b',
      },
    });
    const { headers } = (await response.json()) as { headers: Record<string, string> };
    expect(headers).toMatchObject({ 'openai-beta': 'assistants=v2', 'x-custom': 'kept' });
    expect(headers['authorization']).toBe('Bearer sk-target-0123456789');
    for (const name of ['cookie', 'x-stainless-retry-count', 'x-holdfast-debug'])
      expect(headers).not.toHaveProperty(name);
    expect(response.headers.get('x-request-id')).toMatch(/^hf-/);
    expect(response.headers.get('x-upstream-request-id')).toMatch(/^req_/);
    expect(response.headers.get('x-holdfast-target')).toBe('primary');
    expect(response.headers.get('x-holdfast-attempts')).toBe('1');
    expect(Number(response.headers.get('x-holdfast-overhead-ms'))).toBeGreaterThanOrEqual(0);
  });

  test.each([
    ['no bytes', Buffer.alloc(0), 'application/octet-stream'],
    ['every byte', Buffer.from(Array.from({ length: 256 }, (_, at) => at)), 'application/octet-stream'],
    ['much', randomBytes(3 * MIB), 'application/octet-stream'],
    ['JSON as it was written', Buffer.from('{ "n": 12345678901234567890, "a" : [1.0,\n2] }'), 'application/json'],
    ['what calls itself JSON and is none', Buffer.from([0xff, 0xfe, 0x00]), 'application/json'],
  ])('keeps a body of %s', async (_, body, type) => {
    const response = await send('POST', '/echo', { body, headers: { 'content-type': type } });
    expect(await response.json()).toMatchObject({ body: { bytes: body.length, sha256: sha256(body) } });
  });

  test('uploads, reads and deletes a file through the official SDK', async () => {
    const content = randomBytes(700_000);
    const file = await door.client.files.create({ file: await toFile(content, 'kelp.bin'), purpose: 'batch' });
    expect(file.filename).toBe('kelp.bin');
    const stored = Buffer.from(await (await door.client.files.content(file.id)).arrayBuffer());
    expect(stored.includes(content)).toBe(true);
    expect((await door.client.files.list()).data.map(({ id }) => id)).toContain(file.id);
    expect(await door.client.files.delete(file.id)).toMatchObject({ deleted: true });
  });

  test('brings back bytes that are no text', async () => {
    const speech = await door.client.audio.speech.create({ model: 'tts-1', voice: 'alloy', input: 'hold fast' });
    expect(speech.headers.get('content-type')).toBe('audio/mpeg');
    const bytes = Buffer.from(await speech.arrayBuffer());
    expect(sha256(bytes)).toBe(sha256(Buffer.from(Array.from({ length: 4096 }, (_, at) => at & 255))));
  });

  test('carries the other calls of the SDK', async () => {
    const { client } = door;
    expect((await client.moderations.create({ input: 'hi' })).results[0]?.flagged).toBe(false);
    expect((await client.images.generate({ prompt: 'a grey pixel' })).data?.[0]?.b64_json).toMatch(/^iVBOR/);
    expect(
      await client.batches.create({ completion_window: '24h', endpoint: '/v1/responses', input_file_id: 'f' }),
    ).toMatchObject({ status: 'validating' });
    const background = await client.responses.create({ model: 'gpt-4o', input: 'hi', background: true });
    expect((await client.responses.retrieve(background.id)).id).toBe(background.id);
    // A POST without a body, content type or length.
    expect((await client.responses.cancel(background.id)).id).toBe(background.id);
    expect((await client.models.retrieve('gpt-4o')).id).toBe('gpt-4o');
  });

  test("hands on a provider's refusal byte for byte, and knows what it means", async () => {
    const direct = await fetch(`${simulator.url}/v1/files/file-none`, { headers: AUTHORIZATION });
    const bytes = await direct.text();
    const { record, value } = await door.watch(() => send('GET', '/files/file-none'));
    expect(value?.status).toBe(404);
    expect(await value?.text()).toBe(bytes);
    expect(record).toMatchObject({ status: 404, outcome: 'failed', fault: { kind: 'not-found', party: 'caller' } });
  });

  test.each([
    ['/assets/../v1', 'there is nothing at /v1'],
    ['/chat/completions', 'there is nothing at /chat/completions'],
    ['/v2/models', 'there is nothing at /v2/models'],
    ['/v1/../admin', 'there is nothing at /admin'],
    ['/v1/%2e%2e/admin', 'there is nothing at /'],
  ])('answers what is not below /v1 itself: %s', async (path, message) => {
    const requests = simulator.stats.requests;
    const response = await fetch(new URL(below).origin + path, { headers: AUTHORIZATION });
    expect(response.status).toBe(404);
    const { error } = (await response.json()) as { error: { message: string; code: string } };
    expect(error.message).toContain(message);
    expect(error.message).toContain('End the base URL in /v1');
    expect(error.code).toBe('unknown_url');
    expect(simulator.stats.requests).toBe(requests);
  });
});

describe('bodies on their way', () => {
  let upstream: Server;
  let serve: (request: IncomingMessage, response: ServerResponse) => void;
  let door: Door;
  beforeEach(async () => {
    upstream = createServer((request, response) => serve(request, response));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
    door = await openDoor('gateway', { ladder: [{ at: { url } }] });
  });
  afterEach(async () => {
    upstream.closeAllConnections();
    upstream.close();
    await door.close();
  });

  test('an upload reaches the provider while it is still being sent', async () => {
    const total = 8 * MIB;
    const block = randomBytes(64 * 1024);
    let received = 0;
    const digest = createHash('sha256');
    serve = (request, response) => {
      request.on('data', (chunk: Buffer) => {
        received += chunk.length;
        digest.update(chunk);
      });
      request.on('end', () => response.writeHead(201, { 'content-type': 'application/json' }).end('{"id":"file-1"}'));
    };
    const sent = createHash('sha256');
    const upload = httpRequest(`${door.baseURL}/files`, {
      method: 'POST',
      headers: { ...AUTHORIZATION, 'content-type': 'multipart/form-data; boundary=x', 'content-length': total },
    });
    door.owe(1);
    const answered = new Promise<IncomingMessage>((resolve, reject) =>
      upload.on('response', resolve).on('error', reject),
    );
    for (let at = 0; at < total; at += block.length) {
      sent.update(block);
      upload.write(block);
      // The last half is kept until the provider has the first.
      if (at + block.length === total / 2)
        await until(
          () => received === total / 2,
          () => `${received} bytes arrived`,
        );
    }
    upload.end();
    const response = await answered;
    response.resume();
    expect(response.statusCode).toBe(201);
    expect(received).toBe(total);
    expect(digest.digest('hex')).toBe(sent.digest('hex'));
  });

  test('an upload waits for a provider that is slow to read', async () => {
    let unread: IncomingMessage | null = null;
    serve = (request) => {
      unread = request.pause();
    };
    const upload = httpRequest(`${door.baseURL}/files`, {
      method: 'POST',
      headers: { ...AUTHORIZATION, 'content-type': 'application/octet-stream', 'transfer-encoding': 'chunked' },
    });
    upload.on('error', () => undefined);
    door.owe(1);
    const block = Buffer.alloc(1 * MIB);
    let taken = 0;
    for (let blocks = 0; blocks < 64; blocks += 1) {
      if (upload.write(block)) taken += 1;
      else if (!(await drained(upload, 300))) break;
      else taken += 1;
    }
    // What sockets hold on the way, and not the 64 MiB that were to be sent.
    expect(taken).toBeLessThan(32);
    upload.destroy();
    // Who reads nothing learns nothing: the departure stands behind the bytes that are still on their way.
    (unread as IncomingMessage | null)?.resume();
    await until(() => door.records.length === 1);
    expect(door.records[0]).toMatchObject({ outcome: 'cancelled' });
  });

  test('a download reaches the caller while it is still arriving', async () => {
    let finish: () => void = () => undefined;
    serve = (_request, response) => {
      response.writeHead(200, { 'content-type': 'application/octet-stream' });
      response.write(Buffer.from([1, 2, 3]));
      finish = () => response.end(Buffer.from([4, 5]));
    };
    const response = await door.fetch(`${door.baseURL}/files/f/content`, { headers: AUTHORIZATION });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    expect((await reader.read()).value).toEqual(new Uint8Array([1, 2, 3]));
    expect(door.records).toHaveLength(0);
    finish();
    expect((await reader.read()).value).toEqual(new Uint8Array([4, 5]));
    expect((await reader.read()).done).toBe(true);
    await until(() => door.records.length === 1);
    expect(door.records[0]).toMatchObject({ outcome: 'answered', status: 200 });
  });

  test('a download that breaks off breaks off for the caller too', async () => {
    serve = (_request, response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write(Buffer.alloc(10));
      setTimeout(() => response.destroy(), 20);
    };
    const response = await door.fetch(`${door.baseURL}/files/f/content`, { headers: AUTHORIZATION });
    expect(response.headers.get('content-length')).toBe('1000');
    await expect(response.arrayBuffer()).rejects.toThrow('terminated');
    await until(() => door.records.length === 1);
    expect(door.records[0]).toMatchObject({ outcome: 'interrupted', fault: { kind: 'partial-response' } });
  });

  test('a compressed body stays compressed, its encoding told', async () => {
    const bytes = Buffer.from('1f8b0800000000000003abae0500b87f2a7a02000000', 'hex');
    serve = (_request, response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end(bytes);
    const raw = await rawGet(`${door.baseURL}/files/f/content`);
    door.owe(1);
    expect(raw.headers['content-encoding']).toBe('gzip');
    expect(raw.body.equals(bytes)).toBe(true);
  });
});

/** True when the request takes more within so many milliseconds. */
function drained(upload: ReturnType<typeof httpRequest>, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), withinMs);
    upload.once('drain', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}

function rawGet(url: string): Promise<{ headers: IncomingMessage['headers']; body: Buffer }> {
  return new Promise((resolve, reject) => {
    httpRequest(url, { headers: AUTHORIZATION }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve({ headers: response.headers, body: Buffer.concat(chunks) }));
    })
      .on('error', reject)
      .end();
  });
}
