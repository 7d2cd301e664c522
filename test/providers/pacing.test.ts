import Anthropic from '@anthropic-ai/sdk';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/engine/record.ts';
import { openGateway } from '../harness.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';

/** Thirty requests a second, ten at once, told by the minute: real time is dear. */
const LIMITS = { requestsPerMinute: 1800, tokensPerMinute: 10_000_000, burstMs: 333 };
const CALLS = 45;
const MODEL = 'claude-opus-4-1';
const SAYS = [{ role: 'user' as const, content: 'Say: yes' }];

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ limits: LIMITS });
});
afterAll(() => simulator.close());

/** One call to learn by, then many at once, through a gateway of its own. */
async function crowd(
  enabled: boolean,
  ask: (origin: string) => Promise<unknown>,
  { url }: Pick<Simulator, 'url'> = simulator,
): Promise<readonly CallRecord[]> {
  const gateway = await openGateway({
    targets: { claude: { provider: 'anthropic', baseUrl: url, key: 'env:TARGET_KEY', pacing: { enabled } } },
  });
  const origin = gateway.baseURL.replace(/\/v1$/, '');
  gateway.owe(CALLS + 1);
  await ask(origin);
  await Promise.allSettled(Array.from({ length: CALLS }, () => ask(origin)));
  const { records } = gateway;
  await gateway.close();
  return records;
}

const refused = (records: readonly CallRecord[]): number =>
  records.flatMap(({ attempts }) => attempts).filter(({ status }) => status === 429).length;

const ASKED = {
  'on its own wire': (origin: string) =>
    new Anthropic({ apiKey: 'sk', baseURL: origin, maxRetries: 0 }).messages.create({
      model: MODEL,
      max_tokens: 5,
      messages: SAYS,
    }),
  'in Chat Completions': (origin: string) =>
    new OpenAI({ apiKey: 'sk', baseURL: `${origin}/v1`, maxRetries: 0 }).chat.completions.create({
      model: MODEL,
      max_completion_tokens: 5,
      messages: SAYS,
    }),
} as const;

describe.each(Object.keys(ASKED) as (keyof typeof ASKED)[])('Anthropic asked %s by a crowd', (how) => {
  test('is kept under the limits that it tells', async () => {
    const records = await crowd(true, ASKED[how]);
    expect(records.filter(({ outcome }) => outcome === 'answered')).toHaveLength(CALLS + 1);
    expect(refused(records)).toBeLessThan(10);
  });
});

test('without pacing it refuses what is beyond them', async () => {
  // One a second, so that they come too quickly on the slowest of machines.
  const stricter = await startSimulator({ limits: { ...LIMITS, requestsPerMinute: 60, burstMs: 3_000 } });
  expect(refused(await crowd(false, ASKED['on its own wire'], stricter))).toBeGreaterThan(15);
  await stricter.close();
});
