import { ApiError, GoogleGenAI } from '@google/genai';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { CallRecord } from '../../src/engine/record.ts';
import { type Fallback, holdfast, type Holdfast } from '../../src/inprocess/holdfast.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { ASKINGS } from './question.ts';

const MODEL = 'gemini-2.5-flash';
const ASK = 'Say: still here';

let google: Simulator;
let openai: Simulator;
beforeAll(async () => {
  [google, openai] = await Promise.all([startSimulator({ seed: 11 }), startSimulator({ seed: 11 })]);
});
beforeEach(() => {
  google.setFault(null);
  openai.setFault(null);
});
afterAll(() => Promise.all([google.close(), openai.close()]));

/** Google's own SDK through the line. */
function held(...fallbacks: Fallback[]): { ai: GoogleGenAI; line: Holdfast; records: CallRecord[] } {
  const records: CallRecord[] = [];
  const line = holdfast({ retry: { attempts: 1 }, fallbacks, onRecord: (record) => records.push(record) });
  const ai = new GoogleGenAI({ apiKey: 'AIza-own', httpOptions: { baseUrl: google.url, fetch: line.fetch } });
  return { ai, line, records };
}

const TO_OPENAI = (): Fallback => ({
  id: 'openai',
  provider: 'openai',
  baseUrl: `${openai.url}/v1`,
  apiKey: 'sk-1',
  model: 'gpt-4o',
});

async function ask(ai: GoogleGenAI, asking: (typeof ASKINGS)[number]): Promise<string> {
  if (asking === 'whole') return (await ai.models.generateContent({ model: MODEL, contents: ASK })).text ?? '';
  let text = '';
  for await (const frame of await ai.models.generateContentStream({ model: MODEL, contents: ASK }))
    text += frame.text ?? '';
  return text;
}

test.each(ASKINGS)("Google's SDK asks Google with its own key, %s", async (asking) => {
  const { ai, line, records } = held();
  expect(await ask(ai, asking)).toBe('still here');
  await expect.poll(() => records.length).toBe(1);
  expect(records[0]).toMatchObject({ operation: 'generate', model: MODEL, outcome: 'answered', door: 'in-process' });
  expect(google.requests.at(-1)?.headers['x-goog-api-key']).toBe('AIza-own');
  await line.close();
});

test.each(ASKINGS)('and falls back on OpenAI, %s', async (asking) => {
  google.setFault('overloaded');
  const { ai, line, records } = held(TO_OPENAI());
  expect(await ask(ai, asking)).toBe('still here');
  await expect.poll(() => records.length).toBe(1);
  expect(records[0]?.attempts.map(({ target }) => target)).toEqual(['primary', 'openai']);
  expect(JSON.stringify(openai.requests.at(-1)?.headers)).not.toContain('AIza-own');
  await line.close();
});

test('is told in its own class what fails', async () => {
  google.setFault('rate-limit-requests');
  const { ai, line } = held();
  await expect(ask(ai, 'whole')).rejects.toMatchObject({ name: 'ApiError', status: 429 });
  google.setFault('cut:1');
  await expect(ask(ai, 'streamed')).rejects.toBeInstanceOf(ApiError);
  await line.close();
});

test('what is no question goes as it would without us', async () => {
  const { ai, line, records } = held();
  expect((await ai.models.countTokens({ model: MODEL, contents: ASK })).totalTokens).toBeGreaterThan(0);
  expect(records).toEqual([]);
  await line.close();
});

test("OpenAI's SDK falls back on Gemini", async () => {
  openai.setFault('overloaded');
  const records: CallRecord[] = [];
  const fallback: Fallback = {
    id: 'gemini',
    provider: 'gemini',
    baseUrl: `${google.url}/v1beta`,
    apiKey: 'AIza-1',
    model: MODEL,
  };
  const line = holdfast({ retry: { attempts: 1 }, fallbacks: [fallback], onRecord: (record) => records.push(record) });
  const client = new OpenAI({ apiKey: 'sk-own', baseURL: `${openai.url}/v1`, fetch: line.fetch, maxRetries: 0 });
  const { choices } = await client.chat.completions.create({
    model: 'gpt-4o',
    messages: [{ role: 'user', content: ASK }],
  });
  expect(choices[0]?.message.content).toBe('still here');
  expect(google.requests.at(-1)?.headers['x-goog-api-key']).toBe('AIza-1');
  expect(records[0]).toMatchObject({ target: 'gemini', operation: 'chat' });
  await line.close();
});

test('a key in the address is written down nowhere', async () => {
  const { line, records } = held();
  const answer = await line.fetch(`${google.url}/v1beta/models/${MODEL}:generateContent?key=AIza-in-the-address`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ contents: [{ parts: [{ text: ASK }] }] }),
  });
  expect(answer.status).toBe(200);
  expect(google.requests.at(-1)).toMatchObject({ query: '', headers: { 'x-goog-api-key': 'AIza-in-the-address' } });
  expect(JSON.stringify(records)).not.toContain('AIza-in-the-address');
  await line.close();
});
