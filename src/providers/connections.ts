import type { Readable } from 'node:stream';
import { buildConnector, type Dispatcher, errors, Pool } from 'undici';
import type { Alarm, Clock } from '../engine/clock.ts';
import { SystemClock } from '../engine/system-clock.ts';
import { writeFields } from '../http1/fields.ts';
import { type Connect, Connection, type Keeper, type Sending } from './connection.ts';

export interface Outbound {
  readonly method: string;
  readonly path: string;
  /** Names and values, flat. */
  readonly headers: readonly string[];
  /** One that can be read is read as it is sent. */
  readonly body: Uint8Array | Readable | null;
}

const METHOD = /^[A-Z-]{1,32}$/;
const PATH = /^[\x21-\x7e]+$/;
/** Methods of which a server expects to be told that there is no body (RFC 9110, section 8.6). */
const EXPECTS_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH']);

/**
 * A wait for a connection is bounded by the route's own timer; this only stops connecting for callers who have long
 * given up.
 */
const CONNECT_GIVES_UP_MS = 60_000;

/** Shorter than the idle timeouts of the load balancers in front of providers (60 s and more), to lose fewer races. */
const KEEP_ALIVE_MS = 30_000;

/** So much sooner than it has said the server is taken to close a connection, ms: what is on its way then would be lost. */
const MARGIN_MS = 2_000;

/** How often those that are not needed are looked for, ms. */
const LOOK_EVERY_MS = 5_000;

const SYSTEM_CLOCK = new SystemClock();

/** One that is not needed now. */
interface Idle {
  readonly connection: Connection;
  readonly until: number;
}

/**
 * The connections to one origin: one for each request under way, so that no stream waits behind another or is cut with it.
 * Those that are idle are a stack: taking one costs the same with ten streams open and with ten thousand.
 */
export class Connections implements Keeper {
  readonly #origin: string;
  readonly #host: string;
  readonly #clock: Clock;
  readonly #connect: Connect;
  readonly #all = new Set<Connection>();
  /** The one that was used last is on top, where it is taken from: those below it are closed when they are not needed. */
  #idle: Idle[] = [];
  #uploads: Pool | null = null;
  #alarm: Alarm | null = null;
  #destroyed = false;

  constructor(origin: string, clock: Clock = SYSTEM_CLOCK) {
    const url = new URL(origin);
    this.#origin = origin;
    this.#host = url.host;
    this.#clock = clock;
    // One for all of them, because it remembers TLS sessions. In HTTP/2 a hundred streams would share one connection, and what
    // befalls it befalls all of them.
    const connector = buildConnector({ allowH2: false, timeout: CONNECT_GIVES_UP_MS });
    const { host, protocol, port } = url;
    const hostname = url.hostname.replaceAll(/^\[|\]$/g, '');
    // undici leaves the socket out where there is none, whatever it says.
    this.#connect = (opened) =>
      connector({ host, hostname, protocol, port }, (error, socket) => opened(error, socket ?? null));
  }

  /** Connections that are open, or being opened. */
  get size(): number {
    return this.#all.size;
  }

  /** @throws {Error} after {@link destroy}, and for what cannot be sent at all, such as a header with a line break. */
  dispatch(request: Outbound, sending: Sending): void {
    if (this.#destroyed) throw new errors.ClientDestroyedError('the connections have been closed');
    const { body } = request;
    if (body !== null && !(body instanceof Uint8Array)) return this.#upload(request, sending);
    const { method } = request;
    const written = { method, head: this.#headOf(request, body), body };
    const idle = this.#take();
    if (idle !== null) idle.send(written, sending);
    else this.#all.add(new Connection(this.#connect, this, written, sending));
  }

  /** Ends whatever is under way. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    this.#alarm?.cancel();
    const reason = new errors.ClientDestroyedError('the connections have been closed');
    for (const connection of this.#all) connection.close(reason);
    await this.#uploads?.destroy(reason);
  }

  idle(connection: Connection, forMs: number | null): void {
    const keptMs = forMs === null ? KEEP_ALIVE_MS : Math.min(KEEP_ALIVE_MS, forMs - MARGIN_MS);
    if (keptMs <= 0) return connection.close(notNeeded());
    this.#idle.push({ connection, until: this.#clock.now() + keptMs });
    this.#alarm ??= this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  gone(connection: Connection): void {
    this.#all.delete(connection);
    const at = this.#idle.findLastIndex((idle) => idle.connection === connection);
    if (at >= 0) this.#idle.splice(at, 1);
  }

  #take(): Connection | null {
    const now = this.#clock.now();
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      // One that is being closed is not gone until the socket says so.
      if (idle.until > now && idle.connection.isIdle) return idle.connection;
      idle.connection.close(notNeeded());
    }
    return null;
  }

  #headOf({ method, path, headers }: Outbound, body: Uint8Array | null): string {
    if (!METHOD.test(method) || !PATH.test(path)) throw new errors.InvalidArgumentError('invalid method or path');
    const length = body === null && !EXPECTS_BODY.has(method) ? '' : `content-length: ${body?.length ?? 0}\r\n`;
    const fields = writeFields(headers);
    return `${method} ${path} HTTP/1.1\r\nhost: ${this.#host}\r\nconnection: keep-alive\r\n${fields}${length}\r\n`;
  }

  #look(): void {
    const now = this.#clock.now();
    for (const { connection, until } of this.#idle) {
      if (until <= now) connection.close(notNeeded());
    }
    this.#alarm = this.#idle.length === 0 ? null : this.#clock.after(LOOK_EVERY_MS, () => this.#look());
  }

  /** What is read as it is sent may stop and go on, fail and be given up: undici knows how, and they are few. */
  #upload(request: Outbound, sending: Sending): void {
    this.#uploads ??= new Pool(this.#origin, {
      connections: null,
      pipelining: 1,
      allowH2: false,
      // The engine's timers know what they wait for; undici's would cut slow models at 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      connect: { timeout: CONNECT_GIVES_UP_MS },
    });
    const { method, headers, ...rest } = request;
    this.#uploads.dispatch({ ...rest, method: method as Dispatcher.HttpMethod, headers: [...headers] }, sending);
  }
}

function notNeeded(): Error {
  return new errors.SocketError('no longer needed');
}
