import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Simulator } from '../../src/simulator/index.ts';

/** How a house of jobs is shaken. */
export interface Shaking {
  /** The program: what `holdfast` is run from. */
  readonly main: string;
  readonly startSimulator: (options: object) => Promise<Simulator>;
  readonly jobs: number;
  readonly kills: number;
  /** Gateways that work one queue. */
  readonly gateways: number;
  /** Where jobs are kept; null: in the data directory. */
  readonly database: string | null;
  /** Jobs that a gateway runs at a time. */
  readonly concurrency: number;
  /** How long the provider takes for an answer, ms. */
  readonly answerMs: number;
  readonly leaseMs: number;
  /** Time between two kills, ms. */
  readonly everyMs: number;
  /** How long all of it may take, ms. */
  readonly withinMs: number;
}

/** What came of it. */
export interface Shaken {
  /** Jobs that were promised and are not there, or have not ended. */
  readonly lost: number;
  /** Jobs that have ended more than once. */
  readonly endedTwice: number;
  readonly succeeded: number;
  /** Requests at the provider beyond one for each job. */
  readonly extraAttempts: number;
  /** The most that there may be: for each kill, the jobs that were in the killed gateway's hands. */
  readonly allowed: number;
  readonly kills: number;
  /** Until the last job had ended, s. */
  readonly seconds: number;
}

const STARTS_WITHIN_MS = 30_000;

/** Runs jobs while gateways are killed with -9 and started again, and counts what became of them. */
export async function shake(shaking: Shaking): Promise<Shaken> {
  const { jobs, kills, gateways, answerMs } = shaking;
  const provider = await shaking.startSimulator({
    answerTokens: 5,
    latency: { firstTokenMs: answerMs },
    rememberedRequests: 10 * jobs,
  });
  const home = await mkdtemp(join(tmpdir(), 'holdfast-kills-'));
  await writeFile(join(home, 'holdfast.yaml'), JSON.stringify(configFor(shaking, provider)));
  const houses = await Promise.all(Array.from({ length: gateways }, () => Serving.start(shaking.main, home)));
  const crowd = new Crowd(houses, jobs);
  const startedAt = performance.now();
  try {
    const submitted = crowd.submit();
    let allowed = 0;
    for (let kill = 0; kill < kills; kill += 1) {
      await sleep(shaking.everyMs);
      const at = kill % gateways;
      allowed += shaking.concurrency;
      await houses[at]?.kill();
      houses[at] = await Serving.start(shaking.main, home);
    }
    await submitted;
    const ended = await crowd.wait(startedAt + shaking.withinMs);
    const seconds = (performance.now() - startedAt) / 1000;
    const seen = new Map<string, number>();
    for (const { body } of provider.requests) {
      const name = /job number (\d+)/.exec(body.toString())?.[1];
      if (name !== undefined) seen.set(name, (seen.get(name) ?? 0) + 1);
    }
    const extraAttempts = [...seen.values()].reduce((sum, count) => sum + count - 1, 0);
    return { ...ended, lost: jobs - ended.ended, extraAttempts, allowed, kills, seconds };
  } finally {
    await Promise.all(houses.map((house) => house.kill()));
    await provider.close();
    await rm(home, { recursive: true, force: true });
  }
}

function configFor({ database, concurrency, leaseMs }: Shaking, provider: Simulator): object {
  return {
    keys: { policy: 'off' },
    jobs: { concurrency, lease: leaseMs, ...(database === null ? {} : { database }) },
    targets: { provider: { provider: 'openai', baseUrl: `${provider.url}/v1`, key: 'env:PROVIDER_KEY' } },
    routes: [{ models: ['*'], ladder: ['provider'], retry: { attempts: 1 } }],
  };
}

