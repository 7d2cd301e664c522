import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Quota, Verdict } from '../../engine/admission/quota.ts';
import { DEFAULT_PACING } from '../../engine/policy.ts';
import { seededRandom } from '../../engine/random.ts';
import { Account } from '../../engine/sharing/account.ts';
import { sharePacing } from '../../engine/sharing/pace-word.ts';
import { SystemClock } from '../../engine/system-clock.ts';
import { aQuota, cost, describeCounters } from './contract.test-support.ts';
import { RedisServer } from './redis-server.test-support.ts';
import { granted, Installation, isGranted, NOTHING, reserve, until } from './redis.test-support.ts';
import type { RedisCounters } from './redis.ts';

let server: RedisServer;
let house: Installation;

beforeAll(async () => {
  server = await RedisServer.start();
}, 240_000);
afterAll(() => server.close());
beforeEach(() => {
  house = new Installation(server);
});
afterEach(() => house.close());

describe('the contract', () => {
  describeCounters(
    'redis',
    async () => {
      const subject = await house.join({ time: 'caller' });
      return { counters: subject, quiet: () => subject.told() };
    },
    // Time that has passed for one process has passed for all: it does not run backwards for a test.
    { slackMs: 1 },
  );
});

describe('several processes', () => {
  test('let no more through together than a small quota allows, and no less', async () => {
    const replicas = await house.three();
    const quota = aQuota('requests', 'minute', 5);
    const verdicts = await Promise.all(
      Array.from({ length: 30 }, (_, index) => reserve(replicas[index % 3] as RedisCounters, [quota])),
    );
    expect(verdicts.filter(isGranted)).toHaveLength(5);
    const refusal = verdicts.find((verdict) => verdict.kind === 'refused');
    expect(refusal).toMatchObject({ quota, used: 5 });
    expect(refusal?.freeInMs).toBeGreaterThan(58_000);
    expect(refusal?.freeInMs).toBeLessThan(60_500);
  });

  test('take from all levels of a call or from none, whoever holds the rest', async () => {
    const [first, second] = await house.three();
    const tenant = aQuota('tokens', 'minute', 100);
    const organisation = aQuota('tokens', 'minute', 100, { level: 'organisation' });
    await granted(first, [organisation], cost(80));
    expect(await reserve(second, [tenant, organisation], cost(30))).toMatchObject({ quota: organisation, used: 80 });
    expect(second.used(tenant, Date.now())).toBe(0);
    await granted(second, [tenant], cost(100));
  });

  test('hear soon of what another gives back of a tight quota', async () => {
    const [first, second] = await house.three();
    const quota = aQuota('calls', 'moment', 1);
    const call = await granted(first, [quota]);
    expect((await reserve(second, [quota])).kind).toBe('refused');
    call.settle(NOTHING, Date.now());
    const settledAt = performance.now();
    let verdict = await reserve(second, [quota]);
    while (verdict.kind === 'refused' && performance.now() - settledAt < 2_000)
      verdict = await reserve(second, [quota]);
    expect(verdict.kind).toBe('granted');
    expect(performance.now() - settledAt).toBeLessThan(500);
  });

  test('spend a large quota without asking, once they have a share of it', async () => {
    const replicas = await house.three();
    const quota = aQuota('requests', 'minute', 100_000);
    let asked = 0;
    for (let round = 0; round < 40; round += 1) {
      for (const one of replicas) {
        for (let call = 0; call < 10; call += 1) {
          const verdict = one.reserve([quota], NOTHING, Date.now());
          if (verdict instanceof Promise) asked += 1;
          expect((await verdict).kind).toBe('granted');
        }
      }
      await sleep(10);
    }
    expect(asked).toBeLessThan(1_200 / 10);
    await Promise.all(replicas.map((one) => one.told()));
    await until(
      () => replicas.every((one) => one.settled(quota, Date.now()) === 1_200),
      'each knows what all have used',
    );
  });

  test('give back what they do not use', async () => {
    const [busy, other] = await house.three();
    const quota = aQuota('requests', 'minute', 1_000);
    for (let call = 0; call < 500; call += 1) await granted(busy, [quota]);
    // What is idle with the first decays within seconds, and the second gets the whole rest.
    let got = 0;
    const end = performance.now() + 5_000;
    while (got < 500 && performance.now() < end) {
      if (isGranted(await reserve(other, [quota]))) got += 1;
      else await sleep(20);
    }
    expect(got).toBe(500);
    expect(isGranted(await reserve(other, [quota]))).toBe(false);
    expect(isGranted(await reserve(busy, [quota]))).toBe(false);
  });

  test.each([1, 2, 3])('never exceed a quota together, and in the end know the true use (seed %i)', async (seed) => {
    const random = seededRandom(seed);
    const replicas = await house.three();
    const limits = [aQuota('tokens', 'minute', 2_000), aQuota('calls', 'moment', 12), aQuota('money', 'day', 5_000)];
    const [tokens, calls] = limits as [Quota, Quota, Quota];
    const truth = { tokens: 0, calls: 0, settled: 0, money: 0 };
    const one = async (): Promise<void> => {
      const at = replicas[Math.floor(random() * 3)] as RedisCounters;
      const wanted = cost(1 + Math.floor(random() * 120), random() * 50);
      const verdict = await reserve(at, limits, wanted);
      if (verdict.kind === 'refused') return;
      truth.tokens += wanted.tokens;
      truth.calls += 1;
      expect(truth.tokens).toBeLessThanOrEqual(tokens.amount);
      expect(truth.calls).toBeLessThanOrEqual(calls.amount);
      await sleep(random() * 30);
      const real = cost(Math.floor(wanted.tokens * random()), wanted.microdollars * random());
      truth.tokens += real.tokens - wanted.tokens;
      truth.settled += real.tokens;
      truth.money += real.microdollars;
      truth.calls -= 1;
      verdict.reservation.settle(real, Date.now());
    };
    for (let batch = 0; batch < 60; batch += 1) {
      await Promise.race([Promise.all(Array.from({ length: 8 }, one)), sleep(15)]);
    }
    await until(() => truth.calls === 0, 'all calls have ended');
    await Promise.all(replicas.map((each) => each.told()));
    const fresh = await house.join();
    expect(truth.settled).toBeGreaterThan(500);
    const { used } = (await reserve(fresh, [tokens], cost(2_000))) as Verdict & { readonly kind: 'refused' };
    expect(used).toBe(truth.settled);
    for (const each of replicas) expect(each.settled(tokens, Date.now())).toBeLessThanOrEqual(truth.settled);
    // What others still hold idle comes back within moments.
    const calling: Verdict[] = [];
    for (let tries = 0; calling.filter(isGranted).length < calls.amount && tries < 200; tries += 1) {
      calling.push(await reserve(fresh, [calls]));
      await sleep(10);
    }
    expect(calling.filter(isGranted)).toHaveLength(calls.amount);
    expect(isGranted(await reserve(fresh, [calls]))).toBe(false);
  });

  test('let go of what a dead one held, after a while', async () => {
    const [alive, dying] = await house.three({ time: 'caller' });
    const quota = aQuota('calls', 'moment', 2);
    const now = Date.now();
    await dying.reserve([quota], NOTHING, now);
    await dying.reserve([quota], NOTHING, now);
    expect((await alive.reserve([quota], NOTHING, now + 9_000)).kind).toBe('refused');
    expect((await alive.reserve([quota], NOTHING, now + 11_000)).kind).toBe('granted');
  });

  test('count together from the very first call', async () => {
    const quota = aQuota('requests', 'minute', 2);
    const made = [house.make(), house.make(), house.make()];
    for (const each of made) void each.start(5_000);
    const verdicts = await Promise.all(made.flatMap((each) => [reserve(each, [quota]), reserve(each, [quota])]));
    expect(verdicts.filter(isGranted)).toHaveLength(2);
  });

  test('count apart under different prefixes', async () => {
    const quota = aQuota('requests', 'minute', 1);
    const apart = [await house.join({ prefix: 'one' }), await house.join({ prefix: 'two' })];
    expect((await Promise.all(apart.map((each) => reserve(each, [quota])))).every(isGranted)).toBe(true);
  });
});

