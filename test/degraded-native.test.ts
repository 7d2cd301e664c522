import Anthropic from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { OpenAI } from 'openai';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { CALLERS_KEY, type Door, openGateway } from './harness.ts';

let claude: Simulator;
let openai: Simulator;
beforeAll(async () => {
  claude = await startSimulator({ name: 'claude' });
  openai = await startSimulator({ name: 'openai' });
});
afterEach(() => {
  claude.setFault(null);
  openai.setFault(null);
});
afterAll(() => Promise.all([claude.close(), openai.close()]));

const key = 'env:TARGET_KEY';

function open(ladder: readonly unknown[], route: object = {}): Promise<Door> {
  return openGateway({
    targets: {
      claude: { provider: 'anthropic', baseUrl: claude.url, key },
      openai: { provider: 'openai', baseUrl: openai.url, key },
    },
    routes: [{ models: ['*'], ladder, retry: { attempts: 1 }, ...route }],
  });
}

test.each([false, true])("a canned answer is what Anthropic's SDK reads (streamed: %s)", async (stream) => {
  const door = await open(['claude', { canned: { text: 'We are back soon.' } }]);
  claude.setFault('overloaded');
  const baseURL = door.baseURL.replace(/\/v1$/, '/anthropic');
  const sdk = new Anthropic({ baseURL, apiKey: CALLERS_KEY, maxRetries: 0, fetch: door.fetch });
  const request = {
    model: 'claude-opus-4-1',
    max_tokens: 100,
    messages: [{ role: 'user' as const, content: 'Hello' }],
  };
  const { record, value } = await door.watch(() =>
    stream ? sdk.messages.stream(request).finalMessage() : sdk.messages.create(request),
  );
  expect(value).toMatchObject({ content: [{ type: 'text', text: 'We are back soon.' }], stop_reason: 'end_turn' });
  expect(record.notes).toEqual(['degraded: canned; after=overloaded']);
  await door.close();
});

test.each([false, true])("a job's placeholder is what Anthropic's SDK reads (streamed: %s)", async (stream) => {
  const door = await open(['claude', { job: {} }]);
  claude.setFault('overloaded');
  const baseURL = door.baseURL.replace(/\/v1$/, '/anthropic');
  const sdk = new Anthropic({ baseURL, apiKey: CALLERS_KEY, maxRetries: 0, fetch: door.fetch });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  const request = { model: 'claude-opus-4-1', max_tokens: 100, messages };
  const { record, value } = await door.watch(() =>
    stream ? sdk.messages.stream(request).finalMessage() : sdk.messages.create(request),
  );
  expect(value).toMatchObject({ id: expect.stringMatching(/^job_/) as unknown, content: [], stop_reason: null });
  expect(record.notes).toEqual([expect.stringMatching(/^degraded: job; id=job_/)]);
  await door.close();
});

test.each([false, true])("a job's placeholder is what Google's SDK reads (streamed: %s)", async (stream) => {
  const door = await open(['openai', { job: {} }]);
  openai.setFault('overloaded');
  const baseUrl = door.baseURL.replace(/\/v1$/, '/gemini');
  const { models } = new GoogleGenAI({ apiKey: CALLERS_KEY, httpOptions: { baseUrl } });
  const request = { model: 'gpt-4o', contents: 'Hello' };
  const read = async (): Promise<readonly unknown[]> => {
    if (!stream) return [await models.generateContent(request)];
    const parts: unknown[] = [];
    for await (const part of await models.generateContentStream(request)) parts.push(part);
    return parts;
  };
  // Its SDK takes no fetch that could count.
  door.owe(1);
  const { record, value } = await door.watch(read);
  expect(value).toEqual([expect.objectContaining({ candidates: [] })]);
  expect(record.notes).toEqual([expect.stringMatching(/^degraded: job; id=job_/)]);
  await door.close();
});

