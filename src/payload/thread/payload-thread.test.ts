import { monitorEventLoopDelay } from 'node:perf_hooks';
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

// What made tokenizers stand still for twenty seconds. The bound of 50 ms is for this thread, which only hands it over.
describe('the event loop goes on', () => {
  test.each([
    ["200,000 × 'a'", 'a'.repeat(200_000)],
    ['200,000 spaces', ' '.repeat(200_000)],
    ['5 MB of base64', muchOf('base64', 5_000_000)],
    ['2 MB of Japanese', muchOf('japanese', 700_000)],
  ])('while %s are counted', async (_, text) => {
    const body = bytesOf({ model: 'gpt-4o', messages: [{ role: 'user', content: text }] });
    const delay = monitorEventLoopDelay({ resolution: 1 });
    delay.enable();
    const counted = await thread.count(body, null);
    delay.disable();
    expect(counted.tokens).toBeGreaterThan(1_000);
    expect(delay.max / 1e6).toBeLessThan(50);
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
