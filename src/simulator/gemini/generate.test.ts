import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { classifyEvent, classifyResponse, findErrorInBody } from '../../engine/fault/index.ts';
import { FAULTS } from '../faults.ts';
import type { JsonObject } from '../json.ts';
import { startSimulator } from '../simulator.ts';
import type { Simulator, SimulatorOptions } from '../simulator.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 5 });
});
afterAll(() => simulator.close());

const MODEL = 'gemini-3.1-pro-preview';
const OLD = 'gemini-2.5-flash';
const HEADERS = { 'x-goog-api-key': 'AIza1', 'content-type': 'application/json' };
const user = (...parts: object[]) => ({ role: 'user', parts });
const ASK = { contents: [user({ text: 'Write 12 words about kelp' })] };
const SCHEMA = { type: 'OBJECT', properties: { at: { type: 'STRING' } } };
const TOOLS = [
  {
    functionDeclarations: [
      { name: 'look', parameters: SCHEMA },
      { name: 'rest', parametersJsonSchema: SCHEMA },
    ],
  },
];
const calling = (mode: string, ...allowedFunctionNames: string[]) => ({
  functionCallingConfig: { mode, ...(allowedFunctionNames.length > 0 ? { allowedFunctionNames } : {}) },
});

interface Asking {
  readonly at?: Simulator;
  readonly headers?: Record<string, string>;
  readonly model?: string;
  readonly method?: string;
}

function post(body: object, asking: Asking = {}): Promise<Response> {
  const { at = simulator, headers = HEADERS, model = MODEL, method = 'generateContent' } = asking;
  return fetch(`${at.url}/v1beta/models/${encodeURIComponent(model)}:${method}`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...ASK, ...body }),
  });
}

interface Candidate {
  readonly index: number;
  readonly content?: { readonly parts?: readonly JsonObject[] };
  readonly finishReason?: string;
}

interface Answer {
  readonly candidates: readonly Candidate[];
  readonly usageMetadata: Readonly<Record<string, number>>;
  readonly [member: string]: unknown;
}

async function whole(body: object, asking: Asking = {}): Promise<Answer> {
  const answer = await post(body, asking);
  expect(answer.status).toBe(200);
  return (await answer.json()) as Answer;
}

async function frames(body: object, model = MODEL): Promise<Answer[]> {
  const answer = await post(body, { model, method: 'streamGenerateContent?alt=sse' });
  const text = await answer.text();
  const events = text.split('\r\n\r\n');
  expect(events.pop()).toBe('');
  return events.map((event) => JSON.parse(event.slice('data: '.length)) as Answer);
}

/** The parts of a candidate, its texts joined as a client would join them. */
function heard(candidates: readonly Candidate[], index: number): unknown {
  const parts = candidates.filter((each) => each.index === index).flatMap(({ content }) => content?.parts ?? []);
  const said = (thought: boolean) =>
    parts
      .filter((part) => 'text' in part && (part['thought'] === true) === thought)
      .map(({ text }) => text)
      .join('');
  return { text: said(false), thoughts: said(true), calls: parts.filter((part) => 'functionCall' in part) };
}

