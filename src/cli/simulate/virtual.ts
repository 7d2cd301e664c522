import { chat } from '../../providers/openai/chat.ts';
import type { Weather } from '../../simulator/index.ts';
import { holdfast } from '../../simulator/virtual/holdfast.ts';
import { measured, steady } from '../../simulator/virtual/pace.ts';
import { EASY, type ProviderSpec } from '../../simulator/virtual/provider.ts';
import type { Note, Tale } from '../../simulator/virtual/tally.ts';
import { run, type Scene } from '../../simulator/virtual/world.ts';
import type { Terminal } from '../terminal.ts';

/** What a virtual run is asked for on the command line. */
export interface VirtualFlags {
  readonly seed: number;
  /** Calls a second. */
  readonly rate: number;
  /** How many calls; null for as many as fit. */
  readonly calls: number | null;
  /** How long, ms of virtual time; null for as long as the weather and a while more. */
  readonly forMs: number | null;
  /** How long a caller waits, ms; null for as long as the engine does. */
  readonly deadlineMs: number | null;
  /** A second provider stands by that is always well. */
  readonly fallback: boolean;
}

/** Calm before the end, so that the return from the last spell is seen. */
const AFTERWARDS_MS = 120_000;

const MOST_NOTES_SHOWN = 40;

const MOST_CALLS = 100_000_000;

/**
 * Runs the engine under the weather on a virtual clock; the same weather, flags and seed give the same tale.
 *
 * @throws {Error} when that would be more calls than anybody would wait for
 */
export async function runVirtually(weather: Weather, flags: VirtualFlags): Promise<Tale> {
  const scene = sceneOf(weather, flags);
  const calls = (scene.callsPerSecond * scene.forMs) / 1000;
  if (calls > MOST_CALLS) {
    const asked = Math.round(calls).toLocaleString('en');
    const most = MOST_CALLS.toLocaleString('en');
    throw new Error(
      `this would be ${asked} calls, and ${most} take a quarter of an hour: lower --rate, --for or --calls`,
    );
  }
  return run(scene, flags.seed, holdfast({ dialect: chat }));
}

function sceneOf(weather: Weather, { rate, calls, forMs, deadlineMs, fallback }: VirtualFlags): Scene {
  const ends = weather.timeline.map(({ atMs, forMs: length }) => atMs + (Number.isFinite(length) ? length : 0));
  const asLong = calls === null ? Math.max(0, ...ends) + AFTERWARDS_MS : (calls / rate) * 1000;
  const pace = weather.serviceMs === null ? measured() : steady(weather.serviceMs, 0);
  const first: ProviderSpec = { ...EASY, id: 'first', workers: weather.workers, queue: weather.queue, pace, weather };
  const second: ProviderSpec = { ...EASY, id: 'second', pace: measured() };
  return {
    providers: fallback ? [first, second] : [first],
    callsPerSecond: rate,
    forMs: forMs ?? asLong,
    deadlineMs,
    streamShare: 0.5,
    tokens: (random) => 1 + Math.floor(random() * 200),
    binMs: 1000,
  };
}

/** What the run came to, without the series. */
export function summaryOf(tale: Tale): object {
  const { seed, offered, answered, failed, attempts, attemptsAt, latency, mostLive, mostTimers, notes } = tale;
  const share = (count: number): number => (offered === 0 ? 0 : Number((count / offered).toFixed(6)));
  const { p50, p99, most } = latency;
  const latencyMs = { p50: Math.round(p50), p99: Math.round(p99), most: Math.round(most) };
  return {
    seed,
    offered,
    answered,
    goodput: share(answered),
    failed,
    attempts,
    attemptsAt,
    amplification: share(attempts),
    latencyMs,
    mostLive,
    mostTimers,
    transitions: notes,
  };
}

export function pageOf(tale: Tale, weather: Weather, { paint }: Terminal): string {
  const { offered, answered, attempts, latency, notes } = tale;
  const percent = (count: number): string => `${((100 * count) / Math.max(1, offered)).toFixed(2)} %`;
  const count = (value: number): string => value.toLocaleString('en');
  const rows: (readonly [string, string])[] = [
    ['offered', `${count(offered)} calls`],
    ['answered', `${count(answered)} (${percent(answered)})`],
    ...Object.entries(tale.failed).map(
      ([kind, times]) => [`  ${kind}`, `${count(times)} (${percent(times)})`] as const,
    ),
    ['attempts', `${count(attempts)}, ${(attempts / Math.max(1, offered)).toFixed(3)} for each call`],
    ...Object.entries(tale.attemptsAt).map(([id, times]) => [`  at ${id}`, count(times)] as const),
    ['latency', `p50 ${ms(latency.p50)}, p99 ${ms(latency.p99)}, most ${ms(latency.most)}`],
    ['at most', `${count(tale.mostLive)} calls under way, ${count(tale.mostTimers)} timers set`],
  ];
  const width = Math.max(...rows.map(([head]) => head.length));
  return [
    `${paint('bold', weather.name)}, seed ${tale.seed}`,
    ...rows.map(([head, text]) => `${paint('dim', head.padEnd(width))}  ${text}`),
    ...transitions(notes),
    '',
  ].join('\n');
}

function transitions(notes: readonly Note[]): string[] {
  if (notes.length === 0) return [];
  const shown = notes.slice(0, MOST_NOTES_SHOWN).map(({ at, text }) => `  ${clockTime(at)}  ${text}`);
  const more = notes.length - shown.length;
  return ['', 'breakers', ...shown, ...(more > 0 ? [`  and ${more} more; --json has them all`] : [])];
}

function ms(value: number): string {
  return value < 1000 ? `${Math.round(value)} ms` : `${(value / 1000).toFixed(1)} s`;
}

/** `1:02:03.456` of virtual time. */
function clockTime(at: number): string {
  const seconds = at / 1000;
  const pad = (value: number): string => `${Math.floor(value)}`.padStart(2, '0');
  return `${Math.floor(seconds / 3600)}:${pad((seconds / 60) % 60)}:${(seconds % 60).toFixed(3).padStart(6, '0')}`;
}
