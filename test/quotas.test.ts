import { OpenAI, BadRequestError, InternalServerError, PermissionDeniedError, RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { Limits } from '../src/engine/admission/limits.ts';
import type { QuotaEvent } from '../src/engine/admission/quota.ts';
import type { CallRecord } from '../src/engine/record.ts';
import { holdfast, type HoldfastOptions } from '../src/inprocess/holdfast.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openDatabase } from '../src/storage/database.ts';
import { createKey } from '../src/tenants/keys.ts';
import { DOORS, type DoorName, openGateway, until } from './harness.ts';
import { told } from './told.ts';

let simulator: Simulator;
let dearer: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ name: 'one', rememberedRequests: 1_000 });
  dearer = await startSimulator({ name: 'dearer' });
});
afterAll(async () => {
  await simulator.close();
  await dearer.close();
});

/** A door whose only caller is held to limits. */
interface LimitedDoor {
  readonly client: OpenAI;
  readonly records: readonly CallRecord[];
  readonly events: readonly QuotaEvent[];
  readonly close: () => Promise<void>;
}

function openLimited(door: DoorName, limits: Limits): Promise<LimitedDoor> {
  return door === 'gateway' ? openLimitedGateway(limits) : Promise.resolve(openLimitedApp({ limits }));
}

async function openLimitedGateway(limits: Limits, config: object = {}): Promise<LimitedDoor> {
  const events: QuotaEvent[] = [];
  const door = await openGateway(
    {
      targets: { primary: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } },
      tenants: { shop: { limits } },
      ...config,
    },
    { onQuotaEvent: (event) => events.push(event) },
  );
  const database = openDatabase({ directory: door.data });
  const { secret } = await createKey(database, { via: 'cli', name: 'tester', address: null }, { tenant: 'shop' });
  await database.close();
  const client = new OpenAI({ baseURL: door.baseURL, apiKey: secret, maxRetries: 0 });
  // A key that is not known yet is refused at the door, which counts nowhere.
  while (
    (await client.models.list().then(
      () => 200,
      (error: { status?: number }) => error.status,
    )) === 401
  ) {
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    client,
    records: door.records,
    events,
    async close() {
      door.owe(door.records.length);
      await door.close();
    },
  };
}

function openLimitedApp(options: HoldfastOptions): LimitedDoor {
  const records: CallRecord[] = [];
  const events: QuotaEvent[] = [];
  const hold = holdfast({
    onRecord: (record) => records.push(record),
    onQuotaEvent: (event) => events.push(event),
    retry: { attempts: 1, baseMs: 1 },
    adaptive: { suspicion: false, throttle: false, concurrency: false, keys: false },
    ...options,
  });
  const baseURL = `${simulator.url}/v1`;
  const client = new OpenAI({ baseURL, apiKey: 'sk-any', maxRetries: 0, fetch: hold.fetch });
  return { client, records, events, close: hold.close };
}

const HELLO = [{ role: 'user' as const, content: 'Say hello to everybody who reads this.' }];

const chat = (client: OpenAI, facts: Partial<OpenAI.ChatCompletionCreateParamsNonStreaming> = {}, headers = {}) =>
  client.chat.completions.create({ model: 'gpt-4o', messages: HELLO, max_tokens: 50, ...facts }, { headers });

/** What the SDK raised; fails when it raised nothing. */
async function raised<Kind>(kind: abstract new (...args: never[]) => Kind, call: Promise<unknown>): Promise<Kind> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(kind);
  return error as Kind;
}

test('counting a prompt takes one request of the limit, and no tokens', async () => {
  const { client, close } = await openLimited('gateway', { requestsPerMinute: 3, tokensPerMinute: 10_000 });
  const body = { model: 'gpt-4o', messages: HELLO };
  const count = (): Promise<{ tokens: number }> => client.post('/holdfast/count', { body });
  expect((await count()).tokens).toBeGreaterThan(5);
  const { response } = await chat(client).withResponse();
  expect(response.headers.get('x-ratelimit-remaining-requests')).toBe('0');
  const error = await raised(RateLimitError, count());
  expect(error.message).toContain('tenant shop may use 3 requests a minute: 3 are used');
  expect(error.headers.get('retry-after')).not.toBeNull();
  await close();
});

