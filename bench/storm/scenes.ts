import { exponential, measured } from '../../src/simulator/virtual/pace.ts';
import { EASY, type ProviderSpec } from '../../src/simulator/virtual/provider.ts';
import type { Scene } from '../../src/simulator/virtual/world.ts';
import { readWeather, type Weather } from '../../src/simulator/weather.ts';

/** Calls a second that the model server can bear: ten workers at 100 ms each. */
export const CAPACITY = 100;

/** When the bad time begins, s: what came before shows how it is in calm. */
export const ONSET = 60;

/** A spell of a weather file. */
interface SpellWritten {
  readonly at: number;
  readonly for?: number;
  readonly capacity?: number;
  readonly latency?: number;
  readonly faults?: Readonly<Record<string, number>>;
}

function weather(...timeline: SpellWritten[]): Weather {
  return readWeather({ timeline });
}

/** Ten workers with exponential service of 100 ms before an endless queue; what was abandoned is worked on all the same. */
function server(id: string, sky: Weather | null): ProviderSpec {
  return { ...EASY, id, workers: 10, pace: exponential(100), weather: sky };
}

/** A provider with room for everyone that answers at the pace of measured models. */
function model(id: string, sky: Weather | null): ProviderSpec {
  return { ...EASY, id, pace: measured(), weather: sky };
}

const PLAIN = { deadlineMs: null, streamShare: 0, tokens: () => 1, binMs: 1000 } as const;

/** The server loses four fifths of its workers for a while. */
export function brownOut(load: number, seconds: number): Scene {
  const sky = weather({ at: ONSET, for: seconds, capacity: 0.2 });
  return { ...PLAIN, providers: [server('a', sky)], callsPerSecond: load * CAPACITY, forMs: 300_000 };
}

/** A minute in which every request is refused at once. */
export function fastOutage(): Scene {
  const sky = weather({ at: ONSET, for: 60, faults: { unavailable: 1 } });
  return { ...PLAIN, providers: [server('a', sky)], callsPerSecond: 70, forMs: 180_000 };
}

/** More calls than the server can bear, for as long as the scene lasts. */
export function overload(times: number): Scene {
  const providers = [server('a', null)];
  return { ...PLAIN, providers, callsPerSecond: times * CAPACITY, forMs: 70_000, deadlineMs: 1000 };
}

/** The first of two providers goes bad and stays so; the second is well. */
export function oneOfTwoBad(spell: Omit<SpellWritten, 'at'>, streamShare: number): Scene {
  const providers = [model('a', weather({ at: ONSET, ...spell })), model('b', null)];
  return { ...PLAIN, providers, callsPerSecond: 10, forMs: 120_000, streamShare, tokens: () => 100, binMs: 100 };
}

/** The first of two providers is gone for a while and then well again. */
export function oneOfTwoGone(seconds: number, callsPerSecond: number): Scene {
  const sky = weather({ at: ONSET, for: seconds, faults: { 'server-error': 1 } });
  const providers = [model('a', sky), model('b', null)];
  const forMs = (ONSET + seconds + 120) * 1000;
  return { ...PLAIN, providers, callsPerSecond, forMs, tokens: () => 100 };
}
