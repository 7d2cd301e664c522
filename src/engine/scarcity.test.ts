import { describe, expect, test } from 'vitest';
import { chat } from '../providers/openai/chat.ts';
import { Account } from './sharing/account.ts';
import { ANYONE, type Caller } from './caller.ts';
import { Cancellation } from './cancellation.ts';
import { line } from './line.ts';
import { Pins } from './pins.ts';
import {
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_PACING,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
  type PacingPolicy,
} from './policy.ts';
import { seededRandom } from './random.ts';
import type { Reply } from './reply.ts';
import { answer, callAt, refusal, type Script, ScriptedEndpoint } from './scripted.test-support.ts';
import { Target } from './target.ts';
import { VirtualClock } from './virtual-clock.ts';

interface Pool {
  readonly clock: VirtualClock;
  readonly endpoints: readonly ScriptedEndpoint[];
  readonly targets: readonly Target[];
  /** Makes a call; the reply comes as time passes. */
  readonly call: (caller?: Partial<Caller>, model?: string, cancellation?: Cancellation) => Promise<Reply>;
}

interface PoolFacts {
  /** Which scripts stand on which rung. */
  readonly rungs: readonly (readonly (readonly Script[])[])[];
  readonly pacing?: Partial<PacingPolicy>;
  /** All targets are of one account. */
  readonly shared?: boolean;
}

function poolOf({ rungs, pacing, shared = false }: PoolFacts): Pool {
  const clock = new VirtualClock();
  const account = new Account('shared', { ...DEFAULT_PACING, ...pacing });
  const endpoints: ScriptedEndpoint[] = [];
  const ladder = rungs.map((rung) =>
    rung.map((scripts) => {
      const endpoint = new ScriptedEndpoint(`t${endpoints.length}`, clock, scripts);
      endpoints.push(endpoint);
      const policies = {
        budget: DEFAULT_BUDGET,
        breaker: DEFAULT_BREAKER,
        ...(pacing === undefined ? {} : { pacing }),
      };
      return { target: new Target(endpoint, policies, shared ? account : undefined), model: null, weight: 1 };
    }),
  );
  const handle = line({
    clock,
    random: seededRandom(1),
    pins: new Pins(),
    emit: () => undefined,
    dialectOf: () => chat,
    routeOf: () => ({
      id: 'r',
      ladder,
      timeouts: DEFAULT_TIMEOUTS.stream,
      wholeTimeouts: DEFAULT_TIMEOUTS.whole,
      retry: DEFAULT_RETRY,
      fallbackOn: DEFAULT_FALLBACK_ON,
    }),
  });
  const call: Pool['call'] = (caller = {}, model = 'gpt-4o', cancellation = new Cancellation()) =>
    handle(callAt(clock, { caller: { ...ANYONE, ...caller }, model, cancellation }));
  return { clock, endpoints, targets: ladder.flat().map(({ target }) => target), call };
}

const kindOf = (reply: Reply): string => (reply.kind === 'failed' ? reply.fault.kind : reply.kind);

/** So many calls at once, and what became of them after so long. */
async function burst({ clock, call }: Pool, count: number, forMs: number): Promise<Record<string, number>> {
  const kinds: Record<string, number> = {};
  for (let at = 0; at < count; at += 1) {
    void call().then((reply) => (kinds[kindOf(reply)] = (kinds[kindOf(reply)] ?? 0) + 1));
  }
  await clock.advance(forMs);
  return kinds;
}

describe('a stated limit', () => {
  test('is kept to: who finds no room waits for its turn', async () => {
    const pool = poolOf({ rungs: [[[answer]]], pacing: { requestsPerMinute: 60 } });
    expect(await burst(pool, 20, 10_000)).toEqual({ whole: 11 });
    await pool.clock.advance(10_000);
    expect(pool.endpoints[0]?.opened).toBe(20);
    expect(pool.targets[0]?.account.waiting).toBe(0);
  });

  test('counts each model apart', async () => {
    const pool = poolOf({ rungs: [[[answer]]], pacing: { requestsPerMinute: 60 } });
    for (const model of ['a', 'b', 'c']) for (let at = 0; at < 3; at += 1) void pool.call({}, model);
    await pool.clock.advance(500);
    expect(pool.endpoints[0]?.opened).toBe(3);
  });

  test('is one for all targets of an account', async () => {
    const pool = poolOf({ rungs: [[[answer], [answer]]], pacing: { requestsPerMinute: 60 }, shared: true });
    await burst(pool, 20, 9_500);
    expect(pool.endpoints.reduce((sum, { opened }) => sum + opened, 0)).toBe(10);
  });

  test('refuses as the provider would who cannot have its turn in time', async () => {
    const pool = poolOf({ rungs: [[[answer]]], pacing: { requestsPerMinute: 6 } });
    expect(await burst(pool, 10, 0)).toEqual({ 'rate-limit-requests': 3, whole: 1 });
    const reply = await pool.call();
    expect(reply).toMatchObject({
      kind: 'failed',
      fault: { kind: 'rate-limit-requests', party: 'account', retry: { here: false } },
    });
    const { fault, retryAfterMs } = reply as Reply & { kind: 'failed' };
    expect(fault.message).toMatch(/^the limit of 6 requests a minute at t0 is used up; .* in \d+ s$/);
    expect(retryAfterMs).toBe(60_000);
  });

  test('sends people up the ladder rather than have them wait, and background work not', async () => {
    const pool = poolOf({ rungs: [[[answer]], [[answer]]], pacing: { requestsPerMinute: 20 } });
    for (let at = 0; at < 4; at += 1) void pool.call({ lane: 'background' });
    await pool.clock.advance(0);
    expect(pool.endpoints.map(({ opened }) => opened)).toEqual([1, 0]);
    void pool.call();
    await pool.clock.advance(10);
    expect(pool.endpoints.map(({ opened }) => opened)).toEqual([1, 1]);
  });
});