describe.each(DOORS)('%s: a limit on requests', (name) => {
  test('is told with every answer, and refuses with the facts in the SDK’s own error', async () => {
    const { client, close } = await openLimited(name, { requestsPerMinute: 3, tokensPerMinute: 10_000 });
    const listing = name === 'gateway' ? 1 : 0;
    for (let left = 2 - listing; left >= 0; left -= 1) {
      const { response, data } = await chat(client).withResponse();
      expect(response.headers.get('x-ratelimit-limit-requests')).toBe('3');
      expect(response.headers.get('x-ratelimit-remaining-requests')).toBe(String(left));
      expect(response.headers.get('x-ratelimit-reset-requests')).toBe('1m0s');
      expect(response.headers.get('x-ratelimit-limit-tokens')).toBe('10000');
      const remaining = Number(response.headers.get('x-ratelimit-remaining-tokens'));
      expect(remaining).toBeLessThanOrEqual(10_000 - 50);
      expect(remaining).toBeGreaterThan(10_000 - 300);
      expect(data.usage?.completion_tokens).toBeLessThanOrEqual(50);
    }
    const error = await raised(RateLimitError, chat(client));
    expect(error).toMatchObject({ status: 429, code: 'rate_limit_exceeded', type: 'requests' });
    const holder = name === 'gateway' ? 'tenant shop' : 'organisation application';
    expect(error.message).toContain(`${holder} may use 3 requests a minute: 3 are used. Please try again in `);
    expect(told(error)).toMatchObject({ fault: 'rate-limit-requests', party: 'caller', attempts: 0 });
    const afterMs = Number(error.headers?.get('retry-after-ms'));
    expect(afterMs).toBeGreaterThan(50_000);
    expect(afterMs).toBeLessThanOrEqual(60_250);
    expect(error.headers?.get('retry-after')).toBe(String(Math.ceil(afterMs / 1000)));
    expect(error.headers?.get('x-ratelimit-remaining-requests')).toBe('0');
    expect(error.headers?.get('x-ratelimit-reset-requests')).toMatch(/^(?:5\d(?:\.\d+)?s|1m0(?:\.\d+)?s)$/);
    await close();
  });
});

describe.each(DOORS)('%s: a budget', (name) => {
  test('of a dollar stops at a dollar, names itself and its end, and warns once at four fifths', async () => {
    const door = await openLimited(name, { budgetPerMonth: 1 });
    const call = (): Promise<unknown> => chat(door.client, { model: 'gpt-4', max_tokens: 1_000 });
    const errors: RateLimitError[] = [];
    const make = async (): Promise<void> => {
      await call().catch((error: unknown) => errors.push(error as RateLimitError));
    };
    while (errors.length < 3) await Promise.all([make(), make(), make()]);
    // What calls under way held is free again, and one by one the rest is spent too.
    const crowded = errors.length;
    while (errors.length === crowded) await make();
    const spent = door.records.reduce((sum, { cost }) => sum + (cost ?? 0), 0);
    // GPT-4: $30 and $60 a million; a thousand tokens of answer and a short prompt are what one call reserves.
    expect(spent).toBeLessThanOrEqual(1_000_000);
    expect(spent).toBeGreaterThan(1_000_000 - 3 * 61_000);
    for (const error of errors) {
      expect(error).toBeInstanceOf(RateLimitError);
      expect(error).toMatchObject({ code: 'insufficient_quota', type: 'insufficient_quota' });
      expect(error.message).toMatch(/the budget of \w+ \w+, \$1\.00 a month, is used up: \$0\.\d+ are spent or held/);
    }
    const now = new Date();
    const next = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1, 1));
    expect(errors[0]?.message).toContain(`It begins anew at ${next.toISOString()}`);
    const seconds = Number(errors.at(-1)?.headers?.get('retry-after'));
    expect(Math.abs(seconds * 1000 - (next.getTime() - now.getTime()))).toBeLessThan(60_000);
    expect(door.events.map(({ kind }) => kind)).toEqual(expect.arrayContaining(['warned', 'exhausted']));
    expect(door.events).toHaveLength(2);
    const warning = door.events.find(({ kind }) => kind === 'warned');
    expect(warning).toMatchObject({ quota: { measure: 'money', warnAt: 800_000 }, resetsAt: next.getTime() });
    expect(warning?.used).toBeGreaterThanOrEqual(800_000);
    expect(warning?.used).toBeLessThan(800_000 + 3 * 61_000);
    await door.close();
  });
});

