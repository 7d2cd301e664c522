import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { shake } from '../bench/jobs/kills.ts';
import { startSimulator } from '../src/simulator/index.ts';
import { PostgresServer } from '../src/storage/postgres-server.test-support.ts';

// Real gateways, killed with -9 while they run jobs. The same at full length: npm run bench -- jobs.

const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
const shaking = { main, startSimulator, jobs: 100, kills: 3, answerMs: 150, everyMs: 800, withinMs: 60_000 };

const NOTHING_LOST = { lost: 0, endedTwice: 0, succeeded: 100 };

test('jobs in SQLite outlive the gateway that runs them', async () => {
  const shaken = await shake({ ...shaking, gateways: 1, database: null, concurrency: 4, leaseMs: 1_000 });
  expect(shaken).toMatchObject(NOTHING_LOST);
  expect(shaken.extraAttempts).toBeLessThanOrEqual(shaken.allowed);
}, 90_000);

describe('jobs in PostgreSQL', () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await PostgresServer.start();
  }, 240_000);
  afterAll(() => server.close());

  test('outlive each of two gateways that run them', async () => {
    const shaken = await shake({ ...shaking, gateways: 2, database: server.url, concurrency: 2, leaseMs: 10_000 });
    expect(shaken).toMatchObject(NOTHING_LOST);
    expect(shaken.extraAttempts).toBeLessThanOrEqual(shaken.allowed);
  }, 90_000);
});
