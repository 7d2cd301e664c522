import { Client } from 'pg';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { PostgresServer } from '../../storage/postgres-server.test-support.ts';
import { judgeStore } from '../contract.test-support.ts';
import type { QueueSettings } from '../queue.ts';
import { PostgresQueue } from './postgres-queue.ts';

let server: PostgresServer;
beforeAll(async () => {
  server = await PostgresServer.start();
}, 240_000);
afterAll(() => server.close());

function open(settings: QueueSettings): PostgresQueue {
  const address = { host: '127.0.0.1', port: server.port, database: 'postgres', user: 'holdfast', tls: false };
  return new PostgresQueue({ address: { ...address, password: () => null }, settings, say: () => undefined });
}

async function asked(text: string, values: readonly unknown[] = []): Promise<readonly Record<string, unknown>[]> {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  try {
    return (await client.query(text, [...values])).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

judgeStore(
  'PostgreSQL',
  () => Promise.resolve({ open: (settings) => Promise.resolve(open(settings)), close: () => Promise.resolve() }),
  // Whoever holds the ticket has given no sign of life for an hour, and pg-boss is made to look at once.
  async (_queue, id) => {
    const taken = "data->>'id' = $1 and state < 'completed'";
    await asked(
      `update holdfast_boss.job set heartbeat_on = now() - interval '1h', start_after = now() where ${taken}`,
      [id],
    );
    const deadline = performance.now() + 15_000;
    for (;;) {
      const [active] = await asked(
        `select count(*) as active from holdfast_boss.job where ${taken} and state = 'active'`,
        [id],
      );
      if (Number(active?.['active']) === 0) return Date.now();
      if (performance.now() > deadline) throw new Error(`pg-boss does not take back what is lost of ${id}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  },
);

test('what several gateways change is told to each of them', async () => {
  const settings = { leaseMs: 15_000, keepMs: 60_000, keepKeysMs: 60_000 };
  const [one, other] = [open(settings), open(settings)];
  const heard: string[] = [];
  other.onChange((id) => heard.push(id));
  await Promise.all([one.counts(), other.counts()]);
  const now = Date.now();
  const job = {
    id: 'job_told',
    owner: 'told',
    origin: 'asked' as const,
    model: null,
    stream: false,
    priority: 0,
    maxAttempts: 1,
    createdAt: now,
    runAt: now,
    deadlineAt: null,
    metadata: {},
    keyId: null,
    webhook: null,
    request: { method: 'POST', path: '/responses', headers: {}, body: new Uint8Array() },
  };
  await one.add({ job, bounds: { waiting: 10, bytes: 10 }, hold: null });
  await expect.poll(() => heard).toContain('job_told');
  await one.close();
  await other.close();
});

test('a database that is away is told to whoever asks, and reached again when it is back', async () => {
  const queue = open({ leaseMs: 15_000, keepMs: 60_000, keepKeysMs: 60_000 });
  await queue.counts();
  await server.stop();
  await expect(queue.counts()).rejects.toThrow(/./);
  await server.restart();
  await expect.poll(() => queue.counts().then(() => 'back', String), { timeout: 10_000 }).toBe('back');
  await queue.close();
}, 60_000);
