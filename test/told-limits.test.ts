import { afterEach, describe, expect, test } from 'vitest';
import { type Simulator, type SimulatorOptions, startSimulator } from '../src/simulator/index.ts';
import { openGateway } from './harness.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function provider(options: SimulatorOptions = {}): Promise<Simulator> {
  const upstream = await startSimulator({ answerTokens: 20, ...options });
  open.push(upstream);
  return upstream;
}

/** A gateway that waits for what its providers say of their keys, and has one route of these targets, which trims. */
async function gateway(targets: Readonly<Record<string, object>>, ladder: readonly unknown[] = Object.keys(targets)) {
  const door = await openGateway({
    keys: { policy: 'require' },
    targets,
    routes: [
      { models: ['*'], ladder, retry: { attempts: 1 }, fit: { strategies: ['larger-window', 'trim'], reserve: 200 } },
    ],
  });
  open.push(door);
  return door;
}

const at = ({ url }: Simulator, name: string): object => ({
  provider: name,
  baseUrl: `${url}/v1`,
  key: 'env:TARGET_KEY',
});

/** A conversation of about this many tokens. */
const talk = (tokens: number) => [
  { role: 'system' as const, content: 'You keep the log of a harbour.' },
  ...Array.from({ length: Math.ceil(tokens / 40) }, (_, turn) => ({
    role: turn % 2 === 0 ? ('user' as const) : ('assistant' as const),
    content: `Entry ${turn}: the wind is ${turn % 30} knots and the tide stands at ${turn % 400} cm at the buoy by the northern mole. `,
  })),
  { role: 'user' as const, content: 'And what is the last entry?' },
];

const calls = ({ requests }: Simulator): string[] => requests.map(({ method, path }) => `${method} ${path}`);

const asked = (upstream: Simulator): string[] => calls(upstream).filter((call) => call.startsWith('POST'));

describe('a target whose window is smaller than the catalogue has it', () => {
  test('is given what fits from the first call on, and was asked but once', async () => {
    const own = await provider({ window: 4_000 });
    const { client } = await gateway({ own: at(own, 'vllm') });
    // The catalogue's gpt-4o takes 128,000 tokens.
    const { data, response } = await client.chat.completions
      .create({ model: 'gpt-4o', messages: talk(8_000) })
      .withResponse();
    expect(data.choices[0]?.finish_reason).toBe('stop');
    expect(response.headers.get('x-holdfast-fit')).toMatch(/^trim; /);
    expect(own.stats.byStatus).toEqual({ 200: 2 });
    expect(calls(own)).toEqual(['GET /v1/models', 'POST /v1/chat/completions']);
  });

  test('leaves the prompt to another one of the same model that takes it', async () => {
    const [small, large] = [await provider({ window: 4_000 }), await provider()];
    const { client } = await gateway({ small: at(small, 'vllm'), large: at(large, 'openai') });
    const { response } = await client.chat.completions
      .create({ model: 'gpt-4o', messages: talk(8_000) })
      .withResponse();
    expect(response.headers.get('x-holdfast-target')).toBe('large');
    expect([asked(small), asked(large)]).toEqual([[], ['POST /v1/chat/completions']]);
  });

  test.each([
    ['anthropic', 'claude-sonnet-5', '/v1', 'POST /v1/messages'],
    ['gemini', 'gemini-2.5-flash', '/v1beta', 'POST /v1beta/models/gemini-2.5-flash:generateContent'],
  ])('is fitted on the wire of %s', async (name, model, path, call) => {
    const upstream = await provider({ window: 4_000 });
    const target = { ...at(upstream, name), baseUrl: `${upstream.url}${path}` };
    const { client } = await gateway({ own: target });
    await client.chat.completions.create({ model, messages: talk(8_000), max_tokens: 100 });
    expect(asked(upstream)).toEqual([call]);
    expect(upstream.stats.byStatus).toEqual({ 200: 2 });
  });
});

test('a provider that tells nothing is taken as the catalogue has its models', async () => {
  const upstream = await provider();
  const { client } = await gateway({ own: at(upstream, 'vllm') });
  const { response } = await client.chat.completions.create({ model: 'gpt-4o', messages: talk(8_000) }).withResponse();
  expect(response.headers.get('x-holdfast-fit')).toBeNull();
});

test('a provider that tells nothing is believed when it refuses', async () => {
  const upstream = await provider({ window: 4_000, models: ['gpt-4'] });
  const { client } = await gateway({ own: at(upstream, 'openai') });
  // OpenAI tells nothing, so the catalogue's 8,192 are held to be true until it refuses.
  const { response } = await client.chat.completions.create({ model: 'gpt-4', messages: talk(6_000) }).withResponse();
  expect(response.headers.get('x-holdfast-fit')).toMatch(/^trim; /);
  expect(asked(upstream)).toHaveLength(2);
});
