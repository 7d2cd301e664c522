import { ApiError, type Content, FunctionCallingConfigMode, GoogleGenAI, ThinkingLevel, Type } from '@google/genai';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/engine/record.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { openGateway } from '../harness.ts';

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
    targets: {
      google: { provider: 'gemini', baseUrl: simulator.url, key: 'env:TARGET_KEY', ...QUIET },
      openai: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY', ...QUIET },
      claude: { provider: 'anthropic', baseUrl: simulator.url, key: 'env:TARGET_KEY', ...QUIET },
    },
    routes: [
      { models: ['gpt-*'], ladder: ['openai'] },
      { models: ['claude-*'], ladder: ['claude'] },
      {
        models: ['fallen'],
        ladder: [
          { target: 'openai', model: 'gpt-4o@overloaded' },
          { target: 'google', model: MODEL },
        ],
      },
      { models: ['*'], ladder: ['google'] },
    ],
    defaults: { retry: { attempts: 1 } },
  });
});
afterAll(async () => {
  await gateway.close();
  await simulator.close();
});

const origin = (): string => gateway.baseURL.replace(/\/v1$/, '');

/** The record of the last call; a stream's comes behind the last of its bytes. */
async function lastRecord(): Promise<CallRecord | undefined> {
  await expect.poll(() => gateway.records.length).toBe(gateway.calls);
  return gateway.records.at(-1);
}

/** Google's own SDK at the gateway, which counts what it sends. */
function client(root = '/gemini', apiVersion?: string): GoogleGenAI {
  const fetch = (input: string | URL | Request, init?: RequestInit): Promise<Response> => {
    gateway.owe(1);
    return globalThis.fetch(input, init);
  };
  const version = apiVersion === undefined ? {} : { apiVersion };
  return new GoogleGenAI({ apiKey: 'caller', httpOptions: { baseUrl: `${origin()}${root}`, ...version, fetch } });
}

describe.each([
  ['/gemini', 'v1beta'],
  ['/gemini', undefined],
  ['', 'v1beta'],
  ['', undefined],
] as const)("Google's SDK at the gateway's %s, version %s", (root, version) => {
  test('asks and is answered', async () => {
    const answer = await client(root, version).models.generateContent({ model: MODEL, contents: 'Say: Grüße 🌊' });
    expect(answer.text).toBe('Grüße 🌊');
    expect(answer.usageMetadata?.candidatesTokenCount).toBe(2);
    const seen = simulator.requests.at(-1);
    expect(seen).toMatchObject({
      path: `/v1beta/models/${MODEL}:generateContent`,
      headers: { 'x-goog-api-key': 'sk-target-0123456789' },
    });
    expect(await lastRecord()).toMatchObject({
      operation: 'generate',
      path: `/models/${MODEL}:generateContent`,
      model: MODEL,
      target: 'google',
      usage: { outputTokens: 2 },
    });
  });

  test('streams', async () => {
    let text = '';
    for await (const frame of await client(root, version).models.generateContentStream({
      model: MODEL,
      contents: 'Write 30 words',
    })) {
      text += frame.text ?? '';
    }
    expect(text.split(' ')).toHaveLength(30);
    expect(await lastRecord()).toMatchObject({ stream: true, outcome: 'answered', usage: { outputTokens: 30 } });
  });

  test('counts tokens', async () => {
    const { totalTokens } = await client(root, version).models.countTokens({ model: MODEL, contents: 'How many?' });
    expect(totalTokens).toBeGreaterThan(0);
    expect(await lastRecord()).toMatchObject({ operation: 'passthrough', target: 'google' });
  });
});

test('models are listed on either wire, each in its own words', async () => {
  const names: (string | undefined)[] = [];
  for await (const { name } of await client('/gemini', 'v1beta').models.list()) names.push(name);
  expect(names).toContain('models/gemini-2.5-flash');
});

const look = {
  name: 'look',
  parameters: { type: Type.OBJECT, properties: { place: { type: Type.STRING, nullable: true } } },
};
const rest = { name: 'rest', parametersJsonSchema: { type: 'object', properties: {} } };

