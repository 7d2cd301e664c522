import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { SystemClock } from '../../engine/system-clock.ts';
import { aQuota, cost, describeCounters } from './contract.test-support.ts';
import { RedisServer } from './redis-server.test-support.ts';
import { RedisCounters, type RedisCountersOptions } from './redis.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
}, 240_000);
afterAll(() => server.close());

const clock = new SystemClock();
let houses = 0;

async function join(options: Partial<RedisCountersOptions> = {}): Promise<RedisCounters> {
  const { port } = server;
  const address = { host: '127.0.0.1', port, tls: false, database: 0, username: null, password: () => null };
  // The machine may be busy with other tests: what is tested here is not how soon it answers.
  const counters = new RedisCounters({ address, clock, deadlineMs: 2_000, ...options });
  await counters.start(5_000);
  expect(counters.state).toEqual({ kind: 'shared' });
  return counters;
}

describeCounters(
  'redis',
  async () => {
    const counters = await join({ time: 'caller', prefix: `house-${(houses += 1)}` });
    return { counters, quiet: () => counters.told(), close: () => counters.close() };
  },
  // Redis counts by the piece, and time that has passed for one process has passed for all.
  { slackMs: 1 },
);
