import { APIError, OpenAI } from 'openai';
import type { ChatCompletionCreateParamsNonStreaming as Request } from 'openai/resources/chat/completions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { line, type LineDeps } from '../src/engine/line.ts';
import { Pins } from '../src/engine/pins.ts';
import {
  DEFAULT_ADAPTIVE,
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
} from '../src/engine/policy.ts';
import type { Endpoint } from '../src/engine/ports.ts';
import type { CallRecord } from '../src/engine/record.ts';
import { callAt } from '../src/engine/scripted.test-support.ts';
import { SystemClock } from '../src/engine/system-clock.ts';
import { Target } from '../src/engine/target.ts';
import { readFetch } from '../src/inprocess/request.ts';
import { toResponse } from '../src/inprocess/response.ts';
import { AnthropicEndpoint } from '../src/providers/anthropic/endpoint.ts';
import type { ForeignOptions } from '../src/providers/translation/foreign.ts';
import { messages } from '../src/providers/anthropic/messages.ts';
import { dialectOf } from '../src/providers/dialects.ts';
import { OpenAIEndpoint } from '../src/providers/openai/endpoint.ts';
import { readRequest } from '../src/providers/openai/request.ts';
import { FAULTS, type Misbehaviour, type Simulator, startSimulator } from '../src/simulator/index.ts';
import { CALLERS_KEY } from './harness.ts';

const MODEL = 'claude-opus-4-1';
const KEY = 'sk-ant-0123456789';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 11 });
});
afterAll(() => simulator.close());

interface House {
  readonly client: OpenAI;
  readonly fetch: typeof globalThis.fetch;
  readonly records: readonly CallRecord[];
  close(): Promise<void>;
}

/** The official SDK before a line whose rungs are an OpenAI target, where asked for, and then an Anthropic one. */
function house(
  options: Partial<ForeignOptions> & { readonly first?: Simulator; readonly waitMs?: number } = {},
): House {
  const { first, waitMs = 5_000, ...more } = options;
  const clock = new SystemClock();
  const anthropic = new AnthropicEndpoint({
    id: 'anthropic',
    baseUrl: `${simulator.url}/v1/`,
    key: () => KEY,
    headers: {},
    losses: 'tell',
    ...more,
  });
  const openai =
    first === undefined
      ? []
      : [
          new OpenAIEndpoint({
            id: 'openai',
            provider: 'openai',
            baseUrl: `${first.url}/v1`,
            key: () => 'sk-openai',
            deployment: null,
            apiVersion: null,
            headers: {},
          }),
        ];
  const rungs = [...openai.map((endpoint) => [endpoint]), [anthropic]];
  const records: CallRecord[] = [];
  const handle = line(lineOf(rungs, waitMs, records));
  const fetch = async (input: string | URL | globalThis.Request, init?: RequestInit): Promise<Response> => {
    const meant = await readFetch(input, init);
    if (meant === null) throw new Error('not for the line');
    const { operation, method, path, headers, body } = meant;
    const { reading } = readRequest(operation, path, body);
    const call = callAt(clock, { operation, method, path, headers, body, ...reading });
    meant.signal?.addEventListener('abort', () => call.cancellation.cancel('the caller aborted'));
    return toResponse(call, await handle(call), clock, meant.signal);
  };
  return {
    client: new OpenAI({
      apiKey: CALLERS_KEY,
      baseURL: 'http://line.test/v1',
      fetch: Object.assign(fetch, { Response }),
      maxRetries: 0,
    }),
    fetch,
    records,
    async close() {
      await Promise.all([anthropic, ...openai].map((endpoint) => endpoint.close()));
    },
  };
}

