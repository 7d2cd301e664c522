import Anthropic, { BadRequestError } from '@anthropic-ai/sdk';
import { ApiError, type Content, GoogleGenAI } from '@google/genai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { CallRecord } from '../../src/engine/record.ts';
import { holdfast, type Holdfast } from '../../src/inprocess/holdfast.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';

let simulator: Simulator;
beforeAll(async () => {
  simulator = await startSimulator({ seed: 11, answerTokens: 20 });
});
afterAll(() => simulator.close());

interface Held {
  readonly claude: Anthropic;
  readonly gemini: GoogleGenAI;
  readonly line: Holdfast;
  readonly records: readonly CallRecord[];
}

/** The makers' own SDKs through one line. */
function held(options: Parameters<typeof holdfast>[0]): Held {
  const records: CallRecord[] = [];
  const line = holdfast({ retry: { attempts: 1 }, onRecord: (record) => records.push(record), ...options });
  const { fetch } = line;
  return {
    claude: new Anthropic({ apiKey: 'sk-ant-1', baseURL: simulator.url, maxRetries: 0, fetch }),
    gemini: new GoogleGenAI({ apiKey: 'AIza-own', httpOptions: { baseUrl: simulator.url, fetch } }),
    line,
    records,
  };
}

const sent = (): { messages?: unknown[]; contents?: unknown[] } =>
  JSON.parse(simulator.requests.at(-1)?.body.toString('utf8') ?? '{}') as {
    messages?: unknown[];
    contents?: unknown[];
  };

describe('in process, too', () => {
  test('what would be refused is refused here', async () => {
    const { claude, gemini, line, records } = held({ validate: 'strict' });
    const before = simulator.stats.requests;
    const messages = [{ role: 'assistant' as const, content: 'Hm' }];
    const refused = claude.messages.create({ model: 'claude-opus-4-1', max_tokens: 100, messages });
    await expect(refused).rejects.toBeInstanceOf(BadRequestError);
    await expect(refused).rejects.toThrow(/messages: first message must use the/);
    const other = gemini.models.generateContent({ model: 'gemini-2.5-flash', contents: [{ role: 'user', parts: [] }] });
    await expect(other).rejects.toBeInstanceOf(ApiError);
    await expect(other).rejects.toThrow(/contents\.parts must not be empty/);
    expect(simulator.stats.requests).toBe(before);
    expect(records.map(({ fault }) => fault?.param)).toEqual(['messages.0.role', 'contents[0].parts']);
    await line.close();
  });

  test('what is too long is trimmed', async () => {
    const { claude, gemini, line, records } = held({ fit: { strategies: ['trim'], ceiling: 2_000 } });
    const turn = (at: number): string => `Entry ${at}: the wind is ${at % 30} knots and the tide is ${at % 400} cm.`;
    const messages = Array.from({ length: 401 }, (_, at): Anthropic.MessageParam => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: turn(at),
    }));
    const contents = messages.map(({ role }, at): Content => ({
      role: role === 'user' ? 'user' : 'model',
      parts: [{ text: turn(at) }],
    }));
    await claude.messages.create({ model: 'claude-opus-4-1', max_tokens: 100, messages });
    const kept = sent().messages ?? [];
    expect(kept.length).toBeLessThan(200);
    expect(JSON.stringify(kept[0])).toContain(turn(0));
    expect(kept.at(-1)).toEqual(messages.at(-1));
    await gemini.models.generateContent({ model: 'gemini-2.5-flash', contents });
    expect(sent().contents?.length).toBeLessThan(200);
    const fitted = expect.stringMatching(/^fit: trim \d+>\d+, \d+ dropped$/);
    expect(records.map(({ notes }) => notes)).toEqual([[fitted], [fitted]]);
    await line.close();
  });

  test("and may be summed up, with the caller's own key", async () => {
    const { claude, line, records } = held({
      fit: { strategies: ['summarise'], ceiling: 2_000, summariser: 'claude-3-5-haiku' },
    });
    const messages = Array.from({ length: 401 }, (_, at): Anthropic.MessageParam => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: `Entry ${at}: the wind is ${at % 30} knots.`,
    }));
    await claude.messages.create({ model: 'claude-opus-4-1', max_tokens: 100, messages });
    const summary = simulator.requests.at(-2);
    expect(summary?.headers.authorization).toBe('Bearer sk-ant-1');
    expect(summary?.body.toString('utf8')).toContain('claude-3-5-haiku');
    expect(records.at(-1)?.notes).toEqual([expect.stringMatching(/^fit: summarise /)]);
    expect(records.at(-2)?.notes).toEqual([expect.stringMatching(/^summary: for /)]);
    await line.close();
  });
});
