import { OpenAI } from 'openai';
import { afterEach, describe, expect, test } from 'vitest';
import { holdfast } from '../src/inprocess/holdfast.ts';
import { countPrompt } from '../src/payload/tokens/count.ts';
import { type Simulator, type SimulatorOptions, startSimulator } from '../src/simulator/index.ts';
import { openGateway } from './harness.ts';

type Message = OpenAI.ChatCompletionMessageParam;
type Body = Readonly<Record<string, unknown>>;

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

interface House {
  readonly upstream: Simulator;
  readonly door: Awaited<ReturnType<typeof openGateway>>;
  /** Bodies as the provider saw them. */
  readonly sent: () => Body[];
}

/** A gateway with one route, in front of one simulated provider that is known under two names. */
async function house(
  ladder: readonly (string | object)[],
  fit: object | undefined,
  options: SimulatorOptions = {},
): Promise<House> {
  const upstream = await startSimulator({ answerTokens: 20, ...options });
  open.push(upstream);
  const target = { provider: 'openai-compatible', baseUrl: `${upstream.url}/v1`, key: 'env:TARGET_KEY' };
  const door = await openGateway({
    targets: { primary: target, second: target },
    routes: [{ models: ['*'], ladder, retry: { attempts: 1 }, ...(fit === undefined ? {} : { fit }) }],
  });
  open.push(door);
  return { upstream, door, sent: () => upstream.requests.map(({ body }) => JSON.parse(body.toString('utf8')) as Body) };
}

/** A conversation of so many turns, each with a call of a tool and some fifty tokens. */
function talk(turns: number): Message[] {
  return [
    { role: 'system', content: 'You keep the log of a harbour.' },
    { role: 'user', content: 'Keep the log of today, please.' },
    ...Array.from({ length: turns }, (_, turn): Message[] => [
      { role: 'user', content: `Entry ${turn}: what are the wind and the tide at buoy ${turn % 7}?` },
      {
        role: 'assistant',
        content: null,
        tool_calls: [
          { id: `call_${turn}`, type: 'function', function: { name: 'read_buoy', arguments: `{"buoy":${turn % 7}}` } },
        ],
      },
      { role: 'tool', tool_call_id: `call_${turn}`, content: `{"wind_knots":${turn % 30},"tide_cm":${turn % 400}}` },
      { role: 'assistant', content: `At buoy ${turn % 7} the wind is ${turn % 30} knots.` },
    ]).flat(),
    { role: 'user', content: 'And what is the last entry?' },
  ];
}

const tools: OpenAI.ChatCompletionTool[] = [
  {
    type: 'function',
    function: { name: 'read_buoy', parameters: { type: 'object', properties: { buoy: { type: 'integer' } } } },
  },
];

/** The instructions, and the last word. */
const ends = ({ messages }: Body): unknown[] => [(messages as Message[])[0], (messages as Message[]).at(-1)];

const tokensOf = async (body: Body): Promise<number> => (await countPrompt('chat', body)).tokens;

