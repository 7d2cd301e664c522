import { parse } from 'yaml';
import { z } from 'zod';
import { parseFault } from './faults.ts';

/** Good and bad times of a provider, as a timeline. All times in ms. */
export interface Weather {
  readonly name: string;
  /** Seeds the chance by which single calls are hit. */
  readonly seed: number;
  /** How many calls the provider works on at once in calm; null for any number. */
  readonly workers: number | null;
  /** How many more may wait for a worker before calls are turned away as `overloaded`. */
  readonly queue: number;
  /** How long a call occupies its worker at least; null for as long as its answer takes. */
  readonly serviceMs: number | null;
  /** How late the status page tells of a spell, and of its end. */
  readonly statusLagMs: number;
  readonly timeline: readonly Spell[];
}

/** One stretch of the timeline. */
export interface Spell {
  readonly atMs: number;
  /** Infinite for a spell that does not end. */
  readonly forMs: number;
  /** Fraction of the workers that are left. */
  readonly capacity: number;
  /** Factor on every latency. */
  readonly latency: number;
  /** The share of calls that each fault hits. */
  readonly faults: Readonly<Record<string, number>>;
}

/** How things are at one moment. */
export interface Conditions {
  readonly capacity: number;
  readonly latency: number;
  readonly faults: Readonly<Record<string, number>>;
  /** The spells that are on, by their place in the timeline. */
  readonly spells: readonly number[];
}

/** No weather at all. */
export const CALM: Conditions = { capacity: 1, latency: 1, faults: {}, spells: [] };

/** Used when a timeline takes workers away and does not say how many there are. */
const USUAL_WORKERS = 32;
const USUAL_QUEUE = 128;

/** A bad line in a weather file. */
export class WeatherError extends Error {
  override readonly name = 'WeatherError';
}

/**
 * How things are `ms` after the weather began. Spells that overlap add up: capacities and latencies multiply, shares
 * of faults are summed, and shrunk in proportion when they would come to more than every call.
 */
export function conditionsAt(weather: Weather, ms: number): Conditions {
  let capacity = 1;
  let latency = 1;
  let total = 0;
  const faults: Record<string, number> = {};
  const spells: number[] = [];
  weather.timeline.forEach((spell, index) => {
    if (ms < spell.atMs || ms >= spell.atMs + spell.forMs) return;
    spells.push(index);
    capacity *= spell.capacity;
    latency *= spell.latency;
    for (const [fault, share] of Object.entries(spell.faults)) {
      faults[fault] = (faults[fault] ?? 0) + share;
      total += share;
    }
  });
  if (spells.length === 0) return CALM;
  if (total > 1) for (const fault of Object.keys(faults)) faults[fault] = (faults[fault] ?? 0) / total;
  return { capacity, latency, faults, spells };
}

/** The fault that a roll of the dice in [0, 1) gives a call; null when it is spared. */
export function faultFor(conditions: Conditions, roll: number): string | null {
  let upTo = 0;
  for (const [fault, share] of Object.entries(conditions.faults)) {
    upTo += share;
    if (roll < upTo) return fault;
  }
  return null;
}

const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;
const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

const duration = z
  .union([z.number(), z.string()], { error: 'has to be a duration such as 10s, 5m or 250ms, or a number of seconds' })
  .transform((written, context) => {
    if (typeof written === 'number' && written >= 0 && Number.isFinite(written)) return written * 1000;
    const [, amount, unit] = DURATION.exec(String(written).trim()) ?? [];
    if (amount !== undefined && unit !== undefined) return Number(amount) * (UNIT_MS[unit] ?? 1);
    context.addIssue(`"${written}" is no duration; write 10s, 5m, 250ms, or a number of seconds`);
    return z.NEVER;
  });

const share = z
  .number('has to be a share of the calls, from 0 to 1')
  .min(0, 'is a share: 0 or more')
  .max(1, 'is a share: 1 at most');

const faults = z.record(z.string(), share).superRefine((shares, context) => {
  for (const fault of Object.keys(shares)) {
    try {
      parseFault(fault);
    } catch (error) {
      context.addIssue({
        code: 'custom',
        path: [fault],
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }
  const total = Object.values(shares).reduce((sum, each) => sum + each, 0);
  if (total > 1) context.addIssue(`come to ${total} together; the shares of one spell may not be more than 1`);
});

const spell = z.strictObject({
  at: duration,
  for: duration.optional(),
  capacity: z.number().min(0, 'is a fraction: 0 or more').max(1, 'is a fraction: 1 at most').default(1),
  latency: z.number().min(0, 'is a factor: 0 or more').default(1),
  faults: faults.default({}),
});

const file = z.strictObject(
  {
    name: z.string().default('weather'),
    seed: z.int().default(1),
    workers: z.int().min(1, 'has to be 1 or more').optional(),
    queue: z.int().min(0, 'has to be 0 or more').default(USUAL_QUEUE),
    service: duration.optional(),
    statusLag: duration.default(0),
    timeline: z.array(spell, 'has to be a list of spells: - { at: 60s, for: 10s, capacity: 0.2 }'),
  },
  'has to hold fields, a timeline among them',
);

/**
 * Reads a weather file.
 *
 * @throws {WeatherError} that names the field, what is wrong with it and what to write
 */
export function parseWeather(yaml: string): Weather {
  let written: unknown;
  try {
    written = parse(yaml);
  } catch (error) {
    throw new WeatherError(`the weather is no YAML: ${error instanceof Error ? error.message : String(error)}`);
  }
  return readWeather(written);
}

/**
 * The same for weather written as an object, in the words of the file.
 *
 * @throws {WeatherError} that names the field, what is wrong with it and what to write
 */
export function readWeather(written: unknown): Weather {
  const checked = file.safeParse(written);
  if (!checked.success) {
    const problems = checked.error.issues.map((issue) => `${pathOf(issue.path)}: ${explain(issue)}`);
    throw new WeatherError(`the weather has mistakes:\n  ${problems.join('\n  ')}`);
  }
  const { name, seed, workers, queue, service, statusLag, timeline } = checked.data;
  const takesWorkers = timeline.some((one) => one.capacity < 1);
  return {
    name,
    seed,
    workers: workers ?? (takesWorkers ? USUAL_WORKERS : null),
    queue,
    serviceMs: service ?? null,
    statusLagMs: statusLag,
    timeline: timeline.map((one) => ({
      atMs: one.at,
      forMs: one.for ?? Number.POSITIVE_INFINITY,
      capacity: one.capacity,
      latency: one.latency,
      faults: one.faults,
    })),
  };
}

function explain(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'unrecognized_keys') return issue.message;
  const known = Object.keys((issue.path.length === 0 ? file : spell).shape);
  return `${issue.keys.map((key) => `"${key}"`).join(' and ')} means nothing here; what can stand here: ${known.join(', ')}`;
}

function pathOf(path: readonly PropertyKey[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((key, at) => (typeof key === 'number' ? `[${key}]` : `${at === 0 ? '' : '.'}${String(key)}`))
    .join('');
}
