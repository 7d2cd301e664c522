import OpenAI from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startSimulator } from '../../simulator/index.ts';
import type { Simulator } from '../../simulator/index.ts';
import { ask } from './application.ts';
import type { Connection } from './application.ts';
import { planCalls } from './plan.ts';
import type { DemoCall } from './plan.ts';

let simulator: Simulator;
let streamed: DemoCall;
let whole: DemoCall;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 1 });
  const plan = await planCalls({ seed: 1, calls: 20, lengthMs: 1000 });
  streamed = plan.find(({ stream }) => stream) as DemoCall;
  whole = plan.find(({ stream }) => !stream) as DemoCall;
});
afterAll(() => simulator.close());

function alone(): Connection {
  const baseURL = `${simulator.url}/v1`;
  return {
    connect: (through) => new OpenAI({ baseURL, apiKey: 'sk-test', fetch: through }),
    fetch: globalThis.fetch,
  };
}

const untouched = new AbortController().signal;

test.each([
  ['a stream', () => streamed],
  ['a whole answer', () => whole],
])('%s without a fault is answered by one attempt', async (_, call) => {
  const ending = await ask(alone(), call(), untouched);
  expect(ending).toMatchObject({ kind: 'answered', attempts: 1, askedAgain: false, error: null });
});

test('a stream that ends politely in the middle is wrong: the SDK raises nothing', async () => {
  simulator.nextFaults(['end:5']);
  expect(await ask(alone(), streamed, untouched)).toMatchObject({ kind: 'wrong', askedAgain: false, error: null });
});

test('a stream that is cut raises, and is asked for again', async () => {
  simulator.nextFaults(['cut:5']);
  expect(await ask(alone(), streamed, untouched)).toMatchObject({ kind: 'answered', attempts: 2, askedAgain: true });
});

test('an error each time is a failed call, with the class that was raised', async () => {
  simulator.nextFaults(['invalid-api-key', 'invalid-api-key', 'invalid-api-key']);
  expect(await ask(alone(), whole, untouched)).toMatchObject({
    kind: 'failed',
    attempts: 3,
    askedAgain: true,
    error: 'AuthenticationError',
  });
});

test('attempts within the SDK count', async () => {
  simulator.nextFaults(['server-error']);
  expect(await ask(alone(), whole, untouched)).toMatchObject({ kind: 'answered', attempts: 2, askedAgain: false });
});

test('a call that is stopped is no result', async () => {
  simulator.nextFaults(['hang']);
  const stop = new AbortController();
  const asked = ask(alone(), streamed, stop.signal);
  setTimeout(() => stop.abort(), 20);
  expect(await asked).toBeNull();
});
