import { APIError, OpenAI } from 'openai';
import type { ChatCompletionCreateParamsNonStreaming as Request } from 'openai/resources/chat/completions';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallRecord } from '../src/engine/record.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openGateway } from './harness.ts';

const MODEL = 'gemini-3.1-pro-preview';
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
    targets: { google: { provider: 'gemini', baseUrl: simulator.url, key: 'env:TARGET_KEY', ...QUIET } },
    defaults: { retry: { attempts: 1 } },
  });
});
afterAll(async () => {
  await gateway.close();
  await simulator.close();
});

/** The record of the last call; a stream's comes behind the last of its bytes. */
async function lastRecord(): Promise<CallRecord | undefined> {
  await expect.poll(() => gateway.records.length).toBe(gateway.calls);
  return gateway.records.at(-1);
}

/** OpenAI's own SDK at the gateway, which counts what it sends. */
function client(): OpenAI {
  const fetch = (input: string | URL | globalThis.Request, init?: RequestInit): Promise<Response> => {
    gateway.owe(1);
    return globalThis.fetch(input, init);
  };
  return new OpenAI({ apiKey: 'sk-caller', baseURL: gateway.baseURL, maxRetries: 0, fetch });
}

const ASKINGS = ['whole', 'streamed'] as const;
type Asking = (typeof ASKINGS)[number];

function ask(at: OpenAI, asking: Asking, request: Partial<Request>): Promise<OpenAI.Chat.ChatCompletion> {
  const whole: Request = { model: MODEL, messages: [], ...request };
  if (asking === 'whole') return at.chat.completions.create(whole);
  return at.chat.completions
    .stream({ ...whole, stream: true, stream_options: { include_usage: true } })
    .finalChatCompletion();
}

const user = (content: string) => ({ role: 'user' as const, content });
const schema = {
  type: 'object',
  properties: { place: { type: 'string' } },
  required: ['place'],
  additionalProperties: false,
};
const tool = (name: string) => ({ type: 'function' as const, function: { name, parameters: schema } });

/** Requests whose answer the chat wire of the same simulator gives word for word. */
const ALIKE: readonly (readonly [what: string, request: Partial<Request>])[] = [
  ['unicode', { messages: [user('Say: Grüße, 海藻 🌊 "and" \\ back\nslash')] }],
  ['a long answer', { messages: [user('Write 900 words')] }],
  [
    'instructions',
    {
      messages: [{ role: 'system', content: 'Be brief.' }, { role: 'developer', content: 'Be kind.' }, user('Tell me')],
    },
  ],
  ['several turns', { messages: [user('One'), { role: 'assistant', content: 'Two' }, user('Three')] }],
  ['a cap', { messages: [user('Write 80 words')], max_tokens: 12 }],
  ['a tool that is required', { messages: [user('Where?')], tools: [tool('look')], tool_choice: 'required' }],
  [
    'a schema',
    { messages: [user('Where?')], response_format: { type: 'json_schema', json_schema: { name: 'place', schema } } },
  ],
  ['several answers', { messages: [user('Tell me')], n: 2 }],
];

describe('what the chat wire says, the Gemini wire says', () => {
  describe.each(ALIKE)('%s', (_, request) => {
    test.each(ASKINGS)('%s', async (asking) => {
      const direct = new OpenAI({ apiKey: 'any', baseURL: `${simulator.url}/v1`, maxRetries: 0 });
      const expected = await ask(direct, 'whole', request);
      const heard = await ask(client(), asking, request);
      const said = ({ choices }: OpenAI.Chat.ChatCompletion) =>
        choices.map(({ index, finish_reason: finish, message: { content, tool_calls: calls } }) => ({
          index,
          finish,
          content,
          calls: calls?.map((call) => (call.type === 'function' ? call.function : null)) ?? [],
        }));
      expect(JSON.stringify(said(heard))).toBe(JSON.stringify(said(expected)));
      expect(heard.usage?.completion_tokens).toBe(expected.usage?.completion_tokens);
      expect(await lastRecord()).toMatchObject({
        outcome: 'answered',
        target: 'google',
        usage: { outputTokens: heard.usage?.completion_tokens },
      });
    });
  });
});

