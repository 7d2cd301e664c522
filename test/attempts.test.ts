import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { ask } from './conversation.ts';
import { CALLERS_KEY, type Door, DOORS, openDoor } from './harness.ts';
import { told } from './told.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ rememberedRequests: 0 });
});
afterAll(() => simulator.close());

async function requestsDuring(work: () => Promise<unknown>): Promise<number> {
  const before = simulator.stats.requests;
  await work();
  return simulator.stats.requests - before;
}

/** A chat call as an SDK that retries by itself would send it, the retry count in its header. */
function announce(door: Door, retries: number, model = 'gpt-4o'): Promise<Response> {
  return door.fetch(`${door.baseURL}/chat/completions`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${CALLERS_KEY}`,
      'content-type': 'application/json',
      'x-stainless-retry-count': String(retries),
    },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }] }),
  });
}

describe.each(DOORS)('%s', (name) => {
  test.each([
    'insufficient-quota',
    'credit-balance-exhausted',
    'project-spend-limit',
    'invalid-api-key',
    'account-deactivated',
    'permission',
    'region',
    'model-not-found',
    'invalid-request',
    'unknown-parameter',
    'context-length',
    'content-policy',
    'too-large-for-limit',
  ])('%s: exactly one attempt', async (fault) => {
    const door = await openDoor(name, { ladder: [{ at: simulator }] });
    const requests = await requestsDuring(() =>
      door.watch(() => ask(door.client, 'chat', { model: `gpt-4o@${fault}` })),
    );
    expect(requests).toBe(1);
    expect(door.records[0]).toMatchObject({ outcome: 'failed', attempts: [{ reason: 'first' }] });
    await door.close();
  });

  test('a passing failure costs one more attempt and the caller nothing', async () => {
    const door = await openDoor(name, { ladder: [{ at: simulator }], retry: { baseMs: 1 } });
    simulator.nextFaults(['server-error', 'reset-before-headers']);
    const { record, error } = await door.watch(() => ask(door.client, 'chat'));
    expect(error).toBeNull();
    expect(record.attempts.map(({ reason, fault }) => [reason, fault?.kind])).toEqual([
      ['first', 'server-error'],
      ['retry', 'network'],
      ['retry', undefined],
    ]);
    await door.close();
  });

  test('a wait that the provider asks for is kept', async () => {
    const door = await openDoor(name, { ladder: [{ at: simulator }] });
    simulator.nextFaults(['rate-limit-requests:0.3']);
    const { record } = await door.watch(() => ask(door.client, 'chat'));
    expect(record).toMatchObject({ outcome: 'answered', attempts: [{}, { reason: 'retry' }] });
    expect(record.attempts[1]?.waitedMs).toBeGreaterThanOrEqual(300);
    expect(record.attempts[1]?.waitedMs).toBeLessThan(400);
    await door.close();
  });

  describe.each([
    ['and left in peace after the first few', {}, 1],
    ['with nothing but the retry budget', { enabled: false }, 100],
  ])('100 callers hit by one outage, %s', (_, breaker, atLeast) => {
    test.each(['chat', 'responses stream'] as const)('%s', async (asking) => {
      const door = await openDoor(name, { ladder: [{ at: simulator }], retry: { baseMs: 1 }, breaker });
      const requests = await requestsDuring(() =>
        Promise.all(
          Array.from({ length: 100 }, () =>
            expect(ask(door.client, asking, { model: 'gpt-4o@unavailable' })).rejects.toMatchObject({ status: 503 }),
          ),
        ),
      );
      // The official SDK alone, with its two retries, makes 300 of them.
      expect(requests).toBeGreaterThanOrEqual(atLeast);
      expect(requests).toBeLessThanOrEqual(110);
      await door.close();
    });
  });

  test('retries that the SDK announces are paid from the same budget', async () => {
    const budget = { capacity: 2, refillPerSuccess: 0 };
    const door = await openDoor(name, { ladder: [{ at: simulator }], budget });
    const statuses: number[] = [];
    const requests = await requestsDuring(async () => {
      for (const retries of [1, 2, 1, 2]) statuses.push((await announce(door, retries)).status);
    });
    expect(statuses).toEqual([200, 200, 503, 503]);
    expect(requests).toBe(2);
    // A call that is no retry is still welcome.
    expect((await announce(door, 0)).status).toBe(200);
    expect(door.records.map(({ callerRetries, fault }) => [callerRetries, fault?.kind])).toEqual([
      [1, undefined],
      [2, undefined],
      [1, 'retry-budget'],
      [2, 'retry-budget'],
      [0, undefined],
    ]);
    await door.close();
  });

  describe('Retry-After', () => {
    let door: Door;
    beforeAll(async () => {
      door = await openDoor(name, { ladder: [{ at: simulator }], retry: { attempts: 1 }, breaker: { enabled: false } });
    });
    afterAll(() => door.close());

    test.each([
      ['rate-limit-requests:0.2', 1],
      ['rate-limit-requests:7', 7],
      ['rate-limit-tokens:120', 60],
      ['retry-after-huge', 60],
      ['server-error', 5],
      ['unavailable', 5],
    ])('%s: come back in %i s', async (fault, seconds) => {
      const { error } = await door.watch(() => ask(door.client, 'chat', { model: `gpt-4o@${fault}` }));
      const headers = (error as { readonly headers: Headers }).headers;
      expect(headers.get('retry-after')).toBe(String(seconds));
      expect(Number(headers.get('retry-after-ms'))).toBeGreaterThan((seconds - 1) * 1000);
    });

    test.each(['insufficient-quota', 'invalid-api-key', 'invalid-request', 'too-large-for-limit'])(
      '%s: waiting does not help, and nothing suggests it',
      async (fault) => {
        const { error } = await door.watch(() => ask(door.client, 'chat', { model: `gpt-4o@${fault}` }));
        const headers = (error as { readonly headers: Headers }).headers;
        expect(headers.get('retry-after')).toBeNull();
        expect(headers.get('x-should-retry')).toBe('false');
      },
    );
  });

  test('a caller is told in time, before its own patience ends', async () => {
    const door = await openDoor(name, { ladder: [{ at: simulator }] });
    const request = { model: 'gpt-4o@hang', messages: [{ role: 'user' as const, content: 'hi' }] };
    const options = { timeout: 1_000, maxRetries: 0 };
    const { record, error } = await door.watch(() =>
      door.client.chat.completions.create(request, options).asResponse(),
    );
    expect(record.fault).toMatchObject({ kind: 'timeout', detail: 'total' });
    expect(told(error)).toMatchObject({ fault: 'timeout' });
    expect(record.durationMs).toBeLessThan(1_000);
    await door.close();
  });
});