/** A line over some endpoints that does not learn from one case for the next; only the last of several has a model of its own. */
function lineOf(rungs: readonly (readonly Endpoint[])[], waitMs: number, records: CallRecord[]): LineDeps {
  const policies = {
    budget: DEFAULT_BUDGET,
    breaker: { ...DEFAULT_BREAKER, enabled: false },
    adaptive: { ...DEFAULT_ADAPTIVE, suspicion: false, throttle: false, concurrency: false, keys: false },
    pacing: { enabled: false },
  };
  const ladder = rungs.map((rung, index) => {
    const model = index > 0 ? MODEL : null;
    return rung.map((endpoint) => ({ target: new Target(endpoint, policies), model, weight: 1 }));
  });
  const timeouts = { connectMs: waitMs, headersMs: waitMs, firstContentMs: waitMs, idleMs: waitMs };
  return {
    clock: new SystemClock(),
    random: Math.random,
    pins: new Pins(),
    emit: (record) => records.push(record),
    dialectOf,
    routeOf: () => ({
      id: 'r',
      ladder,
      timeouts: { ...DEFAULT_TIMEOUTS.stream, ...timeouts },
      wholeTimeouts: { ...DEFAULT_TIMEOUTS.whole, ...timeouts },
      retry: { ...DEFAULT_RETRY, attempts: 1 },
      fallbackOn: DEFAULT_FALLBACK_ON,
    }),
  };
}

/** What a caller has in hand at the end, whichever way it asked. */
interface Heard {
  readonly text: string | null;
  readonly calls: readonly { readonly name: string; readonly arguments: string }[];
  readonly finish: string | null;
  readonly tokens: number | undefined;
}

const ASKINGS = ['whole', 'streamed'] as const;
type Asking = (typeof ASKINGS)[number];

async function ask(client: OpenAI, asking: Asking, request: Request): Promise<Heard> {
  const completion =
    asking === 'whole'
      ? await client.chat.completions.create(request)
      : await client.chat.completions
          .stream({ ...request, stream: true, stream_options: { include_usage: true } })
          .finalChatCompletion();
  const [choice] = completion.choices;
  const calls = choice?.message.tool_calls ?? [];
  return {
    text: choice?.message.content ?? null,
    calls: calls.map((call) =>
      call.type === 'function'
        ? { name: call.function.name, arguments: call.function.arguments }
        : { name: '', arguments: '' },
    ),
    finish: choice?.finish_reason ?? null,
    tokens: completion.usage?.completion_tokens,
  };
}

const user = (content: string) => ({ role: 'user' as const, content });
const schema = {
  type: 'object',
  properties: { place: { type: 'string' }, depth: { type: 'integer' } },
  required: ['place', 'depth'],
  additionalProperties: false,
};
const tool = (name: string) => ({ type: 'function' as const, function: { name, parameters: schema } });
const called = (...ids: string[]) => ({
  role: 'assistant' as const,
  content: null,
  tool_calls: ids.map((id) => ({
    id,
    type: 'function' as const,
    function: { name: 'look', arguments: '{"place":"海"}' },
  })),
});
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==';

/** Requests whose answer the chat wire of the same simulator gives word for word. */
const ALIKE: readonly (readonly [what: string, request: Partial<Request>])[] = [
  ['a word', { messages: [user('Say: hello there')] }],
  ['unicode', { messages: [user('Say: Grüße, 海藻 🌊 "and" \\ back\nslash')] }],
  ['a long answer', { messages: [user('Write 900 words')] }],
  ['a drawn answer', { messages: [user('What does kelp do?')] }],
  [
    'instructions',
    {
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'developer', content: 'Be kind.' }, user('Tell me')],
    },
  ],
  [
    'several turns',
    {
      messages: [
        user('One'),
        { role: 'assistant', content: 'Two' },
        user('Three'),
        { role: 'assistant', content: 'Four' },
        user('Five'),
      ],
    },
  ],
  [
    'parts',
    {
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look at ' },
            { type: 'text', text: 'this' },
          ],
        },
      ],
    },
  ],
  ['a cap', { messages: [user('Write 80 words')], max_tokens: 12 }],
  [
    'a tool that is named',
    {
      messages: [user('Where?')],
      tools: [tool('look'), tool('rest')],
      tool_choice: { type: 'function', function: { name: 'rest' } },
    },
  ],
  ['a tool that is required', { messages: [user('Where?')], tools: [tool('look')], tool_choice: 'required' }],
  ['a tool that is asked for', { messages: [user('Please use look')], tools: [tool('look')] }],
  [
    'a tool that may not be called',
    { messages: [user('Please use look')], tools: [tool('look')], tool_choice: 'none' },
  ],
  [
    'a strict tool',
    {
      messages: [user('Please use look')],
      tools: [{ type: 'function', function: { name: 'look', parameters: schema, strict: true } }],
    },
  ],
  [
    'a schema',
    {
      messages: [user('Where?')],
      response_format: { type: 'json_schema', json_schema: { name: 'place', schema, strict: true } },
    },
  ],
];