test('a budget that only warns lets everybody through, and says so once for the threshold and once for the end', async () => {
  const { client, events, records, close } = openLimitedApp({ limits: { budgetPerDay: { warn: 0.01 } } });
  for (let index = 0; index < 5; index += 1) await chat(client, { model: 'gpt-4', max_tokens: 200 });
  expect(records.map(({ outcome }) => outcome)).toEqual(Array(5).fill('answered'));
  expect(events.map(({ kind }) => kind)).toEqual(['warned', 'exhausted']);
  await close();
});

describe('a budget where prices are not what they were', () => {
  test('nobody knows the price: the call is refused, with the way out', async () => {
    const { client, close } = openLimitedApp({ limits: { budgetPerMonth: 1 } });
    const error = await raised(InternalServerError, chat(client, { model: 'house-7' }));
    expect(error.message).toContain('no price is known for the model "house-7"');
    expect(told(error).remedy).toContain('prices');
    await close();
  });

  test('a server of one’s own has no price: the refusal says so, and what it says to write lets the call through', async () => {
    const limits = { budgetPerDay: 2 };
    const own = { local: { provider: 'openai-compatible', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } };
    const refusing = await openLimitedGateway(limits, { targets: own });
    const error = await raised(InternalServerError, chat(refusing.client, { model: 'house-7' }));
    expect(error.status).toBe(503);
    expect(error.message).toContain(
      'no price is known for the model "house-7" at the target local, so that the budget of tenant shop, which refuses at $2.00 a day',
    );
    const price = '{ models: ["house-7"], targets: [local], input: 0.2, output: 0.6 }';
    expect(told(error).remedy).toContain(`prices: [${price}]`);
    await refusing.close();

    const priced = await openLimitedGateway(limits, { targets: own, prices: [parse(price)] });
    expect((await chat(priced.client, { model: 'house-7' })).choices).toHaveLength(1);
    await priced.close();
  });

  test('nobody reads what it costs: the call is refused, but where a budget only warns, and where nothing is to pay', async () => {
    const refusing = await openLimitedGateway({ budgetPerDay: 5, tokensPerMinute: 100_000 });
    const picture = { model: 'gpt-image-1', prompt: 'a boat' };
    const error = await raised(PermissionDeniedError, refusing.client.images.generate(picture));
    expect(error).toMatchObject({ code: 'path_not_allowed' });
    expect(error.message).toContain('/images/generations costs money, and is carried unread');
    expect(error.message).toContain('the budget of tenant shop cannot be kept');
    const notes = { file: new File(['{}'], 'a.jsonl'), purpose: 'batch' as const };
    expect((await refusing.client.files.create(notes)).object).toBe('file');
    await refusing.close();
    const warning = await openLimitedGateway({ budgetPerDay: { warn: 5 } });
    expect((await warning.client.images.generate(picture)).data).toHaveLength(1);
    await warning.close();
  });

  test('a price of one’s own counts', async () => {
    const prices = [{ models: ['house-*'], input: 0, output: 1_000 }];
    const { client, records, close } = openLimitedApp({ limits: { budgetPerMonth: 1 }, prices });
    const { usage } = await chat(client, { model: 'house-7' });
    expect(records[0]?.cost).toBe((usage?.completion_tokens ?? 0) * 1_000);
    await close();
  });

  const fallback = (model: string): HoldfastOptions => ({
    fallbacks: [{ id: 'dearer', provider: 'openai', baseUrl: `${dearer.url}/v1`, apiKey: 'sk-x', model }],
  });

  test('a fallback to a dearer model costs what it costs', async () => {
    const door = openLimitedApp({ limits: { budgetPerMonth: 10 }, ...fallback('gpt-4') });
    simulator.nextFaults(['overloaded']);
    const { usage } = await chat(door.client, { model: 'gpt-4o-mini' });
    expect(door.records[0]?.target).toBe('dearer');
    expect(door.records[0]?.cost).toBeCloseTo(
      (usage?.prompt_tokens ?? 0) * 30 + (usage?.completion_tokens ?? 0) * 60,
      6,
    );
    await door.close();
  });

  test('a fallback that the budget does not bear is not tried', async () => {
    const door = openLimitedApp({ limits: { budgetPerMonth: 0.001 }, ...fallback('gpt-4') });
    simulator.nextFaults(['overloaded']);
    const before = dearer.stats.requests;
    const error = await raised(RateLimitError, chat(door.client, { model: 'gpt-4o-mini' }));
    expect(error.message).toContain('$0.001 a month');
    expect(dearer.stats.requests).toBe(before);
    expect(door.records[0]?.cost).toBe(0);
    await door.close();
  });
});