describe('what the Gemini wire has of its own', () => {
  test.each(ASKINGS)('calls are made at once and answered, their seal carried, %s', async (asking) => {
    const tools = [tool('look'), tool('rest')];
    const question = user('Use all tools');
    const called = await ask(client(), asking, { messages: [question], tools });
    const [choice] = called.choices;
    expect(choice).toMatchObject({
      finish_reason: 'tool_calls',
      message: { tool_calls: [{ extra_content: { google: { thought_signature: expect.any(String) as string } } }, {}] },
    });
    const message = choice?.message as OpenAI.Chat.ChatCompletionMessage;
    const answers = (message.tool_calls ?? []).map(({ id }) => ({
      role: 'tool' as const,
      tool_call_id: id,
      content: 'calm',
    }));
    // Refused, if a call came back without its seal, or an answer without its call.
    const { choices } = await ask(client(), asking, { messages: [question, message, ...answers], tools });
    expect(choices).toHaveLength(1);
  });

  test("another model's calls are taken too", async () => {
    const messages: Request['messages'] = [
      user('Look'),
      {
        role: 'assistant',
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{"place":"海"}' } }],
      },
      { role: 'tool', tool_call_id: 'a', content: '{"deep":true}' },
    ];
    const { choices } = await ask(client(), 'whole', { messages, tools: [tool('look')] });
    expect(choices[0]?.finish_reason).toBe('stop');
  });

  test.each(ASKINGS)('thoughts come beside the answer, %s', async (asking) => {
    const { choices, usage } = await ask(client(), asking, { messages: [user('Say: yes')], reasoning_effort: 'low' });
    // The SDK keeps the last piece of what it does not know itself.
    const reasoning = asking === 'whole' ? 'Let me think about this.' : '.';
    expect(choices[0]?.message).toMatchObject({ content: 'yes', reasoning_content: reasoning });
    expect(usage?.completion_tokens_details?.reasoning_tokens).toBeGreaterThan(0);
  });

  test('a stop, and an image', async () => {
    const { choices } = await ask(client(), 'streamed', { messages: [user('Say: one two three')], stop: [' three'] });
    expect(choices[0]?.message.content).toBe('one two');
    const image = { type: 'image_url' as const, image_url: { url: 'data:image/png;base64,AAAA' } };
    const seen = await ask(client(), 'whole', { messages: [{ role: 'user', content: [image] }] });
    expect(seen.usage?.prompt_tokens).toBeGreaterThan(700);
  });

  test('the provider sees its own wire, and nothing of the caller', async () => {
    const { response } = await client()
      .chat.completions.create(
        { model: MODEL, user: 'ann', messages: [user('Say: yes')] },
        { headers: { cookie: 'a=b' } },
      )
      .withResponse();
    expect(response.headers.get('x-holdfast-lost')).toBe('user; dropped');
    const seen = simulator.requests.at(-1);
    expect(seen).toMatchObject({ method: 'POST', path: `/v1beta/models/${MODEL}:generateContent`, query: '' });
    const { host: _, ...headers } = seen?.headers ?? {};
    expect(headers).toEqual({
      'content-type': 'application/json',
      'content-length': String(seen?.bytes),
      'x-goog-api-key': 'sk-target-0123456789',
      connection: 'keep-alive',
    });
  });
});

describe('what fails', () => {
  test.each([
    ['invalid-api-key', 'authentication'],
    ['permission', 'permission'],
    ['model-not-found', 'not-found'],
    ['context-length', 'context-length'],
    ['content-policy', 'content-policy'],
    ['rate-limit-tokens', 'rate-limit-tokens'],
    ['insufficient-quota', 'quota-exhausted'],
    ['overloaded', 'overloaded'],
    ['error-in-200', 'server-error'],
    ['error-list-in-200', 'server-error'],
    ['html-in-200', 'malformed-response'],
  ])('%s', async (fault, kind) => {
    const asked = ask(client(), 'whole', { model: `${MODEL}@${fault}`, messages: [user('Hello')] });
    await expect(asked).rejects.toBeInstanceOf(APIError);
    expect(await lastRecord()).toMatchObject({ outcome: 'failed', fault: { kind } });
  });

  test.each([
    ['error-event-first', 'failed', 'server-error'],
    ['overloaded-event', 'failed', 'overloaded'],
    ['content-policy', 'failed', 'content-policy'],
    ['empty-stream', 'failed', 'partial-response'],
    ['error-event:4', 'interrupted', 'server-error'],
    ['error-text-event:4', 'interrupted', 'server-error'],
    ['end:4', 'interrupted', 'partial-response'],
    ['cut:4', 'interrupted', 'partial-response'],
    ['malformed-event:4', 'interrupted', 'malformed-response'],
  ])('in a stream: %s', async (fault, outcome, kind) => {
    const asked = ask(client(), 'streamed', { model: `${MODEL}@${fault}`, messages: [user('Write 20 words')] });
    await expect(asked).rejects.toBeInstanceOf(Error);
    expect(await lastRecord()).toMatchObject({ outcome, fault: { kind } });
  });

  test.each(ASKINGS)('what is withheld is a refusal, %s', async (asking) => {
    const { choices } = await ask(client(), asking, {
      model: `${MODEL}@content-filter:3`,
      messages: [user('Write 20 words')],
    });
    expect(choices[0]).toMatchObject({ finish_reason: 'content_filter', message: { refusal: 'Refused: SAFETY' } });
  });

  test('what the wire has no words for asks nothing', async () => {
    const before = simulator.stats.requests;
    await expect(client().embeddings.create({ model: MODEL, input: 'x' })).rejects.toMatchObject({ status: 400 });
    expect(simulator.stats.requests).toBe(before);
  });
});