/** Models of other providers, asked in Google's words. */
describe.each(['gpt-4o', 'claude-opus-4-1'])('%s answers on the Gemini wire', (model) => {
  const said = async (asking: 'whole' | 'streamed', contents: string | Content[], config: object = {}) => {
    const { models } = client();
    if (asking === 'whole') {
      const { text, functionCalls, candidates, usageMetadata } = await models.generateContent({
        model,
        contents,
        config,
      });
      return {
        text: text ?? '',
        calls: functionCalls ?? [],
        end: candidates?.[0]?.finishReason,
        tokens: usageMetadata?.totalTokenCount,
        candidates,
      };
    }
    let text = '';
    let tokens: number | undefined;
    let end: string | undefined;
    const calls = [];
    for await (const frame of await models.generateContentStream({ model, contents, config })) {
      text += frame.text ?? '';
      calls.push(...(frame.functionCalls ?? []));
      end = frame.candidates?.[0]?.finishReason ?? end;
      tokens = frame.usageMetadata?.totalTokenCount ?? tokens;
    }
    return { text, calls, end, tokens, candidates: [] };
  };

  test.each<[what: string, contents: string | Content[], config: object, end: string]>([
    ['a text', 'Say: hello 海藻', {}, 'STOP'],
    ['instructions', 'Tell me', { systemInstruction: 'Be brief.' }, 'STOP'],
    ['a cap', 'Write 80 words', { maxOutputTokens: 12 }, 'MAX_TOKENS'],
    ['a stop', 'Say: one two three', { stopSequences: [' three'] }, 'STOP'],
    ['a schema', 'Where?', { responseMimeType: 'application/json', responseSchema: look.parameters }, 'STOP'],
    [
      'a picture',
      [{ role: 'user', parts: [{ text: 'See' }, { inlineData: { mimeType: 'image/png', data: 'AAAA' } }] }],
      {},
      'STOP',
    ],
    [
      'a call that has to be made',
      'Where?',
      {
        tools: [{ functionDeclarations: [look, rest] }],
        toolConfig: { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY, allowedFunctionNames: ['look'] } },
      },
      'STOP',
    ],
    [
      'several turns with a call',
      [
        { role: 'user', parts: [{ text: 'Look' }] },
        { role: 'model', parts: [{ functionCall: { name: 'look', args: { place: '海' } } }] },
        { role: 'user', parts: [{ functionResponse: { name: 'look', response: { output: 'calm' } } }] },
      ],
      { tools: [{ functionDeclarations: [look] }] },
      'STOP',
    ],
  ])('%s', async (_, contents, config, end) => {
    const whole = await said('whole', contents, config);
    expect(whole.end).toBe(end);
    expect(whole.text !== '' || whole.calls.length > 0).toBe(true);
    const streamed = await said('streamed', contents, config);
    const bare = ({ text, calls, end: at, tokens }: typeof whole) => ({
      text,
      at,
      tokens,
      calls: calls.map(({ name, args }) => ({ name, args })),
    });
    expect(bare(streamed)).toEqual(bare(whole));
    expect(await lastRecord()).toMatchObject({ operation: 'generate', model, outcome: 'answered', fault: null });
  });

  test('its calls can be gone on with by Gemini', async () => {
    const tools = [{ functionDeclarations: [look] }];
    const toolConfig = { functionCallingConfig: { mode: FunctionCallingConfigMode.ANY } };
    const { candidates } = await said('whole', 'Where?', { tools, toolConfig });
    const made = candidates?.[0]?.content as Content;
    const name = made.parts?.[0]?.functionCall?.name ?? '';
    const id = made.parts?.[0]?.functionCall?.id ?? '';
    const contents = [
      { role: 'user', parts: [{ text: 'Where?' }] },
      made,
      { role: 'user', parts: [{ functionResponse: { name, id, response: { output: 'here' } } }] },
    ];
    const answer = await client().models.generateContent({ model: MODEL, contents, config: { tools } });
    expect(answer.text).not.toBe('');
  });

  test('what is lost is told, what cannot be left out is refused', async () => {
    const asked = await fetch(`${origin()}/gemini/v1beta/models/${model}:generateContent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-goog-api-key': 'caller' },
      body: JSON.stringify({
        contents: [{ parts: [{ text: 'Say: yes' }] }],
        safetySettings: [],
        generation_config: { topK: 3 },
      }),
    });
    gateway.owe(1);
    expect(asked.headers.get('x-holdfast-lost')).toBe('generationConfig.topK; dropped, safetySettings; dropped');
    expect(await asked.json()).toMatchObject({ candidates: [{ content: { parts: [{ text: 'yes' }] } }] });
    const kept = client().models.generateContent({
      model,
      contents: 'Say: yes',
      config: { cachedContent: 'cachedContents/x' },
    });
    await expect(kept).rejects.toMatchObject({ name: 'ApiError', status: 400 });
  });
});

test('a rung on another wire is no obstacle', async () => {
  const answer = await client().models.generateContent({
    model: 'fallen',
    contents: 'Say: still here',
    config: { thinkingConfig: { thinkingLevel: ThinkingLevel.LOW } },
  });
  expect(answer.text).toBe('still here');
  expect((await lastRecord())?.attempts.map(({ target }) => target)).toEqual(['openai', 'google']);
});

describe('what fails is told in its own words', () => {
  test.each([
    ['invalid-api-key', 400, 'INVALID_ARGUMENT', 'authentication'],
    ['permission', 403, 'PERMISSION_DENIED', 'permission'],
    ['rate-limit-requests', 429, 'RESOURCE_EXHAUSTED', 'rate-limit-requests'],
    ['overloaded', 503, 'UNAVAILABLE', 'overloaded'],
    ['content-policy', 400, 'INVALID_ARGUMENT', 'content-policy'],
  ])('%s', async (fault, status, word, kind) => {
    const asked = client().models.generateContent({ model: `${MODEL}@${fault}`, contents: 'Hello' });
    const error = (await asked.catch((reason: unknown) => reason)) as ApiError;
    expect(error).toBeInstanceOf(ApiError);
    expect(error.status).toBe(status);
    expect(JSON.parse(error.message)).toMatchObject({
      error: { code: status, status: word, holdfast: { fault: kind } },
    });
  });

  test.each(['cut:5', 'error-event:5', 'end:5'])('in a stream: %s', async (fault) => {
    const heard = async (model: string) => {
      for await (const { text } of await client().models.generateContentStream({ model, contents: 'Write 30 words' })) {
        expect(text).not.toBe('');
      }
    };
    for (const model of [`${MODEL}@${fault}`, `gpt-4o@${fault}`]) {
      await expect(heard(model)).rejects.toBeInstanceOf(ApiError);
      expect(await lastRecord()).toMatchObject({ outcome: 'interrupted' });
    }
  });
});

test('a key in the address opens the door, and is kept nowhere', async () => {
  const key = 'AIzaSecret-0123456789-in-the-address';
  const asked = await fetch(`${origin()}/v1beta/models/${MODEL}:generateContent?key=${key}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ parts: [{ text: 'Say: yes' }] }] }),
  });
  gateway.owe(1);
  expect(asked.status).toBe(200);
  expect((await lastRecord())?.path).toBe(`/models/${MODEL}:generateContent`);
  expect(JSON.stringify(gateway.records)).not.toContain('AIzaSecret');
  expect(JSON.stringify(simulator.requests.at(-1))).not.toContain('AIzaSecret');
  const wal = await readFile(join(gateway.data, 'holdfast.db-wal')).catch(() => Buffer.alloc(0));
  expect(wal.includes('AIzaSecret')).toBe(false);
});

test.each(['/v1/models/x%3AgenerateContent', '/v1/models/x:GenerateContent', '/v1beta/models//x:generateContent'])(
  'a path in disguise is none: %s',
  async (path) => {
    const asked = await fetch(origin() + path, {
      method: 'POST',
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    expect(asked.status).toBe(404);
  },
);
