import Anthropic, {
  APIError as AnthropicError,
  AuthenticationError,
  NotFoundError,
  RateLimitError,
} from '@anthropic-ai/sdk';
import { OpenAI } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Fallback, type Holdfast, holdfast } from '../../src/inprocess/holdfast.ts';
import type { CallRecord } from '../../src/engine/record.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { openDatabase } from '../../src/storage/database.ts';
import { createKey } from '../../src/tenants/keys.ts';
import { openGateway, until } from '../harness.ts';

const CLAUDE = 'claude-opus-4-1';
const QUIET = {
  adaptive: { suspicion: false, throttle: false, concurrency: false, keys: false },
  pacing: { enabled: false },
  breaker: { enabled: false },
};

let openai: Simulator;
let anthropic: Simulator;
let third: Simulator;
beforeAll(async () => {
  [openai, anthropic, third] = await Promise.all([
    startSimulator({ name: 'openai', seed: 11 }),
    startSimulator({ name: 'anthropic', seed: 11 }),
    startSimulator({ name: 'third', seed: 11 }),
  ]);
});
afterEach(() => {
  for (const simulator of [openai, anthropic, third]) simulator.setFault(null);
});
afterAll(() => Promise.all([openai, anthropic, third].map((simulator) => simulator.close())));

interface House {
  readonly openai: OpenAI;
  readonly anthropic: Anthropic;
  readonly records: readonly CallRecord[];
  /** The record of the last call, once it is there. */
  last(): Promise<CallRecord | undefined>;
  readonly origin: string;
  readonly data: string;
  close(): Promise<void>;
}

type Rung = { readonly target: string; readonly model?: string };

/** A gateway over the three, with the SDKs of both makers before it. */
async function house(ladder: readonly Rung[], claude: object = {}, more: object = {}): Promise<House> {
  const key = 'env:TARGET_KEY';
  const gateway = await openGateway({
    targets: {
      openai: { provider: 'openai', baseUrl: openai.url, key, ...QUIET },
      claude: { provider: 'anthropic', baseUrl: anthropic.url, key, ...QUIET, ...claude },
      third: { provider: 'openai-compatible', baseUrl: `${third.url}/v1`, responses: 'translate', key, ...QUIET },
    },
    defaults: { retry: { attempts: 1 }, validate: 'off' },
    routes: [{ models: ['*'], ladder }],
    ...more,
  });
  const origin = gateway.baseURL.replace(/\/v1$/, '');
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    gateway.owe(1);
    return globalThis.fetch(input, init);
  };
  return {
    openai: new OpenAI({ apiKey: 'sk-caller', baseURL: gateway.baseURL, fetch, maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey: 'sk-caller', baseURL: `${origin}/anthropic`, fetch, maxRetries: 0 }),
    records: gateway.records,
    async last() {
      await until(() => gateway.records.length === gateway.calls);
      return gateway.records.at(-1);
    },
    origin,
    data: gateway.data,
    close: () => gateway.close(),
  };
}

/** Makes a call as soon as a key that was made in another process is known here. */
async function whenKnown<T>(call: () => Promise<T>): Promise<T> {
  for (let tries = 0; tries < 15; tries += 1) {
    try {
      return await call();
    } catch (error) {
      if ((error as { status?: number }).status !== 401) throw error;
      await new Promise((resolve) => setTimeout(resolve, 400));
    }
  }
  throw new Error('the key is still not known');
}

const user = (content: string) => ({ role: 'user' as const, content });
const SAYS = [user('Say: still here')];

const ASKINGS = ['whole', 'streamed'] as const;

describe.each(ASKINGS)('while OpenAI is down, %s', (asking) => {
  let door: House;
  beforeAll(async () => {
    door = await house([{ target: 'openai' }, { target: 'claude', model: CLAUDE }]);
  });
  afterAll(() => door.close());

  test('callers of Chat Completions are answered by Claude', async () => {
    openai.setFault('overloaded');
    const request = { model: 'gpt-4o', messages: SAYS };
    const { chat } = door.openai;
    const completion =
      asking === 'whole'
        ? await chat.completions.create(request)
        : await chat.completions.stream({ ...request, stream: true }).finalChatCompletion();
    expect(completion.choices[0]?.message.content).toBe('still here');
    const record = await door.last();
    expect(record?.attempts.map(({ target, model }) => `${target} ${model}`)).toEqual([
      'openai gpt-4o',
      `claude ${CLAUDE}`,
    ]);
    expect(record?.cost).toBeGreaterThan(0);
  });

  test('callers of Responses are answered by Claude', async () => {
    openai.setFault('server-error');
    const request = { model: 'gpt-5', input: 'Say: still here', store: false };
    const { responses } = door.openai;
    const response =
      asking === 'whole'
        ? await responses.create(request)
        : await responses.stream({ ...request, stream: true }).finalResponse();
    expect(response).toMatchObject({ object: 'response', status: 'completed', output_text: 'still here', error: null });
    expect(await door.last()).toMatchObject({ operation: 'responses', target: 'claude', outcome: 'answered' });
  });
});

