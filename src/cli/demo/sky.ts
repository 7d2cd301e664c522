import { readWeather } from '../../simulator/index.ts';
import type { Weather } from '../../simulator/index.ts';

/** A stretch of the demo under one kind of weather. */
export interface Phase {
  readonly name: string;
  /** What the first provider does in it, for people. */
  readonly meaning: string;
  /** The share of requests that each of the simulator's faults hits. */
  readonly faults: Readonly<Record<string, number>>;
}

/**
 * The weather over the first provider, one phase after another, all of the same length.
 *
 * Bad weather is bad for nearly everyone in it, as in the incidents that providers report: then a breaker has something
 * to notice. docs/demo.md tells what fewer cut streams do instead.
 */
export const PHASES: readonly Phase[] = [
  { name: 'calm', meaning: 'the first provider is well', faults: {} },
  {
    name: '429 storm',
    meaning: 'it turns 9 requests of 10 away: 429, try again in a second',
    faults: { 'rate-limit-requests:1': 0.9 },
  },
  {
    name: '25 % errors',
    meaning: '1 request of 4 fails with a 500, 502 or 503',
    faults: { 'server-error': 0.09, 'bad-gateway': 0.08, overloaded: 0.08 },
  },
  {
    name: 'cut streams',
    meaning: 'every stream breaks off: before the first word, in the middle, or by ending politely in the middle',
    faults: { 'cut:0': 0.2, 'cut:5': 0.4, 'end:8': 0.4 },
  },
  {
    name: 'total outage',
    meaning: 'it breaks every connection and refuses new ones, to the end',
    faults: { 'refuse:1000': 1 },
  },
];

/**
 * The phases as a timeline over so many milliseconds. The last has no end: calls that began in it are still being retried
 * when the demo's time is over.
 */
export function weatherOver(lengthMs: number, seed: number): Weather {
  const phaseMs = lengthMs / PHASES.length;
  return readWeather({
    name: 'demo',
    seed,
    timeline: PHASES.map(({ faults }, index) => ({
      at: `${index * phaseMs}ms`,
      ...(index < PHASES.length - 1 ? { for: `${phaseMs}ms` } : {}),
      faults,
    })),
  });
}

/** The phase, by its place in {@link PHASES}, that a moment of the demo belongs to. */
export function phaseAt(atMs: number, lengthMs: number): number {
  return Math.min(PHASES.length - 1, Math.floor((atMs / lengthMs) * PHASES.length));
}
