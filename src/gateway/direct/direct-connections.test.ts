import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import type { Incoming, Outgoing } from '../exchange.ts';
import { DirectConnections } from './direct-connections.ts';

const KEEP_MS = 65_000;
const SILENT_MS = 15_000;
/** How often connections are looked at. */
const EVERY_MS = 5_000;

/** A call that was read directly, as its receiver sees it. */
interface Received {
  readonly url: string;
  readonly socket: Socket;
  readonly response: Outgoing;
  /** What was told of the request, pieces of its body as they are. */
  readonly told: string[];
}

let clock: VirtualClock;
let server: Server;
let direct: DirectConnections;
let port: number;
let received: Received[];
/** Called when one is received; by default it is answered by the test. */
let receiving: (received: Received) => void;
let byNode: { readonly line: string; readonly body: string }[];
let silent: Socket[];
let callers: Caller[];

beforeEach(async () => {
  clock = new VirtualClock();
  received = [];
  receiving = () => undefined;
  byNode = [];
  silent = [];
  callers = [];
  server = createServer((request, response) => {
    const hash = createHash('sha256');
    request.on('data', (piece: Buffer) => hash.update(piece));
    request.on('end', () => {
      byNode.push({ line: `${request.method} ${request.url}`, body: hash.digest('hex') });
      response.writeHead(200, ['content-length', '7']).end('by node');
    });
  });
  direct = new DirectConnections(server, {
    clock,
    headerBytes: 4_096,
    keepMs: KEEP_MS,
    silentMs: SILENT_MS,
    takes: (url) => url.startsWith('/direct'),
    receive,
    silent: (socket) => {
      if (!socket.writable) return void socket.destroy();
      silent.push(socket);
      socket.end('too slow');
    },
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterEach(async () => {
  for (const caller of callers) caller.socket.destroy();
  const closed = new Promise((resolve) => server.close(resolve));
  server.closeAllConnections();
  direct.closeAll();
  await closed;
  if (clock.pending > 0) throw new Error(`${clock.pending} alarm(s) that nobody needs any more`);
});

function receive(request: Incoming, response: Outgoing): void {
  const told: string[] = [];
  request.on('data', (piece) => told.push(piece.toString('latin1')));
  request.on('end', () => told.push('end'));
  request.on('close', () => told.push('close'));
  const one = { url: request.url ?? '', socket: (request as unknown as IncomingMessage).socket, response, told };
  received.push(one);
  receiving(one);
}

function reply(text: string): ({ response }: Received) => void {
  return ({ response }) => {
    response.writeHead(200, ['content-length', String(text.length)]);
    response.end(text, 'latin1');
  };
}

class Caller {
  readonly socket: Socket = connect(port, '127.0.0.1');
  heard = '';
  ended = false;
  closed = false;

  constructor() {
    callers.push(this);
    this.socket.on('data', (bytes) => (this.heard += bytes.toString('latin1')));
    this.socket.on('end', () => (this.ended = true));
    this.socket.on('close', () => (this.closed = true)).on('error', () => undefined);
  }

  /** The bodies of the answers that came, each taken for whole where its length was told. */
  get answers(): string[] {
    const answers: string[] = [];
    let rest = this.heard;
    for (;;) {
      const length = /^HTTP\/1\.1 [^]*?\r\ncontent-length: (\d+)\r\n[^]*?\r\n\r\n/.exec(rest);
      const end = length === null ? 0 : length[0].length + Number(length[1]);
      if (length === null || rest.length < end) return answers;
      answers.push(rest.slice(length[0].length, end));
      rest = rest.slice(end);
    }
  }
}

function post(url: string, body: string, more = ''): string {
  return `POST ${url} HTTP/1.1\r\nHost: here\r\nContent-Length: ${body.length}\r\n${more}\r\n${body}`;
}

/** Waits for something that is on its way. */
async function until(condition: () => boolean): Promise<void> {
  await expect.poll(condition, { interval: 1, timeout: 15_000 }).toBe(true);
}

async function connected(): Promise<Caller> {
  const before = await connections();
  const caller = new Caller();
  await expect.poll(connections, { interval: 1, timeout: 15_000 }).toBe(before + 1);
  return caller;
}

/** With no connection left, nobody looks after them. */
async function forgotten(): Promise<void> {
  await expect.poll(connections, { interval: 1, timeout: 15_000 }).toBe(0);
  await clock.advance(EVERY_MS);
  expect(clock.pending).toBe(0);
}

function connections(): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error === null ? resolve(count) : reject(error)));
  });
}

