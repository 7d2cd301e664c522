import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Sending } from './connection.ts';
import { Connections, type Outbound } from './connections.ts';

let server: Server;
let connections: Connections;
/** Sockets that the server has accepted, in order. */
let sockets: Socket[] = [];
/** Replies that are held back. */
let held: ServerResponse[] = [];
let answer: (request: IncomingMessage, response: ServerResponse) => void;

beforeEach(async () => {
  sockets = [];
  held = [];
  answer = (_request, response) => response.end('ok');
  server = createServer({ keepAlive: true }, (request, response) => answer(request, response));
  server.on('connection', (socket) => sockets.push(socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  connections = new Connections(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
afterEach(async () => {
  await connections.destroy();
  server.closeAllConnections();
  server.close();
});

class Asked implements Sending {
  readonly ended: Promise<Error | null>;
  over = false;
  #end: (error: Error | null) => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  onRequestStart(): void {
    // Nothing is noted of it.
  }

  onResponseStart(): void {
    // Nothing is noted of it.
  }

  onResponseData(): void {
    // Nothing is noted of it.
  }

  onResponseEnd(): void {
    this.over = true;
    this.#end(null);
  }

  onResponseError(_controller: unknown, error: Error): void {
    this.over = true;
    this.#end(error);
  }
}

function ask(more: Partial<Outbound> = {}): Asked {
  const asked = new Asked();
  connections.dispatch({ path: '/', method: 'POST', headers: [], body: Buffer.from('x'), ...more }, asked);
  return asked;
}

describe('the connections to an origin', () => {
  test('one serves all requests that come one after the other', async () => {
    for (let count = 0; count < 5; count += 1) {
      expect(await ask().ended).toBeNull();
    }
    expect(sockets).toHaveLength(1);
    expect(connections.size).toBe(1);
  });

  test('each request under way has its own, and the one used last is used next', async () => {
    answer = (_request, response) => held.push(response);
    const asked = [ask(), ask(), ask()];
    await expect.poll(() => held.length).toBe(3);
    expect(sockets).toHaveLength(3);
    for (const [index, response] of held.entries()) {
      response.end('ok');
      expect(await asked[index]?.ended).toBeNull();
    }
    answer = (_request, response) => response.end('ok');
    let socket: Socket | undefined;
    server.once('request', (request: IncomingMessage) => (socket = request.socket));
    await ask().ended;
    expect(socket).toBe(held[2]?.req.socket);
    expect(sockets).toHaveLength(3);
  });

  test('a request that cannot be sent takes no connection away', async () => {
    for (let count = 0; count < 5; count += 1) {
      expect(await ask().ended).toBeNull();
      expect(() => ask({ headers: ['x-broken', 'a\nb'] })).toThrow('x-broken');
      expect(connections.size).toBe(1);
    }
    expect(sockets).toHaveLength(1);
  });

  test('one that the server closes with its answer is replaced', async () => {
    answer = (_request, response) => response.setHeader('connection', 'close').end('ok');
    for (let count = 0; count < 3; count += 1) {
      expect(await ask().ended).toBeNull();
    }
    expect(sockets).toHaveLength(3);
    await expect.poll(() => connections.size).toBe(0);
  });

  test('those that are closed while idle are forgotten, and the next request has a new one', async () => {
    answer = (_request, response) => held.push(response);
    const asked = [ask(), ask(), ask()];
    await expect.poll(() => held.length).toBe(3);
    for (const response of held) response.end('ok');
    for (const one of asked) expect(await one.ended).toBeNull();
    expect(connections.size).toBe(3);
    server.closeIdleConnections();
    await expect.poll(() => connections.size).toBe(0);
    answer = (_request, response) => response.end('ok');
    expect(await ask().ended).toBeNull();
    expect(connections.size).toBe(1);
  });

  test('one that breaks under a request fails that request only, and none is lost for it', async () => {
    answer = (_request, response) => held.push(response);
    const [broken, whole] = [ask(), ask()];
    await expect.poll(() => held.length).toBe(2);
    held[0]?.req.socket.destroy();
    held[1]?.end('ok');
    const ends = [await broken.ended, await whole.ended];
    expect(ends.filter((end) => end instanceof Error)).toHaveLength(1);
    answer = (_request, response) => response.end('ok');
    for (let count = 0; count < 5; count += 1) {
      expect(await ask().ended).toBeNull();
    }
    expect(connections.size).toBeLessThanOrEqual(2);
  });

  test('where nobody listens each request fails, and the first after that is served', async () => {
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    for (let count = 0; count < 3; count += 1) {
      const asked = [ask(), ask(), ask()];
      for (const one of asked) expect(await one.ended).toMatchObject({ code: 'ECONNREFUSED' });
    }
    await expect.poll(() => connections.size).toBe(0);
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    expect(await ask().ended).toBeNull();
  });

  test('what is under way fails when they are destroyed, and nothing is sent after that', async () => {
    answer = (_request, response) => held.push(response);
    const asked = ask();
    await expect.poll(() => held.length).toBe(1);
    await connections.destroy();
    expect(await asked.ended).toBeInstanceOf(Error);
    expect(() => ask()).toThrow('closed');
    expect(sockets).toHaveLength(1);
  });
});
