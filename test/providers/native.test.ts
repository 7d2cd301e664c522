import Anthropic, {
  APIError,
  AuthenticationError,
  BadRequestError,
  InternalServerError,
  PermissionDeniedError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/engine/record.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { openGateway, until } from '../harness.ts';

const MODEL = 'claude-opus-4-1';
const QUIET = {
  adaptive: { suspicion: false, throttle: false, concurrency: false, keys: false },
  pacing: { enabled: false },
  breaker: { enabled: false },
};

let simulator: Simulator;
let gateway: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 11 });
  gateway = await openGateway({
    targets: { claude: { provider: 'anthropic', baseUrl: simulator.url, key: 'env:TARGET_KEY', ...QUIET } },
    defaults: { retry: { attempts: 1 } },
  });
});
afterAll(async () => {
  await gateway.close();
  await simulator.close();
});

/** Anthropic's own SDK at the gateway, which counts what it sends. */
function client(root = '/anthropic'): Anthropic {
  const origin = gateway.baseURL.replace(/\/v1$/, '');
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    gateway.owe(1);
    return globalThis.fetch(input, init);
  };
  return new Anthropic({ apiKey: 'sk-caller', baseURL: `${origin}${root}`, maxRetries: 0, fetch });
}

/** The record of the last call, once it is there. */
async function lastRecord(): Promise<CallRecord | undefined> {
  await until(() => gateway.records.length === gateway.calls);
  return gateway.records.at(-1);
}

const ask = (said: string) => ({ model: MODEL, max_tokens: 500, messages: [{ role: 'user' as const, content: said }] });

describe.each(['/anthropic', ''])("Anthropic's SDK at the gateway's %s/v1", (root) => {
  test('asks and is answered, byte for byte', async () => {
    const { data, response, request_id: id } = await client(root).messages.create(ask('Say: Grüße 🌊')).withResponse();
    expect(data).toMatchObject({ type: 'message', role: 'assistant', content: [{ type: 'text', text: 'Grüße 🌊' }] });
    expect(id).toMatch(/^hf-/);
    expect(response.headers.get('x-upstream-request-id')).toMatch(/^req_/);
    expect(response.headers.get('x-holdfast-target')).toBe('claude');
    expect(Number(response.headers.get('anthropic-ratelimit-requests-remaining'))).toBeGreaterThan(0);
    expect(response.headers.get('x-ratelimit-remaining-requests')).toBeNull();
    const seen = simulator.requests.at(-1);
    expect(seen?.headers).toMatchObject({ 'anthropic-version': '2026-10-21', 'x-api-key': 'sk-target-0123456789' });
    expect(await lastRecord()).toMatchObject({ operation: 'messages', path: '/messages', model: MODEL });
  });

  test('streams', async () => {
    const stream = client(root).messages.stream(ask('Write 30 words'));
    const message = await stream.finalMessage();
    expect(message.usage.output_tokens).toBe(30);
    expect(message.stop_reason).toBe('end_turn');
    expect(await lastRecord()).toMatchObject({ stream: true, outcome: 'answered', usage: { outputTokens: 30 } });
  });

  test('counts tokens, and asks for whatever else there is', async () => {
    const { max_tokens: _, ...rest } = ask('How many?');
    expect((await client(root).messages.countTokens(rest)).input_tokens).toBeGreaterThan(0);
    expect(await lastRecord()).toMatchObject({ operation: 'passthrough', target: 'claude' });
  });
});

describe('what fails is told in its own classes', () => {
  test.each([
    ['invalid-api-key', AuthenticationError, 401],
    ['permission', PermissionDeniedError, 403],
    ['invalid-request', BadRequestError, 400],
    ['rate-limit-requests', RateLimitError, 429],
    ['overloaded', InternalServerError, 529],
    ['server-error', InternalServerError, 500],
  ] as const)('%s', async (fault, Class, status) => {
    const asked = client().messages.create({ ...ask('Hello'), model: `${MODEL}@${fault}` });
    const error: unknown = await asked.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(Class);
    expect(error).toMatchObject({ status, requestID: expect.stringMatching(/^hf-/) });
  });

  test('a stream that breaks off', async () => {
    const stream = client().messages.stream({ ...ask('Write 30 words'), model: `${MODEL}@cut:5` });
    await expect(stream.finalMessage()).rejects.toBeInstanceOf(APIError);
    expect(await lastRecord()).toMatchObject({ outcome: 'interrupted', fault: { kind: 'partial-response' } });
  });
});