describe('what comes over a connection', () => {
  test('a body with its head, and the next call after its answer', async () => {
    receiving = (one) => setImmediate(() => reply('ok')(one));
    const caller = new Caller();
    caller.socket.write(post('/direct/1', 'hello'));
    await until(() => caller.answers.length === 1);
    caller.socket.write(post('/direct/2', ''));
    await until(() => received.length === 2);
    expect(received.map(({ url, told }) => [url, told])).toEqual([
      ['/direct/1', ['hello', 'end']],
      ['/direct/2', ['end']],
    ]);
    await until(() => caller.answers.length === 2);
    expect(caller.closed).toBe(false);
  });

  test('a body in pieces', async () => {
    const caller = new Caller();
    const text = post('/direct', 'one two three');
    const at = text.length - 'two three'.length;
    caller.socket.write(text.slice(0, at));
    await until(() => received[0]?.told.length === 1);
    caller.socket.write(text.slice(at, at + 4));
    await until(() => received[0]?.told.length === 2);
    caller.socket.write(text.slice(at + 4));
    await until(() => received[0]?.told.includes('end') === true);
    expect(received[0]?.told).toEqual(['one ', 'two ', 'three', 'end']);
    reply('ok')(received[0] as Received);
    await until(() => caller.answers.length === 1);
    expect(caller.answers).toEqual(['ok']);
    expect(caller.closed).toBe(false);
  });

  test('calls that do not wait for the answers before: one after the other', async () => {
    const caller = new Caller();
    caller.socket.write(
      post('/direct/1', 'a') + post('/direct/2', 'bc') + post('/direct/3', '') + post('/direct/4', 'd'),
    );
    for (let at = 0; at < 4; at += 1) {
      await until(() => received.length === at + 1);
      const { url, told } = received[at] as Received;
      expect(url).toBe(`/direct/${at + 1}`);
      expect(told).toEqual([...(['a', 'bc', '', 'd'][at] === '' ? [] : [['a', 'bc', '', 'd'][at]]), 'end']);
      reply(`answer ${at + 1}`)(received[at] as Received);
    }
    await until(() => caller.answers.length === 4);
    expect(caller.answers).toEqual(['answer 1', 'answer 2', 'answer 3', 'answer 4']);
    expect(received).toHaveLength(4);
  });

  test('a caller that sends more and more ahead is held up until it is its turn', async () => {
    const caller = new Caller();
    caller.socket.write(post('/direct/1', ''));
    await until(() => received.length === 1);
    caller.socket.write(post('/direct/2', 'x'.repeat(1_000_000)));
    await until(() => received[0]?.socket.isPaused() === true);
    expect(received[0]?.socket.bytesRead).toBeLessThan(500_000);
    reply('one')(received[0] as Received);
    await until(() => received[1]?.told.at(-1) === 'end');
    expect(received[1]?.told.join('')).toHaveLength(1_000_000 + 'end'.length);
    reply('two')(received[1] as Received);
    await until(() => caller.answers.length === 2);
    expect(caller.answers).toEqual(['one', 'two']);
  });

  test('very many at once, answered on the spot: each in its place, wherever the pieces end', async () => {
    const numbers = Array.from({ length: 1_000 }, (_, at) => String(at));
    const texts = numbers.map((number) => post(`/direct/${number}`, '', `X-Padding: ${'x'.repeat(50)}\r\n`));
    const caller = new Caller();
    caller.socket.write(post('/direct/first', ''));
    await until(() => received.length === 1);
    const first = received[0] as Received;
    receiving = (one) => reply(one.url.slice('/direct/'.length))(one);
    caller.socket.write(texts.slice(0, -3).join(''));
    await until(() => first.socket.isPaused());
    // Two more pieces wait in the socket, and come in one go once it is read again.
    const [third = '', second = '', last = ''] = texts.slice(-3);
    for (const piece of [third + second.slice(0, 20), second.slice(20) + last]) {
      const before = first.socket.bytesRead;
      caller.socket.write(piece);
      await until(() => first.socket.bytesRead > before);
    }
    reply('first')(first);
    await until(() => caller.closed || caller.answers.length > numbers.length);
    expect(caller.answers).toEqual(['first', ...numbers]);
    expect(received).toHaveLength(1 + numbers.length);
  });

  test('a caller that leaves is noticed behind whatever it sent ahead', async () => {
    const caller = new Caller();
    caller.socket.write(post('/direct/1', ''));
    await until(() => received.length === 1);
    for (let at = 2; at < 6; at += 1) {
      const before = received[0]?.socket.bytesRead ?? 0;
      caller.socket.write(post(`/direct/${at}`, ''));
      await until(() => (received[0]?.socket.bytesRead ?? 0) > before);
    }
    caller.socket.end();
    await until(() => received[0]?.response.closed === true);
    expect(received[0]?.response.writableFinished).toBe(false);
    expect(received).toHaveLength(1);
  });

  test('answered with the body on its way: the connection is closed behind the answer, the rest heard by nobody', async () => {
    receiving = reply('no');
    const caller = new Caller();
    caller.socket.write(post('/direct/1', 'x'.repeat(100)).slice(0, -50));
    await until(() => received.length === 1);
    caller.socket.write(`${'x'.repeat(50)}${post('/direct/2', '')}`);
    await until(() => caller.closed);
    expect(received).toHaveLength(1);
    expect(caller.answers).toEqual(['no']);
  });

  test('the caller leaves in the middle of its body', async () => {
    const caller = new Caller();
    caller.socket.write(post('/direct', 'hello').slice(0, -2));
    await until(() => received[0]?.told.length === 1);
    caller.socket.end();
    await until(() => caller.closed);
    await until(() => received[0]?.told.length === 2);
    expect(received[0]?.told).toEqual(['hel', 'close']);
    expect(received[0]?.response).toMatchObject({ closed: true, destroyed: true, writableFinished: false });
  });

  test('the caller leaves with the next call sent: that one is not begun', async () => {
    const caller = new Caller();
    caller.socket.write(post('/direct/1', '') + post('/direct/2', ''));
    await until(() => received.length === 1);
    caller.socket.resetAndDestroy();
    await until(() => received[0]?.response.closed === true);
    expect(received[0]?.response.writableFinished).toBe(false);
    reply('nobody')(received[0] as Received);
    await clock.advance(KEEP_MS);
    expect(received).toHaveLength(1);
  });
});

