import { createOpenAI } from '@ai-sdk/openai';
import { HumanMessage } from '@langchain/core/messages';
import { ChatOpenAI } from '@langchain/openai';
import { APICallError, generateText, streamText } from 'ai';
import { OpenAI } from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { SAYING } from './conversation.ts';
import { CALLERS_KEY, type Door, DOORS, openDoor } from './harness.ts';

const prompt = `Say: ${SAYING}`;

let one: Simulator;
let two: Simulator;
beforeAll(async () => {
  one = await startSimulator({ name: 'one' });
  two = await startSimulator({ name: 'two' });
});
afterEach(() => one.setFault(null));
afterAll(() => Promise.all([one.close(), two.close()]));

describe.each(DOORS)('%s', (name) => {
  let door: Door;
  beforeAll(async () => {
    door = await openDoor(name, {
      ladder: [{ at: one }, { at: two }],
      retry: { attempts: 1 },
      breaker: { enabled: false },
    });
  });
  afterAll(() => door.close());

  describe('the official SDK', () => {
    test('helpers for streams', async () => {
      const stream = door.client.chat.completions.stream({
        model: 'gpt-4o',
        messages: [{ role: 'user', content: prompt }],
      });
      expect(await stream.finalContent()).toBe(SAYING);
      const response = await door.client.responses.stream({ model: 'gpt-4o', input: prompt }).finalResponse();
      expect(response.output_text).toBe(SAYING);
    });

    test('tools, several choices, usage', async () => {
      const completion = await door.client.chat.completions.create({
        model: 'gpt-4o',
        messages: [{ role: 'user', content: 'use the tool' }],
        tools: [{ type: 'function', function: { name: 'tide', parameters: { type: 'object', properties: {} } } }],
      });
      expect(completion.choices[0]?.message.tool_calls?.[0]).toMatchObject({ function: { name: 'tide' } });
      const finished: number[] = [];
      const stream = await door.client.chat.completions.create({
        model: 'gpt-4o',
        n: 3,
        stream: true,
        stream_options: { include_usage: true },
        messages: [{ role: 'user', content: 'hi' }],
      });
      let tokens = 0;
      for await (const { choices, usage } of stream) {
        for (const choice of choices) if (choice.finish_reason !== null) finished.push(choice.index);
        tokens = usage?.completion_tokens ?? tokens;
      }
      expect(finished).toHaveLength(3);
      expect(new Set(finished)).toEqual(new Set([0, 1, 2]));
      expect(tokens).toBeGreaterThan(0);
    });

    test('embeddings and models', async () => {
      const { data, usage } = await door.client.embeddings.create({
        model: 'text-embedding-3-small',
        input: ['a', 'b'],
      });
      expect(data.map(({ embedding }) => embedding.length)).toEqual([1536, 1536]);
      expect(usage.prompt_tokens).toBeGreaterThan(0);
      expect((await door.client.models.list()).data.map(({ id }) => id)).toContain('gpt-4o');
    });

    test('raw responses carry what Holdfast adds', async () => {
      const { response, request_id: id } = await door.client.chat.completions
        .create({ model: 'gpt-4o', messages: [{ role: 'user', content: prompt }] })
        .withResponse();
      expect(id).toMatch(/^hf-/);
      expect(response.headers.get('x-holdfast-attempts')).toBe('1');
      expect(response.headers.get('x-holdfast-target')).toBe('primary');
      expect(response.headers.get('x-upstream-request-id')).toMatch(/^req_/);
      expect(Number(response.headers.get('x-holdfast-overhead-ms'))).toBeGreaterThanOrEqual(0);
    });
  });

  describe('the Vercel AI SDK', () => {
    const provider = (): ReturnType<typeof createOpenAI> =>
      createOpenAI({ baseURL: door.baseURL, apiKey: CALLERS_KEY, fetch: door.fetch });

    test.each(['chat', 'responses'] as const)('%s', async (wire) => {
      const model = provider()[wire]('gpt-4o');
      const whole = await generateText({ model, prompt });
      expect(whole).toMatchObject({ text: SAYING, finishReason: 'stop' });
      const { textStream, finishReason } = streamText({ model, prompt });
      let text = '';
      for await (const piece of textStream) text += piece;
      expect(text).toBe(SAYING);
      expect(await finishReason).toBe('stop');
    });

    test.each(['chat', 'responses'] as const)('%s while the first provider is down', async (wire) => {
      one.setFault('unavailable');
      const model = provider()[wire]('gpt-4o');
      expect((await generateText({ model, prompt })).text).toBe(SAYING);
      expect(await streamText({ model, prompt }).text).toBe(SAYING);
      await door.settled();
      expect(door.records.slice(-2).map(({ target }) => target)).toEqual(['second', 'second']);
    });

    test.each(['chat', 'responses'] as const)('%s that fails is told', async (wire) => {
      const before = door.calls;
      const failing = generateText({ model: provider()[wire]('gpt-4o@insufficient-quota'), prompt, maxRetries: 0 });
      const error: unknown = await failing.catch((raised: unknown) => raised);
      expect(APICallError.isInstance(error)).toBe(true);
      expect(error).toMatchObject({ statusCode: 429, message: expect.stringContaining('Remedy: Add credit') });
      expect(door.calls - before).toBe(1);
    });
  });

  describe('LangChain', () => {
    function model(wanted: string, useResponsesApi: boolean): ChatOpenAI {
      return new ChatOpenAI({
        model: wanted,
        apiKey: CALLERS_KEY,
        maxRetries: 0,
        useResponsesApi,
        configuration: { baseURL: door.baseURL, fetch: door.fetch },
      });
    }

    test.each([
      ['chat', false],
      ['responses', true],
    ])('%s', async (_, useResponsesApi) => {
      const chat = model('gpt-4o', useResponsesApi);
      expect((await chat.invoke([new HumanMessage(prompt)])).text).toBe(SAYING);
      let text = '';
      for await (const chunk of await chat.stream([new HumanMessage(prompt)])) text += chunk.text;
      expect(text).toBe(SAYING);
    });

    test.each([
      ['chat', false],
      ['responses', true],
    ])('%s while the first provider is down', async (_, useResponsesApi) => {
      one.setFault('server-error');
      const answer = await model('gpt-4o', useResponsesApi).invoke([new HumanMessage(prompt)]);
      expect(answer.text).toBe(SAYING);
      await door.settled();
      expect(door.records.at(-1)).toMatchObject({ target: 'second', outcome: 'answered' });
    });

    test('a failure is told', async () => {
      const failing = model('gpt-4o@insufficient-quota', false).invoke([new HumanMessage(prompt)]);
      await expect(failing).rejects.toThrow('Remedy: Add credit');
    });
  });
});

test('what the in-process door is not meant for goes past it, unchanged', async () => {
  const door = await openDoor('in process', { ladder: [{ at: one }] });
  const seen = one.stats.requests;
  expect(await (await door.fetch('data:,hold%20fast')).text()).toBe('hold fast');
  const client = new OpenAI({ baseURL: door.baseURL, apiKey: CALLERS_KEY, fetch: door.fetch });
  expect((await client.moderations.create({ input: 'hi' })).results).toHaveLength(1);
  const file = await client.files.create({ file: new File(['kelp'], 'kelp.txt'), purpose: 'batch' });
  expect(file.filename).toBe('kelp.txt');
  const echo = await door.fetch(
    new Request(`${one.url}/v1/echo?x=1`, { method: 'PUT', headers: { authorization: 'Bearer x' }, body: 'b' }),
  );
  expect(await echo.json()).toMatchObject({ method: 'PUT', query: 'x=1', body: { bytes: 1 } });
  expect(echo.headers.get('x-holdfast-attempts')).toBeNull();
  expect(one.stats.requests - seen).toBe(3);
  expect(door.records).toHaveLength(0);
  await door.close();
});