describe.each(ASKINGS)('while Anthropic is down, %s', (asking) => {
  test.each(['openai', 'third'])('callers of Messages are answered by %s', async (target) => {
    const door = await house([{ target: 'claude' }, { target, model: 'gpt-4o' }]);
    anthropic.setFault('overloaded');
    const request = { model: CLAUDE, max_tokens: 100, messages: SAYS };
    const message =
      asking === 'whole'
        ? await door.anthropic.messages.create(request)
        : await door.anthropic.messages.stream(request).finalMessage();
    expect(message.content).toMatchObject([{ type: 'text', text: 'still here' }]);
    expect(message.usage).toMatchObject({ output_tokens: 2 });
    const record = await door.last();
    expect(record?.attempts.map((attempt) => `${attempt.target} ${attempt.model}`)).toEqual([
      `claude ${CLAUDE}`,
      `${target} gpt-4o`,
    ]);
    const seen = (target === 'openai' ? openai : third).requests.at(-1);
    expect(seen?.path).toBe('/v1/chat/completions');
    expect(Object.keys(seen?.headers ?? {}).filter((name) => /anthropic|x-api-key/.test(name))).toEqual([]);
    await door.close();
  });
});

describe('what is lost on the way', () => {
  test('is told in a header and in the record', async () => {
    const door = await house([{ target: 'claude', model: CLAUDE }]);
    const { response } = await door.openai.chat.completions
      .create({ model: 'gpt-4o', seed: 7, temperature: 1.4, messages: SAYS })
      .withResponse();
    expect(response.headers.get('x-holdfast-lost')).toBe('temperature; changed, seed; dropped');
    expect((await door.last())?.notes).toEqual(expect.arrayContaining(['lost: temperature (changed)', 'lost: seed']));
    await door.close();
  });

  test("is told by the caller's own names, through two translations", async () => {
    const door = await house([{ target: 'claude', model: CLAUDE }]);
    const { response } = await door.openai.responses
      .create({
        model: 'gpt-4o',
        input: [user('Say: yes')],
        max_output_tokens: 1_000_000,
        truncation: 'auto',
        tools: [{ type: 'web_search' }],
        text: { verbosity: 'low' },
      })
      .withResponse();
    expect(response.headers.get('x-holdfast-lost')?.split(', ')).toEqual([
      'truncation; dropped',
      'tools[0]; dropped',
      'max_output_tokens; changed',
      'text.verbosity; dropped',
    ]);
    await door.close();
  });

  test('is told of the one that answers alone', async () => {
    const door = await house([{ target: 'claude', model: CLAUDE }, { target: 'openai' }]);
    anthropic.setFault('overloaded');
    const { response } = await door.openai.chat.completions
      .create({ model: 'gpt-4o', seed: 7, messages: SAYS })
      .withResponse();
    expect(response.headers.get('x-holdfast-lost')).toBeNull();
    expect((await door.last())?.notes.filter((note) => note.startsWith('lost'))).toEqual([]);
    await door.close();
  });

  test('may be refused: then the next rung is asked, and Claude is not', async () => {
    const door = await house([{ target: 'claude', model: CLAUDE }, { target: 'openai' }], { losses: 'refuse' });
    const before = anthropic.stats.requests;
    await door.openai.chat.completions.create({ model: 'gpt-4o', seed: 7, messages: SAYS });
    expect((await door.last())?.attempts.map(({ target, fault }) => [target, fault?.kind])).toEqual([
      ['claude', 'unsupported-parameter'],
      ['openai', undefined],
    ]);
    expect(anthropic.stats.requests).toBe(before);
    await door.close();
  });
});

