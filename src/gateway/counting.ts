import { randomBytes } from 'node:crypto';
import type { CountersConfig, RedisConfig } from '../config/counters.ts';
import type { Clock } from '../engine/clock.ts';
import { shareBreakers } from '../engine/health/breaker-word.ts';
import { type Hints, NO_HINTS } from '../engine/health/hints.ts';
import { shareDeadKeys } from '../engine/health/key-word.ts';
import type { Counters, Quota } from '../engine/admission/quota.ts';
import { sharePacing } from '../engine/sharing/pace-word.ts';
import type { Target } from '../engine/target.ts';
import { MemoryCounters } from '../storage/counters/memory.ts';
import { RedisCounters } from '../storage/counters/redis.ts';
import type { LinkState } from '../storage/counters/redis/link.ts';

/** Where a gateway counts, and how that stands. */
export interface Counting {
  readonly counters: Counters;
  /** Word between the gateways that count together. */
  readonly hints: Hints;
  /** Takes into account what was used before this process began; null where that is known already. */
  readonly recall: ((quota: Quota, amount: number, at: number) => void) | null;
  /** For `/readyz`: `memory`, `shared`, or `local` while Redis is slow or away and limits are kept from local shares. */
  standing(): 'memory' | 'shared' | 'local';
}

/** A gateway starts without Redis rather than not at all; this long it waits for it, ms. */
const START_WITHIN_MS = 1_500;

/**
 * Opens the counters that the configuration names. Never fails: a Redis that cannot be reached is told of, and serving
 * begins from local shares.
 *
 * @param say told of each change, one line at a time
 */
export async function openCounting(
  config: CountersConfig,
  clock: Clock,
  say: (line: string) => void,
): Promise<Counting> {
  if (config.kind === 'memory') {
    const counters = new MemoryCounters();
    const recall: Counting['recall'] = (quota, amount, at) => counters.recall(quota, amount, at);
    return { counters, hints: NO_HINTS, recall, standing: () => 'memory' };
  }
  const { host, port, tls, database, username, prefix, deadlineMs, replicas, password } = config;
  const address = { host, port, tls, database, username, password: () => revealed(password) };
  const tell = teller(`Redis at ${host.includes(':') ? `[${host}]` : host}:${port}`, clock, say);
  const counters = new RedisCounters({
    address,
    clock,
    prefix,
    deadlineMs,
    replicas,
    changed: (state) => tell(state, counters.replicas),
  });
  await counters.start(START_WITHIN_MS);
  return {
    counters,
    hints: counters.hints,
    recall: null,
    standing: () => (counters.state.kind === 'shared' ? 'shared' : 'local'),
  };
}

/**
 * Lets gateways that count together tell each other which targets are down, which keys are dead, and what they have learnt of
 * the providers' limits. @returns stops it
 */
export function shareWord(targets: readonly Target[], hints: Hints, clock: Clock): () => void {
  if (hints === NO_HINTS) return () => undefined;
  const accounts = [...new Set(targets.map(({ account }) => account))];
  const stops = [
    shareBreakers(targets, hints, clock),
    shareDeadKeys(targets, hints, clock),
    sharePacing(accounts, hints, clock, randomBytes(6).toString('hex')),
  ];
  return () => stops.forEach((stop) => stop());
}

function revealed(password: RedisConfig['password']): string | null {
  return password.kind === 'held' ? password.reveal() : null;
}

/** Puts changes into words: at once when it goes, each new reason once, and when it is back. */
function teller(name: string, clock: Clock, say: (line: string) => void): (state: LinkState, replicas: number) => void {
  let goneAt: number | null = null;
  const told = new Set<string>();
  return (state, replicas) => {
    if (state.kind === 'shared') {
      if (goneAt !== null) {
        const seconds = ((clock.now() - goneAt) / 1000).toFixed(1);
        say(`holdfast: counters: ${name} is back after ${seconds} s; limits are shared again`);
      }
      goneAt = null;
      told.clear();
      return;
    }
    goneAt ??= clock.now();
    const reason = state.kind === 'slow' ? 'answers too slowly' : `is away (${state.reason})`;
    if (told.has(reason)) return;
    told.add(reason);
    const part = replicas === 1 ? 'this process alone' : `local shares, one of ${replicas}`;
    say(`holdfast: counters: ${name} ${reason}; serving goes on, limits are kept by ${part}`);
  };
}
