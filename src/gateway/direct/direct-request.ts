import { EventEmitter } from 'node:events';
import type { IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import type { Incoming } from '../exchange.ts';
import type { RequestHead } from './request-head.ts';

/** A request that was read straight from its connection. */
export class DirectRequest extends EventEmitter implements Incoming {
  readonly method = 'POST';
  readonly httpVersion = '1.1';
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
  readonly socket: Socket;
  #missing: number;

  constructor({ url, headers, length }: RequestHead, socket: Socket) {
    super();
    this.url = url;
    this.headers = headers;
    this.socket = socket;
    this.#missing = length;
  }

  get complete(): boolean {
    return this.#missing === 0;
  }

  /** Takes what has come of the body. @returns how many of the bytes were part of it */
  take(bytes: Buffer): number {
    const mine = bytes.length <= this.#missing ? bytes : bytes.subarray(0, this.#missing);
    this.#missing -= mine.length;
    if (mine.length > 0) this.emit('data', mine);
    if (this.#missing === 0) this.emit('end');
    return mine.length;
  }

  /** Whoever does not listen need not ask for it to go by. */
  resume(): void {
    // Nothing holds it up.
  }
}
