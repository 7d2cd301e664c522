import * as fc from 'fast-check';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createSocketServer } from 'node:net';
import { Duplex } from 'node:stream';
import OpenAI from 'openai';
import { describe, expect, test } from 'vitest';
import { readRequestHead } from './request-head.ts';

const LIMIT = 4_096;

function read(head: string): ReturnType<typeof readRequestHead> {
  return readRequestHead(Buffer.from(head, 'latin1'), LIMIT);
}

/** A head that is taken, but for what is told. */
function head({
  first = 'POST /v1/responses HTTP/1.1',
  length = 'Content-Length: 5',
  more = [] as string[],
} = {}): string {
  return [first, 'Host: here', ...(length === '' ? [] : [length]), ...more, '', ''].join('\r\n');
}

describe('taken', () => {
  test('the head as it is read, and where the body begins', () => {
    const text = head({ more: ['Authorization: Bearer sk-1', 'X-Empty:'] });
    expect(read(`${text}hello`)).toEqual({
      url: '/v1/responses',
      headers: { host: 'here', 'content-length': '5', authorization: 'Bearer sk-1', 'x-empty': '' },
      length: 5,
      bodyAt: text.length,
    });
  });

  test.each([
    ['any path, of which others judge', head({ first: 'POST /anything?a=b#c HTTP/1.1' })],
    ['without a body', head({ length: 'Content-Length: 0' })],
    ['zeros before the length', head({ length: 'Content-Length: 005' })],
    ['blanks around the length', head({ length: 'content-length:\t 5 \t' })],
    ['as large a length as can be counted', head({ length: `Content-Length: ${'9'.repeat(15)}` })],
    ['the wish to keep the connection', head({ more: ['Connection: Keep-Alive'] })],
    ['an encoding of the body, of which others judge', head({ more: ['Content-Encoding: gzip'] })],
    ['a field with a name that objects know', head({ more: ['constructor: a', '__proto__: b'] })],
    ['an empty line in the body, too', `${head()}\r\n\r\n!`],
    ['a head as large as the limit', head({ more: [`X: ${'x'.repeat(LIMIT - head({ more: ['X: '] }).length)}`] })],
  ])('%s', (_, text) => {
    expect(read(text)).not.toBeNull();
  });
});

