import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findOrInstall, freePort, onPath, ServerProcess } from '../debian.test-support.ts';

/** Either will do: they speak the same protocol and run the same scripts. */
const PROGRAMS = ['redis-server', 'valkey-server'];

export interface RedisServerOptions {
  readonly password?: string;
}

/**
 * A Redis server of a test's own: on loopback, on a free port, keeping nothing. It is the real program, because what has
 * to be found out is how it behaves when it is killed, stopped in its tracks, or comes back with nothing in it.
 */
export class RedisServer {
  readonly port: number;
  readonly #program: string;
  readonly #directory: string;
  readonly #options: RedisServerOptions;
  #process: ServerProcess | null = null;

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
    const secrecy = password === undefined ? [] : ['--requirepass', password];
    this.#process = await ServerProcess.start({
      command: [this.#program, ...settings, '--save', '', '--appendonly', 'no', ...secrecy],
      port: this.port,
      cwd: this.#directory,
      endBy: 'SIGKILL',
    });
  }

  /** Ends it at once, as a crash does. */
  async kill(): Promise<void> {
    await this.#process?.end();
  }

  /** Connections stand, and nothing answers any more. */
  pause(): void {
    this.#process?.signal('SIGSTOP');
  }

  resume(): void {
    this.#process?.signal('SIGCONT');
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
  found ??= findOrInstall({
    name: 'Redis server',
    package: 'redis-server',
    advice: `put ${PROGRAMS.join(' or ')} on the PATH: these tests run against a real server`,
    find: () => onPath(PROGRAMS),
  });
  return found;
}
