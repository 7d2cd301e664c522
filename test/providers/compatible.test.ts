import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { APIError, OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { checkKey } from '../../src/providers/key-check.ts';
import { COMPATIBLE, COMPATIBLE_NAMES, type CompatibleName } from '../../src/providers/openai/compatible.ts';
import type { CallRecord } from '../../src/engine/record.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { openGateway } from '../harness.ts';

let simulator: Simulator;
let gateway: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 11 });
  gateway = await openGateway({
    targets: Object.fromEntries(
      COMPATIBLE_NAMES.map((name) => [
        name,
        { provider: name, baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY', pacing: { enabled: false } },
      ]),
    ),
    routes: COMPATIBLE_NAMES.map((name) => ({ models: [`${name}/*`], ladder: [{ target: name, model: 'gpt-4o' }] })),
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

function client(): OpenAI {
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    gateway.owe(1);
    return globalThis.fetch(input, init);
  };
  return new OpenAI({ apiKey: 'sk-caller', baseURL: gateway.baseURL, maxRetries: 0, fetch });
}

describe.each(COMPATIBLE_NAMES)('%s', (name) => {
  const { embeddings, responses } = COMPATIBLE[name];
  const model = `${name}/any`;

  test('answers chats, whole and streamed, in what it takes', async () => {
    const asked = {
      model,
      user: 'u',
      seed: 7,
      max_completion_tokens: 50,
      messages: [
        { role: 'developer' as const, content: 'Be brief.' },
        { role: 'user' as const, content: 'Say: hello' },
      ],
    };
    const { choices } = await client().chat.completions.create(asked);
    expect(choices[0]?.message.content).toBe('hello');
    const streamed = await client()
      .chat.completions.stream({ ...asked, stream: true })
      .finalChatCompletion();
    expect(streamed.choices[0]?.message.content).toBe('hello');
    expect(await lastRecord()).toMatchObject({ target: name, outcome: 'answered', model });
  });

  test(`answers the Responses API${responses ? '' : ' by chats'}`, async () => {
    const { output_text: text } = await client().responses.create({ model, input: 'Say: hello' });
    expect(text).toBe('hello');
    expect(simulator.requests.at(-1)?.path).toBe(responses ? '/v1/responses' : '/v1/chat/completions');
  });

  test(`has ${embeddings ? '' : 'no '}embeddings`, async () => {
    const before = simulator.stats.requests;
    // The simulator knows the model as one for chats, and refuses it as well.
    await expect(client().embeddings.create({ model, input: 'x' })).rejects.toBeInstanceOf(APIError);
    expect(simulator.stats.requests - before).toBe(embeddings ? 1 : 0);
  });
});

describe('in a configuration the name is enough', () => {
  const load = async (provider: CompatibleName) => {
    const cwd = await mkdtemp(join(tmpdir(), 'holdfast-server-'));
    const { keyVariable } = COMPATIBLE[provider];
    await writeFile(join(cwd, 'c.yaml'), `targets: { a: { provider: ${provider} } }\nkeys: { policy: 'off' }\n`);
    const env = keyVariable === null ? {} : { [keyVariable]: 'the-key-of-this-provider' };
    const config = await loadConfig({ file: 'c.yaml', env, cwd });
    await rm(cwd, { recursive: true });
    return config.targets[0];
  };

  test.each(COMPATIBLE_NAMES)('%s', async (name) => {
    const { home, keyVariable, responses } = COMPATIBLE[name];
    expect(await load(name)).toMatchObject({
      provider: 'openai-compatible',
      server: name,
      baseUrl: home,
      key: { kind: keyVariable === null ? 'none' : 'held' },
      responses: responses ? 'native' : 'translate',
    });
  });
});

test('keys are asked about where a good key is told from a bad one', async () => {
  const question = {
    provider: 'openai-compatible',
    baseUrl: `${simulator.url}/v1`,
    deployment: null,
    apiVersion: null,
    headers: {},
  } as const;
  expect(await checkKey({ ...question, path: '/models' }, 'k')).toMatchObject({ kind: 'accepted' });
  expect(simulator.requests.at(-1)?.path).toBe('/v1/models');
  await checkKey({ ...question, path: COMPATIBLE.openrouter.keyCheck }, 'k');
  expect(simulator.requests.at(-1)?.path).toBe('/v1/key');
});
