import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PromptOperation } from '../prompt/prompt-wire.ts';
import type { JsonObject } from '../tokens/json.ts';
import {
  broken,
  brokenNatively,
  chats,
  contents as turnsOfParts,
  inputs,
  messages as anthropics,
  scalesFor,
  tokenizer,
  weighed,
} from './conversations.test-support.ts';
import { Fitter, type FitOrder, type FitResult, type Shrinking } from './fitter.ts';
import { Summaries } from './summaries.ts';

const FRAME = 3;

function order(limit: number, strategies: readonly Shrinking[]): FitOrder {
  return { limit, strategies, chunkTokens: 2_000, scope: 'test' };
}

/** Sums up as a model would: in a few words, of which the last ones tell how much it was given. */
const sumUp = (text: string): Promise<string> =>
  Promise.resolve(`They spoke of many things, ${text.length} characters in all.`);

async function fit(
  messages: readonly JsonObject[],
  asked: FitOrder,
  operation: PromptOperation = 'chat',
): Promise<FitResult> {
  const scales = scalesFor(operation);
  const talk = { parts: weighed(scales, messages), frameTokens: FRAME };
  return new Fitter(scales, new Summaries()).fit(talk, asked, sumUp);
}

const total = (messages: readonly JsonObject[], operation: PromptOperation): number =>
  weighed(scalesFor(operation), messages).reduce((sum, { tokens }) => sum + tokens, FRAME);

const isGuide = ({ role }: JsonObject): boolean => role === 'system' || role === 'developer';

const says = ({ content, parts }: JsonObject): string =>
  Array.isArray(parts) ? String((parts[0] as JsonObject)['text']) : String(content);

describe.each([
  ['trim', 'chat', chats, broken],
  ['trim', 'responses', inputs, broken],
  ['trim', 'messages', anthropics, brokenNatively],
  ['trim', 'generate', turnsOfParts, brokenNatively],
  ['summarise', 'chat', chats, broken],
  ['summarise', 'responses', inputs, broken],
  ['summarise', 'messages', anthropics, brokenNatively],
  ['summarise', 'generate', turnsOfParts, brokenNatively],
] as const)('%s, %s: any conversation', (how, operation, conversations, wrong) => {
  test('fits or is refused, never orphans a result, and keeps every instruction, the first task and the last word', async () => {
    const seen = { fitted: 0, refused: 0, dropped: 0 };
    await fc.assert(
      fc.asyncProperty(conversations, fc.integer({ min: 300, max: 12_000 }), async (messages, limit) => {
        expect(wrong(messages)).toEqual([]);
        const before = total(messages, operation);
        const result = await fit(messages, order(limit, [how]), operation);
        expect(result.kind === 'fits').toBe(before <= limit);
        if (result.kind === 'refused') seen.refused += 1;
        if (result.kind !== 'fitted') return;
        seen.fitted += 1;
        seen.dropped += result.report.dropped + result.report.summarised;
        expect(wrong(result.messages)).toEqual([]);
        expect(result.report).toMatchObject({ how, before });
        expect(result.report.after).toBe(total(result.messages, operation));
        expect(result.report.after).toBeLessThanOrEqual(limit);
        expect(result.messages.filter(isGuide)).toEqual(messages.filter(isGuide));
        expect(result.messages.at(-1)).toEqual(messages.at(-1));
        const summaries = result.messages.filter((message) => says(message).startsWith('[Summary of'));
        expect(summaries).toHaveLength(result.report.summarised > 0 ? 1 : 0);
        expect(messages.length - result.messages.length).toBe(
          result.report.dropped + result.report.summarised - summaries.length,
        );
      }),
      { numRuns: 150 },
    );
    // The test would say nothing if all conversations were short, or none could be helped.
    expect(seen.fitted).toBeGreaterThan(20);
    expect(seen.dropped).toBeGreaterThan(20);
  }, 60_000);
});