describe('a prompt over the window', () => {
  test('goes to a model of the ladder that takes it, and no provider is asked in vain', async () => {
    const { door, upstream, sent } = await house(['primary', { target: 'second', model: 'gpt-4.1' }], {
      strategies: ['larger-window', 'refuse'],
    });
    const messages = talk(300);
    const { data, response } = await door.client.chat.completions.create({ model: 'gpt-4', messages }).withResponse();
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(upstream.stats.byStatus).toEqual({ 200: 1 });
    expect(sent()).toEqual([{ model: 'gpt-4.1', messages }]);
    expect(response.headers.get('x-holdfast-target')).toBe('second');
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^larger-window; before=(\d+); after=\1$/);
    // A short one stays where it was to go.
    await door.client.chat.completions.create({ model: 'gpt-4', messages: talk(2) });
    expect(sent()[1]).toMatchObject({ model: 'gpt-4' });
  });

  test('is trimmed, streamed, and told of in the record', async () => {
    const { door, sent } = await house(['primary'], { strategies: ['trim'] });
    const messages = talk(300);
    const { data, response } = await door.client.chat.completions
      .create({ model: 'gpt-4', messages, tools, stream: true, max_tokens: 500 })
      .withResponse();
    let finish: string | null = null;
    for await (const chunk of data) finish = chunk.choices[0]?.finish_reason ?? finish;
    expect(['stop', 'tool_calls']).toContain(finish);
    const [body] = sent() as [Body];
    expect(body).toMatchObject({ model: 'gpt-4', stream: true, max_tokens: 500, tools });
    expect(ends(body)).toEqual([messages[0], messages.at(-1)]);
    expect(await tokensOf(body)).toBeLessThanOrEqual(8_192 - 500 - 16);
    expect(await tokensOf(body)).toBeGreaterThan(6_000);
    const told = response.headers.get('x-holdfast-fit') ?? '';
    expect(told).toMatch(/^trim; before=\d+; after=\d+; dropped=\d+$/);
    expect(Number(/after=(\d+)/.exec(told)?.[1])).toBe(await tokensOf(body));
    await door.settled();
    expect(door.records[0]?.notes).toEqual([expect.stringMatching(/^fit: trim \d+>\d+, \d+ dropped$/)]);
  });

  test('is refused here, with the numbers and what would help', async () => {
    const { door, upstream } = await house(['primary'], { strategies: ['refuse'] });
    const refused = door.client.chat.completions.create({ model: 'gpt-4', messages: talk(300), max_tokens: 1_000 });
    await expect(refused).rejects.toMatchObject({
      status: 400,
      code: 'context_length_exceeded',
      param: 'messages',
      message: expect.stringMatching(/the prompt has [\d,]+ tokens, and gpt-4 takes 7,176 here/),
    });
    expect(upstream.requests).toHaveLength(0);
    await door.settled();
    expect(door.records[0]?.fault?.remedy).toMatch(/^Shorten the prompt by [\d,]+ tokens/);
  });

  test('is sent as it is where nobody asked for more', async () => {
    const { door, upstream, sent } = await house(['primary'], undefined);
    const messages = talk(300);
    await expect(door.client.chat.completions.create({ model: 'gpt-4', messages })).rejects.toMatchObject({
      code: 'context_length_exceeded',
    });
    expect(upstream.stats.byStatus).toEqual({ 400: 1 });
    expect(sent()).toEqual([{ model: 'gpt-4', messages }]);
  });

  test('is trimmed for the fallback alone', async () => {
    const { door, upstream, sent } = await house(['primary', { target: 'second', model: 'gpt-4' }], {
      strategies: ['trim'],
    });
    upstream.nextFaults(['overloaded']);
    const messages = talk(300);
    const { response } = await door.client.chat.completions.create({ model: 'gpt-4o', messages }).withResponse();
    expect(sent()[0]).toEqual({ model: 'gpt-4o', messages });
    expect(sent()[1]).toMatchObject({ model: 'gpt-4' });
    expect(await tokensOf(sent()[1] as Body)).toBeLessThan(6_200);
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^trim/);
  });

  test('is held to the ceiling of its route', async () => {
    const { door, sent } = await house(['primary'], { strategies: ['trim'], ceiling: 2_000 });
    await door.client.chat.completions.create({ model: 'gpt-4.1', messages: talk(300), tools });
    expect(await tokensOf(sent()[0] as Body)).toBeLessThanOrEqual(2_000);
  });
});

describe('summing up', () => {
  const fit = {
    strategies: ['summarise', 'trim'],
    ceiling: 4_000,
    summariser: { model: 'gpt-4.1-mini', target: 'second' },
  };

  test('old turns are summed up by a call of its own, once', async () => {
    const scriptedAnswer = ({ body }: { readonly body: Buffer }): string | null =>
      body.includes('"model":"gpt-4.1-mini"') ? 'The log went well; FACT-7 holds.' : null;
    const { door, sent } = await house(['primary'], fit, { scriptedAnswer });
    const messages = talk(150);
    const { response } = await door.client.chat.completions.create({ model: 'gpt-4o', messages }).withResponse();
    // One record for each summary besides the call's own.
    door.owe(sent().length - 1);
    const [last] = sent().slice(-1) as [Body];
    const summary = (last['messages'] as Message[])[2];
    expect(summary?.role).toBe('user');
    expect(summary?.content).toMatch(
      /^\[Summary of \d+ earlier messages, made by Holdfast.*\]\nThe log went well; FACT-7 holds\.$/,
    );
    expect(ends(last)).toEqual([messages[0], messages.at(-1)]);
    expect(await tokensOf(last)).toBeLessThanOrEqual(4_000);
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^summarise; before=\d+; after=\d+; summarised=\d+$/);
    const records = door.records.filter(({ model }) => model === 'gpt-4.1-mini');
    expect(records.length).toBe(sent().length - 1);
    expect(records[0]).toMatchObject({
      target: 'second',
      outcome: 'answered',
      notes: [`summary: for ${response.headers.get('x-request-id')}`],
    });

    // The next turn finds the summary written.
    const before = sent().length;
    await door.client.chat.completions.create({
      model: 'gpt-4o',
      messages: [...messages, { role: 'assistant', content: 'It is 149.' }, { role: 'user', content: 'Thanks.' }],
    });
    expect(sent().length).toBe(before + 1);
  });

  test('when the summariser fails, the prompt is trimmed', async () => {
    const { door, upstream, sent } = await house(['primary'], fit);
    upstream.nextFaults(['server-error']);
    const { response } = await door.client.chat.completions
      .create({ model: 'gpt-4o', messages: talk(150) })
      .withResponse();
    door.owe(1);
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^trim/);
    expect(sent()).toHaveLength(2);
  });
});