describe('left to node:http', () => {
  test.each([
    ['nothing', ''],
    ['a head that is not all there', head().slice(0, -1)],
    ['half a line', 'POST /v1/resp'],
    ['no fields', 'POST /v1/responses HTTP/1.1\r\n\r\n'],
    ['an empty line before it', `\r\n${head()}`],
    ['two empty lines before it', `\r\n\r\n${head()}`],
    ['HTTP/1.0', head({ first: 'POST /v1/responses HTTP/1.0' })],
    ['HTTP/1.10', head({ first: 'POST /v1/responses HTTP/1.10' })],
    ['HTTP/2', head({ first: 'POST /v1/responses HTTP/2.0' })],
    ['no version', head({ first: 'POST /v1/responses' })],
    ['another protocol', head({ first: 'POST /v1/responses ICY/1.1' })],
    ['small letters in the protocol', head({ first: 'POST /v1/responses http/1.1' })],
    ['GET', head({ first: 'GET /v1/responses HTTP/1.1' })],
    ['small letters in the method', head({ first: 'post /v1/responses HTTP/1.1' })],
    ['a blank before the method', head({ first: ' POST /v1/responses HTTP/1.1' })],
    ['no target', head({ first: 'POST HTTP/1.1' })],
    ['an empty target', head({ first: 'POST  HTTP/1.1' })],
    ['two blanks before the target', head({ first: 'POST  /v1/responses HTTP/1.1' })],
    ['two blanks behind the target', head({ first: 'POST /v1/responses  HTTP/1.1' })],
    ['a whole address as the target', head({ first: 'POST http://there/v1/responses HTTP/1.1' })],
    ['a host as the target', head({ first: 'POST there:80 HTTP/1.1' })],
    ['a star as the target', head({ first: 'POST * HTTP/1.1' })],
    ['a blank in the target', head({ first: 'POST /v1/ responses HTTP/1.1' })],
    ['a tab instead of a blank', head({ first: 'POST\t/v1/responses HTTP/1.1' })],
    ['a blank at the end of the line', head({ first: 'POST /v1/responses HTTP/1.1 ' })],
    ['NUL in the target', head({ first: 'POST /v1/\0 HTTP/1.1' })],
    ['a bare LF in the target', head({ first: 'POST /v1/\n HTTP/1.1' })],
    ['a bare CR in the target', head({ first: 'POST /v1/\r HTTP/1.1' })],
    ['a letter beyond ASCII in the target', head({ first: 'POST /v1/\xe9 HTTP/1.1' })],
    ['lines that end in LF', head().replaceAll('\r\n', '\n')],
    ['a bare LF behind the first line', head().replace('\r\n', '\n')],
    ['a bare LF between fields', head({ more: ['A: b\nC: d'] })],
    ['a bare CR between fields', head({ more: ['A: b\rC: d'] })],
    ['a field hidden behind a bare CR', head({ more: ['A: b\r Transfer-Encoding: chunked'] })],
    ['a value that is folded', head({ more: ['A: b', ' c'] })],
    ['a blank before a colon', head({ more: ['A : b'] })],
    ['a blank before the colon of the length', head({ length: 'Content-Length : 5' })],
    ['NUL in a value', head({ more: ['A: b\0'] })],
    ['a control character in a value', head({ more: ['A: \x01'] })],
    ['no name', head({ more: [': b'] })],
    ['no colon', head({ more: ['Ab'] })],
    ['a field twice', head({ more: ['A: b', 'a: b'] })],
    ['no host', 'POST /v1/responses HTTP/1.1\r\nContent-Length: 5\r\n\r\n'],
    ['an empty host', 'POST /v1/responses HTTP/1.1\r\nHost: \r\nContent-Length: 5\r\n\r\n'],
    ['two hosts', head({ more: ['host: there'] })],
    ['no length', head({ length: '' })],
    ['an empty length', head({ length: 'Content-Length:' })],
    ['a negative length', head({ length: 'Content-Length: -5' })],
    ['a sign before the length', head({ length: 'Content-Length: +5' })],
    ['a length in hexadecimal', head({ length: 'Content-Length: 0x5' })],
    ['a length with a point', head({ length: 'Content-Length: 5.0' })],
    ['a length with an exponent', head({ length: 'Content-Length: 5e0' })],
    ['a blank in the length', head({ length: 'Content-Length: 1 5' })],
    ['two lengths in one', head({ length: 'Content-Length: 5, 5' })],
    ['the same length twice', head({ more: ['content-length: 5'] })],
    ['two lengths', head({ more: ['content-length: 6'] })],
    ['a length in other digits than ours', head({ length: 'Content-Length: \xb2' })],
    ['a length that cannot be counted', head({ length: `Content-Length: ${'9'.repeat(16)}` })],
    ['chunks', head({ length: 'Transfer-Encoding: chunked' })],
    ['chunks and a length', head({ more: ['Transfer-Encoding: chunked'] })],
    ['an encoding of the connection that says nothing', head({ more: ['Transfer-Encoding:'] })],
    ['a wish to be told to go on', head({ more: ['Expect: 100-continue'] })],
    ['another protocol asked for', head({ more: ['Connection: Upgrade', 'Upgrade: websocket'] })],
    ['another protocol offered', head({ more: ['Upgrade: h2c'] })],
    ['fields after the body', head({ more: ['Trailer: A'] })],
    ['a taste in encodings of the connection', head({ more: ['TE: trailers'] })],
    ['the last request of a connection', head({ more: ['Connection: close'] })],
    ['the last request of a connection, said with others', head({ more: ['Connection: keep-alive, close'] })],
    ['fields of the connection alone', head({ more: ['Connection: x-a'] })],
    ['an empty wish about the connection', head({ more: ['Connection:'] })],
    ['the last request, as old proxies say it', head({ more: ['Proxy-Connection: close'] })],
    ['a field that node:http makes a list of', head({ more: ['Set-Cookie: a'] })],
    ['a head larger than the limit', head({ more: [`X: ${'x'.repeat(LIMIT + 1 - head({ more: ['X: '] }).length)}`] })],
  ])('%s', (_, text) => {
    expect(read(text)).toBeNull();
  });

  test('every head until its last byte has come', () => {
    const text = head({ more: ['Authorization: Bearer sk-1'] });
    for (let at = 0; at < text.length; at += 1) expect(read(text.slice(0, at))).toBeNull();
    expect(read(text)).not.toBeNull();
  });
});

