import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import { databasePath } from '../../src/storage/data-directory.ts';
import { freePort } from '../processes.ts';
import { type GatewayOptions, type ObservedGateway, startGateway } from './gateways.ts';

/** What observing may run into. The first two have none: what they differ by is the noise of the machine. */
export const TROUBLES = [
  'none',
  'none-again',
  'stuck-disk',
  'full-disk',
  'collector-gone',
  'collector-silent',
  'browser-hanging',
] as const;

export type Trouble = (typeof TROUBLES)[number];

export const HEALTHY: readonly Trouble[] = ['none', 'none-again'];

/** Pages that were opened and never read. */
const BROWSERS = 20;

/** A gateway with its trouble. */
export interface Troubled {
  readonly gateway: ObservedGateway;
  /** To be called before and after each slice of traffic; the second makes sure that the trouble was there. */
  begin(): void;
  /** @param calls of the slice */
  end(calls: number): Promise<void>;
  stop(): Promise<void>;
}

type Start = (options: GatewayOptions) => Promise<Troubled>;

const nothing = (): void => undefined;
const resolved = (): Promise<void> => Promise.resolve();

const sound: Start = async (options) => {
  const gateway = await startGateway(options);
  return { gateway, begin: nothing, end: resolved, stop: () => gateway.stop() };
};

const STARTS: Readonly<Record<Trouble, Start>> = {
  none: sound,
  'none-again': sound,

  /** A disk that takes nothing while there is traffic: another process holds the database, and nobody reads the log's pipe. */
  async 'stuck-disk'(options) {
    const gateway = await startGateway({ ...options, disk: 'stuck' });
    const database = new DatabaseSync(databasePath(gateway.data), { timeout: 10_000 });
    return {
      gateway,
      begin: () => database.exec('begin immediate'),
      async end(calls) {
        const unstored = await gateway.unstored();
        database.exec('rollback');
        if (unstored < calls) throw new Error(`${calls - unstored} calls were stored on a disk that takes nothing`);
      },
      async stop() {
        database.close();
        await gateway.stop();
      },
    };
  },

  /** No room for records, nor for the log. */
  async 'full-disk'(options) {
    const gateway = await startGateway({ ...options, disk: 'full' });
    let unstored = 0;
    return {
      gateway,
      begin: nothing,
      async end(calls) {
        const before = unstored;
        unstored = await gateway.unstored();
        if (unstored - before < calls) throw new Error('calls were stored on a full disk');
      },
      stop: () => gateway.stop(),
    };
  },

  async 'collector-gone'(options) {
    const gateway = await startGateway({ ...options, collector: `http://127.0.0.1:${await freePort()}` });
    return {
      gateway,
      begin: nothing,
      end: resolved,
      async stop() {
        const complaints = gateway.complaints();
        await gateway.stop();
        if (!complaints.includes('telemetry could not be sent'))
          throw new Error(`nobody missed the collector: ${complaints}`);
      },
    };
  },

  async 'collector-silent'(options) {
    const { server, sockets, url } = await silentServer();
    const gateway = await startGateway({ ...options, collector: url });
    return {
      gateway,
      begin: nothing,
      end: () =>
        sockets.length > 0 ? Promise.resolve() : Promise.reject(new Error('nothing was sent to the collector')),
      async stop() {
        await gateway.stop();
        for (const socket of sockets) socket.destroy();
        server.close();
      },
    };
  },

  async 'browser-hanging'(options) {
    const gateway = await startGateway(options);
    const browsers = await Promise.all(Array.from({ length: BROWSERS }, () => hangingBrowser(gateway)));
    return {
      gateway,
      begin: nothing,
      end: resolved,
      async stop() {
        for (const socket of browsers) socket.destroy();
        await gateway.stop();
      },
    };
  },
};

export function startTroubled(trouble: Trouble, options: GatewayOptions): Promise<Troubled> {
  return STARTS[trouble](options);
}

/** Takes connections and says nothing. */
async function silentServer(): Promise<{ server: Server; sockets: readonly Socket[]; url: string }> {
  const sockets: Socket[] = [];
  const server = createServer((socket) => {
    sockets.push(socket);
    socket.on('error', nothing);
  });
  const port = await freePort();
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  return { server, sockets, url: `http://127.0.0.1:${port}` };
}

/** A dashboard that watches calls end, as far as its first events, and then reads no more. */
async function hangingBrowser({ destination: { port }, adminToken }: ObservedGateway): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', nothing);
  socket.write(
    `GET /admin/api/live?tail=1 HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\nauthorization: Bearer ${adminToken}\r\n\r\n`,
  );
  const [beginning] = (await once(socket, 'data')) as [Buffer];
  socket.pause();
  if (!beginning.toString().startsWith('HTTP/1.1 200'))
    throw new Error(`the dashboard was refused: ${beginning.toString()}`);
  return socket;
}
