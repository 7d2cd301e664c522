import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { until } from './harness.ts';

/** `holdfast serve` in a process of its own, run from its sources. */
export class ServeProcess {
  readonly #child: ChildProcess;
  readonly #exited: Promise<number | null>;
  #out = '';
  #err = '';

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.stdout?.on('data', (chunk) => (this.#out += String(chunk)));
    child.stderr?.on('data', (chunk) => (this.#err += String(chunk)));
    this.#exited = new Promise((resolve) => child.once('exit', (code) => resolve(code)));
  }

  /** @param env added to an environment without any key; HOLDFAST_DATA has to be in it. */
  static async start(env: Readonly<Record<string, string>>, args: readonly string[] = []): Promise<ServeProcess> {
    const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [main, 'serve', '--json', ...args], {
      env: { PATH, HOLDFAST_PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const running = new ServeProcess(child);
    await until(
      () => running.#out.includes('\n') || child.exitCode !== null,
      () => `not started: ${running.#err}`,
      15_000,
    );
    return running;
  }

  get baseURL(): string {
    const [start = ''] = this.#out.split('\n', 1);
    return (JSON.parse(start) as { readonly baseUrl: string }).baseUrl;
  }

  get port(): number {
    return Number(new URL(this.baseURL).port);
  }

  /** The lines of its log. */
  get log(): readonly string[] {
    return this.#out.trimEnd().split('\n').slice(1);
  }

  /** What it wrote to stderr. */
  get complaints(): string {
    return this.#err;
  }

  /** Nobody takes what it writes any more: its pipe fills up. */
  stopReading(): void {
    this.#child.stdout?.pause();
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Resolves with the exit code; null for a process that was killed. */
  get exited(): Promise<number | null> {
    return this.#exited;
  }
}
