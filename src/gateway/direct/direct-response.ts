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
  /** Goes out with what is written first. */
  #head = '';
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
    return this.#socket.writableLength + this.#head.length;
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
    this.#head = `${head}${dateLine(around.wall())}${end}\r\n`;
    this.headersSent = true;
    return this;
  }

  write(chunk: Uint8Array | string, encoding?: 'latin1'): boolean {
    if (this.destroyed || this.#ended) return false;
    const head = this.#head;
    this.#head = '';
    if (this.#isBare) return head === '' || this.#socket.write(head, 'latin1');
    if (typeof chunk === 'string') return this.#socket.write(head === '' ? chunk : head + chunk, encoding ?? 'latin1');
    if (head === '') return this.#socket.write(chunk);
    this.#socket.cork();
    this.#socket.write(head, 'latin1');
    const goesOn = this.#socket.write(chunk);
    this.#socket.uncork();
    return goesOn;
  }

  end(chunk?: Uint8Array | string, encoding?: 'latin1'): void {
    if (this.destroyed || this.#ended) return;
    if (chunk !== undefined) this.write(chunk, encoding);
    else if (this.#head !== '') this.write('', 'latin1');
    this.#ended = true;
    const socket = this.#socket;
    // Broken, or ended when the caller said that it will say no more: what was said now went nowhere.
    if (!socket.writable) return void socket.destroy();
    // With nothing left to wait for it is over now: to be called back costs another turn.
    if (socket.writableLength === 0) this.#finish();
    else
      socket.write(NOTHING, (error) => {
        if (!error) this.#finish();
      });
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
