import type { Random } from '../../src/engine/clock.ts';
import { bursty, poisson } from './arrivals.ts';

/**
 * Clients as they are found before hosted models, fitted to the rates of the clients of one model in ServeGen's traces
 * (Alibaba, 48 hours): the first makes 17 % of the calls, the tenth 2 %, the thirtieth half a percent; half of them call in
 * bursts, some in violent ones; and each one's rate wanders by a factor of two or three from one window to the next.
 */
export interface ClientFit {
  /** Share of all calls. */
  readonly share: number;
  readonly gapMs: (random: Random, now: number) => number;
}

/** Fall of the shares with the rank: `exp(-2.8 · (rank^0.245 - 1))`. */
const FALL = 2.8;
const BEND = 0.245;

/** Variation of the gaps, by decile of clients. */
const VARIATIONS = [0.9, 0.95, 1, 1.05, 1.15, 1.3, 1.8, 2.2, 4, 9] as const;

/** A client's rate in one window is its own rate times `exp(WANDER · a normal number)`. */
const WANDER = 0.8;
const WINDOW_MS = 120_000;

/** @param random settles who is bursty and how the rates wander. */
export function clientsLike(count: number, callsPerSecond: number, forMs: number, random: Random): ClientFit[] {
  const falls = Array.from({ length: count }, (_, at) => Math.exp(-FALL * ((at + 1) ** BEND - 1)));
  const sum = falls.reduce((total, fall) => total + fall, 0);
  return falls.map((fall) => {
    const share = fall / sum;
    const variation = VARIATIONS[Math.floor(random() * VARIATIONS.length)] ?? 1;
    const windows = Array.from({ length: Math.ceil(forMs / WINDOW_MS) }, () => Math.exp(WANDER * normal(random)));
    const mean = windows.reduce((total, factor) => total + factor, 0) / windows.length;
    const gap = variation > 1 ? bursty(share * callsPerSecond, variation) : poisson(share * callsPerSecond);
    const gapMs = (dice: Random, now: number): number =>
      gap(dice) / ((windows[Math.floor(now / WINDOW_MS)] ?? mean) / mean);
    return { share, gapMs };
  });
}

function normal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