test('a program waits for its answers, and ends by itself when it has them', async () => {
  const program = `
    import { RedisCounters } from ${JSON.stringify(new URL('redis.ts', import.meta.url).href)};
    import { SystemClock } from ${JSON.stringify(new URL('../../engine/system-clock.ts', import.meta.url).href)};
    const address = { host: '127.0.0.1', port: ${server.port}, tls: false, database: 0, username: null, password: () => null };
    const counters = new RedisCounters({ address, clock: new SystemClock(), prefix: '${house.prefix}', deadlineMs: 1000 });
    await counters.start(5000);
    const quota = ${JSON.stringify(aQuota('requests', 'minute', 1))};
    for (let call = 0; call < 2; call += 1) {
      const verdict = await counters.reserve([quota], { tokens: 0, microdollars: 0 }, Date.now());
      console.log(verdict.kind);
    }
    if (process.argv.includes('--close')) await counters.close();
    console.log(counters.state.kind);`;
  for (const args of [[], ['--close']]) {
    const flags = ['--input-type=module-typescript', '--eval', program];
    const { stdout } = await promisify(execFile)(process.execPath, [...flags, '--', ...args], { timeout: 15_000 });
    expect(stdout.split('\n').slice(0, 2)).toEqual(args.length === 0 ? ['granted', 'refused'] : ['refused', 'refused']);
  }
});

