import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, chownSync, constants, globSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Installs one where there is none. */
const INSTALLER = 'apt-get';

/** Package lists and the package itself, over a slow line. */
const INSTALL_WITHIN_MS = 180_000;

const START_WITHIN_MS = 30_000;

/** It refuses to run as root, and every Debian has this user. */
const OTHER_USER = 'nobody';

/** Nothing is to survive the machine, so nothing waits for its disk. */
const FAST = ['fsync=off', 'synchronous_commit=off', 'full_page_writes=off', 'shared_buffers=32MB'];

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGINT');
});

/**
 * A PostgreSQL server of a test's own: on loopback, on a free port, in a directory that goes with it. It is the real program,
 * because what has to be found out is how several gateways get on with it.
 */
export class PostgresServer {
  readonly port: number;
  readonly #programs: string;
  readonly #directory: string;
  #child: ChildProcess | null = null;

  private constructor(programs: string, port: number, directory: string) {
    this.#programs = programs;
    this.port = port;
    this.#directory = directory;
  }

  /** @throws {Error} there is no such program and none can be installed, with the reason: a test must not pass without one. */
  static async start(): Promise<PostgresServer> {
    const programs = postgresPrograms();
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-postgres-'));
    if (isRoot()) {
      const id = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, OTHER_USER], { encoding: 'utf8' }));
      chownSync(directory, id('-u'), id('-g'));
    }
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
    const [program = '', ...args] = this.#asOther('postgres');
    const settings = [...FAST, `port=${this.port}`, 'listen_addresses=127.0.0.1', 'unix_socket_directories='];
    const child = spawn(program, [...args, '-D', this.#data, ...settings.flatMap((one) => ['-c', one])], {
      stdio: ['ignore', 'pipe', 'pipe'],
      cwd: this.#directory,
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    const until = performance.now() + START_WITHIN_MS;
    while (!(said.includes('ready to accept connections') && (await answers(this.port)))) {
      if (child.exitCode !== null || performance.now() > until) {
        throw new Error(`PostgreSQL did not start on port ${this.port}. It said: ${said.slice(-1000)}`);
      }
      await sleep(20);
    }
  }

  /** Ends it, without waiting for those who are connected. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGINT');
    await gone;
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
      ? ['setpriv', `--reuid=${OTHER_USER}`, `--regid=${groupOf()}`, '--clear-groups', program]
      : [program];
  }
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function groupOf(): string {
  return execFileSync('id', ['-g', OTHER_USER], { encoding: 'utf8' }).trim();
}

let found: string | null = null;

/** The directory of the programs. */
function postgresPrograms(): string {
  found ??= onMachine() ?? installed();
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

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function installed(): string {
  const advice = 'put postgres and initdb on the PATH: these tests run against a real server';
  if (!isRoot()) throw new Error(`there is no PostgreSQL, and only root may install one; ${advice}`);
  process.stderr.write('tests: there is no PostgreSQL, installing one with apt-get (once)...\n');
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args: string[]): void => {
    // Several test files may come to this at once: they wait for each other.
    const patience = ['-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=30'];
    execFileSync(INSTALLER, [...patience, ...args], { env, stdio: 'pipe', timeout: INSTALL_WITHIN_MS });
  };
  try {
    run('update', '-q');
    run('install', '-qy', '--no-install-recommends', 'postgresql');
  } catch (error) {
    throw new Error(`there is no PostgreSQL, and apt-get could not install one; ${advice}`, { cause: error });
  }
  const programs = onMachine();
  if (programs === null) throw new Error(`apt-get brought no PostgreSQL; ${advice}`);
  return programs;
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
