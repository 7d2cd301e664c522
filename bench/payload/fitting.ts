import { callAt } from '../../src/engine/scripted.test-support.ts';
import type { Candidate } from '../../src/engine/plan.ts';
import { VirtualClock } from '../../src/engine/virtual-clock.ts';
import { PromptFitting } from '../../src/payload/fit/prompt-fitting.ts';
import { WindowEstimates } from '../../src/payload/fit/window-estimates.ts';
import { type Figure, figure } from '../figures.ts';
import { lowerQuartile } from '../statistics.ts';

const SLICE_MS = 40;
const SLICES = { quick: 8, usual: 40 } as const;

/**
 * What fitting costs a prompt that fits, on a route with two models, in µs of CPU: after validation, which leaves the
 * request parsed; and where nobody has parsed it.
 */
export function fittingFigures({ quick }: { readonly quick: boolean }): Figure[] {
  const slices = quick ? SLICES.quick : SLICES.usual;
  return [
    figure('fit.chat2k_us', cost(conversation(2_048), true, slices), 'µs', { atMost: 1 }, 2),
    figure('fit.chat100k_us', cost(conversation(102_400), true, slices), 'µs', { atMost: 10 }, 2),
    figure('fit.unparsed100k_us', cost(conversation(102_400), false, slices), 'µs', { atMost: 90 }, 1),
  ];
}

function cost(body: Buffer, isParsed: boolean, slices: number): number {
  const fitting = new PromptFitting('route', POLICY, {
    windows: new WindowEstimates(
      () => ({ window: 128_000, maxInput: null, maxOutput: 16_384 }),
      () => 0,
    ),
    thread: { fit: () => Promise.reject(new Error('the benchmark asks for something that does not fit')) },
    summarise: null,
    chunkTokens: 0,
    now: () => 0,
  });
  const parsed = isParsed ? (JSON.parse(body.toString('utf8')) as Record<string, unknown>) : null;
  const call = callAt(new VirtualClock(), { body, parsed, model: 'gpt-4o' });
  const look = (rounds: number): number => {
    const before = process.cpuUsage();
    for (let round = 0; round < rounds; round += 1) {
      if (fitting.begin(call, LADDER) !== null) throw new Error('the benchmark asks for something that may not fit');
    }
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  let rounds = 64;
  for (let ms = look(rounds); ms < SLICE_MS; ms = look(rounds)) rounds *= 2;
  return lowerQuartile(Array.from({ length: slices }, () => (look(rounds) * 1000) / rounds));
}

const POLICY = {
  strategies: ['larger-window', 'trim'],
  ceilingTokens: null,
  reserveTokens: 4_096,
  summariser: null,
} as const;

const target = (id: string): Candidate['target'] => ({ id }) as Candidate['target'];
const LADDER: readonly (readonly Candidate[])[] = [
  [{ target: target('primary'), model: null, weight: 1 }],
  [{ target: target('second'), model: 'gpt-4.1', weight: 1 }],
];

/** A conversation of prose, code and tools, whose words with underscores are what has to be looked at. */
function conversation(bytes: number): Buffer {
  const messages: object[] = [{ role: 'system', content: 'You know the sea. Answer "briefly".' }];
  const body = (): string => JSON.stringify({ model: 'gpt-4o', messages, max_tokens: 500, stream: true });
  const passages = [
    'The tide comes in twice a day and twice a day it goes out again, and whoever lives by the shore learns to read it. ',
    'const tide_level = read_buoy(buoy_id, { wait_ms: 250 });\nif (tide_level > high_water_mark) warn_all_boats();\n',
    '{"buoy_id":7,"wind_knots":12,"tide_cm":311,"read_at":"2026-03-09T14:03:22Z"}',
  ];
  for (let left = bytes - body().length; left > 60; left = bytes - body().length) {
    const passage = passages[messages.length % passages.length] as string;
    messages.push({ role: 'user', content: passage.repeat(6).slice(0, Math.max(1, left - 60)) });
  }
  return Buffer.from(body());
}