describe('hints', () => {
  test('reach the others and not the teller, and those who come later', async () => {
    const [teller, hearer] = await house.three();
    const heard = new Map<string, unknown>();
    teller.hints.listen('dead-key', (id) => heard.set(id, 'its own'));
    hearer.hints.listen('dead-key', (id, fact) => heard.set(id, fact));
    hearer.hints.listen('breaker', (id) => heard.set(id, 'another topic'));
    teller.hints.tell('dead-key', 'account-1', { until: 5, why: 'quota' }, 60_000);
    teller.hints.tell('dead-key', 'account-2', { why: 'gone' }, 0);
    await until(() => heard.size >= 2, 'they are heard');
    expect(Object.fromEntries(heard)).toEqual({
      'account-1': { until: 5, why: 'quota' },
      'account-2': { why: 'gone' },
    });
    const late = await house.join();
    const lateHeard: string[] = [];
    late.hints.listen('dead-key', (id) => lateHeard.push(id));
    await until(() => lateHeard.length > 0, 'those who come later hear what is kept');
    expect(lateHeard).toEqual(['account-1']);
  });

  test('carry what is learnt of a provider, so that three processes keep under its limit together', async () => {
    const clock = new SystemClock();
    const members = (await house.three()).map(({ hints }, at) => {
      const account = new Account('ours', DEFAULT_PACING);
      return { pacer: account.outletFor('gpt-4o').pacer, stop: sharePacing([account], hints, clock, `process-${at}`) };
    });
    const [first, ...others] = members.map(({ pacer }) => pacer);
    if (first === undefined) throw new Error('nobody is there');
    const leave = first.take(1, clock.now());
    const told = { limit: 600, remaining: 600, resetMs: null };
    first.accepted({ requests: told, tokens: null }, leave, clock.now());
    await until(
      () => others.every(({ limits }) => Math.round(limits.requests) === 600),
      'all have learnt of the limit',
    );
    // Alone with 600 a minute, a thousand calls are through in 40 s; with a third of it, in 240 s. Who has been silent for a
    // while needs no part, so each calls now and then.
    let calledAt = Number.NEGATIVE_INFINITY;
    const aThird = (): boolean => {
      const now = clock.now();
      if (now - calledAt > 1_000) {
        for (const { pacer } of members) pacer.take(1, now);
        calledAt = now;
      }
      return members.every(({ pacer }) => pacer.clearsIn(1_000, 0, 0, now) > 200_000);
    };
    await until(aThird, 'each keeps to its part');
    expect(others).toHaveLength(2);
    for (const { stop } of members) stop();
  });
});
