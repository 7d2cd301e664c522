import type { Random } from '../engine/clock.ts';
import { seededRandom } from '../engine/random.ts';
import { drawFromKnots, drawNormal } from './chance.ts';
import type { Knots } from './chance.ts';

/** One call of a made-up day, before it is made. */
export interface PlannedCall {
  /** Milliseconds after the start. */
  readonly atMs: number;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly stream: boolean;
}

export type Workload = 'conversation' | 'code' | 'long-context';

/** What traffic to make. */
export interface TrafficOptions {
  /** @default 1 */
  readonly seed?: number;
  /** Mean calls a second. */
  readonly callsPerSecond: number;
  /**
   * `steady` is a Poisson stream; `bursty` comes in swarms. @default 'steady'
   *
   * Of the measured workloads chat is steady (coefficient of variation of the gaps 1.1 in Azure's conversation trace, median
   * 1.2 over the clients of alibaba/ServeGen) and autocompletion is bursty (13 in Azure's code trace).
   */
  readonly arrivals?: 'steady' | 'bursty';
  /** Coefficient of variation of the gaps of bursty traffic. @default 4 */
  readonly burstiness?: number;
  /** Which trace the lengths are fitted to. @default 'conversation' */
  readonly workload?: Workload;
  /** Share of calls that stream. @default 0.7 */
  readonly streamShare?: number;
  /** Where to stop, ms. @default never: take as many as needed */
  readonly untilMs?: number;
}

/**
 * Quantiles of prompt and output lengths in tokens, with the greatest distance of the distribution functions.
 * Conversation and code: Azure/AzurePublicDataset 2023 (CC-BY-4.0, Splitwise, ISCA'24), 19,366 calls (11 % and 7 %) and 8,819
 * calls (3 % and 3 %). Long context: kvcache-ai/Mooncake's conversation trace (Apache-2.0), 12,031 calls (4 % and 5 %).
 * In all of them prompt and output are all but uncorrelated (below 0.09), and so they are here.
 */
const LENGTHS: Readonly<Record<Workload, { readonly prompt: Knots; readonly output: Knots }>> = {
  conversation: {
    prompt: [2, 181, 207, 396, 1020, 1189, 2735, 4083, 4142, 14_050],
    output: [7, 41, 54, 85, 129, 395, 424, 451, 601, 1000],
  },
  code: {
    prompt: [3, 75, 147, 578, 1469, 2745, 5194, 7315, 7436, 7437],
    output: [6, 6, 7, 9, 13, 24, 55, 90, 252, 1899],
  },
  'long-context': {
    prompt: [891, 901, 964, 2306, 6909, 15_368, 27_367, 39_552, 85_401, 126_195],
    output: [1, 10, 24, 156, 350, 472, 597, 698, 1120, 2000],
  },
};

/** Calls in the order of their arrival; the same options give the same calls. */
export function* traffic(options: TrafficOptions): Generator<PlannedCall, void, void> {
  const { seed = 1, callsPerSecond, arrivals = 'steady', burstiness = 4, workload = 'conversation' } = options;
  const { streamShare = 0.7, untilMs = Number.POSITIVE_INFINITY } = options;
  if (!(callsPerSecond > 0)) throw new Error(`callsPerSecond is ${callsPerSecond}; it has to be more than 0`);
  const random = seededRandom(seed);
  const meanGapMs = 1000 / callsPerSecond;
  const gap = arrivals === 'steady' ? () => -Math.log(1 - random()) : () => drawGammaGap(burstiness, random);
  const lengths = LENGTHS[workload];
  for (let atMs = gap() * meanGapMs; atMs < untilMs; atMs += gap() * meanGapMs) {
    yield {
      atMs,
      promptTokens: Math.max(1, Math.round(drawFromKnots(lengths.prompt, random))),
      outputTokens: Math.max(1, Math.round(drawFromKnots(lengths.output, random))),
      stream: random() < streamShare,
    };
  }
}

/** Words of prompts: four characters with their space, about a token each. */
const PROMPT_WORDS = ['tide', 'kelp', 'reef', 'wave', 'salt', 'rope', 'gull', 'sail', 'mist', 'moon'];

/** The body of a chat call with about the planned lengths; the simulator answers with as many tokens as it asks for. */
export function chatBody(call: PlannedCall, model: string): object {
  const instruction = `Write ${call.outputTokens} words about:`;
  const filling = Array.from(
    { length: Math.max(0, Math.round(((call.promptTokens - 12) * 4) / 5)) },
    (_, at) => PROMPT_WORDS[(at * 7 + Math.floor(call.atMs)) % PROMPT_WORDS.length],
  );
  const content = [instruction, ...filling].join(' ');
  return { model, stream: call.stream, messages: [{ role: 'user', content }] };
}

/** A gap with mean 1 and the given coefficient of variation, from a gamma distribution (Marsaglia and Tsang, 2000). */
function drawGammaGap(variation: number, random: Random): number {
  const shape = 1 / (variation * variation);
  // The method needs a shape of 1 or more; a power of a uniform number brings it down.
  const boosted = shape < 1 ? shape + 1 : shape;
  const d = boosted - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (;;) {
    const normal = drawNormal(random);
    const cube = (1 + c * normal) ** 3;
    if (cube <= 0) continue;
    if (Math.log(1 - random()) >= 0.5 * normal * normal + d - d * cube + d * Math.log(cube)) continue;
    const lowered = shape < 1 ? (1 - random()) ** (1 / shape) : 1;
    return (d * cube * lowered) / shape;
  }
}
