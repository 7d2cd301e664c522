import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { delimiter, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

// Real programs for tests: found on the machine, brought by Debian where there are none, and ended with the test.

/** Installs what is missing. */
const INSTALLER = 'apt-get';

/** Package lists and a large package, over a slow line. */
const INSTALL_WITHIN_MS = 600_000;

/** A program that tests run against. */
interface Wanted {
  /** What people call it. */
  readonly name: string;
  /** What Debian calls it. */
  readonly package: string;
  /** What has to be on the PATH where no Debian brings it, and for which tests. */
  readonly advice: string;
  /** Where it is; null where it is not. */
  readonly find: () => string | null;
}

/** @throws {Error} there is none and it cannot be installed, with the reason: a test must not pass without one */
export function findOrInstall({ name, package: wanted, advice, find }: Wanted): string {
  const there = find();
  if (there !== null) return there;
  if (!isRoot()) throw new Error(`there is no ${name}, and only root may install one; ${advice}`);
  process.stderr.write(`tests: there is no ${name}, installing one with ${INSTALLER} (once)...\n`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const run = (...args: string[]): void => {
    // Several test files may come to this at once: they wait for each other.
    const patience = ['-o', 'DPkg::Lock::Timeout=300', '-o', 'Acquire::Retries=2', '-o', 'Acquire::http::Timeout=30'];
    execFileSync(INSTALLER, [...patience, ...args], { env, stdio: 'pipe', timeout: INSTALL_WITHIN_MS });
  };
  try {
    run('update', '-q');
    run('install', '-qy', '--no-install-recommends', wanted);
  } catch (error) {
    throw new Error(`there is no ${name}, and ${INSTALLER} could not install one; ${advice}`, { cause: error });
  }
  const brought = find();
  if (brought === null) throw new Error(`${INSTALLER} brought no ${name}; ${advice}`);
  return brought;
}

/** The first of these programs that the PATH has. */
export function onPath(programs: readonly string[]): string | null {
  for (const directory of (process.env['PATH'] ?? '').split(delimiter)) {
    const found = programs.map((program) => join(directory, program)).find(isExecutable);
    if (found !== undefined) return found;
  }
  return null;
}

export function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

export function isRoot(): boolean {
  return process.getuid?.() === 0;
}

/** A port of this machine that nobody has just now. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

interface ServerOptions {
  readonly command: readonly string[];
  readonly port: number;
  readonly cwd: string;
  /** What it says when it is up; left out, it is when its port takes connections. */
  readonly ready?: string;
  /** Ends it at once, whoever is connected. */
  readonly endBy: NodeJS.Signals;
}

const running = new Set<ServerProcess>();
process.on('exit', () => {
  for (const server of running) server.signal(server.endBy);
});

const START_WITHIN_MS = 30_000;

/** A server in a process of its own, which does not outlive the test. */
export class ServerProcess {
  readonly endBy: NodeJS.Signals;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, endBy: NodeJS.Signals) {
    this.#child = child;
    this.endBy = endBy;
    running.add(this);
    child.once('exit', () => running.delete(this));
  }

  /** Resolves when it answers. @throws {Error} it does not start, with what it said */
  static async start({ command, port, cwd, ready = '', endBy }: ServerOptions): Promise<ServerProcess> {
    const [program = '', ...args] = command;
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd });
    const server = new ServerProcess(child, endBy);
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += String(chunk)));
    const until = performance.now() + START_WITHIN_MS;
    while (!(said.includes(ready) && (await answers(port)))) {
      if (child.exitCode !== null || performance.now() > until) {
        throw new Error(`${program} did not start on port ${port}. It said: ${said.slice(-1000)}`);
      }
      await sleep(10);
    }
    return server;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends it, and resolves when it has gone. */
  async end(): Promise<void> {
    const child = this.#child;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill(this.endBy);
    await gone;
  }
}

function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
