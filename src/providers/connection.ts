import type { Socket } from 'node:net';
import { errors } from 'undici';
import { latin1 } from '../http1/latin1.ts';
import { ResponseReader } from '../http1/response-reader.ts';
import type { Headers } from '../engine/call.ts';

/** A request as it goes over the wire. */
export interface Written {
  readonly method: string;
  /** The first line and the fields, with the empty line behind them. */
  readonly head: string;
  readonly body: Uint8Array | null;
}

/** How a request under way is steered. */
export interface Steering {
  abort(reason: Error): void;
  pause(): void;
  resume(): void;
}

/** A request under way: its end may come before anything has been sent. */
export interface Sending {
  /** Nothing more will be heard of it. */
  readonly over: boolean;
  onRequestStart(steering: Steering): void;
  onResponseStart(steering: Steering, status: number, headers: Headers): void;
  onResponseData(steering: Steering, chunk: Buffer): void;
  onResponseEnd(): void;
  onResponseError(steering: Steering | null, error: Error): void;
}

/** What a connection tells those who keep it. */
export interface Keeper {
  /** It has no request, and may be used for another. @param forMs for how long the server says it may; null: it does not say */
  idle(connection: Connection, forMs: number | null): void;
  gone(connection: Connection): void;
}

/** Opens a socket, and gives it when it can be used. */
export type Connect = (opened: (error: Error | null, socket: Socket | null) => void) => void;

type State =
  | { readonly name: 'connecting'; readonly request: Written; readonly sending: Sending }
  | { readonly name: 'idle' }
  | Busy
  | { readonly name: 'gone' };

const IDLE: State = { name: 'idle' };
const GONE: State = { name: 'gone' };

/** Heads and bodies up to this size together are written as one piece: two pieces cost more than the copy. */
const ONE_PIECE_BYTES = 16 * 1024;

/** One connection to a provider. It carries one request at a time. */
export class Connection {
  readonly #keeper: Keeper;
  readonly #reader: ResponseReader;
  #state: State;
  #socket: Socket | null = null;
  #paused = false;
  /** Why it is being closed. */
  #reason: Error | null = null;

  /** Opens one for a request, which may be over by then, and leave it to another. */
  constructor(connect: Connect, keeper: Keeper, request: Written, sending: Sending) {
    this.#keeper = keeper;
    this.#reader = new ResponseReader({
      onHead: (status, fields) => this.#busy?.onHead(status, fields),
      onBody: (bytes) => this.#busy?.onBody(bytes),
    });
    this.#state = { name: 'connecting', request, sending };
    connect((error, socket) => {
      if (socket === null) this.#failed(error ?? new errors.SocketError('no connection'));
      else this.#opened(socket);
    });
  }

  /** Sends another request over it; it has to be idle. */
  send(request: Written, sending: Sending): void {
    const socket = this.#socket as Socket;
    const busy = new Busy(this, sending);
    this.#state = busy;
    this.#paused = false;
    this.#reader.expect(request.method);
    socket.ref();
    try {
      sending.onRequestStart(busy);
    } catch (error) {
      return this.close(error as Error);
    }
    if (this.#busy !== null) write(socket, request);
  }

  /** Whether another request may be sent over it. */
  get isIdle(): boolean {
    return this.#state === IDLE && this.#reason === null;
  }

  /** Whether this is the request that is under way. */
  carries(busy: Busy): boolean {
    return this.#state === busy;
  }

  pause(): void {
    this.#paused = true;
    this.#reader.pause();
    this.#socket?.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#read(null);
    if (!this.#paused) this.#socket?.resume();
  }

  /** Closes it, and ends whatever is under way. */
  close(reason: Error): void {
    this.#reason ??= reason;
    if (this.#socket === null) this.#failed(reason);
    else this.#socket.destroy();
  }

  /** The request under way, as long as anybody wants to hear of it. */
  get #busy(): Busy | null {
    return this.#state.name === 'busy' && this.#reason === null ? this.#state : null;
  }

  #opened(socket: Socket): void {
    if (this.#state.name !== 'connecting') return void socket.destroy();
    const { request, sending } = this.#state;
    this.#socket = socket;
    this.#state = IDLE;
    socket.on('data', (bytes: Buffer) => this.#read(bytes));
    socket.on('error', (error) => (this.#reason ??= error)).on('end', () => this.#ended());
    socket.on('close', () => this.#failed(this.#reason ?? otherSide()));
    if (sending.over) this.#rest();
    else this.send(request, sending);
  }

  /** @param bytes null: what has been held back */
  #read(bytes: Buffer | null): void {
    if (this.#busy === null) return this.close(new errors.SocketError('something came that was not asked for'));
    try {
      if (bytes === null) this.#reader.resume();
      else this.#reader.take(bytes);
    } catch (error) {
      return this.close(error as Error);
    }
    if (this.#reader.isOver) this.#answered();
  }

  /** The server sends no more, which may be how it ends a response. */
  #ended(): void {
    if (this.#busy !== null && this.#reader.close()) this.#answered();
    else this.close(otherSide());
  }

  #answered(): void {
    const busy = this.#busy;
    if (busy === null) return;
    const { keepsAlive, hasExtra } = this.#reader;
    this.#state = IDLE;
    // What the server has not read of the request, it may never read.
    if (keepsAlive && !hasExtra && this.#socket?.writableLength === 0) this.#rest();
    else this.close(otherSide());
    try {
      busy.sending.onResponseEnd();
    } catch (error) {
      // A defect of whoever listens is told to them, and ends nothing else.
      busy.sending.onResponseError(null, error as Error);
    }
  }

  #rest(): void {
    // Whoever waits for nothing else need not wait for this.
    this.#socket?.unref();
    this.#keeper.idle(this, this.#reader.keptForMs);
  }

  #failed(error: Error): void {
    const state = this.#state;
    if (state.name === 'gone') return;
    this.#state = GONE;
    this.#keeper.gone(this);
    if (state.name !== 'idle') state.sending.onResponseError(null, error);
  }
}

/** A request under way. Whoever has it may steer it, and nothing else: its connection may have another by then. */
class Busy implements Steering {
  readonly name = 'busy';
  readonly sending: Sending;
  readonly #connection: Connection;

  constructor(connection: Connection, sending: Sending) {
    this.#connection = connection;
    this.sending = sending;
  }

  onHead(status: number, fields: Headers): void {
    this.sending.onResponseStart(this, status, fields);
  }

  onBody(bytes: Buffer): void {
    this.sending.onResponseData(this, bytes);
  }

  abort(reason: Error): void {
    if (this.#connection.carries(this)) this.#connection.close(reason);
  }

  pause(): void {
    if (this.#connection.carries(this)) this.#connection.pause();
  }

  resume(): void {
    if (this.#connection.carries(this)) this.#connection.resume();
  }
}

function otherSide(): Error {
  return new errors.SocketError('other side closed');
}

function write(socket: Socket, { head, body }: Written): void {
  if (body === null || body.length === 0) {
    socket.write(head, 'latin1');
  } else if (body.length <= ONE_PIECE_BYTES) {
    socket.write(head + latin1(body), 'latin1');
  } else {
    socket.cork();
    socket.write(head, 'latin1');
    socket.write(body);
    socket.uncork();
  }
}
