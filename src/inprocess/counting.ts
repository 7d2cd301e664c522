import { countersFault, resolveCounters } from '../config/counters.ts';
import { NO_SECRET } from '../config/secrets.ts';
import type { Clock } from '../engine/clock.ts';
import type { Counters } from '../engine/admission/quota.ts';
import { MemoryCounters } from '../storage/counters/memory.ts';
import { RedisCounters } from '../storage/counters/redis.ts';
import type { LinkState } from '../storage/counters/redis/link.ts';

/** A Redis or Valkey server that several processes count in. */
export interface SharedCounters {
  /** `redis://HOST:6379/0`, `rediss://` for TLS; without a password. */
  readonly url: string;
  /** @default the server's default user */
  readonly username?: string;
  /** @default none */
  readonly password?: string;
  /** Begins every key: applications that do not share their limits take different ones. @default 'holdfast' */
  readonly prefix?: string;
  /** How many processes share the limits at least, for one that starts while the server is away. @default 1 */
  readonly replicas?: number;
  /**
   * Told when limits begin to be shared and when they no longer are, with the reason: the server is away or too slow, and
   * this process goes on with its part of every limit. Must not throw.
   */
  readonly onChange?: (standing: 'shared' | 'local', why: string | null) => void;
}

/** How long a start waits in vain for the first word from Redis, ms; calls made before are decided in this process. */
const FIRST_WORD_MS = 1_500;

/**
 * Where the application's use is counted: in this process, or together with others.
 *
 * @throws {Error} the address cannot be used; it is not quoted, since passwords are pasted into addresses.
 */
export function countersFor(shared: SharedCounters | undefined, clock: Clock): Counters {
  if (shared === undefined) return new MemoryCounters();
  const fault = countersFault(shared.url);
  if (fault !== null) throw new Error(`counters.url ${fault.wrong}. ${fault.fix}`);
  const config = resolveCounters(shared, NO_SECRET);
  if (config.kind === 'memory') return new MemoryCounters();
  const { host, port, tls, database, username, prefix, deadlineMs, replicas } = config;
  const address = { host, port, tls, database, username, password: () => shared.password ?? null };
  const changed = (state: LinkState): void => {
    if (state.kind === 'shared') shared.onChange?.('shared', null);
    else shared.onChange?.('local', state.kind === 'slow' ? 'it answers too slowly' : state.reason);
  };
  const counters = new RedisCounters({ address, clock, prefix, deadlineMs, replicas, changed });
  void counters.start(FIRST_WORD_MS);
  return counters;
}