describe('what cannot be said at all', () => {
  const SOUND = [
    {
      role: 'user' as const,
      content: [{ type: 'input_audio' as const, input_audio: { data: 'AAAA', format: 'wav' as const } }],
    },
  ];

  test('is asked of the rung behind', async () => {
    const door = await house([{ target: 'openai' }, { target: 'claude', model: CLAUDE }, { target: 'third' }]);
    openai.setFault('overloaded');
    const before = anthropic.stats.requests;
    await door.openai.chat.completions.create({ model: 'gpt-4o', messages: SOUND });
    expect((await door.last())?.attempts.map(({ target, fault }) => [target, fault?.kind])).toEqual([
      ['openai', 'overloaded'],
      ['claude', 'unsupported-parameter'],
      ['third', undefined],
    ]);
    expect(anthropic.stats.requests).toBe(before);
    await door.close();
  });

  test('is asked again of the rung before, when there is none behind', async () => {
    const more = { defaults: { retry: { attempts: 3, base: 1200, jitter: 'equal' }, validate: 'off' } };
    const door = await house([{ target: 'openai' }, { target: 'claude', model: CLAUDE }], {}, more);
    openai.nextFaults(['server-error']);
    await door.openai.chat.completions.create({ model: 'gpt-4o', messages: SOUND });
    const attempts = (await door.last())?.attempts ?? [];
    expect(attempts.map(({ target }) => target).filter((target) => target === 'claude').length).toBeLessThanOrEqual(1);
    expect(attempts.at(-1)?.target).toBe('openai');
    await door.close();
  });

  test('is told when nothing else is left, with the field that stands in the way', async () => {
    const door = await house([{ target: 'claude', model: CLAUDE }]);
    const asked = door.openai.chat.completions.create({ model: 'gpt-4o', messages: SOUND });
    await expect(asked).rejects.toMatchObject({ status: 400, param: 'messages[0].content[0]' });
    const continued = door.openai.responses.create({ model: 'gpt-4o', input: 'On', previous_response_id: 'resp_1' });
    await expect(continued).rejects.toMatchObject({ status: 400, param: 'previous_response_id' });
    const picture = { type: 'input_image' as const, detail: 'auto' as const, file_id: 'file-1' };
    const shown = door.openai.responses.create({ model: 'gpt-4o', input: [{ role: 'user', content: [picture] }] });
    await expect(shown).rejects.toMatchObject({ status: 400, param: 'input[0].content[0]' });
    await expect(door.openai.embeddings.create({ model: 'x', input: 'a' })).rejects.toMatchObject({ status: 400 });
    await door.close();
  });
});

describe("callers of Anthropic's wire", () => {
  test('are refused for their keys and limits in its own words', async () => {
    const door = await house([{ target: 'claude' }], {}, { tenants: { acme: { limits: { requestsPerMinute: 2 } } } });
    const database = openDatabase({ directory: door.data });
    const actor = { via: 'cli', name: 'tester', address: null } as const;
    const { secret } = await createKey(database, actor, { tenant: 'acme', name: 'app' });
    const client = door.anthropic.withOptions({ apiKey: secret });
    const ask = () => client.messages.create({ model: CLAUDE, max_tokens: 50, messages: SAYS }).withResponse();
    const { headers } = (await whenKnown(ask)).response;
    expect(headers.get('anthropic-ratelimit-requests-limit')).toBe('2');
    expect(headers.get('anthropic-ratelimit-requests-remaining')).toBe('1');
    expect(Date.parse(headers.get('anthropic-ratelimit-requests-reset') ?? '')).toBeGreaterThan(Date.now());
    await ask();
    await expect(ask()).rejects.toBeInstanceOf(RateLimitError);
    await expect(
      door.anthropic.messages.create({ model: CLAUDE, max_tokens: 50, messages: SAYS }),
    ).rejects.toBeInstanceOf(AuthenticationError);
    expect((await door.last())?.fault?.kind).toBe('authentication');
    await database.close();
    await door.close();
  });

  test.each(['openai', 'claude'])(
    'what a stream of %s took is counted, though its caller asked for no usage and gets none',
    async (answers) => {
      const tenants = { tenants: { acme: { limits: { tokensPerMinute: 100_000 } } } };
      const door = await house([{ target: 'openai' }, { target: 'claude', model: CLAUDE }], {}, tenants);
      if (answers === 'claude') openai.setFault('overloaded');
      const database = openDatabase({ directory: door.data });
      const actor = { via: 'cli', name: 'tester', address: null } as const;
      const { secret } = await createKey(database, actor, { tenant: 'acme', name: 'app' });
      const { chat } = door.openai.withOptions({ apiKey: secret });
      const request = { model: 'gpt-4o', stream: true as const, messages: [user('Write 30 words')] };
      const stream = await whenKnown(() => chat.completions.create(request));
      for await (const chunk of stream) expect(chunk.choices).toHaveLength(1);
      await expect.poll(async () => (await door.last())?.usage.outputTokens).toBe(30);
      expect((await door.last())?.target).toBe(answers);
      await database.close();
      await door.close();
    },
  );

  test('hear in its own words of paths that are not there', async () => {
    const door = await house([{ target: 'claude' }]);
    for (const path of ['/anthropic/v1/v1/messages', '/v1/anthropic/v1/messages', '/anthropic/v1//messages']) {
      const response = await fetch(door.origin + path, { method: 'POST', body: '{}' });
      expect(response.status).toBe(404);
      const body = (await response.json()) as { error: { type: string } };
      expect(body.error.type).toBe('not_found_error');
    }
    await door.close();
  });

  test('hear that nobody has what only Anthropic has', async () => {
    const door = await house([{ target: 'openai' }]);
    const counted = door.anthropic.messages.countTokens({ model: CLAUDE, messages: SAYS });
    await expect(counted).rejects.toMatchObject({
      status: 503,
      message: expect.stringContaining('/messages/count_tokens'),
    });
    expect((await door.last())?.target).toBeNull();
    await door.close();
  });

  test('get files and lists from Anthropic', async () => {
    const door = await house([{ target: 'openai' }, { target: 'claude', model: CLAUDE }]);
    await door.anthropic.models.list();
    expect(anthropic.requests.at(-1)).toMatchObject({ method: 'GET', path: '/v1/models' });
    await expect(door.anthropic.get('/v1/unheard_of')).rejects.toBeInstanceOf(NotFoundError);
    expect((await door.last())?.path).toBe('/anthropic/v1/unheard_of');
    await door.close();
  });
});

