import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect, Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import type { Outgoing } from '../exchange.ts';
import { DirectConnections } from './direct-connections.ts';

/** More than all the sockets on the way can hold. */
const MUCH = 32 * 1024 * 1024;

const REQUEST = 'POST /direct HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n';

type Answer = (response: Outgoing) => void;

const toClose: (() => void)[] = [];
afterEach(() => {
  for (const close of toClose.splice(0)) close();
});

/** Answers over connections that are read directly, or left to node:http from the start. */
async function serving(how: 'direct' | 'node:http', answer: Answer): Promise<number> {
  const server: Server = createServer({ keepAliveTimeout: 65_000 }, (_, response) => answer(response));
  if (how === 'direct') {
    const direct = new DirectConnections(server, {
      clock: new VirtualClock(),
      headerBytes: 4_096,
      keepMs: 65_000,
      silentMs: 10_000,
      takes: () => true,
      receive: (_, response) => answer(response),
      silent: (socket) => void socket.destroy(),
    });
    toClose.push(() => direct.closeAll());
  }
  toClose.push(() => {
    server.close();
    server.closeAllConnections();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** A caller that asks once. */
function asking(port: number, text = REQUEST): { socket: Socket; heard: () => string; closed: Promise<void> } {
  const socket = connect(port, '127.0.0.1');
  const pieces: Buffer[] = [];
  socket.on('data', (piece: Buffer) => pieces.push(piece)).on('error', () => undefined);
  socket.write(text);
  toClose.push(() => socket.destroy());
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  return { socket, heard: () => Buffer.concat(pieces).toString('latin1'), closed };
}

/** A call that is answered by hand, with all that is told about its answer. */
async function called(): Promise<{ response: Outgoing; events: string[]; caller: ReturnType<typeof asking> }> {
  const events: string[] = [];
  let caller: ReturnType<typeof asking> | null = null;
  const response = await new Promise<Outgoing>((resolve, reject) => {
    serving('direct', (answering) => {
      for (const event of ['finish', 'close', 'drain'] as const) answering.once(event, () => events.push(event));
      resolve(answering);
    }).then((port) => {
      caller = asking(port);
    }, reject);
  });
  if (caller === null) throw new Error('answered before it was asked');
  return { response, events, caller };
}

function closed(response: Outgoing): Promise<void> {
  return new Promise((resolve) => response.once('close', () => resolve()));
}

describe('the bytes are those of node:http', () => {
  /** The whole answer, once the connection is closed or the answer to the next request has come. */
  async function answered(how: 'direct' | 'node:http', answer: Answer): Promise<string> {
    let answers = 0;
    const port = await serving(how, (response) => {
      answers += 1;
      if (answers === 1) return answer(response);
      response.setHeader('connection', 'close');
      response.writeHead(200, ['content-length', '4']);
      response.end('next', 'latin1');
    });
    // Left to node:http by the way it ends, so that both ways the first answer alone is under test.
    const { heard, closed: over } = asking(port, `${REQUEST}GET /next HTTP/1.1\r\nHost: here\r\n\r\n`);
    await over;
    return heard().replaceAll(
      /\r\nDate: [A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT\r\n/g,
      '\r\n<date>\r\n',
    );
  }

  test.each<[string, Answer]>([
    [
      'a whole answer',
      (response) => {
        response.writeHead(200, ['content-type', 'text/plain', 'X-Two', '1', 'x-two', '2', 'content-length', '5']);
        response.end('h\xe9llo', 'latin1');
      },
    ],
    [
      'an answer of bytes',
      (response) => {
        response.writeHead(429, ['content-length', '300000']);
        response.end(Buffer.alloc(300_000, 'x'));
      },
    ],
    [
      'nothing to say',
      (response) => {
        response.writeHead(200, ['content-length', '0']);
        response.end();
      },
    ],
    [
      'nothing to say, at length',
      (response) => {
        response.writeHead(200, ['content-length', '0']);
        response.end('', 'latin1');
      },
    ],
    [
      'a stream, in frames of its own',
      (response) => {
        response.writeHead(200, ['transfer-encoding', 'chunked']);
        response.chunkedEncoding = false;
        response.write('3\r\none\r\n', 'latin1');
        response.write(Buffer.from('3\r\ntwo\r\n'));
        response.end('0\r\n\r\n', 'latin1');
      },
    ],
    [
      'a stream whose length was told, the first of it as bytes',
      (response) => {
        response.writeHead(200, ['content-length', '6']);
        response.write(Buffer.from('one'));
        response.write('two', 'latin1');
        response.end();
      },
    ],
    [
      'the last answer of a connection',
      (response) => {
        response.setHeader('connection', 'close');
        response.writeHead(413, ['content-length', '2']);
        response.end('no', 'latin1');
      },
    ],
    [
      'a header of bytes beyond ASCII',
      (response) => {
        response.writeHead(200, ['x-name', 'caf\xe9\t\x80', 'x-nothing', '', 'content-length', '0']);
        response.end();
      },
    ],
    [
      'a status without a name',
      (response) => {
        response.writeHead(299, ['content-length', '0']);
        response.end();
      },
    ],
    ...[204, 304].flatMap<[string, Answer]>((status) => [
      [
        `${status} without a body`,
        (response): void => {
          response.writeHead(status, ['content-length', '0']);
          response.end('', 'latin1');
        },
      ],
      [
        `${status} with a body, which it may not have`,
        (response): void => {
          response.writeHead(status, ['content-length', '5']);
          response.write('he', 'latin1');
          response.end(Buffer.from('llo'));
        },
      ],
      [
        `${status} in frames, which it may not have`,
        (response): void => {
          response.writeHead(status, ['transfer-encoding', 'chunked']);
          response.chunkedEncoding = false;
          response.write('3\r\none\r\n', 'latin1');
          response.end('0\r\n\r\n', 'latin1');
        },
      ],
    ]),
  ])('%s', async (_, answer) => {
    const direct = await answered('direct', answer);
    expect(direct).toBe(await answered('node:http', answer));
    expect(direct).toMatch(/^HTTP\/1\.1 \d{3} [\s\S]*\r\n<date>\r\n/);
  });

  test('the date is the wall clock of the house', async () => {
    const { response, caller } = await called();
    response.setHeader('connection', 'close');
    response.writeHead(200, ['content-length', '0']);
    response.end();
    await caller.closed;
    expect(caller.heard()).toContain('\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n');
  });
});

describe('what may not stand in a head', () => {
  test.each([
    ['a line break', 'x-a', 'b\r\nx-c: d'],
    ['a CR', 'x-a', 'b\rc'],
    ['an LF', 'x-a', 'b\nc'],
    ['NUL', 'x-a', 'b\0'],
    ['DEL', 'x-a', 'b\x7f'],
    ['what is no byte', 'x-a', '\u010a'],
    ['a line break in a name', 'x-a\r\nx-b', 'c'],
    ['a colon in a name', 'x-a:', 'b'],
    ['a blank in a name', 'x a', 'b'],
    ['no name', '', 'b'],
  ])('%s is refused, and something else can still be said', async (_, name, value) => {
    const { response, caller } = await called();
    expect(() => response.writeHead(200, [name, value, 'content-length', '0'])).toThrow(TypeError);
    expect(response.headersSent).toBe(false);
    response.setHeader('connection', 'close');
    response.writeHead(500, ['content-length', '2']);
    response.end('no', 'latin1');
    await caller.closed;
    expect(caller.heard()).toMatch(/^HTTP\/1\.1 500 [^]*\r\n\r\nno$/);
  });

  test('nor among what was set before', async () => {
    const { response } = await called();
    response.setHeader('x-a', 'b\r\nc: d');
    expect(() => response.writeHead(200, ['content-length', '0'])).toThrow(TypeError);
  });
});

describe('how it ends', () => {
  test('finished, then closed, once each; nothing is written after', async () => {
    const { response, events, caller } = await called();
    expect(response).toMatchObject({ headersSent: false, closed: false, destroyed: false, writableFinished: false });
    response.writeHead(200, ['content-length', '2']);
    expect(response).toMatchObject({ headersSent: true, closed: false });
    response.end('ok', 'latin1');
    expect(events).toEqual(['finish', 'close']);
    expect(response).toMatchObject({ closed: true, destroyed: true, writableFinished: true });
    expect(response.write('more', 'latin1')).toBe(false);
    response.end('more', 'latin1');
    caller.socket.end();
    await caller.closed;
    expect(events).toEqual(['finish', 'close']);
    expect(caller.heard()).toMatch(/\r\n\r\nok$/);
  });

  test('the head waits for the first of the body', async () => {
    const { response, caller } = await called();
    response.writeHead(200, ['transfer-encoding', 'chunked']);
    expect(response.writableLength).toBeGreaterThan(0);
    const first = new Promise((resolve) => caller.socket.once('data', (bytes) => resolve(String(bytes))));
    response.write('3\r\none\r\n', 'latin1');
    expect(await first).toMatch(/^HTTP\/1\.1 200 [^]*\r\n\r\n3\r\none\r\n$/);
    expect(response.writableLength).toBe(0);
  });

  test('cut before its head: the caller hears nothing, and it is not finished', async () => {
    const { response, events, caller } = await called();
    response.destroy();
    expect(response.destroyed).toBe(true);
    expect(response.write('x', 'latin1')).toBe(false);
    response.end('x', 'latin1');
    await Promise.all([closed(response), caller.closed]);
    expect(events).toEqual(['close']);
    expect(response).toMatchObject({ closed: true, writableFinished: false });
    expect(caller.heard()).toBe('');
  });

  test('cut in the middle: the caller sees that it is not whole', async () => {
    const { response, events, caller } = await called();
    response.writeHead(200, ['content-length', '9']);
    response.write('half', 'latin1');
    response.destroy();
    expect(response.write('more', 'latin1')).toBe(false);
    await caller.closed;
    expect(events).toEqual(['close']);
    expect(response.writableFinished).toBe(false);
  });

  test('the caller left before', async () => {
    const { response, events, caller } = await called();
    caller.socket.destroy();
    await closed(response);
    expect(response.write('x', 'latin1')).toBe(false);
    response.writeHead(200, ['content-length', '1']);
    response.end('x', 'latin1');
    expect(events).toEqual(['close']);
    expect(response.writableFinished).toBe(false);
  });

  test('a caller that takes its time: it is finished when all of it has gone', async () => {
    const { response, events, caller } = await called();
    caller.socket.pause();
    response.writeHead(200, ['content-length', String(MUCH)]);
    expect(response.write(Buffer.alloc(MUCH / 2))).toBe(false);
    response.end(Buffer.alloc(MUCH / 2));
    expect(response.writableLength).toBeGreaterThan(0);
    expect(response).toMatchObject({ closed: false, writableFinished: false });
    expect(events).toEqual([]);
    const over = closed(response);
    caller.socket.resume();
    await over;
    expect(events.filter((event) => event !== 'drain')).toEqual(['finish', 'close']);
    expect(response).toMatchObject({ writableLength: 0, writableFinished: true });
  });

  test('a caller that takes no more of it is told when there is room again', async () => {
    const { response, events, caller } = await called();
    caller.socket.pause();
    response.writeHead(200, ['content-length', String(MUCH)]);
    expect(response.write(Buffer.alloc(MUCH - 1))).toBe(false);
    const drained = new Promise<void>((resolve) => response.once('drain', () => resolve()));
    caller.socket.resume();
    await drained;
    expect(events).toEqual(['drain']);
    response.end(Buffer.alloc(1));
    expect(events).toEqual(['drain', 'finish', 'close']);
  });

  test('a caller that leaves with an answer on its way that had ended: it was not finished', async () => {
    const { response, events, caller } = await called();
    caller.socket.pause();
    response.writeHead(200, ['content-length', String(MUCH)]);
    response.end(Buffer.alloc(MUCH));
    expect(response.writableLength).toBeGreaterThan(0);
    const over = closed(response);
    caller.socket.destroy();
    await over;
    expect(events).toEqual(['close']);
    expect(response.writableFinished).toBe(false);
  });

  test('what is said after the connection was ended for good was not heard', async () => {
    const { response, events } = await called();
    // As when the caller has said that it will say no more, and its connection was ended for that.
    (response as unknown as { readonly req: { readonly socket: Socket } }).req.socket.end();
    response.writeHead(200, ['content-length', '2']);
    const over = closed(response);
    response.end('ok', 'latin1');
    await over;
    expect(events).toEqual(['close']);
    expect(response.writableFinished).toBe(false);
  });
});

test('what is written in one turn goes out together, and what is much at once', async () => {
  const { response, caller } = await called();
  const write = vi.spyOn(Socket.prototype, 'write');
  toClose.push(() => write.mockRestore());
  response.writeHead(200, ['transfer-encoding', 'chunked']);
  for (let count = 0; count < 50; count += 1) expect(response.write('1\r\na\r\n', 'latin1')).toBe(true);
  expect(write).not.toHaveBeenCalled();
  await new Promise((resolve) => process.nextTick(resolve));
  expect(write).toHaveBeenCalledTimes(1);
  const much = 'x'.repeat(1024 * 1024);
  response.write(`${much.length.toString(16)}\r\n${much}\r\n`, 'latin1');
  expect(write).toHaveBeenCalledTimes(2);
  response.write('1\r\nb\r\n', 'latin1');
  response.end('0\r\n\r\n', 'latin1');
  await expect.poll(() => caller.heard().endsWith('\r\n1\r\nb\r\n0\r\n\r\n')).toBe(true);
  expect(caller.heard().match(/1\r\na\r\n/g)).toHaveLength(50);
});