const system = { role: 'system', content: 'You keep the harbour log.' };
const task = { role: 'user', content: 'Keep the log of today.' };
const turn = (number: number): JsonObject[] => [
  { role: 'user', content: `Entry ${number}: the wind is ${number} knots.` },
  { role: 'assistant', content: `Noted entry ${number}.` },
];
const log = (turns: number): JsonObject[] => [
  system,
  task,
  ...Array.from({ length: turns }, (_, number) => turn(number)).flat(),
];
const contents = (result: FitResult): string[] =>
  result.kind === 'fitted' ? result.messages.map(({ content }) => String(content)) : [result.kind];

describe('trimming', () => {
  test('old turns go, the newest stay in their order', async () => {
    const messages = log(100);
    const result = await fit(messages, order(600, ['trim']));
    const kept = contents(result);
    expect(kept.slice(0, 2)).toEqual([system.content, task.content]);
    expect(kept.slice(2)).toEqual(messages.slice(-(kept.length - 2)).map(({ content }) => content));
    expect(kept.length).toBeGreaterThan(30);
  });

  test('the beginning of the prompt stays the same for many turns', async () => {
    const beginnings = new Set<string>();
    for (let turns = 60; turns < 100; turns += 1)
      beginnings.add(contents(await fit(log(turns), order(600, ['trim'])))[2] ?? '');
    expect(beginnings.size).toBeLessThan(15);
  });

  test('a long result of a tool is shortened before any turn goes', async () => {
    const call = { id: 'c', type: 'function', function: { name: 'read', arguments: '{}' } };
    const long = Array.from({ length: 3_000 }, (_, line) => `line ${line} of the file`).join('\n');
    const messages = [
      ...log(5),
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: long },
      ...turn(6),
      { role: 'user', content: 'What did it say?' },
    ];
    const result = await fit(messages, order(4_000, ['trim']));
    expect(result).toMatchObject({ kind: 'fitted', report: { dropped: 0, shortened: 1 } });
    const shown = contents(result).find((text) => text.startsWith('line 0 of')) ?? '';
    expect(shown).toMatch(/^line 0 of the file\n[^]*\n\[… \d+ tokens left out to fit …\]\n[^]*line 2999 of the file$/);
  });

  test('a document in the last message is shortened only as far as it must be, and turns do not go for it', async () => {
    const messages = [...log(5), { role: 'user', content: `Sum this up: ${'The tide came in. '.repeat(3_000)}` }];
    const result = await fit(messages, order(4_000, ['trim']));
    expect(result).toMatchObject({ kind: 'fitted', report: { dropped: 0, shortened: 1 } });
    expect(contents(result).at(-1)).toMatch(/^Sum this up: The tide/);
    expect(tokenizer.count(contents(result).at(-1) ?? '').tokens).toBeGreaterThan(900);
  });

  test('several documents share what room there is', async () => {
    const document = (letter: string): JsonObject => ({
      type: 'text',
      text: `${letter} ${'kelp and rock '.repeat(2_000)}`,
    });
    const messages = [system, { role: 'user', content: [document('A'), { type: 'text', text: 'and' }, document('B')] }];
    const result = await fit(messages, order(2_000, ['trim']));
    expect(result).toMatchObject({ kind: 'fitted', report: { dropped: 0, shortened: 1 } });
    expect(result.kind === 'fitted' ? result.report.after : 0).toBeGreaterThan(1_500);
  });

  test('old pictures go before turns do', async () => {
    const picture = { type: 'image_url', image_url: { url: 'https://example.com/a.png' } };
    const look = (number: number): JsonObject[] => [
      { role: 'user', content: [{ type: 'text', text: `Look at ${number}` }, picture] },
      { role: 'assistant', content: 'I see.' },
    ];
    const messages = [...log(3), ...look(1), ...look(2), ...look(3), { role: 'user', content: [picture] }];
    const result = await fit(messages, order(3_500, ['trim']));
    expect(result).toMatchObject({ kind: 'fitted', report: { dropped: 0, shortened: 2 } });
    const shown = result.kind === 'fitted' ? JSON.stringify(result.messages) : '';
    expect(shown.match(/picture left out/g)).toHaveLength(2);
    expect(shown.match(/example\.com/g)).toHaveLength(2);
  });

  test('instructions that are too long by themselves are refused, with the reason', async () => {
    const messages = [{ role: 'system', content: 'Mind the rule. '.repeat(500) }, task];
    expect(await fit(messages, order(300, ['trim']))).toMatchObject({
      kind: 'refused',
      why: [expect.stringMatching(/^trim: the instructions/)],
    });
  });
});

