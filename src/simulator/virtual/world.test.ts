import { describe, expect, test } from 'vitest';
import { ANYONE } from '../../engine/caller.ts';
import type { CallRecord } from '../../engine/record.ts';
import { chat } from '../../providers/openai/chat.ts';
import { readWeather } from '../weather.ts';
import { holdfast } from './holdfast.ts';
import type { Client, Order } from './order.ts';
import { exponential, steady } from './pace.ts';
import { EASY, type ProviderSpec } from './provider.ts';
import { randomScene } from './random-scene.ts';
import { type ClientMaker, type Crowd, run, type Scene, type Site } from './world.ts';

const engine = holdfast({ dialect: chat });

function scene(providers: readonly ProviderSpec[], facts: Partial<Scene> = {}): Scene {
  const plain = { callsPerSecond: 50, forMs: 20_000, deadlineMs: null, streamShare: 0, tokens: () => 5, binMs: 1000 };
  return { ...plain, providers, ...facts };
}

function provider(facts: Partial<ProviderSpec> = {}): ProviderSpec {
  return { ...EASY, id: 'a', pace: exponential(100), ...facts };
}

describe('a run', () => {
  test('tells the same tale to the byte for the same seed, and another for another', async () => {
    const [first, again, other] = [
      await run(randomScene(7, 2000), 7, engine),
      await run(randomScene(7, 2000), 7, engine),
      await run(randomScene(7, 2000), 8, engine),
    ];
    expect(JSON.stringify(again)).toBe(JSON.stringify(first));
    expect(JSON.stringify(other)).not.toBe(JSON.stringify(first));
  });

  test('answers every call in calm, with one attempt each', async () => {
    const tale = await run(scene([provider({ workers: 20 })], { streamShare: 0.5 }), 1, engine);
    expect(tale.offered).toBeGreaterThan(900);
    expect(tale).toMatchObject({ answered: tale.offered, attempts: tale.offered, failed: {} });
  });

  test('has the waits of queueing theory', async () => {
    // One worker, half busy: M/M/1 has a mean stay of 1 / (μ - λ), and stays are exponential: the median is ln 2 of it.
    const one = scene([provider({ workers: 1, pace: exponential(10) })], { callsPerSecond: 50, forMs: 600_000 });
    const tale = await run(one, 1, plainly());
    const mean = 1000 / (100 - 50);
    expect(tale.latency.p50).toBeGreaterThan(0.93 * mean * Math.LN2);
    expect(tale.latency.p50).toBeLessThan(1.09 * mean * Math.LN2);
  });

  test('works on what was abandoned, where the provider does not notice', async () => {
    const sky = readWeather({ timeline: [{ at: 5, for: 5, capacity: 0 }] });
    const facts = { workers: 5, pace: steady(20, 0), weather: sky } as const;
    const made = async (abandoned: 'worked' | 'dropped') => {
      const tale = await run(scene([provider({ ...facts, abandoned })], { deadlineMs: 500 }), 1, plainly());
      return tale.tokens.made - tale.tokens.answered;
    };
    expect(await made('worked')).toBeGreaterThan(500);
    expect(await made('dropped')).toBe(0);
  });

  test('has crowds that call in their own rhythm, and providers that tell their limits', async () => {
    const seen = new Map<string, number>();
    const told = ({ caller }: Order, { attempts }: CallRecord): void => {
      seen.set(caller.tenant ?? '', (seen.get(caller.tenant ?? '') ?? 0) + 1);
      refused += attempts.filter(({ status }) => status === 429).length;
    };
    let refused = 0;
    const crowd = (tenant: string, gapMs: number): Crowd => ({
      caller: { ...ANYONE, tenant },
      charged: 10,
      gapMs: () => gapMs,
      fromMs: 0,
      untilMs: 30_000,
      streamShare: 0.5,
      tokens: () => 5,
      deadlineMs: null,
    });
    const limits = { requestsPerMinute: 600, tokensPerMinute: 1_000_000, burstMs: 1000 };
    const telling = provider({ rates: [{ atMs: 0, limits }] });
    const facts = { callsPerSecond: 0, forMs: 40_000, crowds: [crowd('often', 200), crowd('rarely', 1000)] };
    const tale = await run(scene([telling], facts), 1, holdfast({ dialect: chat, told }));
    expect(Object.fromEntries(seen)).toEqual({ often: 149, rarely: 29 });
    expect([tale.answered, refused]).toEqual([178, 0]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16])(
    'keeps every rule in random weather, seed %i',
    async (seed) => {
      const tale = await run(randomScene(seed, 1500), seed, engine);
      const failed = Object.values(tale.failed).reduce((sum, count) => sum + count, 0);
      expect(tale.answered + failed).toBe(tale.offered);
    },
  );
});

describe('the rules find', () => {
  test('a call that never ends', async () => {
    const silent: Client = { make: () => new Promise(() => undefined) };
    await expect(run(scene([provider()], { forMs: 100 }), 3, () => silent)).rejects.toThrow('seed 3: ');
  });

  test('a timer that was never given back', async () => {
    const careless: ClientMaker = ({ clock }) => {
      clock.after(1e12, () => undefined);
      return { make: async () => 'answered' };
    };
    await expect(run(scene([provider()]), 3, careless)).rejects.toThrow('seed 3: 1 timers were never given back');
  });

  test('a client that throws, by the number of its call', async () => {
    const broken: Client = {
      make: ({ id }) => (id < 5 ? Promise.resolve('answered') : Promise.reject(new Error('!'))),
    };
    await expect(run(scene([provider()]), 3, () => broken)).rejects.toThrow(
      'seed 3, call 5: the client threw: Error: !',
    );
  });

  test('an answer that is not what the provider would have said', async () => {
    const forging: ClientMaker = (site) => {
      const forged = site.providers.map((each) =>
        Object.assign(Object.create(each) as typeof each, { receive: forge(site) }),
      );
      return engine({ ...site, providers: forged });
    };
    await expect(run(scene([provider()]), 3, forging)).rejects.toThrow('seed 3, call 0: it was given half an answer');
  });
});

/** A client without any care. */
function plainly(): ClientMaker {
  return ({ clock, providers }) => ({
    make: (order) =>
      new Promise((resolve) => {
        const alarm = clock.after(Math.min(1e6, order.deadlineAt - clock.now()), () => {
          request?.leave();
          resolve('timeout');
        });
        const end = (verdict: string) => {
          alarm.cancel();
          resolve(verdict);
        };
        const nothing = () => undefined;
        const receiver = {
          onSent: nothing,
          onHead: nothing,
          onData: nothing,
          onEnd: () => end('answered'),
          onError: () => end('connection'),
        };
        const request = providers[0]?.receive(order, receiver);
      }),
  });
}

/** Has a provider answer everything at once with somebody else's words. */
function forge({ clock, providers }: Site): (typeof providers)[number]['receive'] {
  return (_order, receiver) => {
    const alarm = clock.after(1, () => {
      receiver.onHead(200, { 'content-type': 'application/json' });
      receiver.onData(Buffer.from('{"choices":[{"index":0,"message":{"content":"0 1"},"finish_reason":"stop"}]}'));
      receiver.onEnd();
    });
    return { leave: () => alarm.cancel() };
  };
}
