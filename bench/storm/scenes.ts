import { PHASES, weatherOver } from '../../src/cli/demo/sky.ts';
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

/** How long answers take: 100 ms each, or seconds, as measured of hosted models. */
export type Answers = 'short' | 'long';

/** The first of two providers goes bad and stays so; the second is well. */
export function oneOfTwoBad(spell: Omit<SpellWritten, 'at'>, streamShare: number, answers: Answers): Scene {
  const make = answers === 'short' ? server : model;
  const providers = [make('a', weather({ at: ONSET, ...spell })), make('b', null)];
  return { ...PLAIN, providers, callsPerSecond: 10, forMs: 120_000, streamShare, tokens: () => 100, binMs: 100 };
}

/** The first of two providers is gone for a while and then well again. */
export function oneOfTwoGone(seconds: number, callsPerSecond: number, answers: Answers): Scene {
  const sky = weather({ at: ONSET, for: seconds, faults: { 'server-error': 1 } });
  const make = answers === 'short' ? server : model;
  const forMs = (ONSET + seconds + 120) * 1000;
  const streamShare = answers === 'short' ? 0 : 0.5;
  return {
    ...PLAIN,
    providers: [make('a', sky), make('b', null)],
    callsPerSecond,
    forMs,
    streamShare,
    tokens: () => 100,
  };
}

/** A lone provider that fails a share of its calls, each by itself, from the onset on. */
export function someOfTheCalls(fault: string, share: number): Scene {
  const providers = [model('a', weather({ at: ONSET, faults: { [fault]: share } }))];
  return { ...PLAIN, providers, callsPerSecond: 70, forMs: 250_000, streamShare: 0.5, tokens: () => 100 };
}

/** Calls a second in the long weathers, and the hour at which they turn bad. */
const LONG_RATE = 2;
const HOUR = 3600;
export const BAD_HOURS: { readonly from: number; readonly to: number } = { from: HOUR, to: 5 * HOUR };

function longDay(faults: Readonly<Record<string, number>>, withFallback: boolean): Scene {
  const sky = weather({ at: BAD_HOURS.from, for: BAD_HOURS.to - BAD_HOURS.from, faults });
  const providers = [model('a', sky), ...(withFallback ? [model('b', null)] : [])];
  const forMs = 6 * HOUR * 1000;
  return { ...PLAIN, providers, callsPerSecond: LONG_RATE, forMs, streamShare: 0.5, tokens: () => 200, binMs: 60_000 };
}

/** The demo's weather, drawn out to two hours, and the part of it that is bad. */
const DEMO_MS = 2 * HOUR * 1000;
export const DEMO_BAD: { readonly from: number; readonly to: number } = {
  from: DEMO_MS / 1000 / PHASES.length,
  to: DEMO_MS / 1000,
};

/** Calm, a storm of 429s, a quarter errors, cut streams, gone: what `holdfast demo` shows. */
export function demoDay(withFallback: boolean): Scene {
  const providers = [model('a', weatherOver(DEMO_MS, 1)), ...(withFallback ? [model('b', null)] : [])];
  const facts = { callsPerSecond: LONG_RATE, forMs: DEMO_MS, streamShare: 0.7, tokens: () => 200, binMs: 60_000 };
  return { ...PLAIN, ...facts, providers };
}

/** As on 10 June 2025: a quarter of the calls fail, for hours. */
export function juneOf2025(withFallback: boolean): Scene {
  return longDay({ 'server-error': 0.25 }, withFallback);
}

/** As on 26 December 2024: everything of one provider is gone for four hours. */
export function decemberOf2024(withFallback: boolean): Scene {
  return longDay({ unavailable: 0.9, 'reset-before-headers': 0.1 }, withFallback);
}
