import { connect, type Socket } from 'node:net';
import { statusIn, lengthIn } from './head.ts';

const HEAD_END = Buffer.from('\r\n\r\n');
const STREAM_END = '0\r\n\r\n';
const EVENT_TEXT = 'data: {';
const EVENT = Buffer.from(EVENT_TEXT);

/** Every connection reads into this one buffer: its bytes are looked at and let go before the next read. */
const READ_BUFFER = Buffer.allocUnsafeSlow(256 * 1024);

/** What a connection tells of the call it carries. */
export interface Listener {
  onFirstContent(connection: Connection): void;
  onAnswer(connection: Connection, good: boolean): void;
  /** Closed by the other side or broken, with or without a call under way. */
  onClose(connection: Connection): void;
}

type Reading =
  | { readonly name: 'nothing' }
  | { readonly name: 'head' }
  | { readonly name: 'sized'; readonly good: boolean; left: number }
  | { readonly name: 'chunked'; readonly good: boolean; tail: string };

/** One keep-alive connection of a caller: sends prepared requests, one at a time, and finds the end of each answer. */
export class Connection {
  sentAt = 0;
  /** Events seen in the answer under way. */
  events = 0;
  readonly #socket: Socket;
  readonly #listener: Listener;
  #reading: Reading = { name: 'nothing' };
  #carried: Buffer | null = null;

  constructor(port: number, listener: Listener) {
    this.#listener = listener;
    const onread = { buffer: READ_BUFFER, callback: (bytes: number) => this.#read(READ_BUFFER.subarray(0, bytes)) };
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true, onread });
    this.#socket.on('error', () => undefined).on('close', () => listener.onClose(this));
  }

  get busy(): boolean {
    return this.#reading.name !== 'nothing';
  }

  send(request: Buffer): void {
    this.#reading = { name: 'head' };
    this.events = 0;
    this.sentAt = performance.now();
    this.#socket.write(request);
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(bytes: Buffer): boolean {
    if (this.#reading.name !== 'head') return this.#readBody(bytes);
    const answer = this.#carried === null ? bytes : Buffer.concat([this.#carried, bytes]);
    const headEnd = answer.indexOf(HEAD_END);
    if (headEnd < 0) {
      // Copied, because the buffer is about to be read into again.
      this.#carried = Buffer.from(answer);
      return true;
    }
    this.#carried = null;
    const head = answer.toString('latin1', 0, headEnd);
    const good = statusIn(head) === 200;
    const length = lengthIn(head);
    this.#reading = length === null ? { name: 'chunked', good, tail: '' } : { name: 'sized', good, left: length };
    return this.#readBody(answer.subarray(headEnd + HEAD_END.length));
  }

  #readBody(bytes: Buffer): boolean {
    const reading = this.#reading;
    if (reading.name === 'sized') {
      reading.left -= bytes.length;
      if (reading.left <= 0) this.#answered(reading.good && reading.left === 0);
    } else if (reading.name === 'chunked') {
      this.#countEvents(reading.tail, bytes);
      const end = reading.tail + bytes.toString('latin1', Math.max(0, bytes.length - EVENT.length));
      reading.tail = end.slice(-(EVENT.length - 1));
      if (end.endsWith(STREAM_END)) this.#answered(reading.good);
    }
    return true;
  }

  #countEvents(tail: string, bytes: Buffer): void {
    const before = this.events;
    // An event's first bytes may lie in two reads.
    const seam = tail + bytes.toString('latin1', 0, EVENT.length - 1);
    if (seam.includes(EVENT_TEXT)) this.events += 1;
    for (let at = bytes.indexOf(EVENT); at >= 0; at = bytes.indexOf(EVENT, at + EVENT.length)) this.events += 1;
    if (before === 0 && this.events > 0) this.#listener.onFirstContent(this);
  }

  #answered(good: boolean): void {
    this.#reading = { name: 'nothing' };
    this.#listener.onAnswer(this, good);
  }
}