describe('what the chat wire says, the Messages wire says', () => {
  let told: House;
  let direct: OpenAI;
  beforeAll(() => {
    told = house();
    direct = new OpenAI({ apiKey: 'any', baseURL: `${simulator.url}/v1`, maxRetries: 0 });
  });
  afterAll(() => told.close());

  describe.each(ALIKE)('%s', (_, request) => {
    test.each(ASKINGS)('%s', async (asking) => {
      const whole: Request = { model: MODEL, messages: [], ...request };
      const heard = await ask(told.client, asking, whole);
      expect(heard).toEqual(await ask(direct, 'whole', whole));
      const record = told.records.at(-1);
      expect(record).toMatchObject({ outcome: 'answered', target: 'anthropic', fault: null });
      expect(record?.usage.outputTokens).toBe(heard.tokens);
      expect(record?.usage.inputTokens).toBeGreaterThan(0);
      expect(record?.attempts[0]?.upstreamId).toMatch(/^req_/);
    });
  });
});

describe('what the Messages wire has of its own', () => {
  let told: House;
  beforeAll(() => {
    told = house();
  });
  afterAll(() => told.close());

  test.each<[what: string, request: Partial<Request>, finish: string]>([
    ['parallel calls', { messages: [user('Use all tools')], tools: [tool('look'), tool('rest')] }, 'tool_calls'],
    [
      'results of parallel calls',
      {
        messages: [
          user('Look'),
          called('a', 'b'),
          { role: 'tool', tool_call_id: 'b', content: 'two' },
          { role: 'tool', tool_call_id: 'a', content: 'one' },
          user('So?'),
        ],
        tools: [tool('look')],
      },
      'stop',
    ],
    ['a stop', { messages: [user('Say: one two three')], stop: [' three'] }, 'stop'],
    [
      'an image in Base64',
      {
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'See' },
              { type: 'image_url', image_url: { url: `data:image/png;base64,${PIXEL}` } },
            ],
          },
        ],
      },
      'stop',
    ],
    [
      'an image on the web',
      { messages: [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'https://a.test/b.png' } }] }] },
      'stop',
    ],
    ['thoughts', { messages: [user('Say: yes')], reasoning_effort: 'low' }, 'stop'],
    ['a begun answer', { messages: [user('Say: yes'), { role: 'assistant', content: 'Well, ' }] }, 'stop'],
    ['an assistant first', { messages: [{ role: 'assistant', content: 'Ahoy' }, user('Say: yes')] }, 'stop'],
    [
      'a model that takes no temperature',
      { model: 'claude-sonnet-5', temperature: 0.3, top_p: 0.4, messages: [user('Say: yes')] },
      'stop',
    ],
    [
      'a model that thinks as it sees fit',
      { model: 'claude-sonnet-5', reasoning_effort: 'high', messages: [user('Say: yes')] },
      'stop',
    ],
  ])('%s', async (_, request, finish) => {
    const whole: Request = { model: MODEL, messages: [], ...request };
    const heard = await ask(told.client, 'whole', whole);
    expect(heard.finish).toBe(finish);
    expect(await ask(told.client, 'streamed', whole)).toEqual(heard);
  });

  test('a refusal, whole at once, in a stream halfway', async () => {
    const request = { model: `${MODEL}@content-filter:3`, messages: [user('Write 20 words')] };
    const { choices } = await told.client.chat.completions.create(request);
    expect(choices[0]).toMatchObject({
      finish_reason: 'content_filter',
      message: { refusal: 'Refused: general_harms' },
    });
    const pieces: string[] = [];
    for await (const chunk of await told.client.chat.completions.create({ ...request, stream: true })) {
      pieces.push(chunk.choices[0]?.delta.content || (chunk.choices[0]?.finish_reason ?? ''));
    }
    expect(pieces.filter((piece) => piece !== '')).toHaveLength(4);
    expect(pieces.at(-1)).toBe('content_filter');
  });

  test('the answer comes piece by piece, and parallel calls keep apart', async () => {
    const request = { model: MODEL, messages: [user('Use all tools')], tools: [tool('look'), tool('rest')] };
    const pieces = new Map<number, number>();
    for await (const chunk of await told.client.chat.completions.create({ ...request, stream: true })) {
      for (const { index } of chunk.choices[0]?.delta.tool_calls ?? []) pieces.set(index, (pieces.get(index) ?? 0) + 1);
    }
    expect([...pieces.keys()]).toEqual([0, 1]);
    expect(Math.min(...pieces.values())).toBeGreaterThan(5);
  });

  test('thoughts come beside the answer', async () => {
    const request = { model: MODEL, messages: [user('Say: yes')], reasoning_effort: 'low' as const };
    const { choices, usage } = await told.client.chat.completions.create(request);
    expect(choices[0]?.message).toMatchObject({ content: 'yes', reasoning_content: 'Let me think about this.' });
    expect(usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0);
  });

  test('who did not ask for the usage gets no event of its own for it, and the record knows it', async () => {
    for await (const chunk of await told.client.chat.completions.create({
      model: MODEL,
      stream: true,
      messages: [user('Say: a b')],
    })) {
      expect(chunk.choices).toHaveLength(1);
    }
    expect(told.records.at(-1)?.usage).toMatchObject({ outputTokens: 2 });
  });

  test('the provider sees its own wire, and nothing of the caller', async () => {
    await told.client.chat.completions.create(
      { model: MODEL, messages: [user('Say: yes')] },
      { headers: { 'anthropic-version': '1999-01-01', cookie: 'a=b', 'x-own': '1' } },
    );
    const seen = simulator.requests.at(-1);
    expect(seen).toMatchObject({ method: 'POST', path: '/v1/messages', query: '' });
    const { host: _, ...headers } = seen?.headers ?? {};
    expect(headers).toEqual({
      'content-type': 'application/json',
      'content-length': String(seen?.bytes),
      'anthropic-version': '2023-06-01',
      'x-api-key': KEY,
      connection: 'keep-alive',
    });
  });

  test('the caller sees the headers it knows', async () => {
    const { response } = await told.client.chat.completions
      .create({ model: MODEL, seed: 7, messages: [user('Say: yes')] })
      .withResponse();
    expect(response.headers.get('x-holdfast-lost')).toBe('seed; dropped');
    expect(response.headers.get('x-upstream-request-id')).toMatch(/^req_/);
    expect(Number(response.headers.get('x-ratelimit-remaining-tokens'))).toBeGreaterThan(0);
    expect(response.headers.get('x-ratelimit-reset-requests')).toMatch(/^\d+ms$/);
  });
});

