import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifyEvent, classifyResponse } from '../../engine/fault/index.ts';
import { FAULTS } from '../faults.ts';
import type { JsonObject } from '../json.ts';
import { startSimulator } from '../simulator.ts';
import type { Simulator, SimulatorOptions } from '../simulator.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 });
});
afterAll(() => simulator.close());

const HEADERS = { 'x-api-key': 'sk-ant-1', 'anthropic-version': '2023-06-01', 'content-type': 'application/json' };
const ASK = {
  model: 'claude-opus-4-1',
  max_tokens: 500,
  messages: [{ role: 'user', content: 'Write 12 words about kelp' }],
};
const SCHEMA = { type: 'object', properties: { at: { type: 'string' } } };
const TOOLS = [
  { name: 'look', input_schema: SCHEMA },
  { name: 'rest', input_schema: SCHEMA },
];

function post(
  body: object,
  more: { readonly at?: Simulator; readonly headers?: Record<string, string> } = {},
): Promise<Response> {
  const { at = simulator, headers = HEADERS } = more;
  return fetch(`${at.url}/v1/messages`, { method: 'POST', headers, body: JSON.stringify({ ...ASK, ...body }) });
}

interface Answer {
  readonly content: readonly JsonObject[];
  readonly stop_reason: string;
  readonly stop_sequence: string | null;
  readonly usage: JsonObject;
}

async function whole(body: object): Promise<Answer> {
  const answer = await post(body);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

interface Event {
  readonly type: string;
  readonly index?: number;
  readonly [member: string]: unknown;
}

function eventsIn(stream: string): Event[] {
  return stream
    .split('\n\n')
    .filter((event) => event !== '')
    .map((event) => {
      const [, name, data] = /^event: (\w+)\ndata: (.*)$/.exec(event) ?? [];
      const parsed = JSON.parse(data ?? 'null') as Event;
      expect(parsed.type).toBe(name);
      return parsed;
    });
}

/** Puts a stream together as a client would. */
function assembled(events: readonly Event[]): Answer {
  const blocks: Record<string, unknown>[] = [];
  const inputs = new Map<number, string>();
  let ending: JsonObject = {};
  let usage: JsonObject = {};
  for (const event of events) {
    const block = blocks[event.index ?? -1];
    const delta = (event['delta'] ?? {}) as Record<string, string>;
    if (event.type === 'content_block_start') blocks.push({ ...(event['content_block'] as object) });
    else if (event.type === 'message_delta') {
      ending = delta;
      usage = event['usage'] as JsonObject;
    } else if (event.type === 'message_start') usage = (event['message'] as Answer).usage;
    else if (event.type === 'content_block_delta' && block !== undefined) {
      if (delta['type'] === 'input_json_delta')
        inputs.set(event.index ?? -1, (inputs.get(event.index ?? -1) ?? '') + delta['partial_json']);
      for (const member of ['text', 'thinking', 'signature'])
        if (delta[member] !== undefined) block[member] = `${block[member] as string}${delta[member]}`;
    }
  }
  for (const [index, input] of inputs) blocks[index] = { ...blocks[index], input: JSON.parse(input) as unknown };
  return { content: blocks, ...ending, usage } as unknown as Answer;
}

const withoutIds = (content: readonly JsonObject[]) =>
  content.map(({ id, ...rest }) => ({ ...rest, hasId: typeof id === 'string' }));

describe('an answer', () => {
  test.each<[what: string, request: object]>([
    ['of text', {}],
    ['cut at the cap', { max_tokens: 5 }],
    ['stopped by a text', { stop_sequences: ['absent', 'never', ' '] }],
    ['that calls a tool', { tools: TOOLS, tool_choice: { type: 'any' } }],
    ['that calls all of them', { tools: TOOLS, messages: [{ role: 'user', content: 'Use all tools' }] }],
    ['with thoughts', { max_tokens: 5000, thinking: { type: 'enabled', budget_tokens: 1024 } }],
    ['in JSON', { output_config: { format: { type: 'json_schema', schema: SCHEMA } } }],
  ])('%s is the same, streamed or not', async (_, request) => {
    const full = await whole(request);
    const stream = await post({ ...request, stream: true });
    const events = eventsIn(await stream.text());
    expect(events[0]?.type).toBe('message_start');
    expect(events.at(-1)?.type).toBe('message_stop');
    const streamed = assembled(events);
    expect(withoutIds(streamed.content)).toEqual(withoutIds(full.content));
    expect(full.content.length).toBeGreaterThan(0);
    expect({ reason: streamed.stop_reason, at: streamed.stop_sequence }).toEqual({
      reason: full.stop_reason,
      at: full.stop_sequence,
    });
    expect(streamed.usage['output_tokens']).toBe(full.usage['output_tokens']);
  });

  test.each<[reason: string, request: object]>([
    ['end_turn', {}],
    ['max_tokens', { max_tokens: 5 }],
    ['stop_sequence', { stop_sequences: [' '] }],
    ['tool_use', { tools: TOOLS, tool_choice: { type: 'tool', name: 'rest' } }],
  ])('ends with %s', async (reason, request) => {
    expect((await whole(request)).stop_reason).toBe(reason);
  });

  test('calls all tools only when it may', async () => {
    const messages = [{ role: 'user', content: 'Use all tools' }];
    const names = async (choice: object) =>
      (await whole({ tools: TOOLS, messages, ...choice })).content.map(({ name }) => name);
    expect(await names({})).toEqual(['look', 'rest']);
    expect(await names({ tool_choice: { type: 'any', disable_parallel_tool_use: true } })).toHaveLength(1);
  });

  test('is the one that the same question has on the chat wire', async () => {
    const request = { model: 'gpt-4o', messages: [{ role: 'system', content: 'Be brief.' }, ...ASK.messages] };
    const headers = { authorization: 'Bearer k', 'content-type': 'application/json' };
    const chat = await fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      headers,
      body: JSON.stringify(request),
    });
    const { choices } = (await chat.json()) as { choices: { message: { content: string } }[] };
    const { content } = await whole({ system: [{ type: 'text', text: 'Be brief.' }] });
    expect(content[0]?.['text']).toBe(choices[0]?.message.content);
  });

  test('tells its request, its organisation and its limits in the head', async () => {
    const answer = await post({});
    expect(answer.headers.get('request-id')).toMatch(/^req_[0-9a-f]{32}$/);
    expect(answer.headers.get('x-request-id')).toBeNull();
    expect(answer.headers.get('anthropic-organization-id')).toBe('org-simulator');
    expect(Number(answer.headers.get('anthropic-ratelimit-tokens-remaining'))).toBeGreaterThan(0);
    expect(answer.headers.get('anthropic-ratelimit-requests-reset')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
    expect(
      [...answer.headers.keys()].filter((name) => name.startsWith('x-ratelimit') || name.startsWith('openai')),
    ).toEqual([]);
  });
});

