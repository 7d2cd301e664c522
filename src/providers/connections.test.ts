import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { getCACertificates, setDefaultCACertificates, type TLSSocket } from 'node:tls';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../engine/virtual-clock.ts';
import type { Sending, Steering } from './connection.ts';
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
  steering: Steering | null = null;
  status: number | null = null;
  body = '';
  /** Is done with each piece of the body. */
  onPiece: (asked: Asked) => void = () => undefined;
  #end: (error: Error | null) => void = () => undefined;

  constructor() {
    this.ended = new Promise((resolve) => (this.#end = resolve));
  }

  onRequestStart(steering: Steering): void {
    this.steering = steering;
  }

  onResponseStart(_steering: Steering, status: number): void {
    this.status = status;
  }

  onResponseData(_steering: Steering, chunk: Buffer): void {
    this.body += chunk.toString();
    this.onPiece(this);
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

describe('how long they are kept', () => {
  let clock: VirtualClock;
  beforeEach(() => {
    clock = new VirtualClock();
    connections = new Connections(`http://127.0.0.1:${(server.address() as AddressInfo).port}`, clock);
  });

  test('half a minute, where the server does not say', async () => {
    server.keepAliveTimeout = 0;
    await ask().ended;
    await clock.advance(29_000);
    await ask().ended;
    expect(sockets).toHaveLength(1);
    await clock.advance(36_000);
    await expect.poll(() => connections.size).toBe(0);
  });

  test('not until the last moment that the server gives them', async () => {
    server.keepAliveTimeout = 10_000;
    await ask().ended;
    await clock.advance(7_900);
    await ask().ended;
    expect(sockets).toHaveLength(1);
    await clock.advance(8_100);
    await ask().ended;
    expect(sockets).toHaveLength(2);
  });

  test('not at all where that is next to nothing', async () => {
    server.keepAliveTimeout = 1_000;
    await ask().ended;
    await expect.poll(() => connections.size).toBe(0);
  });
});

describe('a request under way', () => {
  test('is told nothing while it is paused, and then the rest', async () => {
    const whole = 'x'.repeat(1024 * 1024);
    answer = (_request, response) => response.end(whole);
    const asked = ask();
    let pieces = 0;
    asked.onPiece = ({ steering }) => {
      pieces += 1;
      steering?.pause();
    };
    await expect.poll(() => pieces).toBe(1);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(pieces).toBe(1);
    asked.onPiece = () => undefined;
    asked.steering?.resume();
    expect(await asked.ended).toBeNull();
    expect(asked.body).toBe(whole);
  });

  test('is given up at once, and its connection with it', async () => {
    let closed = false;
    answer = (_request, response) => response.on('close', () => (closed = true)).write('a');
    const asked = ask();
    asked.onPiece = ({ steering }) => steering?.abort(new Error('enough'));
    expect(await asked.ended).toMatchObject({ message: 'enough' });
    await expect.poll(() => closed).toBe(true);
    expect(connections.size).toBe(0);
  });

  test('is steered by its own hand alone, whoever had the connection before', async () => {
    const before = ask();
    await before.ended;
    answer = (_request, response) => held.push(response);
    const after = ask();
    await expect.poll(() => held.length).toBe(1);
    before.steering?.pause();
    before.steering?.resume();
    before.steering?.abort(new Error('too late'));
    held[0]?.end('ok');
    expect(await after.ended).toBeNull();
    expect(after.body).toBe('ok');
    expect(sockets).toHaveLength(1);
  });

  test('may have an answer that lasts until the connection is closed', async () => {
    answer = ({ socket }) => socket.end('HTTP/1.1 200 OK\r\n\r\nall of it');
    const asked = ask();
    expect(await asked.ended).toBeNull();
    expect(asked.body).toBe('all of it');
    await expect.poll(() => connections.size).toBe(0);
  });

  test('fails where the answer is cut, or none at all', async () => {
    answer = ({ socket }) => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf');
    expect(await ask().ended).toMatchObject({ code: 'UND_ERR_SOCKET' });
    answer = ({ socket }) => socket.write('no answer at all\r\n\r\n');
    expect(await ask().ended).toMatchObject({ code: 'HPE_INVALID_RESPONSE' });
    answer = (_request, response) => response.end('ok');
    expect(await ask().ended).toBeNull();
  });

  test('is no longer sent once it is over', async () => {
    let received = 0;
    answer = (_request, response) => {
      received += 1;
      response.end('ok');
    };
    const asked = ask();
    asked.over = true;
    await expect.poll(() => sockets.length).toBe(1);
    expect(await ask().ended).toBeNull();
    expect(received).toBe(1);
  });

  test.each([0, 1, 20_000, 300_000])('carries a body of %d bytes', async (length) => {
    let text = '';
    answer = (request, response) => {
      request.setEncoding('latin1').on('data', (part: string) => (text += part));
      request.on('end', () => response.end(request.headers['content-length']));
    };
    const body = Buffer.alloc(length, 'ä', 'latin1');
    const asked = ask({ body, headers: ['x-a', 'b'] });
    expect(await asked.ended).toBeNull();
    expect(asked.body).toBe(String(length));
    expect(text).toBe(body.toString('latin1'));
  });

  test('goes to the path as it was written', async () => {
    answer = (request, response) => response.end(request.url);
    const asked = ask({ path: '/v1/caf%C3%A9?q=a+b', method: 'M-SEARCH' });
    expect(await asked.ended).toBeNull();
    expect(asked.body).toBe('/v1/caf%C3%A9?q=a+b');
    expect(() => ask({ path: '/a b' })).toThrow('invalid method or path');
    expect(() => ask({ path: '/a\r\nb: c' })).toThrow('invalid method or path');
  });

  test('is ended by a defect of whoever listens to it, and nothing else is', async () => {
    const asked = ask();
    asked.onPiece = () => {
      throw new Error('a defect');
    };
    expect(await asked.ended).toMatchObject({ message: 'a defect' });
    expect(await ask().ended).toBeNull();
  });

  test('may be read as it is sent', async () => {
    answer = (request, response) => void request.pipe(response);
    const asked = ask({ body: Readable.from(['a', 'b', 'c']) });
    expect(await asked.ended).toBeNull();
    expect(asked.body).toBe('abc');
  });
});

describe('over TLS', () => {
  const pem = readFileSync(join(import.meta.dirname, '../../test/fixtures/localhost.pem'), 'utf8');
  const trusted = getCACertificates('default');
  afterEach(() => setDefaultCACertificates(trusted));

  async function secured(): Promise<{ asked: Asked; socket: TLSSocket | null }> {
    const secure = createTlsServer({ key: pem, cert: pem, ALPNProtocols: ['h2', 'http/1.1'] });
    let socket: TLSSocket | null = null;
    secure.on('request', (request, response) => {
      socket = request.socket as TLSSocket;
      response.end('ok');
    });
    secure.listen(0, '127.0.0.1');
    await once(secure, 'listening');
    connections = new Connections(`https://localhost:${(secure.address() as AddressInfo).port}`);
    const asked = ask();
    await asked.ended;
    secure.close();
    secure.closeAllConnections();
    return { asked, socket };
  }

  test('a server that is trusted is asked, by its name and over HTTP/1.1', async () => {
    setDefaultCACertificates([...trusted, pem.slice(pem.indexOf('-----BEGIN CERT'))]);
    const { asked, socket } = await secured();
    expect(await asked.ended).toBeNull();
    expect(asked.body).toBe('ok');
    expect(socket?.alpnProtocol).toBe('http/1.1');
    expect((socket as (TLSSocket & { servername?: string }) | null)?.servername).toBe('localhost');
  });

  test('nothing is sent to one that is not', async () => {
    const { asked, socket } = await secured();
    expect(await asked.ended).toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    expect(socket).toBeNull();
  });
});
