import { OpenAI } from 'openai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { CallRecord } from '../src/engine/record.ts';
import { holdfast, type HoldfastOptions } from '../src/inprocess/holdfast.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { CALLERS_KEY } from './harness.ts';

let one: Simulator;
let two: Simulator;
beforeAll(async () => {
  one = await startSimulator({ name: 'one' });
  two = await startSimulator({ name: 'two' });
});
afterEach(() => one.setFault(null));
afterAll(() => Promise.all([one.close(), two.close()]));

const QUESTION = {
  model: 'gpt-4o',
  messages: [{ role: 'user' as const, content: 'Tell me of the reef in 60 words.' }],
};

interface House {
  readonly client: OpenAI;
  readonly records: CallRecord[];
  readonly close: () => Promise<void>;
}

/** An application with the official SDK, whose fetch is Holdfast's. */
function house(options: HoldfastOptions): House {
  const records: CallRecord[] = [];
  const { fetch, close } = holdfast({ retry: { attempts: 1 }, ...options, onRecord: (record) => records.push(record) });
  return {
    client: new OpenAI({ fetch, apiKey: CALLERS_KEY, baseURL: `${one.url}/v1`, maxRetries: 0 }),
    records,
    close,
  };
}

test('an earlier answer, then a canned one, when nobody answers', async () => {
  const { client, close } = house({ degraded: [{ stale: {} }, { canned: { text: 'Later, please.' } }] });
  const { choices } = await client.chat.completions.create(QUESTION);
  one.setFault('unavailable');
  const again = await client.chat.completions.create(QUESTION).withResponse();
  expect(again.data.choices[0]?.message.content).toBe(choices[0]?.message.content);
  expect(again.response.headers.get('x-holdfast-degraded')).toMatch(/^stale; age=\d+$/);
  const other = await client.chat.completions.create({ ...QUESTION, temperature: 0 }).withResponse();
  expect(other.data.choices[0]?.message.content).toBe('Later, please.');
  expect(other.response.headers.get('x-holdfast-degraded')).toBe('canned');
  await close();
});

test('a cache keeps callers with other keys apart', async () => {
  const { client, records, close } = house({ cache: { ttlMs: 60_000 } });
  await client.chat.completions.create(QUESTION);
  await client.chat.completions.create(QUESTION);
  await client.withOptions({ apiKey: 'sk-another-0123456789' }).chat.completions.create(QUESTION);
  expect(records.map(({ attempts }) => attempts.length)).toEqual([1, 0, 1]);
  await close();
});

test('a stream that breaks off is gone on with at the fallback', async () => {
  const fallbacks = [{ id: 'two', baseUrl: `${two.url}/v1`, apiKey: 'sk-fallback-0123456789' }];
  const { client, records, close } = house({ fallbacks, continue: true });
  const read = async (): Promise<string> => {
    let text = '';
    for await (const { choices } of await client.chat.completions.create({ ...QUESTION, stream: true })) {
      text += choices[0]?.delta.content ?? '';
    }
    return text;
  };
  const whole = await read();
  one.setFault('reset:20');
  expect(await read()).toBe(whole);
  expect(records[1]?.attempts.map(({ target, reason }) => [target, reason])).toEqual([
    ['primary', 'first'],
    ['two', 'continue'],
  ]);
  await close();
});

test('what is given again, or fixed, is charged to nobody', async () => {
  const { client, records, close } = house({
    cache: { ttlMs: 60_000 },
    degraded: [{ canned: { text: 'Later, please.' } }],
    limits: { tokensPerDay: 1_000_000, budgetPerDay: 100 },
  });
  const left = async (temperature: number): Promise<number> => {
    const { response } = await client.chat.completions.create({ ...QUESTION, temperature }).withResponse();
    return Number(response.headers.get('x-ratelimit-remaining-tokens'));
  };
  const first = await left(0);
  expect(first).toBeLessThan(1_000_000);
  expect(await left(0)).toBe(first);
  one.setFault('unavailable');
  expect(await left(1)).toBe(first);
  one.setFault(null);
  expect(await left(1)).toBeLessThan(first);
  expect(records.map(({ cost }) => cost !== null && cost > 0)).toEqual([true, false, false, true]);
  await close();
});

test('what a stream in two parts has used is counted once, as one', async () => {
  const fallbacks = [{ id: 'two', baseUrl: `${two.url}/v1`, apiKey: 'sk-fallback-0123456789' }];
  const limits = { tokensPerDay: 1_000_000 };
  const { client, records, close } = house({ fallbacks, continue: true, limits });
  const read = async (): Promise<void> => {
    for await (const chunk of await client.chat.completions.create({ ...QUESTION, stream: true })) void chunk;
  };
  await read();
  one.setFault('cut:30');
  await read();
  const [whole, joined] = records.map(({ usage }) => usage);
  expect(joined?.outputTokens).toBeGreaterThan((whole?.outputTokens ?? 0) * 0.7);
  expect(joined?.outputTokens).toBeLessThan((whole?.outputTokens ?? 0) * 2);
  expect(joined?.inputTokens).toBeGreaterThan((whole?.inputTokens ?? 0) * 1.5);
  await close();
});
