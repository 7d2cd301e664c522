import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import type { Counters, Quota, Reservation, Verdict } from '../../engine/quota.ts';
import { seededRandom } from '../../engine/random.ts';
import { SystemClock } from '../../engine/system-clock.ts';
import { aQuota, cost, describeCounters } from './contract.test-support.ts';
import { RedisServer } from './redis-server.test-support.ts';
import { RedisCounters, type RedisCountersOptions } from './redis.ts';
import type { LinkState } from './redis/link.ts';

const clock = new SystemClock();
const NOTHING = cost(0);

let server: RedisServer;
let prefix: string;
let joined: RedisCounters[] = [];
let houses = 0;

beforeAll(async () => {
  server = await RedisServer.start();
}, 240_000);
afterAll(() => server.close());
beforeEach(() => {
  prefix = `house-${(houses += 1)}`;
});
afterEach(async () => {
  await Promise.all(joined.map((counters) => counters.close()));
  joined = [];
});

function counters(options: Partial<RedisCountersOptions> = {}, port: number = server.port): RedisCounters {
  const address = { host: '127.0.0.1', port, tls: false, database: 0, username: null, password: () => null };
  // The machine may be busy with other tests: how soon Redis answers is tested where it matters, and only there.
  const made = new RedisCounters({ address, clock, prefix, deadlineMs: 1_000, ...options });
  joined.push(made);
  return made;
}

async function join(options: Partial<RedisCountersOptions> = {}, port?: number): Promise<RedisCounters> {
  const made = counters(options, port);
  await made.start(5_000);
  expect(made.state).toEqual({ kind: 'shared' });
  return made;
}

/** Three that know of each other. */
async function three(options: Partial<RedisCountersOptions> = {}): Promise<RedisCounters[]> {
  const replicas = [await join(options), await join(options), await join(options)];
  await until(() => replicas.every((each) => each.replicas === 3), 'all three have met');
  return replicas;
}

async function until(met: () => boolean, what: string, withinMs = 10_000): Promise<void> {
  const end = performance.now() + withinMs;
  while (!met()) {
    if (performance.now() > end) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(5);
  }
}

function reserve(one: Counters, quotas: readonly Quota[], wanted = NOTHING): Promise<Verdict> {
  return Promise.resolve(one.reserve(quotas, wanted, Date.now()));
}

async function granted(one: Counters, quotas: readonly Quota[], wanted = NOTHING): Promise<Reservation> {
  const verdict = await reserve(one, quotas, wanted);
  if (verdict.kind === 'refused') throw new Error(`refused by ${verdict.quota.id}, used ${verdict.used}`);
  return verdict.reservation;
}

interface SlowLine {
  readonly port: number;
  delayMs: number;
  close(): Promise<void>;
}

