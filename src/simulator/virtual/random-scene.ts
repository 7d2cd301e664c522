import type { Random } from '../../engine/clock.ts';
import { seededRandom } from '../../engine/random.ts';
import { FAULTS } from '../faults.ts';
import type { Spell, Weather } from '../weather.ts';
import { exponential, measured, type Pacer, steady } from './pace.ts';
import type { ProviderSpec } from './provider.ts';
import type { Scene } from './world.ts';

/**
 * A scene drawn by chance: one to three providers of any kind and size, any fault of the simulator in any share, too many
 * callers or too few. What holds in thousands of these holds in the weather that nobody thought of.
 */
export function randomScene(seed: number, calls: number): Scene {
  const random = seededRandom(seed);
  const callsPerSecond = 10 ** between(random, 0, 2.3);
  const forMs = (calls / callsPerSecond) * 1000;
  const providers = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, at) =>
    randomProvider(random, `p${at}`, callsPerSecond, forMs),
  );
  return {
    providers,
    callsPerSecond,
    forMs,
    deadlineMs: chance(random, 0.5) ? 10 ** between(random, 2.5, 5) : null,
    streamShare: chance(random, 0.5) ? random() * 0.3 : 0,
    tokens: (dice) => 1 + Math.floor(dice() * dice() * 200),
    binMs: 60_000,
  };
}

function randomProvider(random: Random, id: string, callsPerSecond: number, forMs: number): ProviderSpec {
  const busyMs = 10 ** between(random, 1.5, 3.5);
  // From a third to three times of what the callers ask for.
  const workers = Math.max(1, Math.round(((callsPerSecond * busyMs) / 1000) * 10 ** between(random, -0.5, 0.5)));
  return {
    id,
    workers: chance(random, 0.7) ? workers : null,
    queue: chance(random, 0.5) ? Math.floor(random() * 200) : 5_000,
    pace: randomPace(random, busyMs),
    weather: randomWeather(random, id, forMs),
    refusalMs: random() * 100,
    abandoned: chance(random, 0.5) ? 'worked' : 'dropped',
    limit: chance(random, 0.2) ? { perSecond: callsPerSecond * (0.3 + random()), burst: 1 + random() * 20 } : null,
    rates: [],
  };
}

function randomPace(random: Random, busyMs: number): Pacer {
  const kind = random();
  return kind < 0.5 ? exponential(busyMs) : kind < 0.8 ? steady(busyMs / 2, busyMs / 200) : measured();
}

/**
 * What takes a megabyte, or ten thousand events, to show what less shows as well; and what the engine takes at its word (a
 * stream that says `[DONE]` early), so that it may pass for whole.
 */
const INSTEAD: Readonly<Record<string, string>> = {
  'done-without-finish': 'cut',
  'huge-chunk': 'huge-chunk:20000',
  'only-comments': 'hang-after-opening',
};

/** Spells from a second to hours, some of them one upon the other. */
function randomWeather(random: Random, name: string, forMs: number): Weather {
  const timeline = Array.from({ length: Math.floor(random() * 12) }, () => randomSpell(random, forMs));
  return { name, seed: 1, workers: null, queue: 0, serviceMs: null, statusLagMs: 0, timeline };
}

function randomSpell(random: Random, forMs: number): Spell {
  const faults: Record<string, number> = {};
  let left = 1;
  for (let more = Math.floor(random() * 4); more > 0; more -= 1) {
    const share = chance(random, 0.2) ? left : random() * left;
    const name = FAULTS[Math.floor(random() * FAULTS.length)]?.name ?? 'server-error';
    faults[INSTEAD[name] ?? name] = share;
    left -= share;
  }
  return {
    atMs: random() * forMs,
    forMs: Math.min(10 ** between(random, 3, 7), forMs / 3),
    capacity: chance(random, 0.3) ? random() : 1,
    latency: chance(random, 0.3) ? 10 ** between(random, -0.5, 1.5) : 1,
    faults,
  };
}

function between(random: Random, low: number, high: number): number {
  return low + (high - low) * random();
}

function chance(random: Random, share: number): boolean {
  return random() < share;
}
