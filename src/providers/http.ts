import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib';
import type { Dispatcher } from 'undici';
import type { Headers, Upload } from '../engine/call.ts';
import type { Exchange, Receiver } from '../engine/ports.ts';
import type { Sending, Steering } from './connection.ts';
import { Connections } from './connections.ts';

/** A request ready for the wire. */
export interface HttpRequest {
  readonly method: string;
  readonly path: string;
  /** Names and values, flat. */
  readonly headers: string[];
  readonly body: Uint8Array | Upload | null;
  /** Hand the body on exactly as it comes, content-encoding included. */
  readonly raw: boolean;
}

/** The sending of requests to one origin. */
export class HttpWire {
  readonly #connections: Connections | Dispatcher;

  /** @param dispatcher an undici dispatcher to send through (a proxy agent, say) instead of connections of our own. */
  constructor(origin: string, dispatcher?: Dispatcher) {
    this.#connections = dispatcher ?? new Connections(origin);
  }

  send(origin: string, request: HttpRequest, receiver: Receiver): Exchange {
    const exchange = new HttpExchange(receiver, request.raw);
    try {
      this.#connections.dispatch(
        {
          origin,
          path: request.path,
          method: request.method as Dispatcher.HttpMethod,
          headers: request.headers,
          body: bodyOf(request.body),
        },
        exchange,
      );
    } catch (error) {
      // There are things that cannot be sent, such as a header with a line break.
      exchange.onResponseError(null, error instanceof Error ? error : new Error(String(error)));
    }
    return exchange;
  }

  close(): Promise<void> {
    return this.#connections.destroy();
  }
}

function bodyOf(body: HttpRequest['body']): Uint8Array | Readable | null {
  if (body === null || body instanceof Uint8Array) return body;
  return body.source as unknown as Readable;
}

/** One exchange: what is told of it and the hand that steers it in one object, because every attempt makes one. */
class HttpExchange implements Exchange, Sending {
  #receiver: Receiver | null;
  readonly #raw: boolean;
  #controller: Steering | null = null;
  #decoder: Decoder | null = null;

  constructor(receiver: Receiver, raw: boolean) {
    this.#receiver = receiver;
    this.#raw = raw;
  }

  get over(): boolean {
    return this.#receiver === null;
  }

  abort(): void {
    this.#receiver = null;
    this.#decoder?.destroy();
    this.#controller?.abort(new Error('no longer wanted'));
  }

  pause(): void {
    this.#decoder?.pause();
    this.#controller?.pause();
  }

  resume(): void {
    this.#decoder?.resume();
    this.#controller?.resume();
  }

  onRequestStart(controller: Steering): void {
    // Aborted while it waited for a connection: there is no way out before this point.
    if (this.#receiver === null) return controller.abort(new Error('no longer wanted'));
    this.#controller = controller;
    this.#receiver.onSent();
  }

  onResponseStart(_controller: Steering, status: number, headers: Headers): void {
    if (status < 200 || this.#receiver === null) return;
    if (this.#raw || headers['content-encoding'] === undefined) return this.#receiver.onHead(status, headers);
    const encoding = String(headers['content-encoding']);
    this.#decoder = Decoder.for(encoding, this.#receiver, this.#controller);
    if (this.#decoder === null) return this.#receiver.onHead(status, headers);
    const { 'content-encoding': _, 'content-length': __, ...plain } = headers;
    this.#receiver.onHead(status, plain);
  }

  onResponseData(_controller: Steering, chunk: Buffer): void {
    if (this.#decoder === null) this.#receiver?.onData(chunk);
    else this.#decoder.write(chunk);
  }

  onResponseEnd(): void {
    if (this.#decoder !== null) return this.#decoder.end();
    this.#receiver?.onEnd();
    this.#receiver = null;
  }

  onResponseError(_controller: Steering | null, error: Error): void {
    const receiver = this.#receiver;
    this.#receiver = null;
    this.#decoder?.destroy();
    receiver?.onError(error);
  }
}

const DECODERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
} as const;

/** Undoes a content-encoding that nobody asked for: events can only be read from plain bytes. */
class Decoder {
  readonly #stream: ReturnType<(typeof DECODERS)[keyof typeof DECODERS]>;
  readonly #controller: Steering | null;

  private constructor(name: keyof typeof DECODERS, receiver: Receiver, controller: Steering | null) {
    this.#controller = controller;
    this.#stream = DECODERS[name]();
    this.#stream.on('data', (chunk: Buffer) => receiver.onData(chunk));
    this.#stream.on('end', () => receiver.onEnd());
    this.#stream.on('error', (error) => receiver.onError(error));
    this.#stream.on('drain', () => this.#controller?.resume());
  }

  /** Null for an encoding that cannot be undone here; its bytes are then judged as they are. */
  static for(encoding: string, receiver: Receiver, controller: Steering | null): Decoder | null {
    const name = encoding.trim().toLowerCase();
    return name in DECODERS ? new Decoder(name as keyof typeof DECODERS, receiver, controller) : null;
  }

  write(chunk: Buffer): void {
    if (!this.#stream.write(chunk)) this.#controller?.pause();
  }

  end(): void {
    this.#stream.end();
  }

  pause(): void {
    this.#stream.pause();
  }

  resume(): void {
    this.#stream.resume();
  }

  destroy(): void {
    this.#stream.removeAllListeners();
    this.#stream.on('error', () => undefined);
    this.#stream.destroy();
  }
}
