import { BadRequestError, type OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { REFUSED_REQUESTS, type RefusedRequest } from './fixtures/refused-requests.ts';
import { SDK_REQUESTS } from './fixtures/sdk-requests.ts';
import { complaintsAbout } from './told.ts';
import { type Door, DOORS, openDoor } from './harness.ts';

const user = { role: 'user', content: 'When is the tide high?' };

function chat(more: object = {}): object {
  return { model: 'gpt-4o', messages: [user], ...more };
}

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ scriptedAnswer: 'JSON kelp', speed: 0, rememberedRequests: 10_000 });
});
afterAll(() => simulator.close());

/** What a provider says to a request, without anything in between. */
async function refusedBySimulator({
  path,
  request,
}: RefusedRequest): Promise<{ param: string | null; code: string | null }> {
  const response = await fetch(`${simulator.url}/v1${path}`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-any', 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const { error } = (await response.json()) as { error: { param: string | null; code: string | null } };
  return { param: error.param, code: error.code };
}

test.each(Object.entries(REFUSED_REQUESTS).filter(([, row]) => row.simulated))(
  'the simulated provider refuses %s likewise',
  async (_, row) => {
    expect(await refusedBySimulator(row)).toEqual({ param: row.param, code: row.code });
  },
);

describe.each(DOORS)('%s', (name) => {
  let strict: Door;
  let repairing: Door;
  let observing: Door;
  beforeAll(async () => {
    [strict, repairing, observing] = (await Promise.all(
      (['strict', 'repair', 'observe'] as const).map((validate) =>
        openDoor(name, { ladder: [{ at: simulator }], validate }),
      ),
    )) as [Door, Door, Door];
  });
  afterAll(() => Promise.all([strict, repairing, observing].map((door) => door.close())));

  describe('strict refuses before anything is sent', () => {
    test.each(Object.entries(REFUSED_REQUESTS))('%s', async (_, { path, request, param, code }) => {
      const before = simulator.stats.requests;

      const { record, error } = await strict.watch(() => strict.client.post(path, { body: request }));

      expect(simulator.stats.requests).toBe(before);
      expect(error).toBeInstanceOf(BadRequestError);
      expect(complaintsAbout(error)).toEqual([]);
      expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', param });
      // Where the API gives no code, the envelope's comes from the kind of the fault.
      expect(error).toMatchObject({ code: code ?? 'invalid_value' });
      expect(record).toMatchObject({
        outcome: 'failed',
        status: 400,
        fault: { param, code, party: 'caller' },
        attempts: [],
      });
    });

    test('several problems at once', async () => {
      const request = chat({ messages: [{ role: 'wizard', content: 'hi' }], temperature: 3, temprature: 1 });
      const { error } = await strict.watch(() => strict.client.post('/chat/completions', { body: request }));
      expect(error).toMatchObject({ param: 'messages[0].role' });
      for (const piece of [
        /\(1\) .*wizard/,
        /\(2\) .*temperature.*<= 2/,
        /\(3\) .*temprature/,
        /Did you mean 'temperature'/,
      ]) {
        expect((error as Error).message).toMatch(piece);
      }
    });

    test('a body that is no JSON', async () => {
      const before = simulator.stats.requests;
      const { value, record } = await strict.watch(() =>
        strict.fetch(`${strict.baseURL}/chat/completions`, {
          method: 'POST',
          headers: { authorization: 'Bearer sk-any', 'content-type': 'application/json' },
          body: '{"model": "gpt-4o",\n "messages": [],}',
        }),
      );
      expect(simulator.stats.requests).toBe(before);
      expect(value?.status).toBe(400);
      expect(await value?.text()).toContain('a comma stands after the last one (line 2, column 16)');
      expect(record).toMatchObject({ status: 400, fault: { kind: 'invalid-request' }, attempts: [] });
    });
  });

  test('repair sends what the provider takes, and says so', async () => {
    const request = { model: 'o3', messages: [user], max_tokens: 500, temperature: 0.2, warp: 9 };
    const { value, record } = await repairing.watch(() =>
      repairing.client.post<OpenAI.ChatCompletion>('/chat/completions', { body: request }).withResponse(),
    );
    expect(value?.response.headers.get('x-holdfast-repaired')).toBe('max-tokens, sampling');
    expect(value?.data.choices[0]?.message.content).toBe('JSON kelp');
    expect(simulator.requests.at(-1)?.body.toString()).toBe(
      `{"model":"o3","messages":[${JSON.stringify(user)}],"max_completion_tokens":500,"warp":9}`,
    );
    expect(record.notes).toEqual([
      'noticed unknown-field: warp',
      'repaired max-tokens: max_tokens',
      'repaired sampling: temperature',
    ]);
  });

  test('observe lets the provider refuse, and notes why it will', async () => {
    const request = { model: 'o3', messages: [user], max_tokens: 500 };
    const { error, record } = await observing.watch(() =>
      observing.client.post('/chat/completions', { body: request }),
    );
    expect(error).toMatchObject({ param: 'max_tokens', code: 'unsupported_parameter' });
    expect(record.notes).toEqual(['noticed max-tokens: max_tokens']);
    expect(record.attempts).toHaveLength(1);
  });

  describe('what the official SDK sends passes, byte for byte', () => {
    test.each(Object.entries(SDK_REQUESTS))('%s', async (_, ask) => {
      const sent: string[] = [];
      const recording: typeof globalThis.fetch = (input, init) => {
        if (typeof init?.body === 'string') sent.push(init.body);
        return strict.fetch(input, init);
      };
      const client = strict.client.withOptions({ fetch: Object.assign(recording, { Response }) });
      const before = simulator.requests.length;
      await ask(client);
      const received = simulator.requests.slice(before).map(({ body }) => body.toString());
      expect(sent.length).toBeGreaterThan(0);
      expect(received).toEqual(sent);
    });
  });
});

test('the light endpoints are looked at too', async () => {
  const door = await openDoor('gateway', { ladder: [{ at: simulator }], validate: 'strict' });
  const before = simulator.stats.requests;
  const cases: readonly (readonly [string, object, string])[] = [
    ['/moderations', {}, 'input'],
    ['/images/generations', { prompt: 'kelp', n: 11 }, 'n'],
    ['/audio/speech', { model: 'tts-1', input: 'hi' }, 'voice'],
  ];
  for (const [path, body, param] of cases) {
    const { error } = await door.watch(() => door.client.post(path, { body }));
    expect(error).toMatchObject({ status: 400, param });
  }
  expect(simulator.stats.requests).toBe(before);
  await door.close();
});