describe('waiting for room', () => {
  test.each([{ 'x-holdfast-wait': '5s' }, { prefer: 'wait=5' }])(
    'with %j, until another call has ended',
    async (wait) => {
      const slow = await startSimulator({ latency: { firstTokenMs: 400 } });
      const hold = holdfast({ limits: { concurrentCalls: 1 } });
      const client = new OpenAI({ baseURL: `${slow.url}/v1`, apiKey: 'sk-any', maxRetries: 0, fetch: hold.fetch });
      const first = chat(client);
      await until(() => slow.stats.openRequests === 1);
      const refused = await raised(RateLimitError, chat(client));
      expect(refused.message).toContain('may have 1 calls under way at once: 1 are used now');
      const [, second] = await Promise.all([first, chat(client, {}, wait)]);
      expect(second.choices).toHaveLength(1);
      expect(slow.stats.maxOpenRequests).toBe(1);
      await hold.close();
      await slow.close();
    },
  );

  test('who cannot make it in time is refused at once', async () => {
    const { client, close } = openLimitedApp({ limits: { requestsPerMinute: 1 } });
    await chat(client);
    const begun = performance.now();
    await raised(RateLimitError, chat(client, {}, { 'x-holdfast-wait': '30s' }));
    expect(performance.now() - begun).toBeLessThan(1_000);
    await close();
  });
});

describe('what one call may be', () => {
  test('a prompt or an answer that is too long is refused by name', async () => {
    const { client, close } = openLimitedApp({ limits: { promptTokens: 40, outputTokens: 100 } });
    await chat(client);
    const prompt = [{ role: 'user' as const, content: 'On and on it goes. '.repeat(40) }];
    const long = await raised(BadRequestError, chat(client, { messages: prompt }));
    expect(long).toMatchObject({ code: 'context_length_exceeded', param: 'messages' });
    expect(long.message).toMatch(/the prompt has about \d+ tokens, and yours may have 40/);
    const much = await raised(BadRequestError, chat(client, { max_tokens: 101 }));
    expect(much).toMatchObject({ param: 'max_tokens' });
    expect(much.message).toContain('max_tokens asks for 101 output tokens, and you may have 100');
    const many = await raised(BadRequestError, chat(client, { n: 3 }));
    expect(many.message).toContain('150 output tokens (n: 3 times 50)');
    await close();
  });

  test('an answer of open length is capped; a request that says its own is not touched', async () => {
    const { client, close } = openLimitedApp({ limits: { outputTokens: 30 } });
    const body = (): Record<string, unknown> =>
      JSON.parse(simulator.requests.at(-1)?.body.toString() ?? '') as Record<string, unknown>;
    const open = await client.chat.completions.create({ model: 'gpt-4o', messages: HELLO, n: 2 });
    expect(body()).toMatchObject({ max_completion_tokens: 15 });
    expect(open.usage?.completion_tokens).toBeLessThanOrEqual(30);
    await client.responses.create({ model: 'gpt-4o', input: 'Say hello.' });
    expect(body()).toMatchObject({ max_output_tokens: 30 });
    await chat(client, { max_tokens: 20 });
    expect(body()).toEqual({ model: 'gpt-4o', messages: HELLO, max_tokens: 20 });
    await close();
  });

  test('a call larger than the quota is told that waiting does not help', async () => {
    const { client, close } = openLimitedApp({ limits: { tokensPerMinute: 100 } });
    const error = await raised(RateLimitError, chat(client, { max_tokens: 175 }));
    expect(error).toMatchObject({ code: 'rate_limit_exceeded', type: 'tokens' });
    expect(error.message).toMatch(/may use 100 tokens a minute, and this call alone may take 19\d/);
    expect(error.headers?.get('retry-after')).toBeNull();
    expect(error.headers?.get('x-ratelimit-reset-tokens')).toBe('0ms');
    await chat(client, { max_tokens: 20 });
    const later = await raised(RateLimitError, chat(client, { max_tokens: 175 }));
    expect(later.headers?.get('retry-after')).toBeNull();
    expect(later.headers?.get('x-ratelimit-reset-tokens')).toBe('1m0s');
    await close();
  });
});

