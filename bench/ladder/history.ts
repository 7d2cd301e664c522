import type { Random } from '../../src/engine/clock.ts';
import { seededRandom } from '../../src/engine/random.ts';
import type { Weather } from '../../src/simulator/weather.ts';

/**
 * A provider's incidents: how long it is well between two of them, and how long each lasts, both drawn from log-normal
 * distributions by the mean and deviation of the logarithm. Fitted to the incidents of 18 months to January 2025 on the status
 * pages of two large APIs, as the FAILS project collected them (atlarge-research/FAILS; windows of up to a day, 133 and 129 of
 * them). None of its data is here.
 */
interface Fitted {
  readonly calmHours: { readonly mu: number; readonly sigma: number };
  readonly badMinutes: { readonly mu: number; readonly sigma: number };
}

/** Out for 2.3 % of the time, in windows of 79 minutes in the median. */
export const FIRST: Fitted = { calmHours: { mu: 4.15, sigma: 0.965 }, badMinutes: { mu: 4.3, sigma: 1.15 } };

/** Out for 2.4 %, in shorter windows that come in clusters. */
export const SECOND: Fitted = { calmHours: { mu: 3.75, sigma: 1.28 }, badMinutes: { mu: 4.23, sigma: 1.28 } };

/** Longer windows stand in such lists for incidents that nobody closed. */
const LONGEST_MINUTES = 1440;

/** What the calls of a window see. A status page says how bad, not which; the shares are an assumption. */
const SIGHTS: readonly (readonly [fault: string, share: number])[] = [
  ['unavailable', 0.3],
  ['server-error', 0.25],
  ['overloaded', 0.2],
  ['bad-gateway', 0.1],
  ['reset-before-headers', 0.1],
  ['hang', 0.05],
];

/** A stretch of time in which a provider answers nothing, ms. */
export interface Window {
  readonly from: number;
  readonly to: number;
  readonly fault: string;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Incidents over so long a time, never two of one provider at once. */
export function windowsOf({ calmHours, badMinutes }: Fitted, forMs: number, seed: number): Window[] {
  const random = seededRandom(seed);
  const windows: Window[] = [];
  // The history begins somewhere within a calm.
  let at = drawn(calmHours, random) * HOUR_MS * random();
  while (at < forMs) {
    const to = at + Math.min(LONGEST_MINUTES, drawn(badMinutes, random)) * MINUTE_MS;
    windows.push({ from: at, to: Math.min(to, forMs), fault: sight(random()) });
    at = to + drawn(calmHours, random) * HOUR_MS;
  }
  return windows;
}

function drawn({ mu, sigma }: { readonly mu: number; readonly sigma: number }, random: Random): number {
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.exp(mu + sigma * normal);
}

function sight(roll: number): string {
  let upTo = 0;
  for (const [fault, share] of SIGHTS) {
    upTo += share;
    if (roll < upTo) return fault;
  }
  return 'unavailable';
}

/** A window as the simulator knows it: every call fails. */
export function weatherOf(windows: readonly Window[], name: string): Weather {
  return {
    name,
    seed: 1,
    workers: null,
    queue: Number.POSITIVE_INFINITY,
    serviceMs: null,
    statusLagMs: 0,
    timeline: windows.map(({ from, to, fault }) => ({
      atMs: from,
      forMs: to - from,
      capacity: 1,
      latency: 1,
      faults: { [fault]: 1 },
    })),
  };
}

/** Tells whether a moment lies within a window; moments are asked for in order. */
export function within(windows: readonly Window[]): (at: number) => boolean {
  let next = 0;
  return (at) => {
    while (next < windows.length && (windows[next] as Window).to <= at) next += 1;
    const window = windows[next];
    return window !== undefined && at >= window.from;
  };
}