/** A line to a server, on which every answer takes so long. */
async function slowLine(to: number): Promise<SlowLine> {
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

const isGranted = ({ kind }: Verdict): boolean => kind === 'granted';

describe('the contract', () => {
  describeCounters(
    'redis',
    async () => {
      const subject = await join({ time: 'caller' });
      return { counters: subject, quiet: () => subject.told() };
    },
    // Time that has passed for one process has passed for all: it does not run backwards for a test.
    { slackMs: 1 },
  );
});

describe('several processes', () => {
  test('let no more through together than a small quota allows, and no less', async () => {
    const replicas = await three();
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
    const [first, second] = (await three()) as [RedisCounters, RedisCounters];
    const tenant = aQuota('tokens', 'minute', 100);
    const organisation = aQuota('tokens', 'minute', 100, { level: 'organisation' });
    await granted(first, [organisation], cost(80));
    expect(await reserve(second, [tenant, organisation], cost(30))).toMatchObject({ quota: organisation, used: 80 });
    expect(second.used(tenant, Date.now())).toBe(0);
    await granted(second, [tenant], cost(100));
  });

  test('hear soon of what another gives back of a tight quota', async () => {
    const [first, second] = (await three()) as [RedisCounters, RedisCounters];
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
    const replicas = await three();
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
    const [busy, other] = (await three()) as [RedisCounters, RedisCounters];
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
    const replicas = await three();
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
    const fresh = await join();
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
    const [alive, dying] = (await three({ time: 'caller' })) as [RedisCounters, RedisCounters];
    const quota = aQuota('calls', 'moment', 2);
    const now = Date.now();
    await dying.reserve([quota], NOTHING, now);
    await dying.reserve([quota], NOTHING, now);
    expect((await alive.reserve([quota], NOTHING, now + 9_000)).kind).toBe('refused');
    expect((await alive.reserve([quota], NOTHING, now + 11_000)).kind).toBe('granted');
  });

  test('count together from the very first call', async () => {
    const quota = aQuota('requests', 'minute', 2);
    const made = [counters(), counters(), counters()];
    for (const each of made) void each.start(5_000);
    const verdicts = await Promise.all(made.flatMap((each) => [reserve(each, [quota]), reserve(each, [quota])]));
    expect(verdicts.filter(isGranted)).toHaveLength(2);
  });

  test('count apart under different prefixes', async () => {
    const quota = aQuota('requests', 'minute', 1);
    const apart = [await join({ prefix: 'one' }), await join({ prefix: 'two' })];
    expect((await Promise.all(apart.map((each) => reserve(each, [quota])))).every(isGranted)).toBe(true);
  });
});

describe('when Redis is away', () => {
  let own: RedisServer;
  beforeEach(async () => {
    own = await RedisServer.start();
  });
  afterEach(() => own.close());

  async function threeOfItsOwn(options: Partial<RedisCountersOptions> = {}): Promise<RedisCounters[]> {
    const replicas = [await join(options, own.port), await join(options, own.port), await join(options, own.port)];
    await until(() => replicas.every((each) => each.replicas === 3), 'all three have met');
    return replicas;
  }

  const isAway = (one: RedisCounters): boolean => one.state.kind === 'away';
  const isShared = (one: RedisCounters): boolean => one.state.kind === 'shared';

  test('each lets through its part at once, and afterwards counts are right again', async () => {
    const told: LinkState[] = [];
    const replicas = await threeOfItsOwn({ changed: (state) => told.push(state) });
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
    const fresh = await join({}, own.port);
    expect(await reserve(fresh, [{ ...quota, amount: 1 }])).toMatchObject({ kind: 'refused', used: total });
    expect(told.map(({ kind }) => kind)).toContain('away');
    expect(told.at(-1)).toEqual({ kind: 'shared' });
  });

  test('calls under way settle right though it went and came back empty between', async () => {
    const replicas = await threeOfItsOwn();
    const quota = aQuota('tokens', 'minute', 1_000);
    const before = await granted(replicas[0] as RedisCounters, [quota], cost(300));
    const within = await granted(replicas[1] as RedisCounters, [quota], cost(200));
    await own.kill();
    await until(() => replicas.every(isAway), 'they notice');
    const alone = await granted(replicas[2] as RedisCounters, [quota], cost(100));
    within.settle(cost(20), Date.now());
    await own.restart();
    await until(() => replicas.every(isShared), 'counts are shared again');
    const fresh = await join({}, own.port);
    const wholly = { ...quota, amount: 420 };
    expect(await reserve(fresh, [wholly], cost(1))).toMatchObject({ kind: 'refused', used: 420 });
    before.settle(cost(50), Date.now());
    alone.settle(cost(7), Date.now());
    await Promise.all(replicas.map((one) => one.told()));
    expect(await reserve(fresh, [{ ...quota, amount: 77 }], cost(1))).toMatchObject({ kind: 'refused', used: 77 });
  });

  test('a call waits no longer than the deadline for one that is stopped in its tracks, and soon none waits', async () => {
    const replicas = await threeOfItsOwn({ deadlineMs: 50 });
    const [one] = replicas as [RedisCounters];
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
    const fresh = await join({}, own.port);
    expect(await reserve(fresh, [{ ...quota, amount: 100 }], cost(1))).toMatchObject({ kind: 'refused', used: 100 });
  });

  test('one that is alive and slow is not waited for, and waited for again when it is quick', async () => {
    const line = await slowLine(own.port);
    const one = await join({ deadlineMs: 50 }, line.port);
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
    const other = await join({}, own.port);
    await until(() => one.replicas === 2, 'they have met');
    await one.told();
    expect(await reserve(other, [{ ...quota, amount: 200 }], cost(1))).toMatchObject({ kind: 'refused', used: 200 });
    line.delayMs = 0;
    await until(() => isShared(one), 'it is waited for again');
    await line.close();
  });

  test('one that alone has lost its line takes no more than its part', async () => {
    const line = await slowLine(own.port);
    const [cut, ...others] = [await join({}, line.port), await join({}, own.port), await join({}, own.port)];
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
    const replicas = await threeOfItsOwn();
    const quota = aQuota('requests', 'minute', 60);
    for (let call = 0; call < 60; call += 1) await granted(replicas[call % 3] as RedisCounters, [quota]);
    await own.flush();
    await until(() => !replicas.every(isShared), 'somebody notices');
    await until(() => replicas.every(isShared), 'counts are shared again');
    for (const one of replicas) expect(await reserve(one, [quota])).toMatchObject({ kind: 'refused', used: 60 });
  });

  test('a process that has never met it works alone, with the part it is configured to have', async () => {
    await own.kill();
    const one = counters({ replicas: 3 }, own.port);
    await one.start(2_000);
    expect(one.state.kind).toBe('away');
    const quota = aQuota('requests', 'minute', 30);
    const verdicts = await Promise.all(Array.from({ length: 30 }, () => reserve(one, [quota])));
    expect(verdicts.filter(isGranted)).toHaveLength(10);
    expect(verdicts.at(-1)).toMatchObject({ kind: 'refused', quota, used: 10 });
  });
});

test('a program waits for its answers, and ends by itself when it has them', async () => {
  const program = `
    import { RedisCounters } from ${JSON.stringify(new URL('redis.ts', import.meta.url).href)};
    import { SystemClock } from ${JSON.stringify(new URL('../../engine/system-clock.ts', import.meta.url).href)};
    const address = { host: '127.0.0.1', port: ${server.port}, tls: false, database: 0, username: null, password: () => null };
    const counters = new RedisCounters({ address, clock: new SystemClock(), prefix: '${prefix}', deadlineMs: 1000 });
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

test('a wrong password is said, without it, and serving goes on', async () => {
  const own = await RedisServer.start({ password: 'right-0123456789' });
  const told: LinkState[] = [];
  const address = { host: '127.0.0.1', port: own.port, tls: false, database: 0, username: null };
  const wrong = counters({
    address: { ...address, password: () => 'wrong-0123456789' },
    changed: (state) => told.push(state),
  });
  await wrong.start(2_000);
  expect(told).toEqual([{ kind: 'away', reason: 'the password is refused' }]);
  await granted(wrong, [aQuota('requests', 'minute', 1)]);
  const right = await join({ address: { ...address, password: () => 'right-0123456789' } });
  await granted(right, [aQuota('requests', 'minute', 1)]);
  await Promise.all([wrong.close(), right.close()]);
  joined = [];
  await own.close();
});

describe('hints', () => {
  test('reach the others and not the teller, and those who come later', async () => {
    const [teller, hearer] = (await three()) as [RedisCounters, RedisCounters];
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
    const late = await join();
    const lateHeard: string[] = [];
    late.hints.listen('dead-key', (id) => lateHeard.push(id));
    await until(() => lateHeard.length > 0, 'those who come later hear what is kept');
    expect(lateHeard).toEqual(['account-1']);
  });

  test('are told again to a Redis that has lost them', async () => {
    const own = await RedisServer.start();
    const teller = await join({}, own.port);
    teller.hints.tell('breaker', 'primary', { open: true }, 60_000);
    await own.kill();
    teller.hints.tell('breaker', 'second', { open: true }, 60_000);
    await until(() => teller.state.kind === 'away', 'it notices');
    await own.restart();
    const hearer = await join({}, own.port);
    const heard = new Set<string>();
    hearer.hints.listen('breaker', (id) => heard.add(id));
    await until(() => heard.size === 2, 'both are heard');
    expect([...heard].sort()).toEqual(['primary', 'second']);
    await own.close();
  });
});