describe('what is settled', () => {
  const remaining = async (client: OpenAI): Promise<number> => {
    const { response } = await client.embeddings.create({ model: 'text-embedding-3-small', input: 'x' }).withResponse();
    return Number(response.headers.get('x-ratelimit-remaining-tokens'));
  };
  const usedBy = (record: CallRecord | undefined): number =>
    (record?.usage.inputTokens ?? NaN) + (record?.usage.outputTokens ?? 0);

  test('the real usage, of whole answers and streams that tell it', async () => {
    const { client, records, close } = openLimitedApp({ limits: { tokensPerMinute: 50_000 } });
    await chat(client, { max_tokens: 3_000 });
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: HELLO,
      stream: true,
      stream_options: { include_usage: true },
    });
    for await (const chunk of stream) expect(chunk.id).toBeTruthy();
    for await (const part of await client.responses.create({ model: 'gpt-4o', input: 'hello', stream: true })) {
      expect(part.type).toBeTruthy();
    }
    const left = await remaining(client);
    const used = records.reduce((sum, record) => sum + usedBy(record), 0);
    // The asking call itself holds a few tokens while it is told.
    expect(50_000 - left).toBeGreaterThanOrEqual(used);
    expect(50_000 - left).toBeLessThan(used + 20);
    expect(records.every(({ notes }) => notes.length === 0)).toBe(true);
    await close();
  });

  test('the real usage of a stream whose caller did not ask for it, and does not get to see it', async () => {
    const { client, records, close } = openLimitedApp({ limits: { tokensPerMinute: 50_000, budgetPerDay: 5 } });
    const chunks: OpenAI.ChatCompletionChunk[] = [];
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: HELLO,
      stream: true,
      max_tokens: 40,
    });
    for await (const chunk of stream) chunks.push(chunk);
    expect(JSON.parse(simulator.requests.at(-1)?.body.toString() ?? '')).toMatchObject({
      stream_options: { include_usage: true },
    });
    expect(chunks.every(({ choices, usage }) => choices.length === 1 && !usage)).toBe(true);
    expect(chunks.at(-1)?.choices[0]?.finish_reason).toBeTruthy();
    await until(() => records.length === 1);
    const [record] = records;
    const pieces = chunks.filter(({ choices }) => choices[0]?.delta.content).length;
    expect(record).toMatchObject({ notes: [], usage: { outputTokens: pieces } });
    expect(record?.cost).toBeCloseTo((record?.usage.inputTokens ?? NaN) * 2.5 + pieces * 10, 6);
    await close();
  });

  test('an estimate, which is said, where a server may not know how to tell it', async () => {
    const { client, records, close } = openLimitedApp({
      limits: { tokensPerMinute: 50_000, budgetPerDay: 5 },
      fallbacks: [{ baseUrl: `${dearer.url}/v1`, model: 'gpt-4' }],
    });
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: HELLO,
      stream: true,
      max_tokens: 40,
    });
    let pieces = 0;
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) pieces += 1;
    await until(() => records.length === 1);
    expect(records[0]?.notes).toContain('estimated: usage');
    expect(records[0]?.usage.outputTokens).toBeGreaterThanOrEqual(pieces);
    expect(records[0]?.usage.outputTokens).toBeLessThanOrEqual(40);
    expect(records[0]?.cost).toBeGreaterThan(0);
    await close();
  });

  test('what was sent, of a stream that its caller leaves', async () => {
    const slow = await startSimulator({ latency: { perTokenMs: 20 }, answerTokens: 200 });
    const records: CallRecord[] = [];
    const hold = holdfast({
      limits: { tokensPerMinute: 5_000, concurrentCalls: 1 },
      onRecord: (one) => records.push(one),
    });
    const client = new OpenAI({ baseURL: `${slow.url}/v1`, apiKey: 'sk-any', maxRetries: 0, fetch: hold.fetch });
    const stream = await client.chat.completions.create({
      model: 'gpt-4o',
      messages: HELLO,
      stream: true,
      max_tokens: 1_000,
    });
    let pieces = 0;
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content && (pieces += 1) === 5) break;
    }
    await until(() => records.length === 1);
    expect(records[0]?.outcome).toBe('cancelled');
    expect(records[0]?.usage.outputTokens).toBeGreaterThanOrEqual(5);
    expect(records[0]?.usage.outputTokens).toBeLessThan(60);
    // The place is free again, and so are the tokens that were not used.
    const left = await remaining(client);
    expect(5_000 - left).toBeLessThan(usedBy(records[0]) + 20);
    await hold.close();
    await slow.close();
  });

  test('the most that it can be, of a response that is made in the background', async () => {
    const { client, records, close } = openLimitedApp({ limits: { tokensPerMinute: 50_000, budgetPerDay: 5 } });
    const asked = { model: 'gpt-4o', input: 'hello', background: true };
    await client.responses.create({ ...asked, max_output_tokens: 3_000 });
    await until(() => records.length === 1);
    expect(records[0]).toMatchObject({ usage: { outputTokens: 3_000 }, notes: ['estimated: usage'] });
    expect(records[0]?.cost).toBeGreaterThan(3_000 * 10);
    // What it leaves open is what the model can give at most, and the provider is told where that is less.
    await client.responses.create(asked);
    await until(() => records.length === 2);
    expect(records[1]).toMatchObject({ usage: { outputTokens: 16_384 } });
    await close();
    const free = openLimitedApp({ limits: { tokensPerMinute: 50_000 } });
    await free.client.responses.create({ ...asked, model: 'a-model-of-our-own' });
    const { max_output_tokens: most } = JSON.parse(simulator.requests.at(-1)?.body.toString() ?? '') as {
      max_output_tokens: number;
    };
    expect(most).toBe(4_096);
    await until(() => free.records.length === 1);
    expect(free.records[0]?.usage.outputTokens).toBe(most);
    await free.close();
  });

  test('what it may have thought unseen, of a stream whose caller leaves as it begins to speak', async () => {
    const slow = await startSimulator({ latency: { firstTokenMs: 400, perTokenMs: 20 }, answerTokens: 200 });
    const outputs: number[] = [];
    for (const model of ['gpt-4o', 'gpt-5']) {
      const records: CallRecord[] = [];
      const hold = holdfast({ limits: { tokensPerMinute: 50_000 }, onRecord: (one) => records.push(one) });
      const client = new OpenAI({ baseURL: `${slow.url}/v1`, apiKey: 'sk-any', maxRetries: 0, fetch: hold.fetch });
      const stream = await client.chat.completions.create({ model, messages: HELLO, stream: true });
      for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
      await until(() => records.length === 1);
      outputs.push(records[0]?.usage.outputTokens ?? NaN);
      await hold.close();
    }
    await slow.close();
    const [plain = NaN, thinking = NaN] = outputs;
    expect(plain).toBeLessThan(40);
    expect(thinking).toBeGreaterThan(plain + 400 * 0.25);
  });

  test('nothing, of a call that the provider refused', async () => {
    const { client, records, close } = openLimitedApp({ limits: { tokensPerMinute: 1_000, budgetPerMonth: 1 } });
    simulator.nextFaults(['overloaded']);
    await raised(InternalServerError, chat(client, { max_tokens: 900 }));
    expect(records[0]?.cost).toBe(0);
    expect(1_000 - (await remaining(client))).toBeLessThan(20);
    await close();
  });
});