test("the caller's own key, configured headers and another root", async () => {
  const headers = { 'anthropic-beta': 'x', 'anthropic-version': '2026-10-21' };
  const told = house({ key: 'caller', headers, baseUrl: `${simulator.url}/v1` });
  await told.client.chat.completions.create({ model: MODEL, messages: [user('Say: yes')] });
  expect(simulator.requests.at(-1)?.headers).toMatchObject({ ...headers, authorization: `Bearer ${CALLERS_KEY}` });
  await told.client.chat.completions.create(
    { model: MODEL, messages: [user('Say: yes')] },
    { headers: { 'x-api-key': 'sk-ant-own' } },
  );
  const seen = simulator.requests.at(-1)?.headers;
  expect(seen?.['x-api-key']).toBe('sk-ant-own');
  expect(seen?.authorization).toBeUndefined();
  await told.close();
});

/** Faults that the simulator has for this wire, but for those that bend what is no failure. */
function faultsOf(asking: Asking): Misbehaviour[] {
  const without = new Set([
    'mismatched-organization',
    'done-without-finish',
    'context-length-event',
    'error-event-then-done',
    'error-text-event',
    'region',
    'too-large-for-limit',
    'refuse',
    'status',
  ]);
  return FAULTS.filter(({ kind, spoils, wires, name }) => {
    if (kind === null || without.has(name) || (wires !== null && !wires.includes('chat'))) return false;
    return spoils === 'any' || (spoils === 'stream') === (asking === 'streamed');
  });
}