/** What node:http makes of the same bytes. */
interface Seen {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly version: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  readonly keeps: boolean;
}

/** Whatever is written to it is read by node:http; the promise is kept with the requests that came before `/last`. */
function readByNode(bytes: Buffer): Promise<Seen[] | 'nonsense'> {
  return new Promise((resolve) => {
    const seen: Seen[] = [];
    const server = createServer({ maxHeaderSize: LIMIT }, (request, response) => {
      if (request.url === '/last') return resolve(seen);
      const pieces: Buffer[] = [];
      request.on('data', (piece: Buffer) => pieces.push(piece));
      request.on('end', () => {
        const { method, url, httpVersion: version, headers } = request;
        const body = Buffer.concat(pieces).toString('latin1');
        seen.push({ method, url, version, headers, body, keeps: response.shouldKeepAlive });
        response.end();
        if (!response.shouldKeepAlive) resolve(seen);
      });
    });
    server.on('clientError', () => resolve('nonsense'));
    const connection = new Duplex({ read: () => undefined, write: (_, __, done) => done() });
    server.emit('connection', connection);
    connection.push(bytes);
  });
}

const AFTERWARDS = 'GET /last HTTP/1.1\r\nHost: here\r\n\r\n';

function oneOf(words: string): fc.Arbitrary<string> {
  return fc.constantFrom(...words.split(' '));
}

const spelling = oneOf(
  'Accept User-Agent Authorization X-Trace content-type Cookie Referer From Age Date ETag Via Accept-Language ' +
    'X-Stainless-Retry-Count constructor __proto__ toString 0 a|b~c',
);
/** Names that say something of the connection, or stand there already. */
const telling = oneOf(
  'Connection Keep-Alive Proxy-Connection Transfer-Encoding TE Expect Upgrade Trailer Host Content-Length Set-Cookie ' +
    'HTTP2-Settings accept USER-AGENT',
);
const saying = fc.oneof(
  fc.constantFrom(
    '',
    'keep-alive',
    'Keep-Alive',
    'close',
    'chunked',
    'identity',
    '100-continue',
    'websocket',
    '5',
    '0',
  ),
  fc.constantFrom(
    'trailers',
    'a, b',
    'a: b',
    '"a\\"b"',
    '\ta\t',
    '  a  ',
    '\x80\xff',
    'GET / HTTP/1.1',
    '5, 5',
    '\xa0',
  ),
  fc.string({
    unit: fc
      .integer({ min: 0x20, max: 0xff })
      .filter((code) => code !== 0x7f)
      .map((code) => String.fromCharCode(code)),
  }),
);
const field = fc
  .tuple(
    fc.oneof({ weight: 9, arbitrary: spelling }, telling),
    fc.constantFrom(':', ': ', ':\t ', ':  '),
    saying,
    fc.constantFrom('', '', ' ', '\t'),
  )
  .map((parts) => parts.join(''));