test.each([
  ['which takes the text as its own', 'claude-opus-4-1'],
  ['which has to be told', 'claude-sonnet-5'],
])('a chat that breaks off at OpenAI is gone on with by Claude, %s', async (_, model) => {
  const door = await open(['openai', { target: 'claude', model }], { continue: true });
  const client = new OpenAI({ baseURL: door.baseURL, apiKey: CALLERS_KEY, maxRetries: 0, fetch: door.fetch });
  const read = async (): Promise<string> => {
    let text = '';
    const messages = [{ role: 'user' as const, content: 'Tell me of the tide in 80 words.' }];
    for await (const { choices } of await client.chat.completions.create({ model: 'gpt-4o', messages, stream: true })) {
      text += choices[0]?.delta.content ?? '';
    }
    return text;
  };
  const whole = await door.watch(read);
  openai.setFault('cut:30');
  const { value, record } = await door.watch(read);
  expect(value).toBe(whole.value);
  expect(record.attempts.map(({ target, reason }) => [target, reason])).toEqual([
    ['openai', 'first'],
    ['claude', 'continue'],
  ]);
  await door.close();
});

type Asked = Pick<Anthropic.MessageCreateParamsNonStreaming, 'messages' | 'tools'>;

const asking = (content: string): Anthropic.MessageParam[] => [{ role: 'user', content }];
const MESSAGES: readonly (readonly [string, Asked])[] = [
  ['a text', { messages: asking('What does kelp do?') }],
  [
    'a call of a tool',
    { messages: asking('Please use look'), tools: [{ name: 'look', input_schema: { type: 'object' } }] },
  ],
];

test.each(MESSAGES)(
  "an answer is kept on Anthropic's wire and given again, whole or streamed: %s",
  async (_, asked) => {
    const door = await open(['claude'], { cache: { ttl: '1h' } });
    const baseURL = door.baseURL.replace(/\/v1$/, '/anthropic');
    const sdk = new Anthropic({ baseURL, apiKey: CALLERS_KEY, maxRetries: 0, fetch: door.fetch });
    const request = { model: 'claude-opus-4-1', max_tokens: 4000, ...asked };
    const before = claude.stats.requests;
    const { content, stop_reason, usage } = await sdk.messages.create(request);
    const { data, response } = await sdk.messages.create(request).withResponse();
    expect(data).toMatchObject({ content, stop_reason });
    expect(response.headers.get('x-holdfast-cache')).toMatch(/^hit/);
    const streamed = await sdk.messages.stream(request).finalMessage();
    expect(streamed).toMatchObject({ content, stop_reason, usage });
    expect(claude.stats.requests).toBe(before + 1);
    await door.close();
  },
);

test("an answer is kept on Google's wire, and is there when nobody else is", async () => {
  const door = await open([
    'openai',
    { stale: { maxAge: '1h' } },
    { canned: { bodies: { generate: { candidates: [] } } } },
  ]);
  const baseUrl = door.baseURL.replace(/\/v1$/, '/gemini');
  const { models } = new GoogleGenAI({ apiKey: CALLERS_KEY, httpOptions: { baseUrl, fetch: door.fetch } });
  const request = { model: 'gpt-4o', contents: 'What does kelp do?' };
  const { text } = await models.generateContent(request);
  openai.setFault('overloaded');
  const { value, record } = await door.watch(() => models.generateContent(request));
  expect(value?.text).toBe(text);
  expect(record.notes).toEqual([expect.stringMatching(/^degraded: stale; age=0; after=overloaded$/)]);
  const { value: streamed } = await door.watch(async () => {
    let said = '';
    for await (const frame of await models.generateContentStream(request)) said += frame.text ?? '';
    return said;
  });
  expect(streamed).toBe(text);
  const other = await door.watch(() => models.generateContent({ ...request, contents: 'And what else?' }));
  expect(other.value?.candidates).toEqual([]);
  expect(other.record.notes).toEqual(['degraded: canned; after=overloaded']);
  await door.close();
});
