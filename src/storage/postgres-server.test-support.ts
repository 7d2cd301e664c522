import { execFileSync } from 'node:child_process';
import { chownSync, globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { findOrInstall, freePort, isExecutable, isRoot, ServerProcess } from './debian.test-support.ts';

/** It refuses to run as root, and every Debian has this user. */
const OTHER_USER = 'nobody';

/** Nothing is to survive the machine, so nothing waits for its disk. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'shared_buffers=32MB'];

/**
 * A PostgreSQL server of a test's own: on loopback, on a free port, in a directory that goes with it. It is the real program,
 * because what has to be found out is how several gateways get on with it.
 */
export class PostgresServer {
  readonly port: number;
  readonly #programs: string;
  readonly #directory: string;
  #process: ServerProcess | null = null;

  private constructor(programs: string, port: number, directory: string) {
    this.#programs = programs;
    this.port = port;
    this.#directory = directory;
  }

  /** @throws {Error} there is no such program and none can be installed, with the reason: a test must not pass without one. */
  static async start(): Promise<PostgresServer> {
    const programs = postgresPrograms();
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'));
    if (isRoot()) chownSync(directory, otherUser('-u'), otherUser('-g'));
    const server = new PostgresServer(programs, await freePort(), directory);
    const [program = '', ...args] = server.#asOther('initdb');
    execFileSync(program, [...args, '-D', server.#data, '-U', 'holdfast', '-A', 'trust', '-E', 'UTF8', '--no-sync'], {
      stdio: 'pipe',
      cwd: directory,
    });
    await server.restart();
    return server;
  }

  get url(): string {
    return `postgres://holdfast@127.0.0.1:${this.port}/postgres`;
  }

  /** Starts it again on the same port, with what it had. */
  async restart(): Promise<void> {
    const settings = [...FAST, `port=${this.port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
    this.#process = await ServerProcess.start({
      command: [...this.#asOther('postgres'), '-D', this.#data, ...settings.flatMap((one) => ['-c', one])],
      port: this.port,
      cwd: this.#directory,
      ready: 'ready to accept connections',
      endBy: 'SIGINT',
    });
  }

  /** Ends it, without waiting for those who are connected. */
  async stop(): Promise<void> {
    await this.#process?.end();
  }

  async close(): Promise<void> {
    await this.stop();
    await rm(this.#directory, { recursive: true, force: true });
  }

  get #data(): string {
    return join(this.#directory, 'data');
  }

  #asOther(name: string): readonly string[] {
    const program = join(this.#programs, name);
    // setpriv changes the user without a shell or a session in between, so that signals reach the program itself.
    return isRoot()
      ? ['setpriv', `--reuid=${OTHER_USER}`, `--regid=${otherUser('-g')}`, '--clear-groups', program]
      : [program];
  }
}

function otherUser(flag: '-u' | '-g'): number {
  return Number(execFileSync('id', [flag, OTHER_USER], { encoding: 'utf8' }));
}

let found: string | null = null;

/** The directory of the programs. */
function postgresPrograms(): string {
  found ??= findOrInstall({
    name: 'PostgreSQL',
    package: 'postgresql',
    advice: 'put postgres and initdb on the PATH: these tests run against a real server',
    find: onMachine,
  });
  return found;
}

/** Debian keeps them out of the PATH, one directory for each version. */
function onMachine(): string | null {
  const debian = globSync('/usr/lib/postgresql/*/bin').toSorted((one, other) => versionIn(other) - versionIn(one));
  for (const directory of [...debian, ...(process.env['PATH'] ?? '').split(delimiter)]) {
    if (isExecutable(join(directory, 'postgres')) && isExecutable(join(directory, 'initdb'))) return directory;
  }
  return null;
}

function versionIn(directory: string): number {
  return Number(dirname(directory).split('/').at(-1));
}