test('tokens are counted', async () => {
  const answer = await fetch(`${simulator.url}/v1/messages/count_tokens`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify(ASK),
  });
  expect(await answer.json()).toEqual({ input_tokens: 14 });
});

const user = (content: unknown) => ({ role: 'user', content });
const calls = { role: 'assistant', content: [{ type: 'tool_use', id: 'a', name: 'look', input: {} }] };
const result = (id: string) => user([{ type: 'tool_result', tool_use_id: id, content: 'calm' }]);

test.each<[what: string, request: object, status: number, message: string]>([
  ['no cap', { max_tokens: undefined }, 400, 'max_tokens: Field required'],
  ['an unknown field', { seed: 7 }, 400, 'seed: Extra inputs are not permitted'],
  ['no turns', { messages: [] }, 400, 'messages: at least one message is required'],
  [
    'the wrong first speaker',
    { messages: [{ role: 'assistant', content: 'a' }, user('b')] },
    400,
    'messages: first message',
  ],
  ['two turns of one side', { messages: [user('a'), user('b')] }, 400, 'messages: roles must alternate'],
  ['a third role', { messages: [user('a'), { role: 'tool', content: 'b' }] }, 400, 'messages.1.role'],
  ['an empty turn', { messages: [user([])] }, 400, 'messages.0: all messages'],
  ['a blank text', { messages: [user([{ type: 'text', text: ' ' }])] }, 400, 'messages: text content blocks'],
  ['a call without its result', { messages: [user('a'), calls, user('b')] }, 400, 'messages.1: `tool_use` ids'],
  ['a result without its call', { messages: [result('x')] }, 400, 'messages.0: unexpected'],
  [
    'a begun answer where it is not taken',
    { model: 'claude-sonnet-5', messages: [user('a'), { role: 'assistant', content: 'b' }] },
    400,
    'This model does not support assistant message prefill',
  ],
  ['a temperature out of range', { temperature: 1.5 }, 400, 'temperature: range'],
  ['a temperature where it is bound', { model: 'claude-sonnet-5', temperature: 0.5 }, 400, 'temperature: may only'],
  ['a top_p where it is bound', { model: 'claude-sonnet-5', top_p: 0.5 }, 400, 'top_p: '],
  [
    'a budget where there is none',
    { model: 'claude-sonnet-5', thinking: { type: 'enabled', budget_tokens: 1024 } },
    400,
    'thinking.type',
  ],
  ['a small budget', { thinking: { type: 'enabled', budget_tokens: 100 } }, 400, 'thinking.enabled.budget_tokens'],
  [
    'a budget above the cap',
    { thinking: { type: 'enabled', budget_tokens: 2000 } },
    400,
    '`max_tokens` must be greater',
  ],
  ['a tool without a schema', { tools: [{ name: 'a', input_schema: {} }] }, 400, 'tools.0.custom.input_schema.type'],
  ['a choice that there is not', { tools: TOOLS, tool_choice: { type: 'required' } }, 400, 'tool_choice: Input tag'],
  ['a choice of nothing', { tool_choice: { type: 'any' } }, 400, 'tool_choice may only'],
  ['too much output', { max_tokens: 99_000 }, 400, 'max_tokens: 99000 > 32000'],
  [
    'too long a prompt',
    { messages: [user('kelp '.repeat(200_000))] },
    400,
    'prompt is too long: 250007 tokens > 200000 maximum',
  ],
])('%s is refused', async (_, request, status, message) => {
  const answer = await post(request);
  expect(answer.status).toBe(status);
  const { type, error } = (await answer.json()) as { type: string; error: { type: string; message: string } };
  expect(type).toBe('error');
  expect(error.message.slice(0, message.length)).toBe(message);
});