describe.each(ASKINGS)('every fault is named as on the chat wire, %s', (asking) => {
  let told: House;
  let impatient: House;
  beforeAll(() => {
    told = house();
    impatient = house({ waitMs: 150 });
  });
  afterAll(async () => {
    await told.close();
    await impatient.close();
  });

  test.each(faultsOf(asking).map((fault) => [fault.name, fault] as const))('%s', async (name, fault) => {
    const { client, records } = fault.kind === 'timeout' ? impatient : told;
    const before = records.length;
    const request = { model: `${MODEL}@${name}`, messages: [user('Write 20 words')] };
    await expect(ask(client, asking, request)).rejects.toBeInstanceOf(Error);
    expect(records).toHaveLength(before + 1);
    const record = records.at(-1);
    expect(record?.fault?.kind).toBe(fault.kind);
    // After its first content a stream fails in the open, and what had come stays.
    const open = fault.moment === 'after-content' && asking === 'streamed';
    expect(record?.outcome).toBe(open ? 'interrupted' : 'failed');
  });
});

/** Oddities after which the answer is whole all the same. */
const ODDITIES = [
  'tiny-chunks',
  'one-chunk',
  'gzip',
  'crlf',
  'comments',
  'no-space',
  'multi-line-data',
  'wrong-content-type',
  'finish-without-done',
];

test.each(ODDITIES)('%s takes nothing from an answer', async (name) => {
  const told = house();
  const request = { messages: [user('Say: Grüße, 海藻 🌊 "and" more')] };
  for (const asking of ASKINGS) {
    const heard = await ask(told.client, asking, { model: `${MODEL}@${name}`, ...request });
    expect(heard).toMatchObject({ text: 'Grüße, 海藻 🌊 "and" more', finish: 'stop' });
  }
  await told.close();
});

describe('who speaks the Messages wire', () => {
  const clock = new SystemClock();
  const ASK = { model: MODEL, max_tokens: 200, stream: true, messages: [user('Write 20 words')] };
  const headers = { 'anthropic-version': '2023-06-01', 'content-type': 'application/json' };

  /** Everything that a stream gave, through the guard of the line. */
  async function heard(model: string): Promise<{ text: string; records: CallRecord[] }> {
    const endpoint = new OpenAIEndpoint({
      id: 'anthropic',
      provider: 'openai-compatible',
      baseUrl: `${simulator.url}/v1`,
      key: () => KEY,
      deployment: null,
      apiVersion: null,
      headers: {},
    });
    const records: CallRecord[] = [];
    const handle = line({ ...lineOf([[endpoint]], 5_000, records), dialectOf: () => messages });
    const body = Buffer.from(JSON.stringify({ ...ASK, model }));
    const call = callAt(clock, { operation: 'passthrough', path: '/messages', headers, body, model, stream: true });
    const text = await toResponse(call, await handle(call), clock, null).text();
    await endpoint.close();
    return { text, records };
  }

  test('has its stream guarded byte by byte', async () => {
    const { text, records } = await heard(MODEL);
    expect(text.startsWith('event: message_start\ndata: {"type":"message_start"')).toBe(true);
    expect(text.endsWith('event: message_stop\ndata: {"type":"message_stop"}\n\n')).toBe(true);
    expect(records).toMatchObject([{ outcome: 'answered', usage: { inputTokens: 11, outputTokens: 20 } }]);
  });

  test.each([
    ['cut:4', 'partial-response', 'api_error'],
    ['error-event:4', 'server-error', 'api_error'],
  ])('is told in its own words of %s', async (fault, kind, type) => {
    const { text, records } = await heard(`${MODEL}@${fault}`);
    const last = text.slice(text.lastIndexOf('event: '));
    expect(last.startsWith(`event: error\ndata: {"type":"error","error":{"type":"${type}"`)).toBe(true);
    expect(text.split('event: content_block_delta')).toHaveLength(5);
    expect(records).toMatchObject([{ outcome: 'interrupted', fault: { kind } }]);
  });

  test('never sees what another attempt can take the place of', async () => {
    const { text, records } = await heard(`${MODEL}@overloaded-event`);
    expect(JSON.parse(text)).toMatchObject({ error: { holdfast: { fault: 'overloaded' } } });
    expect(records).toMatchObject([{ outcome: 'failed', fault: { kind: 'overloaded' } }]);
  });
});

