import Anthropic, { BadRequestError } from '@anthropic-ai/sdk';
import { ApiError, type Content, GoogleGenAI } from '@google/genai';
import { afterEach, describe, expect, test } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../../src/simulator/index.ts';
import { openGateway } from '../harness.ts';

const CLAUDE = 'claude-opus-4-1';
const GEMINI = 'gemini-2.5-flash';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

interface House {
  readonly upstream: Simulator;
  readonly door: Awaited<ReturnType<typeof openGateway>>;
  readonly claude: Anthropic;
  readonly gemini: GoogleGenAI;
  /** Bodies as the provider saw them. */
  readonly sent: () => Body[];
}

type Body = Readonly<Record<string, unknown>>;

/** A gateway whose routes all have the same fit, before one simulated provider that speaks every wire. */
async function house(fit: object, options: SimulatorOptions = {}, ladder?: readonly object[]): Promise<House> {
  const upstream = await startSimulator({ answerTokens: 20, ...options });
  open.push(upstream);
  const target = { baseUrl: upstream.url, key: 'env:TARGET_KEY' };
  const door = await openGateway({
    targets: {
      claude: { ...target, provider: 'anthropic' },
      google: { ...target, provider: 'gemini' },
      openai: { ...target, provider: 'openai', baseUrl: `${upstream.url}/v1` },
    },
    routes: [
      { models: ['claude-*'], ladder: ladder ?? ['claude'], retry: { attempts: 1 }, fit },
      { models: ['gemini-*'], ladder: ladder ?? ['google'], retry: { attempts: 1 }, fit },
      { models: ['*'], ladder: ['openai'] },
    ],
    defaults: { validate: 'off' },
  });
  open.push(door);
  const origin = door.baseURL.replace(/\/v1$/, '');
  const apiKey = 'sk-caller-0123456789';
  return {
    upstream,
    door,
    claude: new Anthropic({ apiKey, baseURL: `${origin}/anthropic`, maxRetries: 0, fetch: door.fetch }),
    gemini: new GoogleGenAI({ apiKey, httpOptions: { baseUrl: `${origin}/gemini`, fetch: door.fetch } }),
    sent: () => upstream.requests.map(({ body }) => JSON.parse(body.toString('utf8')) as Body),
  };
}

/** A conversation of so many turns, each with thoughts, a call of a tool and some fifty tokens. */
function talk(turns: number): Anthropic.MessageParam[] {
  return [
    { role: 'user', content: 'Keep the log of today, please.' },
    { role: 'assistant', content: 'Gladly.' },
    ...Array.from({ length: turns }, (_, turn): Anthropic.MessageParam[] => [
      { role: 'user', content: `Entry ${turn}: what are the wind and the tide at buoy ${turn % 7}?` },
      {
        role: 'assistant',
        content: [
          { type: 'thinking', thinking: `Buoy ${turn % 7} tells.`, signature: `sealed-${turn}` },
          { type: 'tool_use', id: `toolu_${turn}`, name: 'read_buoy', input: { buoy: turn % 7 } },
        ],
      },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: `toolu_${turn}`, content: `wind ${turn % 30} knots` }],
      },
      { role: 'assistant', content: `At buoy ${turn % 7} the wind is ${turn % 30} knots.` },
    ]).flat(),
    { role: 'user', content: 'Say: the last entry' },
  ];
}

function turns(count: number): Content[] {
  return [
    { role: 'user', parts: [{ text: 'Keep the log of today, please.' }] },
    { role: 'model', parts: [{ text: 'Gladly.' }] },
    ...Array.from({ length: count }, (_, turn): Content[] => [
      { role: 'user', parts: [{ text: `Entry ${turn}: what are the wind and the tide at buoy ${turn % 7}?` }] },
      {
        role: 'model',
        parts: [
          {
            functionCall: { name: 'read_buoy', args: { buoy: turn % 7 } },
            thoughtSignature: `c2VhbGVk${turn % 10}AAA`,
          },
        ],
      },
      {
        role: 'user',
        parts: [{ functionResponse: { name: 'read_buoy', response: { output: `wind ${turn % 30} knots` } } }],
      },
      { role: 'model', parts: [{ text: `At buoy ${turn % 7} the wind is ${turn % 30} knots.` }] },
    ]).flat(),
    { role: 'user', parts: [{ text: 'Say: the last entry' }] },
  ];
}

const SYSTEM = 'You keep the log of a harbour.';
const ANTHROPICS_TOOL = { name: 'read_buoy', input_schema: { type: 'object' as const } };
const GOOGLES_TOOL = { functionDeclarations: [{ name: 'read_buoy', parametersJsonSchema: { type: 'object' } }] };

