import { afterAll, describe, expect, test } from 'vitest';
import { CORPUS, muchOf } from '../tokens/corpus.test-support.ts';
import { countPrompt, countText } from '../tokens/count.ts';
import { PayloadThread } from './payload-thread.ts';
import { UnreadablePrompt } from './unreadable-prompt.ts';

const thread = new PayloadThread();
afterAll(() => thread.close());

const bytesOf = (body: unknown): Buffer => Buffer.from(JSON.stringify(body));

test('counts what the thread it is asked from would count', async () => {
  const body = { model: 'gpt-4o', messages: Object.values(CORPUS).map((content) => ({ role: 'user', content })) };
  expect(await thread.count(bytesOf(body), null)).toEqual(await countPrompt('chat', body));
  expect(await thread.count(bytesOf(body), 'gpt-4')).toEqual(await countPrompt('chat', body, 'gpt-4'));
  expect(await thread.count('hello world', 'gpt-4o')).toMatchObject({ tokens: 2, exact: true });
});

test('several are asked at once, and each gets its own answer', async () => {
  const texts = Array.from({ length: 20 }, (_, count) => 'kelp '.repeat(count));
  const counts = await Promise.all(texts.map((text) => thread.count(text, 'gpt-4o')));
  const alone = await Promise.all(texts.map((text) => countText(text, 'gpt-4o')));
  expect(counts).toEqual(alone);
});

describe('what cannot be read is told', () => {
  test.each([
    ['no JSON', Buffer.from('{"messages":'), /not JSON/],
    ['no prompt', bytesOf({ file: 1 }), /no prompt/],
    ['no object', bytesOf([]), /no prompt/],
  ])('%s', async (_, body, words) => {
    const counted = thread.count(body, null);
    await expect(counted).rejects.toThrow(words);
    await expect(counted).rejects.toBeInstanceOf(UnreadablePrompt);
  });
});