const target = fc.oneof(
  fc.constantFrom('/v1/responses', '/v1/embeddings', '/', '*', 'http://there/v1', '/a?b=c#d', 'there:80', '//', '/%00'),
  fc
    .string({ unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)), maxLength: 12 })
    .map((text) => `/${text}`),
);
const plain = fc
  .record({
    target,
    before: fc.array(field, { maxLength: 2 }),
    length: fc.oneof(
      { weight: 6, arbitrary: fc.nat(30).map(String) },
      fc.constantFrom('', '+5', '0x5', '-1', '5, 5', '005', ' 7 ', '1_0', '5;'),
    ),
    after: fc.array(field, { maxLength: 3 }),
  })
  .map(({ target: to, before, length, after }) =>
    [`POST ${to} HTTP/1.1`, ...before, 'Host: here', `Content-Length: ${length}`, ...after, '', ''].join('\r\n'),
  );
/** Something that was put in the way of a head: at a place, instead of so many letters. */
const mishap = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  instead: fc.nat(2),
  sign: fc.constantFrom(
    '',
    '\r',
    '\n',
    '\r\n',
    '\0',
    ' ',
    '\t',
    ':',
    ',',
    '\x0b',
    '\x7f',
    '\x85',
    '1',
    'x',
    '\r\n ',
    '\r\n\r\n',
  ),
});
const mutated = fc.tuple(plain, fc.array(mishap, { minLength: 1, maxLength: 2 })).map(([text, mishaps]) => {
  let now = text;
  for (const { at, instead, sign } of mishaps) {
    const place = Math.floor(at * now.length);
    now = now.slice(0, place) + sign + now.slice(place + instead);
  }
  return now;
});

test(
  'whatever is taken is to node:http the same request, and what follows it the next',
  { timeout: 60_000 },
  async () => {
    let taken = 0;
    let left = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(plain, mutated), async (text) => {
        const mine = read(text);
        if (mine === null) {
          left += 1;
          return;
        }
        taken += 1;
        // What was left over of a head that was ended early is part of the body, or of the next request.
        const rest = text.slice(mine.bodyAt);
        if (rest.length > mine.length || mine.length > 1_000) return;
        const body = rest + 'b'.repeat(mine.length - rest.length);
        const seen = await readByNode(Buffer.from(text.slice(0, mine.bodyAt) + body + AFTERWARDS, 'latin1'));
        const { url, headers } = mine;
        expect(seen).toEqual([{ method: 'POST', url, version: '1.1', headers: { ...headers }, body, keeps: true }]);
      }),
      { seed: 20_261_122, numRuns: 8_000 },
    );
    // With neither there would be nothing to compare.
    expect(taken).toBeGreaterThan(1_000);
    expect(left).toBeGreaterThan(1_000);
  },
);

const MESSAGES = [{ role: 'user' as const, content: 'Hello' }];

describe('what the official SDK sends', () => {
  test.each([
    ['a chat', (client: OpenAI) => client.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES })],
    [
      'a stream',
      (client: OpenAI) => client.chat.completions.create({ model: 'gpt-4o', messages: MESSAGES, stream: true }),
    ],
    ['a response', (client: OpenAI) => client.responses.create({ model: 'gpt-4o', input: 'Hello' })],
    ['an embedding', (client: OpenAI) => client.embeddings.create({ model: 'text-embedding-3-small', input: 'Hello' })],
  ])('%s is read directly', async (_, ask) => {
    const { promise, resolve } = Promise.withResolvers<Buffer>();
    const server = createSocketServer((socket) => {
      socket.once('data', (bytes: Buffer) => {
        resolve(bytes);
        socket.destroy();
      });
    });
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as AddressInfo;
    const client = new OpenAI({ baseURL: `http://127.0.0.1:${port}/v1`, apiKey: 'any', maxRetries: 0 });
    await expect(ask(client)).rejects.toThrow('Connection error');
    expect(readRequestHead(await promise, 16_384)).not.toBeNull();
    server.close();
  });
});