describe('a prompt over the room', () => {
  test("is trimmed on Anthropic's wire: instructions, tools and seals as they were, no result without its call", async () => {
    const { claude, door, sent } = await house({ strategies: ['trim'], ceiling: 3_000 });
    const messages = talk(100);
    const asked = { model: CLAUDE, max_tokens: 500, system: SYSTEM, tools: [ANTHROPICS_TOOL], messages };
    const { data, response } = await claude.messages.create(asked).withResponse();
    expect(data.content).toMatchObject([{ type: 'text', text: 'the last entry' }]);
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^trim; before=\d+; after=\d+; dropped=\d+$/);
    const [body] = sent() as [typeof asked];
    const { messages: left, ...rest } = body;
    expect({ ...rest, messages }).toEqual(asked);
    expect(left[0]).toEqual(messages[0]);
    expect(left.slice(1)).toEqual(messages.slice(-(left.length - 1)));
    // What is left begins with something that was said, and not with a result.
    expect(left.length).toBeGreaterThan(20);
    expect(typeof left[1]?.content === 'string' || left[1]?.role === 'assistant').toBe(true);
    expect(door.records[0]?.notes).toEqual([expect.stringMatching(/^fit: trim \d+>\d+, \d+ dropped$/)]);
  });

  test("is trimmed on Google's wire, streamed", async () => {
    const { gemini, door, sent } = await house({ strategies: ['trim'], ceiling: 3_000 });
    const contents = turns(100);
    const stream = await gemini.models.generateContentStream({
      model: GEMINI,
      contents,
      config: { systemInstruction: SYSTEM, tools: [GOOGLES_TOOL], maxOutputTokens: 500 },
    });
    let text = '';
    for await (const frame of stream) text += frame.text ?? '';
    expect(text).toBe('the last entry');
    const [body] = sent() as [{ contents: Content[] } & Body];
    expect(body).toMatchObject({ systemInstruction: { parts: [{ text: SYSTEM }] }, tools: [GOOGLES_TOOL] });
    expect(body.contents[0]).toEqual(contents[0]);
    expect(body.contents.slice(1)).toEqual(contents.slice(-(body.contents.length - 1)));
    expect(body.contents.length).toBeGreaterThan(20);
    expect(door.records[0]?.notes).toEqual([expect.stringMatching(/^fit: trim \d+>\d+, \d+ dropped$/)]);
  });

  test('is summed up, by a model of another wire', async () => {
    const { claude, door, sent } = await house({
      strategies: ['summarise'],
      ceiling: 3_000,
      summariser: { model: 'gpt-4o-mini', target: 'openai' },
    });
    const messages = talk(100);
    const { response } = await claude.messages
      .create({ model: CLAUDE, max_tokens: 500, system: SYSTEM, messages, tools: [ANTHROPICS_TOOL] })
      .withResponse();
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^summarise; .*summarised=\d+$/);
    const last = sent().at(-1) as { messages: Anthropic.MessageParam[] };
    // Side by side with what the user asked, because the sides take turns.
    const summary = { type: 'text', text: expect.stringMatching(/^\[Summary of \d+ earlier/) };
    expect(last.messages[0]).toMatchObject({ role: 'user', content: [{ text: messages[0]?.content }, summary] });
    expect(last.messages[1]).toMatchObject({ role: 'assistant' });
    // The summary is a call of its own.
    door.owe(1);
    const [{ messages: given }] = sent() as [{ messages: { content: string }[] }];
    const read = given.at(-1)?.content;
    expect(read).toContain('Assistant: called read_buoy with {"buoy":0}');
    expect(read).toContain('Result: wind 0 knots');
    expect(read).not.toContain('sealed-');
  });

  test('is refused in each wire’s own words, and no provider is asked', async () => {
    const { claude, gemini, upstream } = await house({ strategies: ['refuse'], ceiling: 1_000 });
    const refused = claude.messages.create({ model: CLAUDE, max_tokens: 100, messages: talk(100) });
    await expect(refused).rejects.toBeInstanceOf(BadRequestError);
    await expect(refused).rejects.toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringMatching(/the prompt has [\d,]+ tokens, and prompts of this route may have 1,000/),
    });
    const other = gemini.models.generateContent({ model: GEMINI, contents: turns(100) });
    await expect(other).rejects.toBeInstanceOf(ApiError);
    await expect(other).rejects.toMatchObject({ status: 400, message: expect.stringMatching(/"INVALID_ARGUMENT"/) });
    expect(upstream.requests).toHaveLength(0);
  });

  test('goes to a rung with a larger window, on a wire of its own', async () => {
    const { claude, sent, upstream } = await house({ strategies: ['larger-window'] }, {}, [
      { target: 'openai', model: 'gpt-4' },
      { target: 'google', model: GEMINI },
    ]);
    const asked = { model: CLAUDE, max_tokens: 500, messages: talk(200), tools: [ANTHROPICS_TOOL] };
    const { response } = await claude.messages.create(asked).withResponse();
    expect(response.headers.get('x-holdfast-target')).toBe('google');
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^larger-window; /);
    expect(upstream.stats.byStatus).toEqual({ 200: 1 });
    expect((sent()[0] as { contents: unknown[] }).contents.length).toBeGreaterThan(700);
  });
});

describe('a window that is smaller than the catalogue says', () => {
  test('is learnt from one refusal, on either wire', async () => {
    const { claude, gemini, upstream } = await house({ strategies: ['trim'] }, { window: 2_000 });
    const asked = { model: CLAUDE, max_tokens: 200, messages: talk(100), tools: [ANTHROPICS_TOOL] };
    const config = { tools: [GOOGLES_TOOL], maxOutputTokens: 200 };
    for (let times = 0; times < 2; times += 1) {
      expect((await claude.messages.create(asked)).stop_reason).toBe('end_turn');
      const answer = await gemini.models.generateContent({ model: GEMINI, contents: turns(100), config });
      expect(answer.text).toBe('the last entry');
    }
    expect(upstream.stats.byStatus).toEqual({ 200: 4, 400: 2 });
  });
});
