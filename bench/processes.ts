import { type ChildProcess, execFileSync, spawn, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer, type AddressInfo } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Which core: what is measured has one to itself; whatever makes traffic shares the other. */
type Core = 'measured' | 'traffic';

/** Long enough for the slowest gateway to load its modules on a busy machine, ms. */
const START_WITHIN_MS = 20_000;

/** Holds a process and its threads to one core (util-linux). */
const TASKSET = 'taskset';

/** Are processes held to their cores? Without that, ratios still stand and are noisier. */
export const PINNED: boolean = availableParallelism() >= 2 && hasTaskset();

const running = new Set<ChildProcess>();

process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(130));

export interface StartOptions {
  readonly core: Core;
  readonly env?: Readonly<Record<string, string>>;
  /** Files and sockets it may have open. @default as many as this process */
  readonly openFiles?: number;
  /** A channel for messages to and from it. */
  readonly channel?: boolean;
}

/** A process of ours, and the last it said on stderr. */
export interface Started {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly complaints: () => string;
}

/** Starts a program; it ends with this process at the latest. */
export function start(
  command: readonly string[],
  { core, env = {}, openFiles, channel = false }: StartOptions,
): Started {
  const [program = '', ...args] = [...pinning(core), ...filesAllowed(openFiles), ...command];
  const stdio: StdioOptions = ['ignore', 'ignore', 'pipe', ...(channel ? (['ipc'] as const) : [])];
  const child = spawn(program, args, {
    stdio,
    // As objects, not as JSON, which has no NaN.
    serialization: 'advanced',
    env: { ...process.env, NODE_ENV: 'production', ...env },
  });
  running.add(child);
  child.once('exit', () => running.delete(child));
  let said = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    said = (said + chunk.toString()).slice(-2000);
  });
  child.on('error', (error) => {
    said += error.message;
  });
  return { child, pid: child.pid ?? -1, complaints: () => said.trim() };
}

/** Ends a process at once; nothing that it holds is worth a farewell. */
export async function stop({ child }: Started): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
}

/**
 * Gives an order to a process with a channel, and waits for what it reports.
 * @throws {Error} when it ends instead, with what it said.
 */
export async function ask<Report>({ child, complaints }: Started, order: object): Promise<Report> {
  const over = new AbortController();
  const { signal } = over;
  child.send(order);
  try {
    const ended = once(child, 'exit', { signal }).then(() => {
      throw new Error(`a process of the benchmark ended. It said: ${complaints() || 'nothing'}`);
    });
    const reported = once(child, 'message', { signal }).then(([report]) => report as Report);
    // Whichever comes second is told that nobody listens any more, and says so by rejecting.
    ended.catch(() => undefined);
    reported.catch(() => undefined);
    return await Promise.race([reported, ended]);
  } finally {
    over.abort();
  }
}

/** A port that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** @throws {Error} when nothing listens on `port` in time, with what the process said. */
export async function listening(name: string, started: Started, port: number): Promise<void> {
  const until = performance.now() + START_WITHIN_MS;
  while (performance.now() < until && started.child.exitCode === null) {
    if (await answers(port)) return;
    await sleep(20);
  }
  throw new Error(`${name} did not begin to listen on port ${port}. It said: ${started.complaints() || 'nothing'}`);
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}

function pinning(core: Core): readonly string[] {
  return PINNED ? [TASKSET, '-c', core === 'measured' ? '0' : '1'] : [];
}

/** Where the machine does not allow as many, as many as it allows: what then falls short says so itself. */
function filesAllowed(openFiles: number | undefined): readonly string[] {
  if (openFiles === undefined) return [];
  const limit = `ulimit -n ${openFiles} 2>/dev/null || ulimit -n "$(ulimit -Hn)"`;
  return ['sh', '-c', `${limit}; exec "$@"`, 'sh'];
}

function hasTaskset(): boolean {
  try {
    execFileSync(TASKSET, ['-c', '0', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
