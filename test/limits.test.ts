import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { ask } from './conversation.ts';
import { openGateway, until } from './harness.ts';

const SLOW_REQUEST_MS = 500;
const SLOW_READER_MS = 500;
const BODY_BYTES = 100_000;
const HEADER_BYTES = 8_192;

let simulator: Simulator;
let door: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  simulator = await startSimulator();
  door = await openGateway({
    server: {
      limits: {
        bodyBytes: BODY_BYTES,
        heldBytes: 2 * BODY_BYTES,
        headerBytes: HEADER_BYTES,
        slowRequest: SLOW_REQUEST_MS,
        slowReader: SLOW_READER_MS,
      },
    },
    targets: { one: { provider: 'openai-compatible', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } },
  });
});
afterAll(async () => {
  await door.close();
  await simulator.close();
});

interface Refusal {
  readonly status: number;
  readonly error: { readonly message: string; readonly holdfast: { readonly fault: string; readonly party: string } };
}

/** A connection on which a test may write whatever it likes. */
class Wire {
  readonly #socket: Socket;
  readonly #chunks: (Buffer | string)[] = [];
  closed = false;

  constructor(port: number) {
    this.#socket = connect(port, '127.0.0.1');
    this.#socket.on('data', (chunk) => this.#chunks.push(chunk));
    this.#socket.on('close', () => (this.closed = true)).on('error', () => undefined);
  }

  write(text: string | Buffer): void {
    this.#socket.write(text);
  }

  pause(): void {
    this.#socket.pause();
  }

  get received(): string {
    return this.#chunks.map(String).join('');
  }

