import Anthropic, { BadRequestError } from '@anthropic-ai/sdk';
import { ApiError, GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { openGateway } from '../harness.ts';
import { anthropicMessages } from './callers/anthropic.ts';
import { aiSdk } from './callers/ai-sdk.ts';
import { googleGenerate } from './callers/google.ts';
import { CASES } from './cases.ts';
import { KEY, type Place } from './question.ts';

const CLAUDE = 'claude-opus-4-1';
const GEMINI = 'gemini-3.1-pro-preview';

let simulator: Simulator;
let gateway: Awaited<ReturnType<typeof openGateway>>;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 11 });
  const target = { baseUrl: simulator.url, key: 'env:TARGET_KEY', breaker: { enabled: false } };
  gateway = await openGateway({
    targets: { claude: { ...target, provider: 'anthropic' }, google: { ...target, provider: 'gemini' } },
    routes: ['strict', 'repair', 'observe'].flatMap((validate) => [
      { models: [`claude-*@${validate}`], ladder: [{ target: 'claude', model: CLAUDE }], validate },
      { models: [`gemini-*@${validate}`], ladder: [{ target: 'google', model: GEMINI }], validate },
    ]),
  });
});
afterAll(async () => {
  await gateway.close();
  await simulator.close();
});

const originOf = (): string => gateway.baseURL.replace(/\/v1$/, '');
const claude = (): Anthropic =>
  new Anthropic({ apiKey: KEY, baseURL: `${originOf()}/anthropic`, maxRetries: 0, fetch: gateway.fetch });
const gemini = (): GoogleGenAI =>
  new GoogleGenAI({ apiKey: KEY, httpOptions: { baseUrl: `${originOf()}/gemini`, fetch: gateway.fetch } });
const sent = (): unknown => JSON.parse(simulator.requests.at(-1)?.body.toString('utf8') ?? 'null');

describe.each([
  [anthropicMessages, CLAUDE],
  [aiSdk('messages'), CLAUDE],
  [googleGenerate, GEMINI],
  [aiSdk('generate'), GEMINI],
])('what %o asks is well', (caller, model) => {
  const askable = CASES.filter(({ question }) => caller.lacks.every((lack) => !(lack in question)));

  test.each(askable.filter(({ long }) => !long))('$name', async ({ question }) => {
    let asked = '';
    const place: Place = {
      origin: originOf(),
      model: `${model}@strict`,
      fetch(input, init) {
        asked = typeof init?.body === 'string' ? init.body : '';
        return gateway.fetch(input, init);
      },
    };
    await caller.ask(question, 'whole', place);
    // Nothing of it was changed but the model's name.
    expect(sent()).toEqual({ ...(JSON.parse(asked) as object), ...('model' in JSON.parse(asked) ? { model } : {}) });
    await gateway.settled();
    expect(gateway.records.at(-1)?.notes).toEqual([]);
  });
});

describe("what Anthropic would refuse is refused here, in Anthropic's words", () => {
  // The SDK has forgotten the temperature, which older models take.
  const bad = (mode: string): Anthropic.MessageCreateParamsNonStreaming & { readonly temperature: number } => ({
    model: `${CLAUDE}@${mode}`,
    max_tokens: 100,
    temperature: 1.5,
    messages: [
      { role: 'user', content: 'Where?' },
      { role: 'assistant', content: [{ type: 'tool_use', id: 'toolu_1', name: 'look', input: {} }] },
      { role: 'user', content: 'Well?' },
    ],
  });

  test('in strict, all at once, and nothing is sent', async () => {
    const before = simulator.stats.requests;
    const { error, record } = await gateway.watch(() => claude().messages.create(bad('strict')));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({
      status: 400,
      type: 'invalid_request_error',
      message: expect.stringMatching(
        /\(1\) temperature: Input should be less than or equal to 1 \(2\) messages\.1: `tool_use` ids were found without/,
      ),
    });
    expect(record).toMatchObject({ outcome: 'failed', fault: { kind: 'invalid-request', param: 'temperature' } });
    expect(simulator.stats.requests).toBe(before);
  });

  test('in observe it is noted, and the provider says the same', async () => {
    const { error, record } = await gateway.watch(() => claude().messages.create(bad('observe')));
    expect(error).toBeInstanceOf(BadRequestError);
    expect(record.attempts).toHaveLength(1);
    expect(record.notes).toEqual(['noticed range: temperature', 'noticed tool-pairs: messages.1']);
  });

  test('in repair what is safe is put right', async () => {
    const { data, response } = await claude()
      .messages.create(
        {
          model: `${CLAUDE}@repair`,
          max_tokens: 1_000_000,
          messages: [{ role: 'user', content: 'Say: all is well' }],
        },
        // So many tokens the SDK would ask for in a stream alone.
        { timeout: 60_000 },
      )
      .withResponse();
    expect(data.content).toMatchObject([{ text: 'all is well' }]);
    expect(response.headers.get('x-holdfast-repaired')).toBe('output-cap');
    expect(sent()).toMatchObject({ max_tokens: 32_000 });
  });

  test('a body that is no JSON is told by its line and column', async () => {
    gateway.owe(1);
    const answer = await fetch(`${originOf()}/anthropic/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': KEY, 'content-type': 'application/json' },
      body: '{"model": "claude-opus-4-1",}',
    });
    expect(answer.status).toBe(400);
    expect(await answer.json()).toMatchObject({
      type: 'error',
      error: { type: 'invalid_request_error', message: expect.stringMatching(/line 1, column/) },
    });
  });
});

describe("what Google would refuse is refused here, in Google's words", () => {
  const contents = [
    { role: 'user', parts: [{ text: 'Where?' }] },
    { role: 'assistant', parts: [{ text: 'There.' }] },
    { role: 'user', parts: [{ text: 'Well?' }] },
  ];

  test('in strict, with the field that is to blame', async () => {
    const before = simulator.stats.requests;
    const { error, record } = await gateway.watch(() =>
      gemini().models.generateContent({ model: `${GEMINI}@strict`, contents }),
    );
    expect(error).toBeInstanceOf(ApiError);
    const { status, message } = error as ApiError;
    expect(status).toBe(400);
    expect(JSON.parse(message)).toMatchObject({
      error: {
        code: 400,
        status: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/^Please use a valid role: user, model\./),
        details: expect.arrayContaining([
          {
            '@type': 'type.googleapis.com/google.rpc.BadRequest',
            fieldViolations: [{ field: 'contents[1].role', description: 'Please use a valid role: user, model.' }],
          },
        ]),
      },
    });
    expect(record.fault).toMatchObject({ kind: 'invalid-request', param: 'contents[1].role' });
    expect(simulator.stats.requests).toBe(before);
  });

  test('in observe it is noted, and the provider says the same', async () => {
    const { error, record } = await gateway.watch(() =>
      gemini().models.generateContent({ model: `${GEMINI}@observe`, contents }),
    );
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).message).toContain('Please use a valid role: user, model.');
    expect(record.notes).toEqual(['noticed value: contents[1].role']);
  });
});