describe('on a ladder', () => {
  let openai: Simulator;
  beforeAll(async () => {
    openai = await startSimulator({ seed: 11 });
    openai.setFault('overloaded');
  });
  afterAll(() => openai.close());

  test.each(ASKINGS)('it takes over what OpenAI cannot answer, %s', async (asking) => {
    const told = house({ first: openai });
    const heard = await ask(told.client, asking, { model: 'gpt-4o', messages: [user('Say: still here')] });
    expect(heard).toMatchObject({ text: 'still here', finish: 'stop' });
    expect(told.records[0]?.attempts.map(({ target, model }) => `${target} ${model}`)).toEqual([
      'openai gpt-4o',
      `anthropic ${MODEL}`,
    ]);
    await told.close();
  });

  const SOUND = [{ type: 'input_audio' as const, input_audio: { data: 'AAAA', format: 'wav' as const } }];

  test('what it cannot be asked is told with the fault that came before', async () => {
    const told = house({ first: openai });
    const asked = told.client.chat.completions.create({
      model: 'gpt-4o',
      messages: [{ role: 'user', content: SOUND }],
    });
    await expect(asked).rejects.toMatchObject({ status: 503 });
    const [record] = told.records;
    expect(record?.fault?.kind).toBe('overloaded');
    expect(record?.attempts.map(({ fault }) => fault?.kind)).toEqual(['overloaded', 'unsupported-parameter']);
    await told.close();
  });

  test('alone, it says what it cannot be asked, and has asked nothing', async () => {
    const told = house();
    const before = simulator.stats.requests;
    const error: unknown = await told.client.chat.completions
      .create({ model: MODEL, messages: [{ role: 'user', content: SOUND }] })
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(APIError);
    expect(error).toMatchObject({ status: 400, param: 'messages[0].content[0]' });
    await expect(told.client.responses.create({ model: MODEL, input: 'Hello' })).rejects.toMatchObject({ status: 400 });
    expect(simulator.stats.requests).toBe(before);
    await told.close();
  });

  test('losses can be refused', async () => {
    const told = house({ losses: 'refuse' });
    const asked = (more: object) =>
      told.client.chat.completions.create({ model: MODEL, messages: [user('Say: yes')], ...more });
    await expect(asked({ seed: 7 })).rejects.toMatchObject({ status: 400, param: 'seed' });
    await expect(asked({})).resolves.toMatchObject({ choices: [{ finish_reason: 'stop' }] });
    await told.close();
  });

  test('a caller that leaves is not worked for', async () => {
    const told = house();
    const before = simulator.stats.aborted;
    const stream = await told.client.chat.completions.create({
      model: `${MODEL}@slow-tokens:20`,
      stream: true,
      messages: [user('Write 500 words')],
    });
    for await (const chunk of stream) if (chunk.choices[0]?.delta.content) break;
    await expect.poll(() => simulator.stats.aborted).toBe(before + 1);
    expect(told.records[0]?.outcome).toBe('cancelled');
    await told.close();
  });
});