describe('handed to node:http, for good', () => {
  const GET = 'GET /node HTTP/1.1\r\nHost: here\r\n\r\n';

  test.each([
    ['from the start', ''],
    ['after a call', post('/direct', 'hello')],
    ['after an address that others answer', post('/other', 'hello')],
  ])('%s', async (_, before) => {
    receiving = (one) => setImmediate(() => reply('directly')(one));
    const caller = new Caller();
    caller.socket.write(before + GET);
    await until(() => byNode.some(({ line }) => line === 'GET /node'));
    caller.socket.write(post('/direct/late', 'x'));
    await until(() => byNode.some(({ line }) => line === 'POST /direct/late'));
    expect(received.map(({ url }) => url)).toEqual(before.includes('/direct') ? ['/direct'] : []);
    await until(() => caller.answers.length === (before === '' ? 2 : 3));
    expect(caller.answers.filter((answer) => answer === 'directly')).toHaveLength(received.length);
  });

  test('byte for byte', async () => {
    // Should they all come together after all, it is a call as usual.
    receiving = (one) => setImmediate(() => reply('by node')(one));
    const caller = new Caller();
    caller.socket.setNoDelay(true);
    const text = post('/direct', 'hello');
    for (const letter of text) await new Promise((resolve) => caller.socket.write(letter, resolve));
    await until(() => caller.answers.length === 1);
    expect(caller.answers).toEqual(['by node']);
    expect(received.length + byNode.length).toBe(1);
  });

  test('nothing is lost, and nothing out of place, of what came while a call was under way', async () => {
    const body = Buffer.from(
      Array.from({ length: 400_000 }, (_, at) => String.fromCharCode(at % 251)).join(''),
      'latin1',
    );
    const size = body.length.toString(16);
    const caller = new Caller();
    caller.socket.write(post('/direct', ''));
    await until(() => received.length === 1);
    const { socket } = received[0] as Received;
    caller.socket.write(`POST /node HTTP/1.1\r\nHost: here\r\nTransfer-Encoding: chunked\r\n\r\n`);
    caller.socket.write(Buffer.concat([Buffer.from(`${size}\r\n`), body, Buffer.from('\r\n0\r\n\r\n')]));
    // Some of it waits in the socket by now, behind what had been read of it before.
    await until(() => socket.readableLength > 0);
    reply('directly')(received[0] as Received);
    await until(() => caller.answers.length === 2);
    expect(byNode).toEqual([{ line: 'POST /node', body: createHash('sha256').update(body).digest('hex') }]);
    expect(caller.answers).toEqual(['directly', 'by node']);
  });

  test('what it does with its connections is its own affair', async () => {
    const caller = new Caller();
    caller.socket.write(GET);
    await until(() => caller.answers.length === 1);
    await clock.advance(2 * KEEP_MS);
    expect(caller.closed).toBe(false);
    direct.closeAll();
    caller.socket.write(GET);
    await until(() => caller.answers.length === 2);
  });
});

