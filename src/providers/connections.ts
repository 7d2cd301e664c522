import { buildConnector, Client, type Dispatcher, errors } from 'undici';

/** A request under way: its end may come before anything has been sent. */
export interface Sending extends Dispatcher.DispatchHandler {
  /** Nothing more will be heard of it. */
  readonly over: boolean;
}

/** One connection. It carries one request at a time. */
interface Connection {
  readonly client: Client;
  /** There is a socket, and nobody has closed it. */
  isOpen: boolean;
  isIdle: boolean;
}

/**
 * A wait for a connection is bounded by the route's own timer; this only stops connecting for callers who have long
 * given up.
 */
const CONNECT_GIVES_UP_MS = 60_000;

/** Shorter than the idle timeouts of the load balancers in front of providers (60 s and more), to lose fewer races. */
const KEEP_ALIVE_MS = 30_000;

/**
 * The connections to one origin: one for each request under way, so that no stream waits behind another or is cut with it.
 *
 * undici's own pool looks through all of its connections twice for each request. That is free with a handful; but streams are open
 * for many seconds, and with a thousand of them it takes three times as long as all the rest of sending a request.
 */
export class Connections {
  readonly #origin: string;
  readonly #options: Client.Options;
  readonly #all = new Set<Connection>();
  /** The one that was used last is on top, where it is taken from: those below it are closed when they are not needed. */
  readonly #idle: Connection[] = [];
  #destroyed = false;

  constructor(origin: string) {
    this.#origin = origin;
    this.#options = {
      pipelining: 1,
      // In HTTP/2 a hundred streams share one connection, and what befalls it befalls all of them.
      allowH2: false,
      // The engine's timers know what they wait for; undici's would cut slow models at 300 s.
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: KEEP_ALIVE_MS,
      // One for all of them, because it remembers TLS sessions.
      connect: buildConnector({ allowH2: false, timeout: CONNECT_GIVES_UP_MS }),
    };
  }

  /** Connections that are open, being opened, or have a request. */
  get size(): number {
    return this.#all.size;
  }

  /** @throws {errors.ClientDestroyedError} after {@link destroy}. */
  dispatch(request: Dispatcher.DispatchOptions, sending: Sending): void {
    if (this.#destroyed) throw new errors.ClientDestroyedError('the connections have been closed');
    const connection = this.#idle.pop() ?? this.#open();
    connection.isIdle = false;
    const takesMore = connection.client.dispatch(request, sending);
    // What cannot be sent at all has never been begun, and nothing will tell that it is done.
    if (takesMore || (sending.over && connection.client.stats.size === 0)) this.#giveBack(connection);
  }

  /** Ends whatever is under way. */
  async destroy(): Promise<void> {
    this.#destroyed = true;
    await Promise.all([...this.#all].map(({ client }) => client.destroy()));
  }

  #open(): Connection {
    const connection = { client: new Client(this.#origin, this.#options), isOpen: false, isIdle: false };
    this.#all.add(connection);
    connection.client
      .on('connect', () => (connection.isOpen = true))
      .on('disconnect', () => this.#closed(connection))
      .on('drain', () => this.#giveBack(connection));
    return connection;
  }

  /** One that could not be opened, or was closed meanwhile, is worth nothing: an outage would leave one for each call that it met. */
  #giveBack(connection: Connection): void {
    if (connection.isIdle) return;
    if (!connection.isOpen) {
      this.#all.delete(connection);
      return;
    }
    connection.isIdle = true;
    this.#idle.push(connection);
  }

  /** Where a request is still to be sent, undici opens it again. */
  #closed(connection: Connection): void {
    connection.isOpen = false;
    if (!connection.isIdle) return;
    this.#idle.splice(this.#idle.indexOf(connection), 1);
    this.#all.delete(connection);
  }
}
