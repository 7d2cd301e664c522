import type { Socket } from 'node:net';
import type { Clock } from '../../engine/clock.ts';
import type { Incoming, Outgoing } from '../exchange.ts';
import { DirectRequest } from './direct-request.ts';
import { DirectResponse, type ResponseSurroundings } from './direct-response.ts';
import { readRequestHead } from './request-head.ts';

/** What becomes of what comes over connections. */
export interface DirectHouse {
  readonly clock: Clock;
  /** Largest head of a request, bytes. */
  readonly headerBytes: number;
  /** A connection without a request is kept for so long, ms. */
  readonly keepMs: number;
  /** Whether requests to this address are answered by {@link receive}. */
  readonly takes: (url: string) => boolean;
  readonly receive: (request: Incoming, response: Outgoing) => void;
  /** Takes a connection for good, from these bytes on. */
  readonly giveUp: (connection: DirectConnection, socket: Socket, bytes: Buffer) => void;
  readonly closed: (connection: DirectConnection) => void;
}

/** So many bytes of what comes early are taken in: nobody hears a caller leave over a connection that is not read. */
const MOST_AHEAD = 64 * 1024;

/**
 * A caller's connection, as long as what comes over it is as usual. Requests are read one after the other; what comes before
 * the one before is answered has to wait.
 */
export class DirectConnection implements ResponseSurroundings {
  readonly #socket: Socket;
  readonly #house: DirectHouse;
  #request: DirectRequest | null = null;
  #response: DirectResponse | null = null;
  /** Came while a request was under way. */
  #ahead: Buffer | null = null;
  /** Since when no request is under way, by the clock. */
  #idleSince: number;
  #isFresh = true;
  /** The last word has been said: what comes now is heard by nobody. */
  #isOver = false;

  readonly #onData = (bytes: Buffer): void => this.#take(bytes);
  // The caller says no more, and hears no more: an open half would keep the connection for as long as it likes.
  readonly #onEnd = (): unknown => this.#socket.end();
  readonly #onDrain = (): unknown => this.#response?.emit('drain');
  readonly #onClose = (): void => this.#closed();

  constructor(socket: Socket, house: DirectHouse) {
    this.#socket = socket;
    this.#house = house;
    this.#idleSince = house.clock.now();
    socket.on('data', this.#onData).on('end', this.#onEnd).on('drain', this.#onDrain).on('close', this.#onClose);
    socket.on('error', leftToClose);
  }

  get socket(): Socket {
    return this.#socket;
  }

  get keepMs(): number {
    return this.#house.keepMs;
  }

  wall(): number {
    return this.#house.clock.wall();
  }

  /** Whether it has brought no request yet. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** How long no request has been under way, ms; null while one is. */
  idleMs(now: number): number | null {
    return this.#request === null ? now - this.#idleSince : null;
  }

  /** Its caller has been told to come again: a call that crosses that would be made twice. */
  hearNoMore(): void {
    this.#isOver = true;
  }

  #take(bytes: Buffer): void {
    if (this.#isOver) return;
    // Behind what came before it, in its turn.
    if (this.#ahead !== null) return this.#keep(bytes);
    if (this.#request === null) return this.#begin(bytes);
    const taken = this.#request.complete ? 0 : this.#request.take(bytes);
    if (taken < bytes.length) this.#keep(bytes.subarray(taken));
  }

  #begin(bytes: Buffer): void {
    const { headerBytes, takes, receive } = this.#house;
    const head = readRequestHead(bytes, headerBytes);
    if (head === null || !takes(head.url)) return this.#giveUp(bytes);
    this.#isFresh = false;
    const request = new DirectRequest(head, this.#socket);
    this.#request = request;
    this.#response = new DirectResponse(request, this);
    receive(request, this.#response);
    const body = bytes.subarray(head.bodyAt);
    const taken = request.take(body);
    if (taken < body.length) this.#keep(body.subarray(taken));
  }

  #keep(bytes: Buffer): void {
    if (this.#isOver) return;
    this.#ahead = this.#ahead === null ? bytes : Buffer.concat([this.#ahead, bytes]);
    if (this.#ahead.length > MOST_AHEAD) this.#socket.pause();
    // Answered before its body had been read.
    if (this.#request === null) queueMicrotask(() => this.#goOn());
  }

  finished(last: boolean): void {
    this.#request = this.#response = null;
    this.#idleSince = this.#house.clock.now();
    this.#isOver = last;
    if (last) this.#socket.resume().destroySoon();
    else if (this.#ahead !== null) queueMicrotask(() => this.#goOn());
  }

  /** The next request came before the last was answered. */
  #goOn(): void {
    const bytes = this.#ahead;
    if (bytes === null || this.#socket.destroyed) return;
    this.#ahead = null;
    this.#socket.resume();
    this.#take(bytes);
  }

  #giveUp(bytes: Buffer): void {
    const socket = this.#socket;
    socket.off('data', this.#onData).off('end', this.#onEnd).off('drain', this.#onDrain).off('close', this.#onClose);
    socket.off('error', leftToClose);
    this.#house.giveUp(this, socket, bytes);
  }

  #closed(): void {
    this.#house.closed(this);
    this.#request?.emit('close');
    this.#response?.lost();
  }
}

/** An error closes the socket, and that is listened to. */
function leftToClose(): void {
  // Heard, so that it does not end the process.
}
