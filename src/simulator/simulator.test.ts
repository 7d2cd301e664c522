import { setTimeout as delay } from 'node:timers/promises';
import { APIConnectionError, InternalServerError, OpenAI } from 'openai';
import { afterEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../engine/virtual-clock.ts';
import { startSimulator } from './simulator.ts';
import type { Simulator, SimulatorOptions } from './simulator.ts';
import { readWeather } from './weather.ts';

const running: Simulator[] = [];

async function start(options: SimulatorOptions = {}): Promise<Simulator> {
  const simulator = await startSimulator(options);
  running.push(simulator);
  return simulator;
}

afterEach(async () => {
  await Promise.all(running.splice(0).map((simulator) => simulator.close()));
});

function sdk(simulator: Simulator): OpenAI {
  return new OpenAI({ apiKey: 'sk-test', baseURL: `${simulator.url}/v1`, maxRetries: 0 });
}

interface ErrorBody {
  readonly error: {
    readonly message: string;
    readonly type: string | null;
    readonly code: string | null;
    readonly param: string | null;
  };
}

function chat(simulator: Simulator, body: object = {}, init: RequestInit = {}): Promise<Response> {
  const request = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Write 10 words' }], ...body };
  return fetch(`${simulator.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { authorization: 'Bearer sk-test', 'content-type': 'application/json' },
    body: JSON.stringify(request),
    ...init,
  });
}

async function errorOf(answer: Response): Promise<ErrorBody['error']> {
  return ((await answer.json()) as ErrorBody).error;
}

/** Waits for what another event loop turn brings, without guessing how long that takes. */
async function until(happened: () => boolean): Promise<void> {
  for (let turn = 0; turn < 400 && !happened(); turn += 1) await delay(5);
  expect(happened()).toBe(true);
}

describe('with the official SDK', () => {
  const hello = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Say exactly: hello there, sailor' }] };

  test('answers a chat call', async () => {
    const completion = await sdk(await start()).chat.completions.create(hello);
    expect(completion.choices[0]?.message.content).toBe('hello there, sailor');
    expect(completion.choices[0]?.finish_reason).toBe('stop');
    expect(completion.usage).toMatchObject({ completion_tokens: 3 });
    expect(completion._request_id).toMatch(/^req_[0-9a-f]{32}$/);
  });

  test('streams the same text as it answers whole, token by token, with usage on request', async () => {
    const openai = sdk(await start({ seed: 9 }));
    const request = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Write 60 words about kelp.' }] };
    const whole = await openai.chat.completions.create(request);
    const options = { stream: true, stream_options: { include_usage: true } } as const;
    const tokens: string[] = [];
    let finish: string | null = null;
    let usage: OpenAI.CompletionUsage | null = null;
    for await (const chunk of await openai.chat.completions.create({ ...request, ...options })) {
      const [choice] = chunk.choices;
      if (choice?.delta.content) tokens.push(choice.delta.content);
      finish = choice?.finish_reason ?? finish;
      usage = chunk.usage ?? usage;
    }
    expect(tokens).toHaveLength(60);
    expect(tokens.join('')).toBe(whole.choices[0]?.message.content);
    expect(finish).toBe('stop');
    expect(usage).toEqual(whole.usage);
  });

  test('raises the classes that the faults of a real provider raise', async () => {
    const openai = sdk(await start());
    const call = (model: string) => openai.chat.completions.create({ ...hello, model });
    await expect(call('gpt-4o@server-error')).rejects.toThrow(InternalServerError);
    await expect(call('gpt-4o@insufficient-quota')).rejects.toMatchObject({ status: 429, code: 'insufficient_quota' });
    await expect(call('gpt-4o@reset-before-headers')).rejects.toThrow(APIConnectionError);
  });

  test('calls a tool when it must, with arguments that fit the schema, streamed or not', async () => {
    const openai = sdk(await start());
    const parameters = {
      type: 'object',
      properties: { port: { type: 'string' }, knots: { type: 'integer' }, sea: { enum: ['calm', 'rough'] } },
    };
    const request = {
      ...hello,
      tools: [{ type: 'function' as const, function: { name: 'sail', parameters } }],
      tool_choice: 'required' as const,
    };
    const whole = await openai.chat.completions.create(request);
    expect(whole.choices[0]?.finish_reason).toBe('tool_calls');
    const [call] = whole.choices[0]?.message.tool_calls ?? [];
    const text = call?.type === 'function' ? call.function.arguments : '';
    expect(JSON.parse(text)).toEqual({
      port: expect.any(String),
      knots: expect.any(Number),
      sea: expect.stringMatching(/calm|rough/),
    });
    const streamed = await openai.chat.completions.stream(request).finalChatCompletion();
    expect(streamed.choices[0]?.message.tool_calls?.[0]).toMatchObject({
      id: call?.id,
      function: { name: 'sail', arguments: text },
    });
  });

  test('decodes embeddings the same from base64, which the SDK asks for, and from numbers', async () => {
    const openai = sdk(await start());
    const request = { model: 'text-embedding-3-small', input: ['kelp', 'reef'], dimensions: 64 };
    const encoded = await openai.embeddings.create(request);
    const plain = await openai.embeddings.create({ ...request, encoding_format: 'float' });
    expect(encoded.data[0]?.embedding).toHaveLength(64);
    expect(encoded.data.map((one) => one.embedding)).toEqual(plain.data.map((one) => one.embedding));
    expect(encoded.data[0]?.embedding).not.toEqual(encoded.data[1]?.embedding);
  });

  test('lists its models', async () => {
    const openai = sdk(await start({ models: ['gpt-4o', 'o3'] }));
    const listed: string[] = [];
    for await (const model of openai.models.list()) listed.push(model.id);
    expect(listed).toEqual(['gpt-4o', 'o3']);
    await expect(openai.models.retrieve('o4')).rejects.toMatchObject({ status: 404, code: 'model_not_found' });
  });
});

describe('answers', () => {
  test('depend on seed and prompt alone', async () => {
    const [one, two, other] = [await start({ name: 'one' }), await start({ name: 'two' }), await start({ seed: 2 })];
    const text = async (simulator: Simulator, body: object = {}) => {
      const answer = (await (await chat(simulator, body)).json()) as OpenAI.ChatCompletion;
      return answer.choices[0]?.message.content;
    };
    const first = await text(one);
    expect(await text(one)).toBe(first);
    expect(await text(two, { model: 'gpt-4.1' })).toBe(first);
    expect(await text(other)).not.toBe(first);
    expect(await text(one, { messages: [{ role: 'user', content: 'Write 10 words, others' }] })).not.toBe(first);
  });

  test('end with length at the cap, and give n different choices', async () => {
    const answer = (await (await chat(await start(), { max_tokens: 4, n: 3 })).json()) as OpenAI.ChatCompletion;
    expect(answer.choices.map((choice) => choice.finish_reason)).toEqual(['length', 'length', 'length']);
    expect(new Set(answer.choices.map((choice) => choice.message.content)).size).toBe(3);
    expect(answer.usage?.completion_tokens).toBe(12);
  });

  test('are JSON when asked', async () => {
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' }, list: { type: 'array', items: { type: 'null' } } },
    };
    const response_format = { type: 'json_schema', json_schema: { name: 'x', schema } };
    const answer = (await (await chat(await start(), { response_format })).json()) as OpenAI.ChatCompletion;
    expect(JSON.parse(answer.choices[0]?.message.content ?? '')).toEqual({ ok: expect.any(Boolean), list: [null] });
  });

  test('can be written by the test', async () => {
    const scriptedAnswer = ({ model }: { model: string }) => (model === 'gpt-4' ? 'I am four.' : null);
    const simulator = await start({ scriptedAnswer });
    expect(await (await chat(simulator, { model: 'gpt-4' })).text()).toContain('I am four.');
    expect(await (await chat(simulator)).text()).not.toContain('I am four.');
  });

  test('of a reasoning model count hidden tokens, which may eat the whole budget', async () => {
    const simulator = await start();
    const read = async (cap: number) =>
      (await (await chat(simulator, { model: 'o3', max_completion_tokens: cap })).json()) as OpenAI.ChatCompletion;
    expect((await read(1000)).usage?.completion_tokens_details?.reasoning_tokens).toBe(128);
    expect((await read(50)).choices[0]).toMatchObject({ finish_reason: 'length', message: { content: '' } });
  });
});

describe('refusals', () => {
  test.each([
    [{ model: undefined }, 400, null, null],
    [{ messages: undefined }, 400, 'missing_required_parameter', 'messages'],
    [{ messages: 'hi' }, 400, 'invalid_type', 'messages'],
    [{ messages: [{ role: 'wizard', content: '' }] }, 400, 'invalid_value', 'messages[0].role'],
    [{ temperature: 200 }, 400, 'decimal_above_max_value', 'temperature'],
    [{ max_tokens: 0 }, 400, 'integer_below_min_value', 'max_tokens'],
    [{ max_tokens: 99_999 }, 400, 'invalid_value', 'max_tokens'],
    [{ model: 'o3', max_tokens: 10 }, 400, 'unsupported_parameter', 'max_tokens'],
    [{ model: 'gpt-5', temperature: 0 }, 400, 'unsupported_value', 'temperature'],
    [{ model: 'no-such' }, 404, 'model_not_found', null],
    [
      { model: 'gpt-4', messages: [{ role: 'user', content: 'x'.repeat(40_000) }] },
      400,
      'context_length_exceeded',
      'messages',
    ],
  ])('%j is a %d with code %s about %s', async (body, status, code, param) => {
    const answer = await chat(await start({ models: ['gpt-4o', 'gpt-4', 'gpt-5', 'o3'] }), body);
    expect(answer.status).toBe(status);
    expect(await errorOf(answer)).toMatchObject({ code, param, type: 'invalid_request_error' });
  });

  test('keys that are missing or wrong get a 401 that shows no key', async () => {
    const simulator = await start({ keys: ['sk-right'] });
    const wrong = await chat(
      simulator,
      {},
      { headers: { authorization: 'Bearer sk-wrong-key-0123456789', 'content-type': 'application/json' } },
    );
    expect(wrong.status).toBe(401);
    const { code, message } = await errorOf(wrong);
    expect(code).toBe('invalid_api_key');
    expect(message).toContain('sk-w');
    expect(message).not.toContain('wrong-key');
    const missing = await chat(simulator, {}, { headers: { 'content-type': 'application/json' } });
    expect([missing.status, (await errorOf(missing)).code]).toEqual([401, null]);
  });

  test('a body that is no JSON and a path nobody knows', async () => {
    const simulator = await start();
    expect((await chat(simulator, {}, { body: '{"model":' })).status).toBe(400);
    const lost = await fetch(`${simulator.url}/v1/nothing`, { headers: { authorization: 'Bearer k' } });
    expect([lost.status, (await errorOf(lost)).code]).toEqual([404, 'unknown_url']);
  });

  test('rate limits are real, and their headers too', async () => {
    const simulator = await start({
      limits: { requestsPerMinute: 2, tokensPerMinute: 10_000 },
      clock: new VirtualClock(),
    });
    const first = await chat(simulator);
    expect(first.headers.get('x-ratelimit-remaining-requests')).toBe('1');
    expect(first.headers.get('x-ratelimit-reset-requests')).toBe('30s');
    await chat(simulator);
    const refused = await chat(simulator);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('30');
    const large = await chat(simulator, { model: 'gpt-4.1', max_tokens: 12_000 });
    expect((await errorOf(large)).message).toMatch(/^Request too large/);
  });
});

describe('Azure', () => {
  test('serves deployments by path and api-key, opens streams with empty choices, and refuses in its own words', async () => {
    const simulator = await start({ keys: ['azure-key'] });
    const call = (key: string) =>
      fetch(`${simulator.url}/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21`, {
        method: 'POST',
        headers: { 'api-key': key, 'content-type': 'application/json' },
        body: JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'Say: aye' }] }),
      });
    const text = await (await call('azure-key')).text();
    expect(text.slice(0, text.indexOf('\n'))).toContain('"choices":[],"prompt_filter_results"');
    expect(text).toContain('"content":"aye"');
    expect(await errorOf(await call('other'))).toMatchObject({ code: '401' });
    expect(simulator.stats.byModel).toEqual({ 'gpt-4o': 2 });
  });

  test('serves its v1 paths', async () => {
    const simulator = await start();
    const answer = await fetch(`${simulator.url}/openai/v1/models`, { headers: { 'api-key': 'k' } });
    expect(answer.status).toBe(200);
  });
});

describe('choosing faults', () => {
  test('the queue comes before the header, the header before the model, the model before the standing fault', async () => {
    const simulator = await start();
    simulator.setFault('conflict');
    simulator.nextFaults(['server-error', null]);
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json', 'x-simulate-fault': 'region' };
    const statuses: number[] = [];
    for (const [body, init] of [
      [{}, {}],
      [{}, {}],
      [{ model: 'gpt-4o@status:418' }, { headers }],
      [{ model: 'gpt-4o@status:418' }, {}],
      [{}, {}],
    ] as const) {
      statuses.push((await chat(simulator, body, init)).status);
    }
    simulator.setFault(null);
    statuses.push((await chat(simulator)).status);
    expect(statuses).toEqual([500, 200, 403, 418, 409, 200]);
    expect(simulator.stats.byFault).toEqual({ 'server-error': 1, region: 1, status: 1, conflict: 1 });
  });

  test('refuse stops listening for a while, or until it is taken back', async () => {
    const clock = new VirtualClock();
    const simulator = await start({ clock });
    await expect(chat(simulator, { model: 'gpt-4o@refuse:60' })).rejects.toThrow('fetch failed');
    await expect(chat(simulator)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    await clock.advance(60);
    expect((await chat(simulator)).status).toBe(200);
    simulator.setFault('refuse');
    await expect(chat(simulator)).rejects.toMatchObject({ cause: { code: 'ECONNREFUSED' } });
    simulator.setFault(null);
    expect((await chat(simulator)).status).toBe(200);
  });
});

describe('weather', () => {
  test('strikes the share of calls that it says, and ends', async () => {
    const clock = new VirtualClock();
    const weather = readWeather({ timeline: [{ at: '10s', for: '5s', faults: { 'server-error': 0.25 } }] });
    const simulator = await start({ clock, weather });
    const failures = async (calls: number) => {
      const statuses = await Promise.all(Array.from({ length: calls }, async () => (await chat(simulator)).status));
      return statuses.filter((status) => status === 500).length;
    };
    expect(await failures(20)).toBe(0);
    await clock.advance(12_000);
    const struck = await failures(200);
    expect(struck).toBeGreaterThan(30);
    expect(struck).toBeLessThan(70);
    const status = (await (await fetch(`${simulator.url}/api/v2/status.json`)).json()) as {
      status: { indicator: string };
    };
    expect(status.status.indicator).toBe('major');
    await clock.advance(4000);
    expect(await failures(20)).toBe(0);
  });

  test('fewer workers mean a line, and a full line means overloaded', async () => {
    const clock = new VirtualClock();
    const weather = readWeather({
      workers: 4,
      queue: 2,
      service: '1s',
      timeline: [{ at: 0, for: '10s', capacity: 0.5 }],
    });
    const simulator = await start({ clock, weather });
    const done: number[] = [];
    const calls = Array.from({ length: 5 }, async () => {
      const { status } = await chat(simulator);
      done.push(status);
    });
    await until(() => simulator.stats.requests === 5 && done.length === 1);
    expect(done).toEqual([503]);
    await clock.advance(1000);
    await until(() => done.length === 3);
    await clock.advance(1000);
    await Promise.all(calls);
    expect(done).toEqual([503, 200, 200, 200, 200]);
  });
});

describe('time', () => {
  test('comes from fixed latencies, whatever the speed', async () => {
    const clock = new VirtualClock();
    const simulator = await start({ clock, latency: { firstTokenMs: 300, perTokenMs: 50 } });
    const answer = await chat(simulator, { stream: true });
    const reader = answer.body?.getReader();
    let text = '';
    const reading = (async () => {
      for (let part = await reader?.read(); part?.done === false; part = await reader?.read())
        text += new TextDecoder().decode(part.value);
    })();
    const tokens = () => text.match(/"content":"[^"]/g)?.length ?? 0;
    await clock.advance(299);
    expect(text).toBe('');
    await clock.advance(1);
    await until(() => tokens() === 1);
    await clock.advance(100);
    await until(() => tokens() === 3);
    await clock.advance(10_000);
    await reading;
    expect(tokens()).toBe(10);
  });
});

describe('what it remembers', () => {
  test('requests as they came, and counts', async () => {
    const simulator = await start({ rememberedRequests: 2 });
    for (const model of ['gpt-4o', 'o3', 'gpt-4']) await (await chat(simulator, { model })).text();
    await until(() => simulator.stats.openRequests === 0);
    expect(simulator.requests.map((seen) => JSON.parse(String(seen.body)) as object)).toMatchObject([
      { model: 'o3' },
      { model: 'gpt-4' },
    ]);
    expect(simulator.requests[0]?.headers['authorization']).toBe('Bearer sk-test');
    expect(simulator.stats).toMatchObject({
      requests: 3,
      byPath: { '/v1/chat/completions': 3 },
      byModel: { 'gpt-4o': 1, o3: 1, 'gpt-4': 1 },
      byStatus: { '200': 3 },
      aborted: 0,
    });
  });

  test('clients that left, while a stream ran and while they waited for a worker', async () => {
    const simulator = await start({ capacity: { workers: 1, queue: 5 } });
    const leave = new AbortController();
    const stream = await chat(simulator, { model: 'gpt-4o@stall:2', stream: true }, { signal: leave.signal });
    expect(simulator.stats.openStreams).toBe(1);
    const leaveLine = new AbortController();
    const waiting = chat(simulator, {}, { signal: leaveLine.signal });
    await until(() => simulator.stats.openRequests === 2);
    leaveLine.abort();
    await expect(waiting).rejects.toThrow('aborted');
    await until(() => simulator.stats.aborted === 1);
    leave.abort();
    await expect(stream.text()).rejects.toThrow('aborted');
    await until(() => simulator.stats.aborted === 2);
    expect(simulator.stats).toMatchObject({ openStreams: 0, openRequests: 0, maxOpenRequests: 2 });
    expect((await chat(simulator)).status).toBe(200);
  });
});
