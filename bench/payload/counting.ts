import { monitorEventLoopDelay } from 'node:perf_hooks';
import { computeChatCompletionTokenCount } from 'gpt-tokenizer/functionCalling';
import * as cl100k from 'gpt-tokenizer/encoding/cl100k_base';
import * as o200k from 'gpt-tokenizer/encoding/o200k_base';
import { PayloadThread } from '../../src/payload/thread/payload-thread.ts';
import { CORPUS, muchOf } from '../../src/payload/tokens/corpus.test-support.ts';
import { countPrompt } from '../../src/payload/tokens/count.ts';
import { type Figure, figure } from '../figures.ts';

const ordinary = { disallowedSpecial: new Set<string>() };

/** How far counts are from what the encoders of the library and the published formula make of the same, in per cent at most. */
export async function accuracyFigures(): Promise<Figure[]> {
  let text = 0;
  let tools = 0;
  for (const [model, library] of [
    ['gpt-4o', o200k],
    ['gpt-4', cl100k],
  ] as const) {
    const tokens = (written: string): number => library.encode(written, ordinary).length;
    for (const content of Object.values(CORPUS)) {
      const messages = [{ role: 'user' as const, content }];
      const plain = await countPrompt('chat', { model, messages });
      text = Math.max(text, error(plain.tokens, 3 + tokens('user') + tokens(content) + 3));
      const functions = FUNCTIONS.map((each) => ({ ...each, description: content.replaceAll('\n', ' ') }));
      const expected = computeChatCompletionTokenCount({ messages, functions }, tokens);
      const body = { model, messages, tools: functions.map((each) => ({ type: 'function', function: each })) };
      tools = Math.max(tools, error((await countPrompt('chat', body)).tokens, expected));
    }
  }
  return [
    figure('count.text_error_pct', text, '%', { atMost: 0 }, 3),
    figure('count.tools_error_pct', tools, '%', { atMost: 3 }, 3),
  ];
}

const FUNCTIONS = [
  {
    name: 'read_buoy',
    parameters: {
      type: 'object',
      properties: {
        buoy: { type: 'integer', description: 'Number of the buoy' },
        what: { type: 'array', items: { type: 'string', enum: ['wind', 'tide'] } },
        place: { type: 'object', properties: { lat: { type: 'number' }, lon: { type: 'number' } }, required: ['lat'] },
      },
      required: ['buoy'],
    },
  },
  { name: 'now', parameters: { type: 'object', properties: {} } },
] as never as { name: string; description: string }[];

function error(counted: number, expected: number): number {
  return (Math.abs(counted - expected) / expected) * 100;
}

/** Texts that tokenizers stand still over. */
const HOSTILE: readonly (readonly [id: string, text: () => string])[] = [
  ['letters200k', () => 'a'.repeat(200_000)],
  ['spaces200k', () => ' '.repeat(200_000)],
  ['base64_5m', () => muchOf('base64', 5_000_000)],
];

/** The longest that the event loop stands still while a hostile prompt is counted, in ms. */
export async function delayFigures(): Promise<Figure[]> {
  const thread = new PayloadThread();
  try {
    // The thread's own start is not what is measured, though it would not show either.
    await thread.count('warm', 'gpt-4o');
    const figures: Figure[] = [];
    for (const [id, text] of HOSTILE) {
      const body = Buffer.from(JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: text() }] }));
      const delay = monitorEventLoopDelay({ resolution: 1 });
      delay.enable();
      const { tokens } = await thread.count(body, null);
      delay.disable();
      if (tokens < 1_000) throw new Error(`${id} was not counted`);
      figures.push(figure(`count.delay_${id}_ms`, delay.max / 1e6, 'ms', { atMost: 50 }, 1));
    }
    return figures;
  } finally {
    await thread.close();
  }
}
