import { OpenAI, RateLimitError } from 'openai';
import { expect, test } from 'vitest';
import type { Alarm, Clock } from '../src/engine/clock.ts';
import { seededRandom } from '../src/engine/random.ts';
import type { CallRecord } from '../src/engine/record.ts';
import { holdfast } from '../src/inprocess/holdfast.ts';
import { startSimulator } from '../src/simulator/index.ts';

/** Time as it is, only faster: what takes a minute is over in two seconds, over real connections. */
class HastyClock implements Clock {
  readonly #factor = 30;
  readonly #begun = performance.now();

  now(): number {
    return (performance.now() - this.#begun) * this.#factor;
  }

  wall(): number {
    return Date.UTC(2026, 4, 14, 12) + this.now();
  }

  after(ms: number, ring: () => void): Alarm {
    const alarm = setTimeout(ring, ms / this.#factor);
    return { cancel: () => clearTimeout(alarm) };
  }

  at(dueAt: number, ring: () => void): Alarm {
    return this.after(Math.max(0, dueAt - this.now()), ring);
  }
}

/** Tokens that were really used, at one moment. */
interface Use {
  readonly at: number;
  readonly tokens: number;
}

const PROMPT = 'Tell me a story of the sea, and do not stop early.';

type Way = 'whole' | 'stream' | 'stream-told' | 'left';
const WAYS: readonly Way[] = ['whole', 'stream', 'stream-told', 'left'];

/** The most tokens that fell into any sliding minute. */
function worstMinute(uses: readonly Use[]): number {
  const total = (end: number): number =>
    uses.reduce((sum, { at, tokens }) => (at > end - 60_000 && at <= end ? sum + tokens : sum), 0);
  return Math.max(...uses.map(({ at }) => total(at)));
}

test('five at once under 100 tokens a minute: no minute ever has more, however the use is dated', async () => {
  const clock = new HastyClock();
  const random = seededRandom(7);
  const simulator = await startSimulator({
    clock,
    latency: { firstTokenMs: 300, perTokenMs: 60 },
    answerTokens: 400,
    rememberedRequests: 10_000,
  });
  const records: CallRecord[] = [];
  const hold = holdfast({ clock, limits: { tokensPerMinute: 100 }, onRecord: (record) => records.push(record) });
  const client = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'sk-any', maxRetries: 0, fetch: hold.fetch });
  // What the provider itself takes this prompt for.
  const plain = new OpenAI({ baseURL: `${simulator.url}/v1`, apiKey: 'sk-any' });
  const messages = [{ role: 'user' as const, content: PROMPT }];
  const asked = await plain.chat.completions.create({ model: 'gpt-4o', messages, max_tokens: 1 });
  const promptTokens = asked.usage?.prompt_tokens ?? NaN;

  const spread: Use[] = [];
  const whole: { id: string; end: number; tokens: number }[] = [];
  const outcomes = { answered: 0, refused: 0, tooLarge: 0 };
  let made = 0;

  async function call(): Promise<void> {
    made += 1;
    const id = `n${made}`;
    const way = WAYS[made % WAYS.length] as Way;
    // 58 to 175 tokens in all; some requests leave open how much of it is the answer.
    const max_tokens = Math.floor(58 + random() * 118) - promptTokens - 4;
    const facts = { model: 'gpt-4o', messages, ...(random() < 0.7 ? { max_tokens } : {}) };
    const headers = { 'x-number': id, ...(random() < 0.5 ? { 'x-holdfast-wait': '40s' } : {}) };
    let tokens = promptTokens;
    const count = (more: number): void => {
      tokens += more;
      spread.push({ at: clock.wall(), tokens: more });
    };
    if (way === 'whole') {
      const { usage } = await client.chat.completions.create(facts, { headers });
      count(usage?.completion_tokens ?? NaN);
    } else {
      const told = way === 'stream-told' ? { stream_options: { include_usage: true } } : {};
      const stream = await client.chat.completions.create({ ...facts, ...told, stream: true }, { headers });
      const leaveAfter = way === 'left' ? 1 + Math.floor(random() * 20) : Number.POSITIVE_INFINITY;
      let pieces = 0;
      for await (const chunk of stream) {
        if (!chunk.choices[0]?.delta.content) continue;
        count(1);
        if ((pieces += 1) >= leaveAfter) break;
      }
    }
    whole.push({ id, end: clock.wall(), tokens });
  }

  async function caller(): Promise<void> {
    while (clock.now() < 6 * 60_000) {
      await call().then(
        () => (outcomes.answered += 1),
        (error: unknown) => {
          expect(error).toBeInstanceOf(RateLimitError);
          const never = (error as RateLimitError).message.includes('this call alone');
          outcomes[never ? 'tooLarge' : 'refused'] += 1;
        },
      );
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }

  await Promise.all(Array.from({ length: 5 }, caller));
  const arrivedAt = new Map(simulator.requests.map(({ headers, at }) => [String(headers['x-number']), at]));
  const offset = clock.wall() - clock.now();
  const starts = whole.map(({ id, tokens }) => ({ at: offset + (arrivedAt.get(id) ?? NaN), tokens }));
  const ends = whole.map(({ end, tokens }) => ({ at: end, tokens }));
  const prompts = whole.map(({ id }) => ({ at: offset + (arrivedAt.get(id) ?? NaN), tokens: promptTokens }));
  expect(worstMinute(starts)).toBeLessThanOrEqual(100);
  expect(worstMinute(ends)).toBeLessThanOrEqual(100);
  expect(worstMinute([...prompts, ...spread])).toBeLessThanOrEqual(100);
  // And it is no wonder of refusing everybody: six minutes see most of what they may have.
  const used = whole.reduce((sum, { tokens }) => sum + tokens, 0);
  expect(used).toBeGreaterThan(250);
  expect(outcomes.answered).toBeGreaterThanOrEqual(4);
  // Which of them are refused, and whether one is left in time, is up to the machine's pace; that some are refused is not.
  expect(outcomes.refused + outcomes.tooLarge).toBeGreaterThan(0);
  expect(records.length).toBeGreaterThan(0);
  await hold.close();
  await simulator.close();
}, 60_000);
