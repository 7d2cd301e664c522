import { steady } from '../../../src/simulator/virtual/pace.ts';
import { EASY, type ProviderSpec } from '../../../src/simulator/virtual/provider.ts';
import type { Scene } from '../../../src/simulator/virtual/world.ts';
import { readWeather, type Weather } from '../../../src/simulator/weather.ts';

/** Small enough that all clients can be watched at once on two cores: five workers at 200 ms are 25 calls a second. */
const WORKERS = 5;
export const ANSWER_MS = 200;
export const CAPACITY: number = (WORKERS * 1000) / ANSWER_MS;

/** Every attempt has a second, as in the experiments on the virtual clock. */
export const ATTEMPT_MS = 1000;

/** When the bad time begins, s. */
export const ONSET = 10;

/** A scene that is played twice: on the virtual clock, and over HTTP. */
export interface HttpScene {
  readonly id: string;
  readonly title: string;
  readonly scene: Scene;
  /** When the bad time ends, s. */
  readonly badUntil: number;
}

const PLAIN = { deadlineMs: null, streamShare: 0, tokens: () => 1, binMs: 1000 } as const;

/** For the weather's own crew, where it takes workers away: as large as the provider's, before a line without end. */
function weather(spell: object): Weather {
  return readWeather({ workers: WORKERS, queue: 1_000_000, timeline: [{ at: ONSET, ...spell }] });
}

/** What fails here fails at once, without a worker. */
function roomy(id: string, spell: object | null): ProviderSpec {
  const sky = spell === null ? null : readWeather({ timeline: [{ at: ONSET, ...spell }] });
  return { ...EASY, id, pace: steady(ANSWER_MS, 0), weather: sky };
}

function server(spell: object | null): ProviderSpec {
  const sky = spell === null ? null : weather(spell);
  return { ...EASY, id: 'a', workers: WORKERS, pace: steady(ANSWER_MS, 0), weather: sky };
}

const LOAD = 0.7;

export const OUTAGE: HttpScene = {
  id: 'outage',
  title: '20 s of fast 503',
  badUntil: ONSET + 20,
  scene: {
    ...PLAIN,
    providers: [roomy('a', { for: 20, faults: { unavailable: 1 } })],
    callsPerSecond: LOAD * CAPACITY,
    forMs: 70_000,
  },
};

export const BROWN_OUT: HttpScene = {
  id: 'brown-out',
  title: 'a fifth of the capacity for 8 s, 70 % load',
  badUntil: ONSET + 8,
  scene: {
    ...PLAIN,
    providers: [server({ for: 8, capacity: 0.2 })],
    callsPerSecond: LOAD * CAPACITY,
    forMs: 70_000,
  },
};

export const OVERLOAD: HttpScene = {
  id: 'overload',
  title: 'twice the capacity, deadline 1 s',
  badUntil: 30,
  scene: { ...PLAIN, providers: [server(null)], callsPerSecond: 2 * CAPACITY, forMs: 30_000, deadlineMs: 1000 },
};

export const DIVERSION: HttpScene = {
  id: 'diversion',
  title: 'the first of two providers turns to 500s, 10 calls/s',
  badUntil: 30,
  scene: {
    ...PLAIN,
    providers: [roomy('a', { faults: { 'server-error': 1 } }), roomy('b', null)],
    callsPerSecond: 10,
    forMs: 30_000,
    binMs: 100,
  },
};
