import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Either will do: they speak the same protocol and run the same scripts. */
const PROGRAMS = ['redis-server', 'valkey-server'];

/** Installs one where there is none. */
const INSTALLER = 'apt-get';

/** Package lists and the package itself, over a slow line. */
const INSTALL_WITHIN_MS = 180_000;

const START_WITHIN_MS = 15_000;

export interface RedisServerOptions {
  readonly password?: string;
}

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/**
 * A Redis server of a test's own: on loopback, on a free port, keeping nothing. It is the real program, because what has
 * to be found out is how it behaves when it is killed, stopped in its tracks, or comes back with nothing in it.
 */
export class RedisServer {
  readonly port: number;
  readonly #program: string;
  readonly #directory: string;
  readonly #options: RedisServerOptions;
  #child: ChildProcess | null = null;

  private constructor(program: string, port: number, directory: string, options: RedisServerOptions) {
    this.#program = program;
    this.port = port;
    this.#directory = directory;
    this.#options = options;
  }

  /** @throws {Error} there is no such program and none can be installed, with the reason: a test must not pass without one. */
  static async start(options: RedisServerOptions = {}): Promise<RedisServer> {
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-redis-'));
    const server = new RedisServer(redisProgram(), await freePort(), directory, options);
    await server.restart();
    return server;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Starts it again on the same port, empty. */
  async restart(): Promise<void> {
    const { password } = this.#options;
    const settings = ['--port', String(this.port), '--bind', '127.0.0.1', '--dir', this.#directory];
    const child = spawn(
      this.#program,
      [...settings, '--save', '', '--appendonly', 'no', ...(password === undefined ? [] : ['--requirepass', password])],
      { stdio: ['ignore', 'pipe', 'pipe'] },
    );
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    const until = performance.now() + START_WITHIN_MS;
    while (!(await answers(this.port))) {
      if (child.exitCode !== null || performance.now() > until) {
        throw new Error(`${this.#program} did not start on port ${this.port}. It said: ${said.slice(-1000)}`);
      }
      await sleep(10);
    }
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }

  /** Connections stand, and nothing answers any more. */
  pause(): void {
    this.#child?.kill('SIGSTOP');
  }

  resume(): void {
    this.#child?.kill('SIGCONT');
  }

  /** Makes it forget everything, with all connections standing. */
  async flush(): Promise<void> {
    const socket = connect(this.port, '127.0.0.1');
    socket.write('FLUSHALL\r\n');
    await once(socket, 'data');
    socket.destroy();
  }

  async close(): Promise<void> {
    await this.kill();
    await rm(this.#directory, { recursive: true, force: true });
  }
}

let found: string | null = null;

function redisProgram(): string {
  found ??= onPath() ?? installed();
  return found;
}

function onPath(): string | null {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    for (const program of PROGRAMS) {
      const path = join(directory, program);
      if (isExecutable(path)) return path;
    }
  }
  return null;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function installed(): string {
  const advice = `put ${PROGRAMS.join(' or ')} on the PATH: these tests run against a real server`;
  if (process.getuid?.() !== 0) throw new Error(`there is no Redis server, and only root may install one; ${advice}`);
  process.stderr.write('tests: there is no Redis server, installing one with apt-get (once)...\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args: string[]): void => {
    // Several test files may come to this at once: they wait for each other.
    const patience = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=30'];
    execFileSync(INSTALLER, [...patience, ...args], { env, stdio: 'pipe', timeout: INSTALL_WITHIN_MS });
  };
  try {
    run('update', '-q');
    run('install', '-qy', '--no-install-recommends', 'redis-server');
  } catch (error) {
    throw new Error(`there is no Redis server, and apt-get could not install one; ${advice}`, { cause: error });
  }
  const program = onPath();
  if (program === null) throw new Error(`apt-get brought no Redis server; ${advice}`);
  return program;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
