import { createHash } from 'node:crypto';
import * as fc from 'fast-check';
import { createServer, type Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { VirtualClock } from '../../engine/virtual-clock.ts';
import type { Incoming, Outgoing } from '../exchange.ts';
import { DirectConnections } from './direct-connections.ts';

/** What is sent over one connection, one behind the other. */
interface Sent {
  readonly kind: 'usual' | 'chunked' | 'elsewhere' | 'get';
  readonly bytes: number;
  /** Answered within the turn in which its last byte came, or later. */
  readonly atOnce: boolean;
}

let server: Server;
let direct: DirectConnections;
let port: number;
let readDirectly = 0;
let readByNode = 0;

beforeAll(async () => {
  server = createServer((request, response) => {
    readByNode += 1;
    answerTo(request, response);
  });
  direct = new DirectConnections(server, {
    clock: new VirtualClock(),
    headerBytes: 4_096,
    keepMs: 65_000,
    silentMs: 15_000,
    takes: (url) => url.startsWith('/usual'),
    receive: (request, response) => {
      readDirectly += 1;
      answerTo(request, response);
    },
    silent: (socket) => void socket.destroy(),
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});
afterAll(() => {
  server.close();
  server.closeAllConnections();
  direct.closeAll();
});

/** Says what was understood. */
function answerTo(request: Incoming, response: Outgoing): void {
  const hash = createHash('sha256');
  request.on('data', (piece) => hash.update(piece));
  request.on('end', () => {
    const text = understood(`${request.method} ${request.url}`, hash.digest('hex'));
    const say = (): void => {
      response.writeHead(200, ['content-length', String(text.length)]);
      response.end(text, 'latin1');
    };
    if (request.url?.endsWith('now') === true) say();
    else setImmediate(say);
  });
}

function understood(line: string, hash: string): string {
  return `<${line} ${hash}>`;
}

/** A request as bytes, and what is to be said about it. */
function request({ kind, bytes, atOnce }: Sent, number: number): { readonly text: string; readonly answer: string } {
  const url = `/${kind}/${number}/${atOnce ? 'now' : 'later'}`;
  // Bodies that look like what could come behind them.
  const body = kind === 'get' ? '' : 'POST /usual HTTP/1.1\r\n\r\n0\r\n\r\n'.repeat(bytes / 29 + 1).slice(0, bytes);
  const method = kind === 'get' ? 'GET' : 'POST';
  const framing = {
    get: '\r\n',
    usual: `Content-Length: ${bytes}\r\n\r\n${body}`,
    elsewhere: `Content-Length: ${bytes}\r\n\r\n${body}`,
    chunked: `Transfer-Encoding: chunked\r\n\r\n${bytes === 0 ? '' : `${bytes.toString(16)}\r\n${body}\r\n`}0\r\n\r\n`,
  }[kind];
  return {
    text: `${method} ${url} HTTP/1.1\r\nHost: here\r\n${framing}`,
    answer: understood(`${method} ${url}`, createHash('sha256').update(body).digest('hex')),
  };
}

/** Sends the pieces one by one and hears until so much has been said, or the connection is closed. */
function hear(pieces: readonly string[], length: number): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', noDelay: true });
    let heard = '';
    const said = (): string => [...heard.matchAll(/<[^>]*>/g)].join('');
    socket.on('data', (bytes) => {
      heard += bytes.toString('latin1');
      if (said().length >= length) socket.destroy();
    });
    socket.on('error', () => undefined).on('close', () => resolve(said()));
    const send = (at: number): void => {
      const piece = pieces[at];
      if (piece === undefined || socket.destroyed) return;
      socket.write(piece, () => setImmediate(() => send(at + 1)));
    };
    send(0);
  });
}

const sent: fc.Arbitrary<Sent> = fc.record({
  kind: fc.constantFrom<Sent['kind'][]>('usual', 'usual', 'usual', 'usual', 'usual', 'chunked', 'elsewhere', 'get'),
  bytes: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 300 }), fc.integer({ min: 60_000, max: 200_000 })),
  atOnce: fc.boolean(),
});

test(
  'whatever comes in whatever pieces, all is understood, and answered in its order',
  { timeout: 60_000 },
  async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(sent, { minLength: 1, maxLength: 6 }),
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 }),
        async (all, places) => {
          const requests = all.map(request);
          const text = requests.map((each) => each.text).join('');
          const expected = requests.map((each) => each.answer).join('');
          const cuts = [0, ...places.map((place) => Math.floor(place * text.length)), text.length].toSorted(
            (a, b) => a - b,
          );
          const pieces = cuts.slice(1).map((cut, at) => text.slice(cuts[at], cut));
          expect(await hear(pieces, expected.length)).toBe(expected);
        },
      ),
      { seed: 20_261_122, numRuns: 400 },
    );
    // With one of them without work, little would have been shown.
    expect(readDirectly).toBeGreaterThan(200);
    expect(readByNode).toBeGreaterThan(200);
  },
);
