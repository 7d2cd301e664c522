import { setTimeout as sleep } from 'node:timers/promises';
import { createClient } from 'redis';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { seededRandom } from '../src/engine/random.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { RedisServer } from '../src/storage/counters/redis-server.test-support.ts';
import { ask } from './conversation.ts';
import { openGateway } from './harness.ts';

/** What the provider lets through; it tells of minutes and enforces seconds. */
const PER_SECOND = 20;
const GATEWAYS = 3;

type Door = Awaited<ReturnType<typeof openGateway>>;

let redis: RedisServer;
let provider: Simulator;
const doors: Door[] = [];
beforeAll(async () => {
  redis = await RedisServer.start();
  const limits = { requestsPerMinute: PER_SECOND * 60, tokensPerMinute: 1_000_000_000, burstMs: 1_000 };
  provider = await startSimulator({ limits, speed: 0.1, answerTokens: 10, rememberedRequests: 10 });
  for (let at = 0; at < GATEWAYS; at += 1) {
    doors.push(
      await openGateway({
        counters: `redis://127.0.0.1:${redis.port}`,
        targets: { one: { provider: 'openai', baseUrl: `${provider.url}/v1`, key: 'env:TARGET_KEY' } },
      }),
    );
  }
}, 240_000);
afterAll(async () => {
  for (const door of doors) await door.close();
  await provider.close();
  await redis.close();
});

/** Calls at 95 % of the limit, as they come, each through any gateway. */
async function load(seconds: number): Promise<void> {
  const random = seededRandom(11);
  const until = performance.now() + seconds * 1000;
  const asked: Promise<unknown>[] = [];
  while (performance.now() < until) {
    const door = doors[Math.floor(random() * GATEWAYS)] as Door;
    asked.push(ask(door.client, 'chat', { say: 'on we go' }));
    await sleep((-Math.log(1 - random()) * 1000) / (0.95 * PER_SECOND));
  }
  await Promise.all(asked);
}

test('three gateways that share a Redis keep under a provider’s limit together, and answer everybody', async () => {
  const words = createClient({ url: `redis://127.0.0.1:${redis.port}` });
  await words.connect();
  const told = new Map<string, unknown>();
  await words.subscribe('holdfast:1:{holdfast}:hints', (text) => {
    const { topic, fact } = JSON.parse(text) as { topic: string; fact: Record<string, unknown> };
    if (topic === 'pace') told.set(String(fact['process']), fact['requests']);
  });
  // Nobody knows the limit at first.
  await load(3);
  const learnt = doors.map(({ records }) => records.length);
  await load(8);
  const records = doors.flatMap((door, at) => door.records.slice(learnt[at]));
  const attempts = records.flatMap((record) => record.attempts);
  expect([...told.values()]).toEqual(Array(GATEWAYS).fill(PER_SECOND * 60));
  words.destroy();
  expect(records.length).toBeGreaterThan(100);
  expect(records.filter(({ outcome }) => outcome !== 'answered')).toEqual([]);
  // A request may be on its way for longer than another: once in a hundred is no disagreement.
  expect(attempts.filter(({ status }) => status === 429).length).toBeLessThanOrEqual(records.length / 100);
}, 60_000);
