import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Cost, Counters, Quota, Reservation, Verdict } from '../../engine/admission/quota.ts';
import { SystemClock } from '../../engine/system-clock.ts';
import { cost } from './contract.test-support.ts';
import type { RedisServer } from './redis-server.test-support.ts';
import { RedisCounters, type RedisCountersOptions } from './redis.ts';

const clock: SystemClock = new SystemClock();
export const NOTHING: Cost = cost(0);

let houses = 0;

/** Counters that share one prefix in one Redis, as processes of one installation do; closed together. */
export class Installation {
  readonly prefix: string = `house-${(houses += 1)}`;
  readonly #server: Pick<RedisServer, 'port'>;
  readonly #made: RedisCounters[] = [];

  constructor(server: Pick<RedisServer, 'port'>) {
    this.#server = server;
  }

  make(options: Partial<RedisCountersOptions> = {}, { port }: Pick<RedisServer, 'port'> = this.#server): RedisCounters {
    const address = { host: '127.0.0.1', port, tls: false, database: 0, username: null, password: () => null };
    // The machine may be busy with other tests: how soon Redis answers is tested where it matters, and only there.
    const made = new RedisCounters({ address, clock, prefix: this.prefix, deadlineMs: 1_000, ...options });
    this.#made.push(made);
    return made;
  }

  async join(
    options: Partial<RedisCountersOptions> = {},
    at: Pick<RedisServer, 'port'> = this.#server,
  ): Promise<RedisCounters> {
    const made = this.make(options, at);
    await made.start(5_000);
    if (made.state.kind !== 'shared') throw new Error(`counts are not shared: ${JSON.stringify(made.state)}`);
    return made;
  }

  /** Three that know of each other. */
  async three(options: Partial<RedisCountersOptions> = {}): Promise<[RedisCounters, RedisCounters, RedisCounters]> {
    const replicas: [RedisCounters, RedisCounters, RedisCounters] = [
      await this.join(options),
      await this.join(options),
      await this.join(options),
    ];
    await until(() => replicas.every((each) => each.replicas === 3), 'all three have met');
    return replicas;
  }

  async close(): Promise<void> {
    await Promise.all(this.#made.map((counters) => counters.close()));
  }
}

export async function until(met: () => boolean, what: string, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!met()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}

export function reserve(one: Counters, quotas: readonly Quota[], wanted: Cost = NOTHING): Promise<Verdict> {
  return Promise.resolve(one.reserve(quotas, wanted, Date.now()));
}

export async function granted(one: Counters, quotas: readonly Quota[], wanted: Cost = NOTHING): Promise<Reservation> {
  const verdict = await reserve(one, quotas, wanted);
  if (verdict.kind === 'refused') throw new Error(`refused by ${verdict.quota.id}, used ${verdict.used}`);
  return verdict.reservation;
}

export const isGranted = ({ kind }: Verdict): boolean => kind === 'granted';

export interface SlowLine {
  readonly port: number;
  delayMs: number;
  close(): Promise<void>;
}

/** A line to a server, on which every answer takes so long. */
export async function slowLine({ port: to }: Pick<RedisServer, 'port'>): Promise<SlowLine> {
  const sockets = new Set<Socket>();
  const proxy = createServer((near) => {
    const far = connect(to, '127.0.0.1');
    for (const socket of [near, far]) {
      sockets.add(socket.on('error', () => undefined));
      socket.on('close', () => [near, far].forEach((each) => each.destroy()));
    }
    near.pipe(far);
    far.on('data', (chunk) => setTimeout(() => near.write(chunk), line.delayMs));
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const line: SlowLine = {
    port: (proxy.address() as AddressInfo).port,
    delayMs: 0,
    async close() {
      for (const socket of sockets) socket.destroy();
      proxy.close();
      await once(proxy, 'close');
    },
  };
  return line;
}
