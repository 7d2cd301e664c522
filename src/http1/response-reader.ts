import { type Fields, readFields } from './fields.ts';

/** What a server sends is no response that can be told from what follows it. */
class MalformedResponse extends Error {
  override readonly name = 'MalformedResponse';
  readonly code = 'HPE_INVALID_RESPONSE';
}

/** Told of a response while it comes. */
export interface ResponseListener {
  /** Not of what goes before the response (100 Continue, 103 Early Hints). */
  onHead(status: number, fields: Fields): void;
  onBody(bytes: Buffer): void;
}

/** What comes next. `over`: nothing that belongs to this response. */
type State = 'head' | 'sized' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'over';

/** Largest head, and largest trailer, bytes: what Node allows by default. */
const MOST_HEAD_BYTES = 16 * 1024;
/** Longest line that tells the size of a chunk: sixteen digits, and extensions that nobody uses. */
const MOST_SIZE_LINE_BYTES = 1024;

const EMPTY_LINE = Buffer.from('\r\n\r\n');
const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9]\d\d)(?: [\t\x20-\x7e\x80-\xff]*)?$/;
const LENGTH = /^\d{1,15}$/;
const CR = 0x0d;
const LF = 0x0a;

/**
 * Reads the responses that come over one connection to a server (RFC 9112), one for each request that was sent.
 *
 * Strict where leniency would let one response be taken for two: about lengths, chunks and line breaks. Nothing is guessed: a
 * response that ends before its length has been reached is not over.
 */
export class ResponseReader {
  readonly #listener: ResponseListener;
  #state: State = 'over';
  /** Whether the response can have a body at all. */
  #isForHead = false;
  /** Bytes that are still to come of the body, or of this chunk. */
  #left = 0;
  #trailerBytes = 0;
  /** What has come and is not read yet. */
  #rest: Buffer | null = null;
  #paused = false;
  #keepsAlive = false;
  /** How long the server says that it keeps the connection, seconds. */
  #keptFor: number | null = null;

  constructor(listener: ResponseListener) {
    this.#listener = listener;
  }

  /** The response has been told as a whole. */
  get isOver(): boolean {
    return this.#state === 'over' && !this.#paused;
  }

  /** Something has come that belongs to no response. */
  get hasExtra(): boolean {
    return this.isOver && this.#rest !== null;
  }

  /** Whether the server means to answer another request over this connection; known once the response is over. */
  get keepsAlive(): boolean {
    return this.#keepsAlive;
  }

  /** For how long it means to, ms; null where it does not say. */
  get keptForMs(): number | null {
    return this.#keptFor === null ? null : this.#keptFor * 1000;
  }

  /** A request has been sent, and its response is expected. */
  expect(method: string): void {
    this.#state = 'head';
    this.#isForHead = method === 'HEAD';
    this.#paused = false;
    this.#keepsAlive = false;
    this.#keptFor = null;
    this.#trailerBytes = 0;
  }

  /** @throws {MalformedResponse} nothing more can be made of this connection. */
  take(bytes: Buffer): void {
    const all = this.#rest === null ? bytes : Buffer.concat([this.#rest, bytes]);
    this.#rest = null;
    let at = 0;
    while (!this.#paused && this.#state !== 'over') {
      const next = this.#step(all, at);
      if (next < 0) break;
      at = next;
    }
    if (at < all.length) this.#rest = at === 0 ? all : all.subarray(at);
  }

  /** Tells nothing more until {@link resume}, not even of what has come. */
  pause(): void {
    this.#paused = true;
  }

  /** @throws {MalformedResponse} as {@link take} does. */
  resume(): void {
    this.#paused = false;
    if (this.#rest !== null) this.take(NOTHING);
  }

  /** The server has closed the connection. @returns whether that was the end of the response */
  close(): boolean {
    this.resume();
    if (this.#state === 'until-close') this.#state = 'over';
    return this.#state === 'over';
  }

  /** @returns where to go on; -1: more has to come first */
  #step(bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#head(bytes, at);
      case 'sized':
      case 'chunk':
        return this.#body(bytes, at);
      case 'chunk-size':
        return this.#chunkSize(bytes, at);
      case 'chunk-end':
        return this.#chunkEnd(bytes, at);
      case 'trailer':
        return this.#trailer(bytes, at);
      case 'until-close':
        if (at === bytes.length) return -1;
        this.#listener.onBody(bytes.subarray(at));
        return bytes.length;
      case 'over':
        return -1;
    }
  }

