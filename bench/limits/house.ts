import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Limits } from '../../src/engine/admission/limits.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { RedisServer } from '../../src/storage/counters/redis-server.test-support.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createKey } from '../../src/tenants/keys.ts';

/** Modules load slowly on a busy machine. */
const START_WITHIN_MS = 60_000;

const children = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of children) child.kill('SIGKILL');
});

export interface HouseOptions {
  /** What is run: the sources, or what was compiled of them. */
  readonly main: string;
  readonly tenants: Readonly<Record<string, Limits>>;
  /** @default 3 */
  readonly gateways?: number;
}

/** What came of one call. */
export interface Answer {
  readonly tenant: string;
  /** Wall time, ms since 1970. */
  readonly sentAt: number;
  readonly endedAt: number;
  /** HTTP status; 0: there was no answer. */
  readonly status: number;
  /** Prompt and answer together. */
  readonly tokens: number;
}

/** Gateways in processes of their own, each with its own records and keys, that share a Redis and a provider. */
export class House {
  readonly redis: RedisServer;
  readonly gateways: readonly Gateway[];
  readonly #simulator: Simulator;
  readonly #directory: string;

  private constructor(redis: RedisServer, simulator: Simulator, directory: string, gateways: readonly Gateway[]) {
    this.redis = redis;
    this.#simulator = simulator;
    this.#directory = directory;
    this.gateways = gateways;
  }

  static async open({ main, tenants, gateways = 3 }: HouseOptions): Promise<House> {
    const [redis, simulator] = await Promise.all([RedisServer.start(), startSimulator({ rememberedRequests: 0 })]);
    const directory = await mkdtemp(join(tmpdir(), 'holdfast-house-'));
    const file = join(directory, 'holdfast.yaml');
    const limited = Object.entries(tenants).map(([id, limits]) => [id, { limits }]);
    const config = {
      keys: { policy: 'off' },
      targets: { provider: { provider: 'openai-compatible', baseUrl: `${simulator.url}/v1`, key: 'env:PROVIDER_KEY' } },
      counters: redis.url,
      tenants: Object.fromEntries(limited) as object,
    };
    // JSON is YAML too.
    await writeFile(file, JSON.stringify(config));
    const started = Array.from({ length: gateways }, (_, index) =>
      Gateway.start(main, file, join(directory, `data-${index}`), Object.keys(tenants)),
    );
    const house = new House(redis, simulator, directory, await Promise.all(started));
    await house.settled('shared');
    // By now each has shown itself; a little later each has seen the others.
    await sleep(1_000);
    return house;
  }

  /** Resolves when every gateway says of its counters what is asked for. */
  async settled(standing: 'shared' | 'local', withinMs = 15_000): Promise<void> {
    const until = performance.now() + withinMs;
    for (;;) {
      const standings = await Promise.all(this.gateways.map((gateway) => gateway.counters()));
      if (standings.every((each) => each === standing)) return;
      if (performance.now() > until) throw new Error(`counters are ${standings.join(', ')}, not ${standing}`);
      await sleep(50);
    }
  }