  /** Waits for the connection to be closed on us, and reads what was said before. */
  async refusal(): Promise<Refusal> {
    await until(
      () => this.closed,
      () => `open, received ${JSON.stringify(this.received)}`,
    );
    const [, status = ''] = this.received.split(' ', 2);
    const body: unknown = JSON.parse(this.received.slice(this.received.indexOf('\r\n\r\n') + 4));
    return { ...(body as Omit<Refusal, 'status'>), status: Number(status) };
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

function post(length: number | string, more = '', path = '/v1/chat/completions'): string {
  return `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n${more}\r\n`;
}

describe('too much', () => {
  test('a body that announces itself too large is refused before it is sent', async () => {
    const wire = new Wire(door.port);
    wire.write(post(BODY_BYTES + 1));
    door.owe(1);
    const { status, error } = await wire.refusal();
    expect(status).toBe(413);
    expect(error.holdfast).toMatchObject({ fault: 'payload-too-large', party: 'caller' });
    expect(error.message).toContain('raise server.limits.bodyBytes');
  });

  test('a body that turns out too large is refused as soon as it is', async () => {
    const response = await door.fetch(`${door.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: new ReadableStream({
        pull: (controller) => controller.enqueue(new Uint8Array(16_384).fill(32)),
      }),
      duplex: 'half',
    } as RequestInit);
    expect(response.status).toBe(413);
    expect(await response.json()).toMatchObject({ error: { code: 'request_too_large' } });
  });

  test('the official SDK raises and does not try again', async () => {
    const before = door.calls;
    const { record, error } = await door.watch(() => ask(door.client, 'chat', { say: 'x'.repeat(BODY_BYTES) }));
    expect(error).toMatchObject({ status: 413 });
    expect(record).toMatchObject({
      status: 413,
      outcome: 'failed',
      attempts: [],
      fault: { kind: 'payload-too-large' },
    });
    expect(door.calls - before).toBe(1);
  });

  test('a body just within the limit goes through', async () => {
    const say = 'x'.repeat(BODY_BYTES - 200);
    await expect(ask(door.client, 'chat', { say })).resolves.toMatchObject({ text: say });
  });

  // Requests about jobs leave no record.
  test.each([
    ['/v1/chat/completions', 1],
    ['/v1/jobs', 0],
  ])('bodies to %s that are too many together, until there is room again', async (path, recorded) => {
    const nearly = 0.95 * BODY_BYTES;
    const slow = [new Wire(door.port), new Wire(door.port)];
    for (const wire of slow) wire.write(post(BODY_BYTES, '', path) + 'x'.repeat(nearly));
    const small = await ask(door.client, 'chat', { say: 'small' });
    expect(small).toMatchObject({ text: 'small' });

    const third = new Wire(door.port);
    third.write(post(BODY_BYTES, '', path) + 'x'.repeat(nearly));
    door.owe(recorded);
    const { status, error } = await third.refusal();
    expect(status).toBe(503);
    expect(third.received).toMatch(/retry-after: 2\r/i);
    expect(error.holdfast).toMatchObject({ fault: 'shed' });
    expect(error.message).toContain('raise server.limits.heldBytes');

    for (const wire of slow) wire.destroy();
    const say = 'y'.repeat(0.9 * BODY_BYTES);
    await sleep(100);
    for (let again = 0; again < 4; again += 1) await expect(ask(door.client, 'chat', { say })).resolves.toBeDefined();
  });

  test('too many headers', async () => {
    const wire = new Wire(door.port);
    wire.write(`GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nx-large: ${'x'.repeat(HEADER_BYTES)}\r\n\r\n`);
    const { status, error } = await wire.refusal();
    expect(status).toBe(431);
    expect(error.holdfast).toMatchObject({ fault: 'headers-too-large', party: 'caller' });
    expect(error.message).toContain('8 KiB');
  });
});

describe('too slow', () => {
  test('a head that does not come to its end', async () => {
    const wire = new Wire(door.port);
    wire.write('GET /v1/models HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow');
    const { status, error } = await wire.refusal();
    expect(status).toBe(408);
    expect(error.holdfast).toMatchObject({ fault: 'slow-caller', party: 'caller' });
  });

  test('a body that stops', async () => {
    const wire = new Wire(door.port);
    wire.write(`${post(100)}{"model":`);
    door.owe(1);
    const { status, error } = await wire.refusal();
    expect(status).toBe(408);
    expect(error.holdfast).toMatchObject({ fault: 'slow-caller', party: 'caller' });
  });

  test('a body that takes its time but keeps coming is no slow one', async () => {
    const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say: patience' }] });
    const wire = new Wire(door.port);
    wire.write(post(body.length, 'connection: close\r\n'));
    door.owe(1);
    const third = Math.ceil(body.length / 3);
    for (let at = 0; at < body.length; at += third) {
      await new Promise((resolve) => setTimeout(resolve, SLOW_REQUEST_MS / 2.5));
      wire.write(body.slice(at, at + third));
    }
    await until(() => wire.closed);
    expect(wire.received).toContain('HTTP/1.1 200');
    expect(wire.received).toContain('patience');
  });

  test('a reader that stops reading lets the provider go', async () => {
    const { aborted } = simulator.stats;
    // Some 15 MB: more than all the sockets on the way can hold.
    const messages = [{ role: 'user', content: 'Write 60000 tokens' }];
    const body = JSON.stringify({ model: 'gpt-5', stream: true, messages });
    const wire = new Wire(door.port);
    wire.pause();
    wire.write(post(body.length) + body);
    door.owe(1);
    await until(() => simulator.stats.aborted > aborted);
    await until(() => door.records.length === door.calls);
    expect(door.records.at(-1)).toMatchObject({ outcome: 'cancelled', stream: true });
    wire.destroy();
  });

  test('a reader that is slow and goes on gets all of it', async () => {
    const response = await door.fetch(`${door.baseURL}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-4o@huge-chunk:8000000',
        stream: true,
        messages: [{ role: 'user', content: 'Say: all' }],
      }),
    });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    let bytes = 0;
    let tail = '';
    for (let reads = 0; ; reads += 1) {
      const { done, value } = await reader.read();
      if (done) break;
      bytes += value.length;
      tail = (tail + Buffer.from(value).toString('latin1')).slice(-200);
      if (reads % 32 === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    }
    expect(bytes).toBeGreaterThan(8_000_000);
    expect(tail).toContain('data: [DONE]');
  });
});

describe('not understood', () => {
  async function sendText(
    body: string,
  ): Promise<{ status: number; error: { message: string; holdfast: { fault: string } } }> {
    const headers = { 'content-type': 'application/json' };
    const response = await door.fetch(`${door.baseURL}/chat/completions`, { method: 'POST', headers, body });
    return { status: response.status, ...((await response.json()) as { error: Refusal['error'] }) };
  }

  test.each([
    ['a missing comma', '{"model": "gpt-4o" "messages": []}', /a comma or } is missing .*line 1, column 20/],
    ['half of it', '{"model": "gpt-4o", "mess', /ends before the JSON does .*line 1, column 26/],
    ['no JSON', 'model=gpt-4o', /it is a URL-encoded form/],
    ['no object', '["gpt-4o"]', /it is a list, and an object is needed/],
    ['nested without an end', `{"x":${'[1,'.repeat(20_000)}1`, /nested more than 1000 levels deep/],
    ['nothing', '', /has no body/],
  ])('%s: told where, and costs no attempt', async (_, body, message) => {
    const requests = simulator.stats.requests;
    const { status, error } = await sendText(body);
    expect(status).toBe(400);
    expect(error.message).toMatch(message);
    expect(error.holdfast.fault).toBe('invalid-request');
    expect(simulator.stats.requests).toBe(requests);
  });

  test('bytes that are no HTTP', async () => {
    const wire = new Wire(door.port);
    wire.write('hold fast\r\n\r\n');
    const { status, error } = await wire.refusal();
    expect(status).toBe(400);
    expect(error.message).toContain('no HTTP request');
  });

  test('a page of another site', async () => {
    const response = await fetch(`${door.baseURL}/models`, { headers: { origin: 'https://example.com' } });
    expect(response.status).toBe(403);
    expect(await response.json()).toMatchObject({ error: { holdfast: { fault: 'permission', party: 'caller' } } });
  });
});

test('it lives on', async () => {
  const { status } = await fetch(door.baseURL.replace('/v1', '/healthz'));
  expect(status).toBe(200);
  const ready: unknown = await (await fetch(door.baseURL.replace('/v1', '/readyz'))).json();
  expect(ready).toMatchObject({ status: 'ready', running: 0, targets: { one: 'closed' } });
  await expect(ask(door.client, 'chat', { say: 'hold fast' })).resolves.toMatchObject({ text: 'hold fast' });
  expect(door.records).toHaveLength(door.calls);
});