describe('Responses', () => {
  const input = Array.from({ length: 400 }, (_, turn): OpenAI.Responses.ResponseInputItem[] => [
    { role: 'user', content: `Entry ${turn}: what is the tide?` },
    { type: 'function_call', call_id: `c${turn}`, name: 'read', arguments: '{}' },
    { type: 'function_call_output', call_id: `c${turn}`, output: `{"tide":${turn}}` },
  ]).flat();

  test('an input with its history is trimmed, no result without its call', async () => {
    const { door, sent } = await house(['primary'], { strategies: ['trim'] });
    await door.client.responses.create({ model: 'gpt-4', instructions: 'Be brief.', input });
    const [body] = sent() as [Body];
    const items = body['input'] as { type?: string; call_id?: string }[];
    expect(body['instructions']).toBe('Be brief.');
    const calls = new Set(items.filter(({ type }) => type === 'function_call').map(({ call_id }) => call_id));
    const results = items.filter(({ type }) => type === 'function_call_output').map(({ call_id }) => call_id);
    expect(results.length).toBeGreaterThan(50);
    expect(results.filter((id) => !calls.has(id))).toEqual([]);
    expect((await countPrompt('responses', body)).tokens).toBeLessThanOrEqual(6_128);
  });

  test('what goes on from an earlier response goes as it is', async () => {
    const { door, sent } = await house(['primary'], { strategies: ['trim'] });
    const first = await door.client.responses.create({ model: 'gpt-4o', input: 'Hello' });
    const next = { model: 'gpt-4o', input: 'And now?', previous_response_id: first.id };
    await door.client.responses.create(next);
    expect(sent()[1]).toEqual(next);
  });
});

describe('a window that is smaller than it was known to be', () => {
  // Known for a window of 400,000 tokens; what stands in for it has 128,000.
  const model = 'gpt-5-chat-latest';
  const messages: Message[] = [
    { role: 'system', content: 'Be brief.' },
    ...Array.from({ length: 60 }, (_, page): Message => ({
      role: 'user',
      content: `Page ${page}: ${'the tide comes in and goes out again; '.repeat(300)}`,
    })),
    { role: 'user', content: 'What was on the last page?' },
  ];

  test('is learnt after one refusal, and the call that met it is answered', async () => {
    const { door, upstream, sent } = await house(['primary'], { strategies: ['trim'] });
    expect(await tokensOf({ model, messages })).toBeGreaterThan(130_000);
    const { response } = await door.client.chat.completions.create({ model, messages }).withResponse();
    expect(upstream.stats.byStatus).toEqual({ 400: 1, 200: 1 });
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^trim/);
    await door.settled();
    expect(door.records[0]).toMatchObject({
      outcome: 'answered',
      attempts: [
        { fault: { kind: 'context-length' }, reason: 'first' },
        { fault: null, reason: 'retry' },
      ],
    });
    expect(ends(sent()[1] as Body)).toEqual([messages[0], messages.at(-1)]);
    for (let again = 0; again < 3; again += 1) await door.client.chat.completions.create({ model, messages });
    expect(upstream.stats.byStatus).toEqual({ 400: 1, 200: 4 });
  }, 60_000);

  test('is learnt where the provider gives no number, too', async () => {
    const { door, upstream } = await house(['primary'], { strategies: ['trim'] });
    const input = messages.map(({ role, content }) => ({ role: role as 'user', content: content as string }));
    await door.client.responses.create({ model, input });
    expect(upstream.stats.byStatus).toEqual({ 400: 1, 200: 1 });
    await door.client.responses.create({ model, input });
    expect(upstream.stats.byStatus).toEqual({ 400: 1, 200: 2 });
  }, 60_000);
});

test('in process, the caller pays for its summaries with its own key', async () => {
  const upstream = await startSimulator({ answerTokens: 20, keys: ['sk-caller-0123456789'] });
  open.push(upstream);
  const hold = holdfast({ fit: { strategies: ['summarise'], ceiling: 4_000, summariser: 'gpt-4.1-mini' } });
  open.push(hold);
  const client = new OpenAI({
    baseURL: `${upstream.url}/v1`,
    apiKey: 'sk-caller-0123456789',
    fetch: hold.fetch,
    maxRetries: 0,
  });
  const { response } = await client.chat.completions.create({ model: 'gpt-4o', messages: talk(150) }).withResponse();
  expect(response.headers.get('x-holdfast-fit')).toMatch(/^summarise/);
  expect(Object.keys(upstream.stats.byStatus)).toEqual(['200']);
  expect(upstream.stats.byModel).toMatchObject({ 'gpt-4o': 1 });
});