describe('summing up', () => {
  test('old turns give way to a marked summary behind the first task', async () => {
    const result = await fit(log(100), order(600, ['summarise']));
    const kept = contents(result);
    expect(kept.slice(0, 2)).toEqual([system.content, task.content]);
    expect(kept[2]).toMatch(/^\[Summary of \d+ earlier messages, made by Holdfast.*\]\nThey spoke of many things/);
    expect(kept.at(-1)).toBe('Noted entry 99.');
  });

  test('each turn is read once by the summariser, and a summary serves for many turns', async () => {
    const scales = scalesFor('chat');
    const fitter = new Fitter(scales, new Summaries());
    const read: string[] = [];
    for (let turns = 1; turns <= 120; turns += 1) {
      const talk = { parts: weighed(scales, log(turns)), frameTokens: FRAME };
      const result = await fitter.fit(talk, order(600, ['summarise']), (text) => {
        read.push(text);
        return Promise.resolve(`Up to here: ${read.length}`);
      });
      expect(result.kind).not.toBe('refused');
    }
    for (let number = 0; number < 60; number += 1) {
      expect(
        read.filter((text) => text.includes(`Entry ${number}:`)),
        `entry ${number}`,
      ).toHaveLength(1);
    }
    expect(read.length).toBeLessThan(25);
    const openings = read.slice(1).map((text) => text.split('\n', 2).join(' '));
    expect(openings).toEqual(openings.map((_, at) => `Summary so far: Up to here: ${at + 1}`));
  });

  test('conversations that come twice at once ask for one summary', async () => {
    const scales = scalesFor('chat');
    const fitter = new Fitter(scales, new Summaries());
    const talk = { parts: weighed(scales, log(60)), frameTokens: FRAME };
    let asked = 0;
    const slow = async (): Promise<string> => {
      asked += 1;
      await new Promise((resolve) => setImmediate(resolve));
      return 'short';
    };
    const results = await Promise.all([1, 2, 3].map(() => fitter.fit(talk, order(600, ['summarise']), slow)));
    expect(asked).toBe(1);
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  });

  test('a summary that is too long is shortened', async () => {
    const scales = scalesFor('chat');
    const talk = { parts: weighed(scales, log(100)), frameTokens: FRAME };
    const result = await new Fitter(scales, new Summaries()).fit(talk, order(600, ['summarise']), () =>
      Promise.resolve('on and on '.repeat(2_000)),
    );
    expect(result.kind).toBe('fitted');
    expect(result.kind === 'fitted' ? result.report.after : 601).toBeLessThanOrEqual(600);
  });

  test('when the summariser fails, the next strategy is tried', async () => {
    const scales = scalesFor('chat');
    const talk = { parts: weighed(scales, log(100)), frameTokens: FRAME };
    const failing = (): Promise<string> => Promise.reject(new Error('overloaded'));
    const fitter = new Fitter(scales, new Summaries());
    expect(await fitter.fit(talk, order(600, ['summarise', 'trim']), failing)).toMatchObject({
      kind: 'fitted',
      report: { how: 'trim' },
    });
    expect(await fitter.fit(talk, order(600, ['summarise']), failing)).toMatchObject({
      kind: 'refused',
      why: ['summarise: overloaded'],
    });
    expect(await fitter.fit(talk, order(600, ['summarise']), () => Promise.resolve(' '))).toMatchObject({
      why: ['summarise: the summary came back empty'],
    });
  });

  test('nothing is shared between scopes', async () => {
    const scales = scalesFor('chat');
    const fitter = new Fitter(scales, new Summaries());
    const talk = { parts: weighed(scales, log(60)), frameTokens: FRAME };
    let asked = 0;
    const count = (): Promise<string> => Promise.resolve(`summary ${(asked += 1)}`);
    for (const scope of ['a', 'b', 'a']) await fitter.fit(talk, { ...order(600, ['summarise']), scope }, count);
    expect(asked).toBe(2);
  });
});