  async close(): Promise<void> {
    await Promise.all(this.gateways.map((gateway) => gateway.stop()));
    await Promise.all([this.redis.close(), this.#simulator.close()]);
    await rm(this.#directory, { recursive: true, force: true });
  }
}

/** One gateway process. */
export class Gateway {
  readonly #child: ChildProcess;
  readonly #url: string;
  readonly #keys: ReadonlyMap<string, string>;
  readonly #complaints: () => string;

  private constructor(child: ChildProcess, url: string, keys: ReadonlyMap<string, string>, complaints: () => string) {
    this.#child = child;
    this.#url = url;
    this.#keys = keys;
    this.#complaints = complaints;
  }

  static async start(main: string, file: string, data: string, tenants: readonly string[]): Promise<Gateway> {
    const { PATH = '' } = process.env;
    const env = { PATH, HOLDFAST_PORT: '0', HOLDFAST_DATA: data, PROVIDER_KEY: 'sk-any' };
    const child = spawn(process.execPath, [main, 'serve', '--json', '--config', file], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.add(child);
    child.once('exit', () => children.delete(child));
    const said = { out: '', err: '' };
    child.stdout.on('data', (chunk) => (said.out += String(chunk)));
    child.stderr.on('data', (chunk) => (said.err += String(chunk)));
    const until = performance.now() + START_WITHIN_MS;
    while (!said.out.includes('\n')) {
      if (child.exitCode !== null || performance.now() > until) throw new Error(`not started: ${said.err}`);
      await sleep(20);
    }
    const { baseUrl } = JSON.parse(said.out) as { readonly baseUrl: string };
    return new Gateway(child, baseUrl, await makeKeys(data, tenants), () => said.err);
  }

  /** What it wrote to stderr. */
  get complaints(): string {
    return this.#complaints();
  }

  /** Makes one call for a tenant: some fifty tokens in all. */
  async call(tenant: string): Promise<Answer> {
    const sentAt = Date.now();
    const answered = await this.#post(tenant).catch(() => ({ status: 0, tokens: 0 }));
    return { tenant, sentAt, endedAt: Date.now(), ...answered };
  }

  /** What `/readyz` says of its counters. */
  async counters(): Promise<string> {
    const response = await fetch(new URL('/readyz', this.#url));
    return ((await response.json()) as { readonly counters: string }).counters;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await gone;
  }

  async #post(tenant: string): Promise<Pick<Answer, 'status' | 'tokens'>> {
    const response = await fetch(`${this.#url}/chat/completions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.#keys.get(tenant)}` },
      body: JSON.stringify({
        model: 'gpt-4o-mini',
        max_tokens: 40,
        messages: [{ role: 'user', content: 'Tell me something about the sea.' }],
      }),
    });
    const body = (await response.json()) as { readonly usage?: { readonly total_tokens: number } };
    return { status: response.status, tokens: body.usage?.total_tokens ?? 0 };
  }
}

async function makeKeys(directory: string, tenants: readonly string[]): Promise<Map<string, string>> {
  const database = openDatabase({ directory });
  const keys = new Map<string, string>();
  for (const tenant of tenants) {
    keys.set(tenant, (await createKey(database, { via: 'cli', name: 'house', address: null }, { tenant })).secret);
  }
  await database.close();
  // Gateways look for changes that others have made every second.
  await sleep(1_500);
  return keys;
}

/** Offers calls of tenants at a steady rate. */
export class Load {
  readonly answers: Answer[] = [];
  readonly #house: House;
  readonly #underWay = new Set<Promise<void>>();
  readonly #timers = new Map<string, ReturnType<typeof setInterval>>();
  #turn = 0;

  constructor(house: House) {
    this.#house = house;
  }

  /** @param gateways to which of them, in turn. @default all */
  begin(tenant: string, perSecond: number, gateways: readonly Gateway[] = this.#house.gateways): void {
    clearInterval(this.#timers.get(tenant));
    this.#timers.set(
      tenant,
      setInterval(() => this.#call(tenant, gateways), 1000 / perSecond),
    );
  }

  /** @returns every answer, once the last one has come. */
  async end(): Promise<readonly Answer[]> {
    for (const timer of this.#timers.values()) clearInterval(timer);
    await Promise.all(this.#underWay);
    return this.answers;
  }

  #call(tenant: string, gateways: readonly Gateway[]): void {
    const gateway = gateways[(this.#turn += 1) % gateways.length] as Gateway;
    const call = gateway.call(tenant).then((answer) => {
      this.answers.push(answer);
      this.#underWay.delete(call);
    });
    this.#underWay.add(call);
  }
}

/** Most that was let through in any span of a minute, calls dated by their beginning or by their end. */
export function mostInAMinute(answers: readonly Answer[], amount: (answer: Answer) => number): number {
  const served = answers.filter(({ status }) => status === 200);
  let most = 0;
  for (const dated of [(answer: Answer) => answer.sentAt, (answer: Answer) => answer.endedAt]) {
    const sorted = served.toSorted((a, b) => dated(a) - dated(b));
    let sum = 0;
    let first = 0;
    for (const answer of sorted) {
      sum += amount(answer);
      while (dated(sorted[first] as Answer) <= dated(answer) - 60_000) {
        sum -= amount(sorted[first] as Answer);
        first += 1;
      }
      most = Math.max(most, sum);
    }
  }
  return most;
}