  #head(bytes: Buffer, at: number): number {
    const end = bytes.indexOf(EMPTY_LINE, at);
    if ((end < 0 ? bytes.length : end) - at > MOST_HEAD_BYTES) throw new MalformedResponse('the head is too large');
    if (end < 0) return -1;
    const text = bytes.toString('latin1', at, end);
    const lineEnd = text.indexOf('\r\n');
    const line = STATUS_LINE.exec(lineEnd < 0 ? text : text.slice(0, lineEnd));
    if (line === null) throw new MalformedResponse('the first line is none of HTTP/1.1');
    const fields = lineEnd < 0 ? {} : fieldsIn(text.slice(lineEnd));
    const status = Number(line[2]);
    if (status === 101) throw new MalformedResponse('the protocol is changed without being asked to');
    if (status >= 200) {
      this.#frame(status, fields, line[1] === '1');
      this.#listener.onHead(status, fields);
    }
    return end + EMPTY_LINE.length;
  }

  /** How long the body is (RFC 9112, section 6.3), and what is meant for the connection. */
  #frame(status: number, fields: Fields, isOneOne: boolean): void {
    const { connection, 'keep-alive': kept, 'transfer-encoding': coding, 'content-length': length } = fields;
    const wishes = connection === undefined ? '' : String(connection).toLowerCase();
    this.#keepsAlive = isOneOne ? !wishes.includes('close') : wishes.includes('keep-alive');
    const seconds = kept === undefined ? null : /timeout=(\d{1,9})/.exec(String(kept));
    this.#keptFor = seconds === null ? null : Number(seconds[1]);
    if (this.#isForHead || status === 204 || status === 304) {
      this.#state = 'over';
    } else if (coding !== undefined) {
      if (length !== undefined) throw new MalformedResponse('the length is told in two ways');
      this.#state = /(?:^|[\s,])chunked$/i.test(String(coding)) ? 'chunk-size' : 'until-close';
    } else if (length === undefined) {
      this.#state = 'until-close';
    } else {
      if (typeof length !== 'string' || !LENGTH.test(length)) throw new MalformedResponse('the length is no number');
      this.#left = Number(length);
      this.#state = this.#left === 0 ? 'over' : 'sized';
    }
    if (this.#state === 'until-close') this.#keepsAlive = false;
  }

  #body(bytes: Buffer, at: number): number {
    if (at === bytes.length) return -1;
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    if (this.#left === 0) this.#state = this.#state === 'sized' ? 'over' : 'chunk-end';
    this.#listener.onBody(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    return end;
  }

  #chunkSize(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at, MOST_SIZE_LINE_BYTES);
    if (end < 0) return -1;
    let size = 0;
    let next = at;
    for (let digit = hexDigit(bytes[next]); digit >= 0; digit = hexDigit(bytes[next])) {
      size = size * 16 + digit;
      next += 1;
    }
    // Twelve digits are more than any body, and still exact.
    if (next === at || next - at > 12 || !endsSize(bytes[next])) throw new MalformedResponse('a chunk has no size');
    this.#left = size;
    this.#state = size === 0 ? 'trailer' : 'chunk';
    return end;
  }

  #chunkEnd(bytes: Buffer, at: number): number {
    if (bytes.length - at < 2) return -1;
    if (bytes[at] !== CR || bytes[at + 1] !== LF) throw new MalformedResponse('a chunk is longer than its size');
    this.#state = 'chunk-size';
    return at + 2;
  }

  /** Fields behind the body are for nobody. */
  #trailer(bytes: Buffer, at: number): number {
    const end = lineEnd(bytes, at, MOST_HEAD_BYTES - this.#trailerBytes);
    if (end < 0) return -1;
    this.#trailerBytes += end - at;
    if (end === at + 2) this.#state = 'over';
    return end;
  }
}

const NOTHING = Buffer.alloc(0);

function fieldsIn(lines: string): Fields {
  const fields = readFields(lines);
  if (fields === null) throw new MalformedResponse('a line of the head is no field');
  return fields;
}

/** Where the line is over that begins here; -1 while its end has not come. */
function lineEnd(bytes: Buffer, at: number, most: number): number {
  const end = bytes.indexOf(LF, at);
  if ((end < 0 ? bytes.length : end) - at > most) throw new MalformedResponse('a line is too long');
  if (end < 0) return -1;
  if (end === at || bytes[end - 1] !== CR) throw new MalformedResponse('a line ends without a carriage return');
  return end + 1;
}

function hexDigit(byte: number | undefined): number {
  if (byte === undefined) return -1;
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/** What may follow the digits: the line's end, an extension, or the blanks that some servers leave there. */
function endsSize(byte: number | undefined): boolean {
  return byte === CR || byte === 0x3b || byte === 0x20 || byte === 0x09;
}
