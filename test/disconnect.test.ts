import { APIUserAbortError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { ask, type Asking, ASKINGS, type Heard } from './conversation.ts';
import { type Door, DOORS, openDoor, until } from './harness.ts';

/** How soon the provider has to notice that nobody is waiting any more. */
const WITHIN_MS = 100;

/** A machine that is busy with something else may take a moment longer once, and not three times. */
const TIMED = { retry: 2 };

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ rememberedRequests: 0 });
});
afterAll(() => simulator.close());

describe.each(DOORS)('%s', (name) => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor(name, { ladder: [{ at: simulator }, { at: simulator, model: 'gpt-4.1' }] });
  });
  afterAll(() => door.close());

  /** Leaves at the moment that `leaving` waits for, and tells how long the provider took to notice. */
  async function leave(asking: Asking, fault: string, isTime: (heard: Heard | null) => boolean): Promise<number> {
    const controller = new AbortController();
    const { stats } = simulator;
    const { aborted, requests } = stats;
    let heard: Heard | null = null;
    const model = `gpt-4o@${fault}`;
    const watched = door.watch(() =>
      ask(door.client, asking, { model, signal: controller.signal, onPiece: (so) => (heard = so) }),
    );
    await until(() => stats.openRequests > 0 && isTime(heard));
    const leftAt = performance.now();
    controller.abort();
    await until(() => stats.aborted > aborted);
    const tookMs = performance.now() - leftAt;

    const { record, error } = await watched;
    expect(error === null || error instanceof APIUserAbortError).toBe(true);
    expect(record).toMatchObject({ outcome: 'cancelled', fault: { kind: 'cancelled', party: 'caller' } });
    expect(record.attempts, 'nobody is left to try again for').toHaveLength(1);
    expect(stats.requests - requests).toBe(1);
    expect(stats.aborted - aborted).toBe(1);
    return tookMs;
  }

  test.each(ASKINGS)('before the headers: %s', TIMED, async (asking) => {
    expect(await leave(asking, 'hang', () => true)).toBeLessThan(WITHIN_MS);
  });

  test.each(ASKINGS)('before the body: %s', TIMED, async (asking) => {
    expect(await leave(asking, 'hang-after-headers', () => true)).toBeLessThan(WITHIN_MS);
  });

  test.each(['chat stream', 'responses stream'] as const)('before the content: %s', TIMED, async (asking) => {
    expect(await leave(asking, 'hang-after-opening', () => true)).toBeLessThan(WITHIN_MS);
  });

  test.each(['chat stream', 'responses stream'] as const)('in the middle: %s', TIMED, async (asking) => {
    const tookMs = await leave(asking, 'stall:3', (heard) => heard?.pieces === 3);
    expect(tookMs).toBeLessThan(WITHIN_MS);
  });

  test('in the middle of a JSON body', TIMED, async () => {
    expect(await leave('chat', 'stall', () => true)).toBeLessThan(WITHIN_MS);
  });

  test('while the line waits to try again', async () => {
    const controller = new AbortController();
    const { stats } = simulator;
    const { requests } = stats;
    const waiting = await openDoor(name, { ladder: [{ at: simulator }] });
    const model = 'gpt-4o@rate-limit-requests:5';
    const watched = waiting.watch(() => ask(waiting.client, 'chat', { model, signal: controller.signal }));
    await until(() => stats.requests > requests && stats.openRequests === 0);
    controller.abort();
    const { record } = await watched;
    expect(record).toMatchObject({ outcome: 'cancelled', attempts: [{ reason: 'first' }] });
    expect(record.durationMs).toBeLessThan(2_000);
    expect(stats.requests - requests).toBe(1);
    await waiting.close();
  });

  test('a caller that reads enough and breaks off', async () => {
    const { stats } = simulator;
    const { aborted } = stats;
    const { record } = await door.watch(async () => {
      const messages = [{ role: 'user' as const, content: 'hi' }];
      const stream = await door.client.chat.completions.create({ model: 'gpt-4o@stall:3', messages, stream: true });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    });
    await until(() => stats.aborted > aborted);
    expect(record).toMatchObject({ outcome: 'cancelled', fault: { kind: 'cancelled' } });
  });
});