describe('what a provider tells', () => {
  const told = (limit: number, remaining: number): Script =>
    answer.map((step) =>
      typeof step === 'number'
        ? step
        : (receiver) =>
            step({
              ...receiver,
              onSent: () => receiver.onSent(),
              onData: (chunk) => receiver.onData(chunk),
              onEnd: () => receiver.onEnd(),
              onError: (error) => receiver.onError(error),
              onHead: (status, headers) =>
                receiver.onHead(status, {
                  ...headers,
                  'x-ratelimit-limit-requests': `${limit}`,
                  'x-ratelimit-remaining-requests': `${remaining}`,
                  'x-ratelimit-reset-requests': '1s',
                }),
            }),
    );

  test('is kept to from the next call on', async () => {
    const pool = poolOf({ rungs: [[[told(60, 0)]]] });
    await burst(pool, 1, 100);
    await burst(pool, 10, 4_950);
    expect(pool.endpoints[0]?.opened).toBe(6);
  });

  test('changes nothing where pacing is off', async () => {
    const pool = poolOf({ rungs: [[[told(60, 0)]]], pacing: { enabled: false } });
    await burst(pool, 1, 100);
    expect(await burst(pool, 50, 100)).toEqual({ whole: 50 });
  });

  test('spreads a pool’s calls by what is left of each key’s limit', async () => {
    const pool = poolOf({ rungs: [[[told(6000, 0)], [told(6000, 100)]]] });
    for (let at = 0; at < 4; at += 1) await burst(pool, 1, 5);
    const before = pool.endpoints.map(({ opened }) => opened);
    for (let at = 0; at < 40; at += 1) await burst(pool, 1, 5);
    const [empty = 0, full = 0] = pool.endpoints.map(({ opened }, at) => opened - (before[at] ?? 0));
    expect(full).toBeGreaterThan(3 * empty);
  });
});

describe('a dead key', () => {
  const noCredit = refusal(429, 'insufficient_quota');
  const wrong = refusal(401, 'invalid_api_key');

  test('is passed over for its neighbours of the rung', async () => {
    const pool = poolOf({ rungs: [[[noCredit], [answer]]] });
    for (let at = 0; at < 30; at += 1) await burst(pool, 1, 50);
    expect(pool.endpoints.map(({ opened }) => opened)).toEqual([1, 30]);
  });

  test('gives its own fault at once where there is no other, and has one attempt when its time comes', async () => {
    const pool = poolOf({ rungs: [[[wrong]]] });
    expect(await burst(pool, 1, 50)).toEqual({ authentication: 1 });
    expect(await burst(pool, 1, 50)).toEqual({ authentication: 1 });
    expect(await burst(pool, 20, 50)).toEqual({ authentication: 20 });
    expect(pool.endpoints[0]?.opened).toBe(2);
    await pool.clock.advance(60_000);
    expect(await burst(pool, 20, 50)).toEqual({ authentication: 20 });
    expect(pool.endpoints[0]?.opened).toBe(3);
  });

  test('does not send calls up the ladder unless its fault is one to fall back on', async () => {
    const broken = poolOf({ rungs: [[[wrong]], [[answer]]] });
    for (let at = 0; at < 5; at += 1) expect(await burst(broken, 1, 50)).toEqual({ authentication: 1 });
    expect(broken.endpoints[1]?.opened).toBe(0);
    const poor = poolOf({ rungs: [[[noCredit]], [[answer]]] });
    for (let at = 0; at < 5; at += 1) expect(await burst(poor, 1, 50)).toEqual({ whole: 1 });
    expect(poor.endpoints.map(({ opened }) => opened)).toEqual([1, 5]);
  });
});

test('who leaves while it waits leaves the queue, and nothing is left of it', async () => {
  const pool = poolOf({ rungs: [[[answer]]], pacing: { requestsPerMinute: 60 } });
  await burst(pool, 4, 0);
  const leaving = new Cancellation();
  const reply = pool.call({}, 'gpt-4o', leaving);
  await pool.clock.advance(0);
  const account = pool.targets[0]?.account;
  expect(account?.waiting).toBe(4);
  leaving.cancel('the caller left');
  expect(kindOf(await reply)).toBe('cancelled');
  expect(account?.waiting).toBe(3);
  await pool.clock.advance(60_000);
  expect([account?.waiting, pool.endpoints[0]?.opened, pool.clock.pending]).toEqual([0, 4, 0]);
});