describe('connections that nobody uses', () => {
  test('one that says nothing is told so when its time is up', async () => {
    const caller = await connected();
    await clock.advance(SILENT_MS - 1);
    expect(silent).toHaveLength(0);
    await clock.advance(1);
    expect(silent).toHaveLength(1);
    await until(() => caller.closed);
    expect(caller.heard).toBe('too slow');
  });

  describe('and that does not hear that it was too slow', () => {
    async function deaf(): Promise<{ caller: Caller; socket: Socket }> {
      const caller = await connected();
      caller.socket.pause();
      await clock.advance(SILENT_MS);
      const [socket, ...more] = silent as [Socket];
      expect(more).toEqual([]);
      return { caller, socket };
    }

    test('is closed nevertheless', async () => {
      const { socket } = await deaf();
      expect(socket.destroyed).toBe(false);
      await clock.advance(EVERY_MS);
      expect(socket.destroyed).toBe(true);
      expect(silent).toHaveLength(1);
    });

    test('has no call begun: its caller will make it anew', async () => {
      const { caller, socket } = await deaf();
      caller.socket.write(post('/direct', 'hello'));
      await until(() => socket.bytesRead > 0);
      expect(received).toHaveLength(0);
      caller.socket.write('GET /node HTTP/1.1\r\nHost: here\r\n\r\n');
      caller.socket.resume();
      await until(() => caller.closed);
      expect(caller.heard).toBe('too slow');
      expect(byNode).toHaveLength(0);
    });
  });

  test('one that was used is kept for longer, counted from its last answer', async () => {
    receiving = (one) => setImmediate(() => reply('ok')(one));
    const caller = await connected();
    for (let calls = 1; calls <= 3; calls += 1) {
      caller.socket.write(post('/direct', ''));
      await until(() => caller.answers.length === calls);
      await clock.advance(KEEP_MS - 1);
      expect(received.at(-1)?.socket.destroyed).toBe(false);
    }
    await clock.advance(EVERY_MS + 1);
    expect(received.at(-1)?.socket.destroyed).toBe(true);
    await until(() => caller.closed);
    expect(silent).toHaveLength(0);
    await forgotten();
  });

  test('one with a call under way is never too old, whether its body or its answer is on the way', async () => {
    const waiting = await connected();
    waiting.socket.write(post('/direct/waiting', ''));
    const sending = await connected();
    sending.socket.write(post('/direct/sending', 'hello').slice(0, -1));
    await until(() => received.length === 2);
    await clock.advance(10 * KEEP_MS);
    for (const one of received) expect(one.socket.destroyed).toBe(false);
    sending.socket.write('o');
    await until(() => received.every(({ told }) => told.includes('end')));
    for (const one of received) reply('at last')(one);
    await until(() => waiting.answers.length === 1 && sending.answers.length === 1);
  });

  test('each by its own age', async () => {
    const first = await connected();
    await clock.advance(EVERY_MS * 2);
    const second = await connected();
    await clock.advance(EVERY_MS);
    await until(() => first.closed);
    expect(silent).toHaveLength(1);
    await clock.advance(EVERY_MS * 2);
    await until(() => second.closed);
    expect(silent).toHaveLength(2);
    await forgotten();
  });

  test('all are closed together', async () => {
    receiving = (one) => setImmediate(() => reply('ok')(one));
    const fresh = await connected();
    const used = await connected();
    used.socket.write(post('/direct', ''));
    await until(() => used.answers.length === 1);
    direct.closeAll();
    await until(() => fresh.closed && used.closed);
    expect(await connections()).toBe(0);
  });
});
