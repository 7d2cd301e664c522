import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import type { Verdict } from '../../engine/admission/quota.ts';
import { aQuota, cost } from './contract.test-support.ts';
import { RedisServer } from './redis-server.test-support.ts';
import { granted, Installation, isGranted, NOTHING, reserve, slowLine, until } from './redis.test-support.ts';
import type { RedisCounters } from './redis.ts';
import type { LinkState } from './redis/link.ts';

let own: RedisServer;
let house: Installation;

beforeEach(async () => {
  own = await RedisServer.start();
  house = new Installation(own);
}, 240_000);
afterEach(async () => {
  await house.close();
  await own.close();
});

const isAway = (one: RedisCounters): boolean => one.state.kind === 'away';
const isShared = (one: RedisCounters): boolean => one.state.kind === 'shared';

describe('when Redis is away', () => {
  test('each lets through its part at once, and afterwards counts are right again', async () => {
    const told: LinkState[] = [];
    const replicas = await house.three({ changed: (state) => told.push(state) });
    const quota = aQuota('requests', 'minute', 90);
    for (let call = 0; call < 30; call += 1) await granted(replicas[call % 3] as RedisCounters, [quota]);
    await Promise.all(replicas.map((one) => one.told()));
    // Each has to have heard of the others' use, as it does whenever it asks or reports.
    for (const one of replicas) await granted(one, [quota]);
    await own.kill();
    await until(() => replicas.every(isAway), 'they notice');

    const perReplica = replicas.map((one) => {
      let got = 0;
      for (let call = 0; call < 90; call += 1) {
        const verdict = one.reserve([quota], NOTHING, Date.now());
        // Nobody waits for who is not there.
        expect(verdict).not.toBeInstanceOf(Promise);
        if (isGranted(verdict as Verdict)) got += 1;
      }
      return got;
    });
    // A third each of what was left; less what others may have held idle when the last word came.
    for (const got of perReplica) expect(got).toBeGreaterThanOrEqual(12);
    for (const got of perReplica) expect(got).toBeLessThanOrEqual(20);
    const total = 33 + perReplica.reduce((sum, got) => sum + got, 0);
    expect(total).toBeLessThanOrEqual(90 + 3);

    await own.restart();
    const backAt = performance.now();
    await until(() => replicas.every(isShared), 'counts are shared again');
    expect(performance.now() - backAt).toBeLessThan(10_000);
    const fresh = await house.join();
    expect(await reserve(fresh, [{ ...quota, amount: 1 }])).toMatchObject({ kind: 'refused', used: total });
    expect(told.map(({ kind }) => kind)).toContain('away');
    expect(told.at(-1)).toEqual({ kind: 'shared' });
  });

  test('calls under way settle right though it went and came back empty between', async () => {
    const replicas = await house.three();
    const quota = aQuota('tokens', 'minute', 1_000);
    const before = await granted(replicas[0] as RedisCounters, [quota], cost(300));
    const within = await granted(replicas[1] as RedisCounters, [quota], cost(200));
    await own.kill();
    await until(() => replicas.every(isAway), 'they notice');
    const alone = await granted(replicas[2] as RedisCounters, [quota], cost(100));
    within.settle(cost(20), Date.now());
    await own.restart();
    await until(() => replicas.every(isShared), 'counts are shared again');
    const fresh = await house.join();
    const wholly = { ...quota, amount: 420 };
    expect(await reserve(fresh, [wholly], cost(1))).toMatchObject({ kind: 'refused', used: 420 });
    before.settle(cost(50), Date.now());
    alone.settle(cost(7), Date.now());
    await Promise.all(replicas.map((one) => one.told()));
    expect(await reserve(fresh, [{ ...quota, amount: 77 }], cost(1))).toMatchObject({ kind: 'refused', used: 77 });
  });

  test('a call waits no longer than the deadline for one that is stopped in its tracks, and soon none waits', async () => {
    const replicas = await house.three({ deadlineMs: 50 });
    const [one] = replicas;
    const quota = aQuota('tokens', 'minute', 300);
    await granted(one, [quota], cost(1));
    own.pause();
    const startedAt = performance.now();
    const slowest: number[] = [];
    while (one.state.kind === 'shared' && performance.now() - startedAt < 5_000) {
      const askedAt = performance.now();
      // Larger than any share, so that it has to ask.
      await reserve(one, [aQuota('tokens', 'minute', 300)], cost(250));
      slowest.push(performance.now() - askedAt);
    }
    expect(one.state).not.toEqual({ kind: 'shared' });
    expect(performance.now() - startedAt).toBeLessThan(1_500);
    expect(Math.max(...slowest)).toBeLessThan(50 + 60);
    const verdict = one.reserve([quota], cost(99), Date.now());
    expect(isGranted(verdict as Verdict)).toBe(true);
    await until(() => replicas.every((each) => !isShared(each)), 'the others notice');
    own.resume();
    await until(() => replicas.every(isShared), 'counts are shared again');
    const fresh = await house.join();
    expect(await reserve(fresh, [{ ...quota, amount: 100 }], cost(1))).toMatchObject({ kind: 'refused', used: 100 });
  });

  test('one that is alive and slow is not waited for, and waited for again when it is quick', async () => {
    const line = await slowLine(own);
    const one = await house.join({ deadlineMs: 50 }, line);
    const quota = aQuota('tokens', 'minute', 100_000);
    line.delayMs = 80;
    while (one.state.kind === 'shared') {
      await granted(one, [aQuota('tokens', 'minute', 100)], cost(60));
      await sleep(20);
    }
    expect(one.state).toEqual({ kind: 'slow' });
    for (let call = 0; call < 20; call += 1) {
      expect(one.reserve([quota], cost(10), Date.now())).not.toBeInstanceOf(Promise);
    }
    // What is decided here is still told there.
    const other = await house.join();
    await until(() => one.replicas === 2, 'they have met');
    await one.told();
    expect(await reserve(other, [{ ...quota, amount: 200 }], cost(1))).toMatchObject({ kind: 'refused', used: 200 });
    line.delayMs = 0;
    await until(() => isShared(one), 'it is waited for again');
    await line.close();
  });

  test('one that alone has lost its line takes no more than its part', async () => {
    const line = await slowLine(own);
    const [cut, ...others] = [await house.join({}, line), await house.join(), await house.join()];
    await until(() => [cut, ...others].every((each) => each?.replicas === 3), 'all three have met');
    const quota = aQuota('requests', 'minute', 30);
    await line.close();
    await until(() => isAway(cut as RedisCounters), 'it notices');
    const verdicts = Array.from({ length: 30 }, () => (cut as RedisCounters).reserve([quota], NOTHING, Date.now()));
    expect(verdicts.filter((verdict) => isGranted(verdict as Verdict))).toHaveLength(10);
    const asked = await Promise.all(Array.from({ length: 40 }, () => reserve(others[0] as RedisCounters, [quota])));
    expect(asked.filter(isGranted)).toHaveLength(30);
  });

  test('what it lost in a flush is told again', async () => {
    const replicas = await house.three();
    const quota = aQuota('requests', 'minute', 60);
    for (let call = 0; call < 60; call += 1) await granted(replicas[call % 3] as RedisCounters, [quota]);
    await own.flush();
    await until(() => !replicas.every(isShared), 'somebody notices');
    await until(() => replicas.every(isShared), 'counts are shared again');
    for (const one of replicas) expect(await reserve(one, [quota])).toMatchObject({ kind: 'refused', used: 60 });
  });

  test('a process that has never met it works alone, with the part it is configured to have', async () => {
    await own.kill();
    const one = house.make({ replicas: 3 });
    await one.start(2_000);
    expect(one.state.kind).toBe('away');
    const quota = aQuota('requests', 'minute', 30);
    const verdicts = await Promise.all(Array.from({ length: 30 }, () => reserve(one, [quota])));
    expect(verdicts.filter(isGranted)).toHaveLength(10);
    expect(verdicts.at(-1)).toMatchObject({ kind: 'refused', quota, used: 10 });
  });

  test('hints are told again to a Redis that has lost them', async () => {
    const teller = await house.join();
    teller.hints.tell('breaker', 'primary', { open: true }, 60_000);
    await own.kill();
    teller.hints.tell('breaker', 'second', { open: true }, 60_000);
    await until(() => teller.state.kind === 'away', 'it notices');
    await own.restart();
    const hearer = await house.join();
    const heard = new Set<string>();
    hearer.hints.listen('breaker', (id) => heard.add(id));
    await until(() => heard.size === 2, 'both are heard');
    expect([...heard].sort()).toEqual(['primary', 'second']);
  });
});

test('a wrong password is said, without it, and serving goes on', async () => {
  const guarded = await RedisServer.start({ password: 'right-0123456789' });
  onTestFinished(() => guarded.close());
  const told: LinkState[] = [];
  const address = { host: '127.0.0.1', port: guarded.port, tls: false, database: 0, username: null };
  const wrong = house.make({
    address: { ...address, password: () => 'wrong-0123456789' },
    changed: (state) => told.push(state),
  });
  await wrong.start(2_000);
  expect(told).toEqual([{ kind: 'away', reason: 'the password is refused' }]);
  await granted(wrong, [aQuota('requests', 'minute', 1)]);
  const right = await house.join({ address: { ...address, password: () => 'right-0123456789' } });
  await granted(right, [aQuota('requests', 'minute', 1)]);
});