describe('an answer', () => {
  test.each<[what: string, request: object]>([
    ['of text', {}],
    ['cut at the cap', { generationConfig: { maxOutputTokens: 5 } }],
    ['stopped by a text', { generationConfig: { stopSequences: ['absent', ' '] } }],
    ['that calls a tool', { tools: TOOLS, toolConfig: calling('ANY') }],
    ['that calls all of them', { tools: TOOLS, contents: [user({ text: 'Use all tools' })] }],
    ['with thoughts', { generationConfig: { thinkingConfig: { thinkingLevel: 'LOW', includeThoughts: true } } }],
    ['with candidates', { generationConfig: { candidateCount: 3 } }],
    ['in JSON', { generationConfig: { responseMimeType: 'application/json', responseSchema: SCHEMA } }],
  ])('%s is the same, streamed or not', async (_, request) => {
    const full = await whole(request);
    const streamed = await frames(request);
    const all = streamed.flatMap(({ candidates }) => candidates);
    const withoutIds = (value: unknown) => JSON.stringify(value).replaceAll(/"id":"call_\w+"/g, '');
    for (const { index, finishReason } of full.candidates) {
      expect(withoutIds(heard(all, index))).toBe(withoutIds(heard(full.candidates, index)));
      expect(all.findLast((each) => each.index === index)?.finishReason).toBe(finishReason);
    }
    expect(streamed.at(-1)?.usageMetadata).toEqual(full.usageMetadata);
  });

  test('has a text that chat has too, and calls that are meant', async () => {
    const chat = await fetch(`${simulator.url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'gpt-4o',
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: 'Write 12 words about kelp' },
        ],
      }),
    });
    const { choices } = (await chat.json()) as { choices: { message: { content: string } }[] };
    const { candidates } = await whole({ systemInstruction: { parts: [{ text: 'Be brief.' }] } });
    expect(heard(candidates, 0)).toMatchObject({ text: choices[0]?.message.content });
    const named = await whole({ tools: TOOLS, toolConfig: calling('ANY', 'rest') });
    expect(heard(named.candidates, 0)).toMatchObject({
      calls: [
        {
          functionCall: { name: 'rest', args: { at: expect.any(String) as string } },
          thoughtSignature: expect.any(String) as string,
        },
      ],
    });
    const all = await whole({ tools: TOOLS, contents: [user({ text: 'Use all tools' })] });
    expect(all.candidates[0]?.content?.parts?.map((part) => 'thoughtSignature' in part)).toEqual([true, false]);
  });

  test('counts thoughts apart, and is silent about them unless it is asked', async () => {
    const { candidates, usageMetadata } = await whole({
      generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } },
    });
    expect(heard(candidates, 0)).toMatchObject({ thoughts: '' });
    expect(usageMetadata['thoughtsTokenCount']).toBe(64);
    const { candidatesTokenCount: said = 0, promptTokenCount: prompt = 0, totalTokenCount } = usageMetadata;
    expect(totalTokenCount).toBe(prompt + said + 64);
  });
});

test('tokens are counted, and models listed', async () => {
  const counted = await post({}, { method: 'countTokens' });
  expect(await counted.json()).toEqual({ totalTokens: 14 });
  const listed = await fetch(`${simulator.url}/v1beta/models?key=k`);
  const { models } = (await listed.json()) as { models: JsonObject[] };
  expect(models.find(({ name }) => name === `models/${OLD}`)).toMatchObject({ inputTokenLimit: 1_048_576 });
  const one = await fetch(`${simulator.url}/v1beta/models/${OLD}`, { headers: HEADERS });
  expect(await one.json()).toMatchObject({ name: `models/${OLD}` });
});

const call = (more: object = { thoughtSignature: 's' }) => ({ functionCall: { name: 'look', args: {} }, ...more });
const model = (...parts: object[]) => ({ role: 'model', parts });
const answer = (name = 'look') => ({ functionResponse: { name, response: {} } });

test.each<[what: string, request: object, message: string, model?: string]>([
  ['an unknown field', { seed: 7 }, 'Invalid JSON payload received. Unknown name "seed": Cannot find field.'],
  [
    'an unknown setting',
    { generationConfig: { n: 7 } },
    'Invalid JSON payload received. Unknown name "n" at \'generation_config\'',
  ],
  ['no turns', { contents: [] }, '* GenerateContentRequest.contents: contents is not specified'],
  ['a third role', { contents: [{ role: 'assistant', parts: [{ text: 'a' }] }] }, 'Please use a valid role'],
  [
    'an empty turn',
    { contents: [user()] },
    '* GenerateContentRequest.contents[0].parts: contents.parts must not be empty.',
  ],
  ['a call out of turn', { contents: [model(call())] }, 'Please ensure that function call turn'],
  ['an answer to nothing', { contents: [user(answer())] }, 'Please ensure that function response turn'],
  [
    'a call without its answer',
    { contents: [user({ text: 'a' }), model(call(), call()), user(answer())] },
    'Please ensure that the number of function response parts',
  ],
  [
    'an answer without a name',
    { contents: [user({ text: 'a' }), model(call()), user(answer(''))] },
    '* GenerateContentRequest.contents[2].parts[0].function_response.name',
  ],
  [
    'a call without its seal',
    { contents: [user({ text: 'a' }), model(call({})), user(answer())] },
    'Function call is missing a thought_signature',
  ],
  ['a mode that there is not', { tools: TOOLS, toolConfig: calling('required') }, "Invalid value at 'tool_config"],
  ['a choice of nothing', { toolConfig: calling('ANY') }, 'Function calling mode is set to ANY'],
  [
    'names out of place',
    { tools: TOOLS, toolConfig: calling('AUTO', 'look') },
    'Function calling config is set without',
  ],
  [
    'a temperature out of range',
    { generationConfig: { temperature: 3 } },
    '* GenerateContentRequest.generation_config.temperature',
  ],
  ['too many stops', { generationConfig: { stopSequences: 'a b c d e f'.split(' ') } }, 'The number of stop sequences'],
  [
    'too much output',
    { generationConfig: { maxOutputTokens: 99_000 } },
    'Unable to submit request because it has a maxOutputTokens value of 99000',
  ],
  ['a schema without its type', { generationConfig: { responseJsonSchema: {} } }, 'response_json_schema requires'],
  [
    'a level where there is a budget',
    { generationConfig: { thinkingConfig: { thinkingLevel: 'LOW' } } },
    'Thinking level is not supported',
    OLD,
  ],
  ['a penalty where there is none', { generationConfig: { presencePenalty: 1 } }, 'Penalty is not enabled', OLD],
  [
    'JSON beside tools where it cannot be',
    { tools: TOOLS, generationConfig: { responseMimeType: 'application/json' } },
    'Function calling with a response mime type',
    OLD,
  ],
  [
    'too long a prompt',
    { contents: [user({ text: 'kelp '.repeat(900_000) })] },
    'The input token count (1125007) exceeds the maximum number of tokens allowed (1048576).',
  ],
])('%s is refused', async (_, request, message, asked = MODEL) => {
  const refused = await post(request, { model: asked });
  expect(refused.status).toBe(400);
  const { error } = (await refused.json()) as { error: { code: number; status: string; message: string } };
  expect(error).toMatchObject({ code: 400, status: 'INVALID_ARGUMENT' });
  expect(error.message.slice(0, message.length)).toBe(message);
});

test.each<[what: string, contents: object[], model: string]>([
  [
    'calls with their answers',
    [user({ text: 'a' }), model(call(), call({})), user(answer(), answer()), user({ text: 'b' })],
    MODEL,
  ],
  ['old calls without a seal', [user({ text: 'a' }), model(call({})), user(answer()), user({ text: 'b' })], MODEL],
  ['calls without a seal of a model without seals', [user({ text: 'a' }), model(call({})), user(answer())], OLD],
  ['a begun answer', [user({ text: 'a' }), model({ text: 'b' })], MODEL],
])('%s are taken', async (_, contents, asked) => {
  expect((await post({ contents }, { model: asked })).status).toBe(200);
});

describe('what is about the caller', () => {
  const refusing = async (options: SimulatorOptions, asking: Asking): Promise<Response> => {
    const at = await startSimulator(options);
    const refused = await post({}, { ...asking, at });
    await refused.clone().text();
    await at.close();
    return refused;
  };
  const { 'x-goog-api-key': _, ...keyless } = HEADERS;

  test.each<[what: string, options: SimulatorOptions, asking: Asking, status: number, word: string]>([
    ['no key', {}, { headers: keyless }, 403, 'PERMISSION_DENIED'],
    ['a wrong key', { keys: ['other'] }, {}, 400, 'INVALID_ARGUMENT'],
    ['an unknown model', { models: [OLD] }, {}, 404, 'NOT_FOUND'],
    ['too many tokens', { limits: { requestsPerMinute: 100, tokensPerMinute: 3 } }, {}, 429, 'RESOURCE_EXHAUSTED'],
  ])('%s', async (__, options, asking, status, word) => {
    const refused = await refusing(options, asking);
    expect(refused.status).toBe(status);
    expect(await refused.json()).toMatchObject({ error: { code: status, status: word } });
    expect([...refused.headers.keys()].filter((name) => /ratelimit|request-id|retry/.test(name))).toEqual([]);
  });

  test('a key may stand in the query, or behind Bearer', async () => {
    expect((await refusing({ keys: ['k'] }, { headers: keyless, method: 'generateContent?key=k' })).status).toBe(200);
    expect((await refusing({ keys: ['k'] }, { headers: { ...keyless, authorization: 'Bearer k' } })).status).toBe(200);
  });
});

/** Faults that Google has words of its own for: an answer in place of any. */
const ERRORS = [
  'invalid-api-key',
  'permission',
  'region',
  'model-not-found',
  'invalid-request',
  'unknown-parameter',
  'context-length',
  'output-cap',
  'content-policy',
  'payload-too-large',
  'conflict',
  'rate-limit-requests',
  'rate-limit-tokens',
  'insufficient-quota',
  'overloaded',
  'server-error',
];

test.each(ERRORS)('%s is told in words that are known for it', async (name) => {
  const refused = await post({}, { model: `${MODEL}@${name}` });
  const body = await refused.text();
  const headers = Object.fromEntries(refused.headers);
  const fault = classifyResponse({ status: refused.status, headers, body, wall: 0 });
  expect(findErrorInBody(JSON.parse(body))).toBe(true);
  expect(fault.kind).toBe(FAULTS.find((each) => each.name === name)?.kind);
});

test('a hint when to come back stands in the details', async () => {
  const refused = await post({}, { model: `${MODEL}@rate-limit-requests:7` });
  const fault = classifyResponse({ status: 429, headers: {}, body: await refused.text(), wall: 0 });
  expect(fault).toMatchObject({ kind: 'rate-limit-requests', retry: { here: true, afterMs: 7000 } });
});

describe('streams that fail', () => {
  test.each([
    ['error-event-first', 0, 'server-error'],
    ['overloaded-event', 0, 'overloaded'],
    ['error-event:4', 4, 'server-error'],
  ])('%s', async (fault, tokens, kind) => {
    const events = await frames({}, `${MODEL}@${fault}`);
    expect(events).toHaveLength(tokens + 1);
    expect(classifyEvent({ data: events.at(-1) }).kind).toBe(kind);
  });

  test('an error breaks off the stream as it would stand in a body', async () => {
    const answered = await post({}, { model: `${MODEL}@error-text-event:2`, method: 'streamGenerateContent?alt=sse' });
    const text = await answered.text();
    expect(text.split('\r\n\r\n')).toHaveLength(3);
    expect(JSON.parse(text.slice(text.lastIndexOf('\r\n\r\n')))).toMatchObject({ error: { code: 500 } });
  });

  test('cut after its tokens', async () => {
    await expect(frames({}, `${MODEL}@cut:3`)).rejects.toThrow('terminated');
  });

  test('ended after its tokens', async () => {
    const events = await frames({}, `${MODEL}@end:3`);
    expect(events.map(({ candidates }) => candidates[0]?.finishReason)).toEqual([undefined, undefined, undefined]);
  });

  test('withheld halfway, and whole; a blocked prompt', async () => {
    expect((await frames({}, `${MODEL}@content-filter:2`)).at(-1)).toMatchObject({
      candidates: [{ finishReason: 'SAFETY' }],
    });
    expect((await whole({}, { model: `${MODEL}@content-filter` })).candidates).toEqual([
      { finishReason: 'SAFETY', index: 0 },
    ]);
    expect(await frames({}, `${MODEL}@content-policy`)).toMatchObject([
      { promptFeedback: { blockReason: 'PROHIBITED_CONTENT' } },
    ]);
  });

  test('what only OpenAI has changes nothing', async () => {
    expect((await frames({}, `${MODEL}@response-failed`)).at(-1)).toMatchObject({
      candidates: [{ finishReason: 'STOP' }],
    });
    expect((await post({}, { model: `${MODEL}@slow-down` })).status).toBe(200);
  });
});