describe('limits in code', () => {
  test.each<[HoldfastOptions, string]>([
    [{ limits: { requestsPerMinute: -1 } }, 'limits.requestsPerMinute must be a whole number from 0'],
    [{ limits: { promptTokens: 0 } }, 'limits.promptTokens must be a whole number from 1'],
    [{ limits: { budgetPerDay: Number.NaN } }, 'limits.budgetPerDay must be US dollars'],
    [{ limits: { requestPerMinute: 1 } as Limits }, 'limits.requestPerMinute is no limit'],
    [{ caller: { name: 'a', limits: { tokensPerDay: 1.5 } } }, 'caller.limits.tokensPerDay'],
    [{ counters: { url: 'redis://user:secret@host' } }, 'counters.url carries credentials'],
  ])('%j is refused by name', (options, words) => {
    expect(() => holdfast(options)).toThrow(words);
    expect(() => holdfast(options)).not.toThrow('secret@');
  });

  test('callers are told apart, under the limits of the whole application', async () => {
    const { client, close } = openLimitedApp({
      limits: { requestsPerMinute: 3 },
      caller: ({ headers }) => ({ name: headers['x-customer'] ?? 'nobody', limits: { requestsPerMinute: 2 } }),
    });
    const from = (customer: string): Promise<unknown> => chat(client, {}, { 'x-customer': customer });
    await from('a');
    await from('a');
    expect((await raised(RateLimitError, from('a'))).message).toContain('tenant a may use 2 requests a minute');
    await from('b');
    const error = await raised(RateLimitError, from('b'));
    expect(error.message).toContain('organisation application may use 3 requests a minute');
    await close();
  });
});
