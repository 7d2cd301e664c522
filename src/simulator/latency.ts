import type { Random } from '../engine/clock.ts';
import { drawFromKnots, drawNormal } from './chance.ts';
import type { Knots } from './chance.ts';

/**
 * Time to the first token, ms. Fitted to the five healthy hosted 70B series of ray-project/llmperf-leaderboard
 * (Apache-2.0; 748 calls of 550 tokens in and 150 out, December 2023). Greatest distance of the distribution functions
 * 8 %; a lognormal (median 367, sigma 0.46) misses by 11 %.
 */
const FIRST_TOKEN_MS: Knots = [172, 182, 191, 230, 360, 551, 652, 699, 850, 958];

/** Time between two tokens, ms: the mean of a call. Same source; distance 7 %, lognormal 14 %. */
const PER_TOKEN_MS: Knots = [4.7, 5.1, 5.3, 13.2, 16.5, 25.5, 33, 35.3, 38.9, 112.3];

/** How far single gaps stray from their call's mean, as sigma of a lognormal: the source has means only, so a mild guess. */
const GAP_SIGMA = 0.3;

/** Fixed times, taken literally in ms, in place of drawn ones. */
export interface LatencyOverrides {
  readonly firstTokenMs?: number | undefined;
  readonly perTokenMs?: number | undefined;
}

export interface LatencyOptions extends LatencyOverrides {
  readonly random: Random;
  /** Factor on the drawn times: 0 is at once, 1 as measured. */
  readonly speed: number;
}

/** The pace of one answer. */
export interface Pace {
  readonly firstTokenMs: number;
  /** Gap before the next token, ms. */
  readonly gap: () => number;
  /** The gaps of so many tokens together, ms. */
  readonly gaps: (tokens: number) => number;
}

/** Draws the pace of answers. */
export class Latency {
  readonly #options: LatencyOptions;
  /** The weather's factor on every time; 1 in calm. */
  factor = 1;

  constructor(options: LatencyOptions) {
    this.#options = options;
  }

  draw(): Pace {
    const { random, speed, firstTokenMs, perTokenMs } = this.#options;
    const scale = speed * this.factor;
    const first =
      firstTokenMs === undefined
        ? scale === 0
          ? 0
          : drawFromKnots(FIRST_TOKEN_MS, random) * scale
        : firstTokenMs * this.factor;
    if (perTokenMs !== undefined) return steadyPace(first, perTokenMs * this.factor);
    if (scale === 0) return steadyPace(first, 0);
    const mean = drawFromKnots(PER_TOKEN_MS, random) * scale;
    const gap = () => mean * Math.exp(GAP_SIGMA * drawNormal(random) - (GAP_SIGMA * GAP_SIGMA) / 2);
    return { firstTokenMs: first, gap, gaps: (tokens) => mean * tokens };
  }
}

function steadyPace(firstTokenMs: number, gapMs: number): Pace {
  return { firstTokenMs, gap: () => gapMs, gaps: (tokens) => gapMs * tokens };
}
