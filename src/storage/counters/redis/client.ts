/** Where a Redis or Valkey server is, and how it is entered. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
  readonly database: number;
  /** Null: the server's default user. */
  readonly username: string | null;
  /** Asked at each connection, so that a rotated password is found; null: none. */
  readonly password: () => string | null;
}

/** One connection. It does not mend itself: when it is over, a new one is made, so that nothing is ever sent twice. */
export interface RedisConnection {
  /** Sends one command. What is sent within one tick leaves in one packet, and answers come in the order of sending. */
  send(command: readonly string[]): Promise<unknown>;
  subscribe(channel: string, heard: (message: string) => void): Promise<void>;
  /** Whether somebody waits for an answer: only then does the connection keep the process from ending. */
  awaited(waiting: boolean): void;
  close(): void;
}

const CONNECT_WITHIN_MS = 1_000;

/**
 * Connects. The client library is loaded only now, because most who use Holdfast have no Redis.
 *
 * @param over told once, with the reason, when the connection is gone; not when it is closed from here.
 * @throws {Error} there is no library, no server, or it refuses the password.
 */
export async function connectRedis(address: RedisAddress, over: (reason: string) => void): Promise<RedisConnection> {
  const { createClient } = await loadLibrary();
  const { host, port, tls, database, username } = address;
  const password = address.password();
  const client = createClient({
    socket: { host, port, connectTimeout: CONNECT_WITHIN_MS, reconnectStrategy: false, ...(tls ? { tls } : {}) },
    database,
    name: 'holdfast',
    disableOfflineQueue: true,
    disableClientInfo: true,
    maintNotifications: 'disabled',
    ...(username === null ? {} : { username }),
    ...(password === null ? {} : { password }),
  });
  let open = true;
  const ended = (reason: unknown): void => {
    if (!open) return;
    open = false;
    over(reasonOf(reason));
    client.destroy();
  };
  client.on('error', ended);
  client.on('terminated', ended);
  try {
    await client.connect();
  } catch (error) {
    open = false;
    client.destroy();
    throw new Error(reasonOf(error), { cause: error });
  }
  // An application that is done must be able to exit without taking leave.
  client.unref();
  return {
    send: (command) => client.sendCommand(command),
    subscribe: (channel, heard) => client.subscribe(channel, heard),
    awaited(waiting) {
      if (!open) return;
      if (waiting) client.ref();
      else client.unref();
    },
    close() {
      open = false;
      client.destroy();
    },
  };
}

async function loadLibrary(): Promise<typeof import('redis')> {
  try {
    return await import('redis');
  } catch (error) {
    throw new Error('the package redis is not installed (npm install redis)', { cause: error });
  }
}

/** What went wrong, in words that never quote what was sent. */
function reasonOf(error: unknown): string {
  const { code, message } = error instanceof Error ? (error as NodeJS.ErrnoException) : { message: String(error) };
  if (/^(?:WRONGPASS|NOAUTH|ERR (?:AUTH|invalid password))/.test(message)) return 'the password is refused';
  if (message.startsWith('NOPERM')) return 'the user lacks permissions: it needs scripts, hashes and publish/subscribe';
  return code ?? message;
}
