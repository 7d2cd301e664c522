import { EventEmitter } from 'node:events';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import { writeFields } from '../../http1/fields.ts';
import type { Outgoing } from '../exchange.ts';
import type { DirectRequest } from './direct-request.ts';

const NOTHING = Buffer.alloc(0);

export interface ResponseSurroundings {
  /** How long the connection is kept for the next request, ms. */
  readonly keepMs: number;
  /** Wall time, ms since 1970. */
  wall(): number;
  /** The answer has been taken by the operating system. @param last whether nothing may follow it on this connection */
  finished(last: boolean): void;
}

/** The answer to a {@link DirectRequest}. */
export class DirectResponse extends EventEmitter implements Outgoing {
  readonly req: DirectRequest;
  /** Whoever writes frames: it is told in the head how. */
  chunkedEncoding = false;
  headersSent = false;
  writableFinished = false;
  closed = false;
  readonly #socket: Socket;
  readonly #around: ResponseSurroundings;
  /** Is to go out with what else is written in this turn, the head first: each piece by itself would cost a system call. */
  #text = '';
  #goesLater = false;
  #set: string[] | null = null;
  /** Its status allows no body: what is written of one would be taken for the next answer (RFC 9112, section 6.3). */
  #isBare = false;
  #last = false;
  #ended = false;

  constructor(request: DirectRequest, around: ResponseSurroundings) {
    super();
    this.req = request;
    this.#socket = request.socket;
    this.#around = around;
  }

  get destroyed(): boolean {
    return this.closed || this.#socket.destroyed;
  }

  get writableLength(): number {
    return this.#socket.writableLength + this.#text.length;
  }

  setHeader(name: string, value: string): void {
    (this.#set ??= []).push(name, value);
  }

  /** @throws {UnsendableField} a header has a character that would end it, or that no header may have. */
  writeHead(status: number, headers: string[]): this {
    const around = this.#around;
    let head = `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? 'unknown'}\r\n`;
    if (this.#set !== null) {
      head += writeFields(this.#set);
      this.#last = this.#set.includes('close');
    }
    head += writeFields(headers);
    let end = this.#last ? '' : `Connection: keep-alive\r\nKeep-Alive: timeout=${Math.floor(around.keepMs / 1000)}\r\n`;
    if (status === 204 || status === 304) {
      this.#isBare = true;
      // Not everybody knows that no frames follow, whatever was told of them.
      if (!this.#last && headers.includes('chunked')) {
        this.#last = true;
        end = 'Connection: close\r\n';
      }
    }
    this.#text = `${head}${dateLine(around.wall())}${end}\r\n`;
    this.headersSent = true;
    return this;
  }

  /** @param _encoding each letter is a byte */
  write(chunk: Uint8Array | string, _encoding?: 'latin1'): boolean {
    if (this.destroyed || this.#ended) return false;
    const socket = this.#socket;
    if (this.#isBare) return this.#flush();
    if (typeof chunk !== 'string') {
      this.#flush();
      return socket.write(chunk);
    }
    this.#text += chunk;
    if (this.writableLength >= socket.writableHighWaterMark) return this.#flush();
    if (!this.#goesLater) {
      this.#goesLater = true;
      process.nextTick(flush, this);
    }
    return !socket.writableNeedDrain;
  }

  end(chunk?: Uint8Array | string, _encoding?: 'latin1'): void {
    if (this.destroyed || this.#ended) return;
    const socket = this.#socket;
    if (typeof chunk === 'string') {
      if (!this.#isBare) this.#text += chunk;
      this.#flush();
    } else if (chunk === undefined || this.#isBare) {
      this.#flush();
    } else {
      socket.cork();
      this.#flush();
      socket.write(chunk);
      socket.uncork();
    }
    this.#ended = true;
    // Broken, or ended when the caller said that it will say no more: what was said now went nowhere.
    if (!socket.writable) return void socket.destroy();
    // With nothing left to wait for it is over now: to be called back costs another turn.
    if (socket.writableLength === 0) this.#finish();
    else
      socket.write(NOTHING, (error) => {
        if (!error) this.#finish();
      });
  }

  /** Writes what has come together. @returns whether more may be written */
  flush(): boolean {
    this.#goesLater = false;
    return this.destroyed || this.#flush();
  }

  #flush(): boolean {
    const text = this.#text;
    if (text === '') return !this.#socket.writableNeedDrain;
    this.#text = '';
    return this.#socket.write(text, 'latin1');
  }

  /** Cuts the connection: the caller sees that the answer is not whole. */
  destroy(): void {
    this.#socket.destroy();
  }

  /** The connection is gone. */
  lost(): void {
    if (this.closed) return;
    this.closed = true;
    this.emit('close');
  }

  #finish(): void {
    if (this.closed) return;
    this.writableFinished = true;
    this.closed = true;
    this.emit('finish');
    this.emit('close');
    this.#around.finished(this.#last || !this.req.complete);
  }
}

function flush(response: DirectResponse): void {
  response.flush();
}

let second = -1;
let line = '';

/** The same for all answers of a second. */
function dateLine(wall: number): string {
  const now = Math.floor(wall / 1000);
  if (now !== second) {
    second = now;
    line = `Date: ${new Date(wall).toUTCString()}\r\n`;
  }
  return line;
}
