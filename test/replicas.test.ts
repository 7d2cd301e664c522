import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Answer, House, Load, mostInAMinute } from '../bench/limits/house.ts';

const REQUESTS = 150;
const TOKENS = 6_000;
const STEADY = 600;

let house: House;
beforeAll(async () => {
  house = await House.open({
    main: join(import.meta.dirname, '..', 'src', 'cli', 'main.ts'),
    tenants: {
      callers: { requestsPerMinute: REQUESTS },
      talkers: { tokensPerMinute: TOKENS },
      steady: { requestsPerMinute: STEADY },
    },
  });
}, 240_000);
afterAll(() => house.close());

const of =
  (tenant: string) =>
  (answer: Answer): boolean =>
    answer.tenant === tenant;

function statuses(answers: readonly Answer[]): Record<number, number> {
  const counts: Record<number, number> = {};
  for (const { status } of answers) counts[status] = (counts[status] ?? 0) + 1;
  return counts;
}

/** Resolves when each of the tenants has been refused again and again, by every gateway. */
async function turnedAway(load: Load, tenants: readonly string[]): Promise<void> {
  const until = Date.now() + 40_000;
  const refused = (tenant: string): number =>
    load.answers.filter(of(tenant)).filter(({ status }) => status === 429).length;
  while (Date.now() < until && !tenants.every((tenant) => refused(tenant) >= 30)) await sleep(20);
}

describe('three gateways and one Redis', () => {
  test('keep a tenant to its requests and another to its tokens, within one per cent', async () => {
    const load = new Load(house);
    load.begin('callers', 40);
    load.begin('talkers', 40);
    await turnedAway(load, ['callers', 'talkers']);
    const answers = await load.end();
    expect(Object.keys(statuses(answers)).sort()).toEqual(['200', '429']);
    const [requests, tokens] = [answers.filter(of('callers')), answers.filter(of('talkers'))];
    const served = mostInAMinute(requests, () => 1);
    expect(served).toBeLessThanOrEqual(1.01 * REQUESTS);
    expect(served).toBeGreaterThanOrEqual(0.99 * REQUESTS);
    const spent = mostInAMinute(tokens, (answer) => answer.tokens);
    expect(spent).toBeLessThanOrEqual(1.01 * TOKENS);
    expect(spent).toBeGreaterThanOrEqual(0.97 * TOKENS);
  }, 60_000);

  test('serve on while Redis is away, say so, and know again afterwards what was used', async () => {
    const load = new Load(house);
    load.begin('steady', 30);
    await sleep(2_000);
    await house.redis.kill();
    await house.settled('local');
    await sleep(3_000);
    await house.redis.restart();
    const backAt = performance.now();
    await house.settled('shared');
    expect(performance.now() - backAt).toBeLessThan(10_000);
    await sleep(1_000);
    const answers = await load.end();
    // A third of the limit was used: nobody had to be refused, and nobody was.
    expect(statuses(answers)).toEqual({ 200: answers.length });
    for (const { complaints } of house.gateways) {
      expect(complaints).toMatch(/counters: Redis at 127\.0\.0\.1:\d+ is away \(\w+\); serving goes on, .*one of 3/);
      expect(complaints).toMatch(
        /counters: Redis at 127\.0\.0\.1:\d+ is back after \d+\.\d s; limits are shared again/,
      );
    }
    // The rest of the minute's requests is there, and no more than that: nothing was forgotten.
    const rest = new Load(house);
    rest.begin('steady', 100);
    await turnedAway(rest, ['steady']);
    const all = [...answers, ...(await rest.end())];
    const served = mostInAMinute(all, () => 1);
    expect(served).toBeLessThanOrEqual(1.01 * STEADY);
    expect(served).toBeGreaterThanOrEqual(0.99 * STEADY);
  }, 90_000);
});