test('a model goes to whom its name says, at the same door', async () => {
  const door = await house([], {}, { routes: undefined });
  const say = (model: string) => door.openai.chat.completions.create({ model, messages: SAYS });
  await say(CLAUDE);
  expect((await door.last())?.target).toBe('claude');
  await say('gpt-4o');
  expect((await door.last())?.target).toBe('openai');
  await door.close();
});

describe('in process', () => {
  const records: CallRecord[] = [];
  const hold = (...fallbacks: Fallback[]): Holdfast =>
    holdfast({ ...QUIET, retry: { attempts: 1 }, fallbacks, onRecord: (record) => records.push(record) });

  test("OpenAI's SDK falls back on Claude", async () => {
    openai.setFault('overloaded');
    const held = hold({
      id: 'claude',
      provider: 'anthropic',
      baseUrl: `${anthropic.url}/v1`,
      apiKey: 'sk-ant-1',
      model: CLAUDE,
    });
    const client = new OpenAI({ apiKey: 'sk-own', baseURL: `${openai.url}/v1`, fetch: held.fetch, maxRetries: 0 });
    const { choices } = await client.chat.completions.create({ model: 'gpt-4o', messages: SAYS });
    expect(choices[0]?.message.content).toBe('still here');
    expect(records.at(-1)).toMatchObject({ target: 'claude', operation: 'chat' });
    expect(anthropic.requests.at(-1)?.headers['x-api-key']).toBe('sk-ant-1');
    await held.close();
  });

  test.each(ASKINGS)("Anthropic's SDK falls back on OpenAI, %s", async (asking) => {
    anthropic.setFault('overloaded');
    const held = hold({
      id: 'openai',
      provider: 'openai',
      baseUrl: `${openai.url}/v1`,
      apiKey: 'sk-1',
      model: 'gpt-4o',
    });
    const client = new Anthropic({ apiKey: 'sk-ant-own', baseURL: anthropic.url, fetch: held.fetch, maxRetries: 0 });
    const request = { model: CLAUDE, max_tokens: 50, messages: SAYS };
    const message =
      asking === 'whole' ? await client.messages.create(request) : await client.messages.stream(request).finalMessage();
    expect(message.content).toMatchObject([{ type: 'text', text: 'still here' }]);
    expect(records.at(-1)).toMatchObject({ target: 'openai', operation: 'messages' });
    expect(anthropic.requests.at(-1)?.headers.authorization).toBe('Bearer sk-ant-own');
    expect(openai.requests.at(-1)?.headers.authorization).toBe('Bearer sk-1');
    await held.close();
  });

  test("Anthropic's SDK is told of failures in its own classes", async () => {
    anthropic.setFault('invalid-request');
    const held = hold();
    const client = new Anthropic({ apiKey: 'sk-ant-own', baseURL: anthropic.url, fetch: held.fetch, maxRetries: 0 });
    const asked = client.messages.create({ model: CLAUDE, max_tokens: 50, messages: SAYS });
    await expect(asked).rejects.toBeInstanceOf(AnthropicError);
    await expect(asked).rejects.toMatchObject({ status: 400, requestID: expect.stringMatching(/^hf-/) });
    await held.close();
  });
});