/** `holdfast serve` in a process of its own. */
class Serving {
  readonly baseUrl: string;
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, baseUrl: string) {
    this.#child = child;
    this.baseUrl = baseUrl;
  }

  static async start(main: string, home: string): Promise<Serving> {
    const { PATH = '' } = process.env;
    const child = spawn(process.execPath, [main, 'serve', '--json', '-c', join(home, 'holdfast.yaml')], {
      env: { PATH, HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data'), PROVIDER_KEY: 'sk-provider-0123456789' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let [out, err] = ['', ''];
    child.stdout.on('data', (chunk) => (out += String(chunk)));
    child.stderr.on('data', (chunk) => (err += String(chunk)));
    const deadline = performance.now() + STARTS_WITHIN_MS;
    while (!out.includes('\n')) {
      if (child.exitCode !== null || performance.now() > deadline)
        throw new Error(`holdfast serve did not start: ${err}`);
      await sleep(10);
    }
    return new Serving(child, (JSON.parse(out.split('\n', 1)[0] ?? '') as { baseUrl: string }).baseUrl);
  }

  async kill(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }
}

interface ToldJob {
  readonly id: string;
  readonly status: string;
}

/** Callers who ask for jobs and wait for them, whichever gateway is up, as a careful application would. */
class Crowd {
  readonly #houses: readonly Serving[];
  readonly #jobs: number;
  readonly #ids: string[] = [];

  constructor(houses: readonly Serving[], jobs: number) {
    this.#houses = houses;
    this.#jobs = jobs;
  }

  /** Asks for every job under a key of its own, again and again until it has been promised. */
  async submit(): Promise<void> {
    const next = Array.from({ length: this.#jobs }, (_, at) => at).values();
    const caller = async (): Promise<void> => {
      for (const number of next) {
        const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: `job number ${number}` }] });
        const headers = {
          'content-type': 'application/json',
          prefer: 'respond-async',
          'idempotency-key': `job-${number}`,
        };
        const told = await this.#ask(
          '/chat/completions',
          { method: 'POST', headers, body },
          ({ status }) => status === 202,
        );
        this.#ids[number] = (told as ToldJob).id;
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
  }

  /** Looks at every job until it has ended. */
  async wait(until: number): Promise<Pick<Shaken, 'endedTwice' | 'succeeded'> & { readonly ended: number }> {
    let [ended, endedTwice, succeeded] = [0, 0, 0];
    const next = this.#ids.values();
    const caller = async (): Promise<void> => {
      for (const id of next) {
        const ask = (path: string): Promise<unknown> => this.#ask(path, {}, ({ ok }) => ok);
        let job: ToldJob | null = null;
        while (performance.now() < until) {
          job = (await ask(`/jobs/${id}?wait=5s`)) as ToldJob;
          if (!['queued', 'running'].includes(job.status)) break;
        }
        if (job === null || ['queued', 'running'].includes(job.status)) continue;
        ended += 1;
        if (job.status === 'succeeded') succeeded += 1;
        const events = String(await ask(`/jobs/${id}/events`));
        const endings = events.match(/^event: (?!queued|running)\w+$/gm)?.length ?? 0;
        if (endings > 1) endedTwice += 1;
      }
    };
    await Promise.all(Array.from({ length: 8 }, caller));
    return { ended, endedTwice, succeeded };
  }

  /** Asks one gateway after another until one answers as it should. */
  async #ask(path: string, init: RequestInit, good: (response: Response) => boolean): Promise<unknown> {
    for (let tries = 0; ; tries += 1) {
      const house = this.#houses[tries % this.#houses.length];
      try {
        const response = await fetch(`${house?.baseUrl ?? ''}${path}`, init);
        const text = await response.text();
        if (good(response))
          return response.headers.get('content-type')?.includes('json') === true ? JSON.parse(text) : text;
        if (response.status < 500 && response.status !== 409)
          throw new TypeError(`${path}: ${response.status} ${text}`);
      } catch (error) {
        if (tries > 1_000) throw error;
      }
      await sleep(50);
    }
  }
}
