import type { Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Alarm } from '../../engine/clock.ts';
import { DirectConnection, type DirectHouse } from './direct-connection.ts';

export interface DirectOptions extends Omit<DirectHouse, 'giveUp' | 'closed'> {
  /** A connection over which nothing has come yet is waited for so long, ms. */
  readonly silentMs: number;
  /** Told of one that has been silent for longer; what is written to it is the last. */
  readonly silent: (socket: Socket) => void;
}

/**
 * Stands between a node:http server and its connections, and reads the calls that nearly all are straight from them: node:http
 * takes a fifth of what a bare proxy costs on its way to a request with a body and back, because it is ready for anything.
 * As soon as something comes that is out of the ordinary, it gets the connection, for good.
 */
export class DirectConnections {
  readonly #options: DirectOptions;
  readonly #house: DirectHouse;
  readonly #everyMs: number;
  readonly #all = new Set<DirectConnection>();
  #alarm: Alarm | null = null;

  constructor(server: Server, options: DirectOptions) {
    this.#options = options;
    const [toNode] = server.listeners('connection') as ((this: Server, socket: Socket) => void)[];
    if (toNode === undefined) throw new Error('node:http does not listen to its connections');
    this.#house = {
      ...options,
      giveUp: (connection, socket, bytes) => {
        this.#all.delete(connection);
        toNode.call(server, socket);
        socket.unshift(bytes);
      },
      closed: (connection) => void this.#all.delete(connection),
    };
    this.#everyMs = Math.min(5_000, options.silentMs, options.keepMs);
    server.removeAllListeners('connection').on('connection', (socket: Socket) => this.#take(socket));
  }

  closeAll(): void {
    this.#alarm?.cancel();
    for (const { socket } of this.#all) socket.destroy();
  }

  #take(socket: Socket): void {
    this.#all.add(new DirectConnection(socket, this.#house));
    this.#alarm ??= this.#options.clock.after(this.#everyMs, () => this.#look());
  }

  /** One alarm for all of them: who has been idle for too long is not in a hurry. */
  #look(): void {
    const { clock, keepMs, silentMs, silent } = this.#options;
    const now = clock.now();
    for (const connection of this.#all) {
      const idleMs = connection.idleMs(now);
      if (idleMs === null || idleMs < (connection.isFresh ? silentMs : keepMs)) continue;
      if (!connection.isFresh) connection.socket.destroy();
      else {
        connection.hearNoMore();
        silent(connection.socket);
      }
    }
    this.#alarm = this.#all.size === 0 ? null : clock.after(this.#everyMs, () => this.#look());
  }
}
