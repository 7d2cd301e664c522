import Anthropic, { APIError } from '@anthropic-ai/sdk';
import { GoogleGenAI } from '@google/genai';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { CALLERS_KEY, type Door, openGateway } from '../harness.ts';

let one: Simulator;
let two: Simulator;
beforeAll(async () => {
  one = await startSimulator({ name: 'one' });
  two = await startSimulator({ name: 'two' });
});
afterEach(() => {
  one.setFault(null);
  two.setFault(null);
});
afterAll(() => Promise.all([one.close(), two.close()]));

const CLAUDE = 'claude-opus-4-1';
const GEMINI = 'gemini-2.5-flash';
const ASK = 'Tell me of the sea in 120 words.';
const key = 'env:TARGET_KEY';

/** Whoever is asked first breaks off; who goes on, and on which wire. */
const HEIRS = {
  claude: { target: { provider: 'anthropic' }, path: '', model: CLAUDE },
  'a newer Claude, which has to be told': { target: { provider: 'anthropic' }, path: '', model: 'claude-sonnet-5' },
  gemini: { target: { provider: 'gemini' }, path: '', model: GEMINI },
  openai: { target: { provider: 'openai' }, path: '/v1', model: 'gpt-4o' },
} as const;
type Heir = keyof typeof HEIRS;

function open(first: 'anthropic' | 'gemini', heir: Heir, route: object = { continue: true }): Promise<Door> {
  const { target, path, model } = HEIRS[heir];
  return openGateway({
    targets: {
      one: { provider: first, baseUrl: one.url, key },
      two: { ...target, baseUrl: two.url + path, key },
    },
    routes: [{ models: ['*'], ladder: ['one', { target: 'two', model }], retry: { attempts: 1 }, ...route }],
    defaults: { validate: 'off' },
  });
}

interface Told {
  readonly text: string;
  readonly tokens: number;
  readonly ending: unknown;
  readonly ids: number;
}

async function askClaude(door: Door): Promise<Told> {
  const baseURL = door.baseURL.replace(/\/v1$/, '/anthropic');
  const sdk = new Anthropic({ baseURL, apiKey: CALLERS_KEY, maxRetries: 0, fetch: door.fetch });
  const messages = [{ role: 'user' as const, content: ASK }];
  const message = await sdk.messages.stream({ model: CLAUDE, max_tokens: 2000, messages }).finalMessage();
  // One block, however many models wrote it.
  expect(message.content).toHaveLength(1);
  const [block] = message.content;
  return {
    text: block?.type === 'text' ? block.text : '',
    tokens: message.usage.output_tokens,
    ending: message.stop_reason,
    ids: 1,
  };
}

async function askGemini(door: Door): Promise<Told> {
  const baseUrl = door.baseURL.replace(/\/v1$/, '/gemini');
  const { models } = new GoogleGenAI({ apiKey: CALLERS_KEY, httpOptions: { baseUrl, fetch: door.fetch } });
  const ids = new Set<unknown>();
  let [text, tokens, ending]: [string, number, unknown] = ['', 0, null];
  for await (const frame of await models.generateContentStream({ model: GEMINI, contents: ASK })) {
    ids.add(frame.responseId);
    text += frame.text ?? '';
    tokens = frame.usageMetadata?.candidatesTokenCount ?? tokens;
    ending = frame.candidates?.[0]?.finishReason ?? ending;
  }
  return { text, tokens, ending, ids: ids.size };
}

describe.each([
  ['Anthropic', 'anthropic', askClaude, 'end_turn'],
  ['Google', 'gemini', askGemini, 'STOP'],
] as const)("a stream on %s's wire that breaks off", (_, provider, ask, ending) => {
  test.each(Object.keys(HEIRS) as Heir[])('is gone on with by %s, and reads as one answer', async (heir) => {
    const door = await open(provider, heir);
    const { value: whole } = await door.watch(() => ask(door));
    one.setFault('cut:40');
    const { value, record, error } = await door.watch(() => ask(door));
    expect(error).toBeNull();
    expect(value).toMatchObject({ text: whole?.text, ending, ids: 1 });
    // What no provider has told is estimated by its length.
    expect(value?.tokens).toBeGreaterThan((whole?.tokens ?? 0) * 0.7);
    expect(value?.tokens).toBeLessThan((whole?.tokens ?? 0) * 1.8);
    expect(record).toMatchObject({ outcome: 'answered', fault: null, target: 'two' });
    expect(record.attempts.map(({ target, reason }) => [target, reason])).toEqual([
      ['one', 'first'],
      ['two', 'continue'],
    ]);
    expect(record.notes).toEqual([expect.stringMatching(/^continued: at=\d+$/)]);
    expect(record.usage.outputTokens).toBe(value?.tokens);
    await door.close();
  });

  test('fails in the open when nobody can go on, or nobody may', async () => {
    for (const route of [{ continue: true }, {}]) {
      const door = await open(provider, 'openai', route);
      one.setFault('cut:40');
      two.setFault('server-error');
      const { error, record } = await door.watch(() => ask(door));
      expect(error).toBeInstanceOf(Error);
      expect(record).toMatchObject({ outcome: 'interrupted', fault: { kind: 'partial-response' } });
      await door.close();
    }
  });
});

test("the error at the end of a broken message is Anthropic's own", async () => {
  const door = await open('anthropic', 'openai', {});
  one.setFault('cut:10');
  const { error } = await door.watch(() => askClaude(door));
  expect(error).toBeInstanceOf(APIError);
  await door.close();
});
