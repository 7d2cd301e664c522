import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallRecord } from '../src/engine/record.ts';
import { holdfast } from '../src/inprocess/holdfast.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';

/** Thirty requests a second, ten at once, told by the minute: real time is dear. */
const PER_SECOND = 30;
const LIMITS = { requestsPerMinute: 60 * PER_SECOND, tokensPerMinute: 10_000_000, burstMs: 333 };

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ limits: LIMITS });
});
afterAll(() => simulator.close());

interface Outcome {
  readonly answered: number;
  /** Attempts that the provider refused for its limit. */
  readonly refused: number;
  readonly seconds: number;
}

/** One call to learn by, then so many at once, from each of so many processes that know nothing of each other. */
async function crowd(processes: number, calls: number, enabled: boolean, apiKey: string): Promise<Outcome> {
  const records: CallRecord[] = [];
  const doors = Array.from({ length: processes }, () => {
    const hold = holdfast({ onRecord: (record) => records.push(record), pacing: { enabled } });
    const client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey, maxRetries: 0, fetch: hold.fetch });
    return { hold, client };
  });
  const ask = (client: OpenAI): Promise<boolean> =>
    client.chat.completions
      .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say: yes' }], max_tokens: 5 })
      .then(
        () => true,
        () => false,
      );
  for (const { client } of doors) await ask(client);
  const startedAt = performance.now();
  const answers = await Promise.all(doors.flatMap(({ client }) => Array.from({ length: calls }, () => ask(client))));
  const seconds = (performance.now() - startedAt) / 1000;
  for (const { hold } of doors) await hold.close();
  const attempts = records.flatMap((record) => record.attempts);
  return {
    answered: answers.filter(Boolean).length,
    refused: attempts.filter(({ status }) => status === 429).length,
    seconds,
  };
}

describe('over real connections, a crowd beyond the provider’s limit', () => {
  test('is refused where it is not paced', async () => {
    const { refused } = await crowd(1, 60, false, 'sk-unpaced');
    expect(refused).toBeGreaterThan(20);
  });

  test('is answered to the last where it is, and hardly ever refused', async () => {
    const { answered, refused, seconds } = await crowd(1, 60, true, 'sk-paced');
    expect(answered).toBe(60);
    // All at once over connections that have yet to be made, on a busy machine, some requests overtake others.
    expect(refused).toBeLessThan(10);
    expect(seconds).toBeGreaterThan((60 - 10) / PER_SECOND - 0.1);
  });

  test('is answered with few refusals where three processes share a key', async () => {
    const { answered, refused } = await crowd(3, 20, true, 'sk-shared');
    expect(answered).toBe(60);
    expect(refused).toBeLessThan(20);
  });
});