test('calls with their results are taken', async () => {
  expect((await post({ tools: TOOLS, messages: [user('a'), calls, result('a')] })).status).toBe(200);
});

describe('what is about the caller', () => {
  const refusing = async (options: SimulatorOptions, headers: Record<string, string>): Promise<Response> => {
    const at = await startSimulator(options);
    const answer = await post({}, { at, headers });
    await answer.clone().text();
    await at.close();
    return answer;
  };
  const { 'x-api-key': _, ...keyless } = HEADERS;

  test.each<[what: string, options: SimulatorOptions, headers: Record<string, string>, status: number, type: string]>([
    ['no key', {}, keyless, 401, 'authentication_error'],
    ['a wrong key', { keys: ['other'] }, HEADERS, 401, 'authentication_error'],
    ['no version', {}, { 'x-api-key': 'k', 'content-type': 'application/json' }, 400, 'invalid_request_error'],
    ['an unknown model', { models: ['claude-sonnet-5'] }, HEADERS, 404, 'not_found_error'],
    ['too many tokens', { limits: { requestsPerMinute: 100, tokensPerMinute: 300 } }, HEADERS, 429, 'rate_limit_error'],
  ])('%s', async (__, options, headers, status, type) => {
    const answer = await refusing(options, headers);
    expect(answer.status).toBe(status);
    expect(answer.headers.get('request-id')).not.toBeNull();
    expect(await answer.json()).toMatchObject({ type: 'error', error: { type } });
  });

  test('a bearer token will do for a key', async () => {
    const { status } = await refusing({ keys: ['k'] }, { ...keyless, authorization: 'Bearer k' });
    expect(status).toBe(200);
  });
});

/** Faults that Anthropic has words of its own for: an answer in place of any. */
const ERRORS = [
  'invalid-api-key',
  'permission',
  'model-not-found',
  'invalid-request',
  'unknown-parameter',
  'context-length',
  'output-cap',
  'content-policy',
  'payload-too-large',
  'rate-limit-requests',
  'rate-limit-tokens',
  'slow-down',
  'insufficient-quota',
  'conflict',
  'overloaded',
  'server-error',
];

test.each(ERRORS)('%s is told in words that are known for it', async (name) => {
  const answer = await post({ model: `claude-opus-4-1@${name}` });
  const body = await answer.text();
  const headers = Object.fromEntries(answer.headers);
  const fault = classifyResponse({ status: answer.status, headers, body, wall: 0 });
  expect(JSON.parse(body)).toMatchObject({ type: 'error' });
  expect(fault.kind).toBe(FAULTS.find((each) => each.name === name)?.kind);
});

test('a hint when to come back stays', async () => {
  expect((await post({ model: 'claude-opus-4-1@rate-limit-requests:7' })).headers.get('retry-after')).toBe('7');
});

describe('streams that fail', () => {
  const stream = async (fault: string) => (await post({ model: `claude-opus-4-1@${fault}`, stream: true })).text();

  test.each([
    ['error-event-first', 0, 'server-error'],
    ['overloaded-event', 0, 'overloaded'],
    ['error-event:4', 4, 'server-error'],
  ])('%s', async (fault, tokens, kind) => {
    const events = eventsIn(await stream(fault));
    expect(events.filter(({ type }) => type === 'content_block_delta')).toHaveLength(tokens);
    expect(events.at(-1)?.type).toBe('error');
    expect(classifyEvent({ data: events.at(-1) }).kind).toBe(kind);
  });

  test('cut after its tokens', async () => {
    await expect(stream('cut:3')).rejects.toThrow('terminated');
  });

  test('ended after its tokens', async () => {
    const events = eventsIn(await stream('end:3'));
    expect(events.filter(({ type }) => type === 'content_block_delta')).toHaveLength(3);
    expect(events.some(({ type }) => type === 'message_stop' || type === 'message_delta')).toBe(false);
  });

  test('refused halfway, and whole', async () => {
    const events = eventsIn(await stream('content-filter:2'));
    expect(assembled(events)).toMatchObject({ stop_reason: 'refusal', stop_details: { category: 'general_harms' } });
    expect(await whole({ model: 'claude-opus-4-1@content-filter' })).toMatchObject({
      content: [],
      stop_reason: 'refusal',
    });
  });

  test('what only OpenAI has changes nothing', async () => {
    expect(eventsIn(await stream('response-failed')).at(-1)?.type).toBe('message_stop');
    expect((await post({ model: 'claude-opus-4-1@region' })).status).toBe(200);
  });
});
