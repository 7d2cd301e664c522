/**
 * The provider that every target talks to: answers at once with bytes prepared beforehand, so that it costs little beside
 * the gateway. Raw sockets, because `node:http` would cost more than what is measured.
 *
 * Environment: PORT.
 */
import { createServer, type Socket } from 'node:net';
import { CHUNK_EVERY_MS, MODEL_PREFIX, streamedAnswer, wholeAnswer } from './conversation.ts';
import { lengthIn } from './head.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const MODEL = Buffer.from(`"${MODEL_PREFIX}`);

/** Every gateway keeps the model near the beginning of the body; as much is looked at. */
const LOOKED_AT = 200;

const WHOLE = wholeAnswer();
const WHOLE_ANSWER = Buffer.from(
  `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nx-request-id: req_bench\r\ncontent-length: ${Buffer.byteLength(WHOLE)}\r\n\r\n${WHOLE}`,
);
const STREAM_HEAD = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ncache-control: no-cache\r\nx-request-id: req_bench\r\ntransfer-encoding: chunked\r\n\r\n',
);
const CHUNKS = streamedAnswer().map((event) => Buffer.from(`${Buffer.byteLength(event).toString(16)}\r\n${event}\r\n`));
const STREAM_END = Buffer.from('0\r\n\r\n');
const STREAM_BEGIN = Buffer.concat([STREAM_HEAD, CHUNKS[0] ?? STREAM_END]);

/** A burst leaves in this many pieces, as a network would cut it: neither one read for all chunks nor one for each. */
const BURST_PIECES = 10;
const BURST = Array.from({ length: BURST_PIECES }, (_, piece) => {
  const size = CHUNKS.length / BURST_PIECES;
  const chunks = CHUNKS.slice(piece * size, (piece + 1) * size);
  return Buffer.concat([
    ...(piece === 0 ? [STREAM_HEAD] : []),
    ...chunks,
    ...(piece === BURST_PIECES - 1 ? [STREAM_END] : []),
  ]);
});

class Connection {
  readonly #socket: Socket;
  /** Bytes of a request whose head, or the beginning of whose body, has not come yet. */
  #carried: Buffer | null = null;
  /** What is still to come of the request's body. */
  #left = 0;
  #answer: () => void = () => undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay(true);
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', () => socket.destroy());
  }

  #read(bytes: Buffer): void {
    if (this.#left > 0) {
      this.#left -= bytes.length;
      if (this.#left <= 0) this.#answer();
      return;
    }
    const request = this.#carried === null ? bytes : Buffer.concat([this.#carried, bytes]);
    const headEnd = request.indexOf(HEAD_END);
    if (headEnd < 0) return this.#carry(request);
    const begin = headEnd + HEAD_END.length;
    const length = lengthIn(request.toString('latin1', 0, headEnd)) ?? 0;
    const there = request.length - begin;
    if (there < Math.min(length, LOOKED_AT)) return this.#carry(request);
    this.#carried = null;
    this.#answer = this.#answerTo(request, begin);
    this.#left = length - there;
    if (this.#left <= 0) this.#answer();
  }

  #carry(request: Buffer): void {
    this.#carried = request;
  }

  #answerTo(request: Buffer, begin: number): () => void {
    const model = request.indexOf(MODEL, begin);
    const manner = model < 0 ? 'w' : String.fromCharCode(request[model + MODEL.length] ?? 0);
    switch (manner) {
      case 'b':
        return () => this.#burst();
      case 'p':
        return () => this.#pace();
      case 'i':
        return () => this.#socket.write(STREAM_BEGIN);
      default:
        return () => this.#socket.write(WHOLE_ANSWER);
    }
  }

  #burst(): void {
    for (const piece of BURST) this.#socket.write(piece);
  }

  #pace(): void {
    const socket = this.#socket;
    socket.write(STREAM_BEGIN);
    let next = 1;
    const timer = setInterval(() => {
      const chunk = CHUNKS[next];
      next += 1;
      if (socket.destroyed || chunk === undefined) return clearInterval(timer);
      if (next < CHUNKS.length) return void socket.write(chunk);
      clearInterval(timer);
      socket.write(Buffer.concat([chunk, STREAM_END]));
    }, CHUNK_EVERY_MS);
  }
}

createServer((socket) => new Connection(socket)).listen({
  port: Number(process.env['PORT']),
  host: '127.0.0.1',
  backlog: 65_535,
});