// What made tokenizers stand still for twenty seconds. This thread only hands it over: all of its work taken together is below
// the bound of 50 ms, and so is any time that the event loop can stand still for it, however busy the machine.
describe('the event loop goes on', () => {
  test.each([
    ["200,000 × 'a'", 'a'.repeat(200_000)],
    ['200,000 spaces', ' '.repeat(200_000)],
    ['5 MB of base64', muchOf('base64', 5_000_000)],
    ['2 MB of Japanese', muchOf('japanese', 700_000)],
  ])('while %s are counted', async (_, text) => {
    const body = bytesOf({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
    const before = process.threadCpuUsage();
    const counted = await thread.count(body, null);
    const { user, system } = process.threadCpuUsage(before);
    expect(counted.tokens).toBeGreaterThan(1_000);
    expect((user + system) / 1_000).toBeLessThan(50);
  });
});

test('a thread that is gone is replaced', async () => {
  const other = new PayloadThread();
  const lost = other.count(muchOf('code', 3_000_000), 'gpt-4o');
  const closed = other.close();
  await expect(lost).rejects.toThrow(/closed/);
  await closed;
  expect(await other.count('hello world', 'gpt-4o')).toMatchObject({ tokens: 2 });
  await other.close();
});

describe('fitting', () => {
  const known = { window: 8_192, maxInput: null, maxOutput: 4_096, factor: 1, until: Infinity };
  const question = (body: unknown, more: object = {}): Parameters<PayloadThread['fit']>[0] => ({
    body: typeof body === 'string' ? Buffer.from(body) : bytesOf(body),
    operation: 'chat',
    model: 'gpt-4o',
    estimate: { ...known, window: 1_000 },
    rules: { ceiling: null, reserve: 200 },
    strategies: ['trim'],
    chunkTokens: 2_000,
    scope: '',
    ...more,
  });
  const talk = (turns: number): { role: string; content: string }[] => [
    { role: 'system', content: 'Be brief.' },
    ...Array.from({ length: turns }, (_, at) => ({
      role: at % 2 === 0 ? 'user' : 'assistant',
      content: `Message ${at} of many.`,
    })),
    { role: 'user', content: 'And now?' },
  ];

  test('what fits is only weighed', async () => {
    const body = { model: 'gpt-4o', max_completion_tokens: 100, messages: talk(4) };
    const { tokens } = await countPrompt('chat', body);
    expect(await thread.fit(question(body), null)).toEqual({
      kind: 'fits',
      tokens,
      room: 884,
      output: 100,
      uncounted: false,
    });
  });

  test('what does not comes back trimmed, and everything else in it as it was', async () => {
    const messages = JSON.stringify(talk(200));
    const body = `{"model":"gpt-4o","seed":9223372036854775807,"temperature":0.1,"messages":${messages},"n":1}`;
    const answer = await thread.fit(question(body), null);
    const sent = answer.kind === 'fitted' ? Buffer.from(answer.body).toString('utf8') : answer.kind;
    expect(sent).toMatch(/^\{"model":"gpt-4o","seed":9223372036854775807,"temperature":0\.1,"messages":\[/);
    const { tokens } = await countPrompt('chat', JSON.parse(sent) as Record<string, unknown>);
    expect(tokens).toBeLessThanOrEqual(784);
    expect(answer).toMatchObject({ kind: 'fitted', report: { how: 'trim', after: tokens } });
  });

  test('a Responses input keeps its instructions, and a text alone becomes a message', async () => {
    const body = {
      model: 'gpt-4o',
      instructions: 'Be brief.',
      input: `Sum this up: ${'kelp and rock. '.repeat(2_000)}`,
    };
    const answer = await thread.fit(question(body, { operation: 'responses' }), null);
    const sent =
      answer.kind === 'fitted'
        ? (JSON.parse(Buffer.from(answer.body).toString('utf8')) as Record<string, unknown>)
        : {};
    expect(sent).toMatchObject({
      instructions: 'Be brief.',
      input: [{ role: 'user', content: expect.stringMatching(/left out to fit/) }],
    });
    expect((await countPrompt('responses', sent)).tokens).toBeLessThanOrEqual(784);
  });

  test('summaries are asked for on this side', async () => {
    const read: string[] = [];
    const sumUp = (text: string): Promise<string> => {
      read.push(text);
      return Promise.resolve('Many messages.');
    };
    const answer = await thread.fit(question({ messages: talk(200) }, { strategies: ['summarise'] }), sumUp);
    expect(answer).toMatchObject({ kind: 'fitted', report: { how: 'summarise' } });
    expect(read[0]).toContain('User: Message 2 of many.\nAssistant: Message 3 of many.');
    const failing = (): Promise<string> => Promise.reject(new Error('no tokens left'));
    const other = question({ messages: talk(201) }, { strategies: ['summarise'], scope: 'other' });
    expect(await thread.fit(other, failing)).toMatchObject({ kind: 'refused', why: ['summarise: no tokens left'] });
    expect(await thread.fit(other, null)).toMatchObject({
      kind: 'refused',
      why: ['summarise: no summariser is configured'],
    });
  });

  test("another vendor's tokens, and a provider that counts more, leave less room", async () => {
    const body = { messages: talk(200) };
    const plain = await thread.fit(question(body), null);
    const dear = await thread.fit(
      question(body, { model: 'claude-opus-5', estimate: { ...known, window: 1_000, factor: 1.25 } }),
      null,
    );
    const sizes = [plain, dear].map((answer) => (answer.kind === 'fitted' ? answer.body.length : 0));
    expect(sizes[1]).toBeLessThan((sizes[0] ?? 0) * 0.65);
    expect(dear.kind === 'fitted' ? dear.report.after : 1_000).toBeLessThanOrEqual(784);
  });

  test('what goes on from what the provider keeps is told', async () => {
    const body = { input: 'and now?', previous_response_id: 'resp_1' };
    expect(await thread.fit(question(body, { operation: 'responses' }), null)).toMatchObject({
      kind: 'fits',
      uncounted: true,
    });
  });

  test('what is no request is told', async () => {
    await expect(thread.fit(question('nonsense'), null)).rejects.toBeInstanceOf(UnreadablePrompt);
  });
});
