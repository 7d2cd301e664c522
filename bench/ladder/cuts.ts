import { distance } from 'fastest-levenshtein';
import { OpenAI } from 'openai';
import { seededRandom } from '../../src/engine/random.ts';
import type { ContinuationStyle } from '../../src/engine/continuing/ports.ts';
import { holdfast } from '../../src/inprocess/holdfast.ts';
import { type Simulator, startSimulator } from '../../src/simulator/index.ts';
import { figure } from '../figures.ts';
import type { Extent, Line, Section } from '../limits/line.ts';
import { markdownTable } from '../table.ts';

/** Streams that are cut, and how many are read at once. */
const STREAMS = 2_000;
const AT_ONCE = 8;

/** Different questions, so that the answers differ in their words. */
const QUESTIONS = 40;
const TOKENS = 60;

/** How streams break: the connection closed, torn, ended as if all were well, or an error told. */
const WAYS = ['cut', 'reset', 'end', 'error-event'] as const;

/** How the fallback goes on: told to, or given the text as its own last message. */
const STYLES: readonly ContinuationStyle[] = ['instruction', 'prefill'];

/** What became of the streams. */
interface Told {
  readonly complete: number;
  readonly failed: number;
  /** Characters by which complete ones differ from the answer, all together. */
  readonly wrong: number;
}

/** Chats whose streams are cut anywhere over their length, with the official SDK before two simulated providers. */
export const cuts: Line = {
  title: 'Streams that break off',

  async measure({ quick }: Extent): Promise<Section> {
    const [one, two] = await Promise.all([startSimulator({ name: 'one' }), startSimulator({ name: 'two' })]);
    try {
      const streams = quick ? STREAMS / 10 : STREAMS;
      const answers = await right(two);
      const on: Told[] = [];
      for (const style of STYLES) on.push(await read(one, two, style, answers, streams / STYLES.length));
      const off = await read(one, two, null, answers, streams / 5);
      const sum = (of: (told: Told) => number): number => on.reduce((total, told) => total + of(told), 0);
      const row = (name: string, { complete, failed, wrong }: Told): string[] => [
        name,
        String(complete + failed),
        String(complete),
        String(failed),
        String(wrong),
      ];
      return {
        figures: [
          figure('cuts.complete', (sum(({ complete }) => complete) / streams) * 100, '%', { atLeast: 99.9 }, 2),
          figure(
            'cuts.wrong_characters',
            sum(({ wrong }) => wrong),
            '',
            { atMost: 0 },
            0,
          ),
          figure('cuts.errors_when_off', (off.failed / (off.failed + off.complete)) * 100, '%', { atLeast: 100 }, 2),
        ],
        page: markdownTable(
          ['gone on with', 'streams', 'complete', 'failed in the open', 'wrong characters'],
          [...STYLES.map((style, at) => row(`by ${style}`, on[at] as Told)), row('not at all', off)],
        ),
      };
    } finally {
      await Promise.all([one.close(), two.close()]);
    }
  },
};

const question = (at: number): string => `Story ${at} of the sea, in ${TOKENS} words.`;

/** Asks a well provider each question once. */
async function right(two: Simulator): Promise<string[]> {
  const client = new OpenAI({ apiKey: 'sk-bench', baseURL: `${two.url}/v1` });
  const asked = Array.from({ length: QUESTIONS }, async (_, at) => (await stream(client, 'gpt-4o', at)).text);
  return Promise.all(asked);
}

async function read(
  one: Simulator,
  two: Simulator,
  style: ContinuationStyle | null,
  answers: readonly string[],
  streams: number,
): Promise<Told> {
  const { fetch, close } = holdfast({
    fallbacks: [
      { id: 'two', baseUrl: `${two.url}/v1`, apiKey: 'sk-bench', model: 'gpt-4.1', continues: style ?? 'instruction' },
    ],
    continue: style !== null,
    breaker: { enabled: false },
    adaptive: { suspicion: false, throttle: false, concurrency: false, keys: false },
    retry: { attempts: 1 },
  });
  const client = new OpenAI({ fetch, apiKey: 'sk-bench', baseURL: `${one.url}/v1`, maxRetries: 0 });
  const random = seededRandom(7);
  const told = { complete: 0, failed: 0, wrong: 0 };
  let left = streams;
  const reader = async (): Promise<void> => {
    while (left > 0) {
      left -= 1;
      const at = left % QUESTIONS;
      // After the first piece and before the last: what breaks earlier is answered anew, and later is whole.
      const tokens = 1 + Math.floor(random() * (TOKENS - 1));
      const way = WAYS[Math.floor(random() * WAYS.length)] ?? 'cut';
      const { text, whole } = await stream(client, `gpt-4o@${way}:${tokens}`, at);
      if (whole) told.complete += 1;
      else told.failed += 1;
      if (whole) told.wrong += distance(text, answers[at] ?? '');
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, reader));
  await close();
  return told;
}

/** Reads one chat's stream as an application would. */
async function stream(client: OpenAI, model: string, at: number): Promise<{ text: string; whole: boolean }> {
  let text = '';
  let whole = false;
  try {
    const messages = [{ role: 'user' as const, content: question(at) }];
    for await (const { choices } of await client.chat.completions.create({ model, messages, stream: true })) {
      text += choices[0]?.delta.content ?? '';
      whole ||= choices[0]?.finish_reason === 'stop';
    }
    return { text, whole };
  } catch {
    return { text, whole: false };
  }
}
