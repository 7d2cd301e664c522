import type { Random } from './clock.ts';
import type { Fault, FaultKind } from './fault/fault.ts';
import type { BreakerPolicy } from './policy.ts';

/** The breaker's whole memory: what cannot be (open without a reopening time) cannot be written. */
export type BreakerState =
  | { readonly name: 'closed' }
  | { readonly name: 'open'; readonly until: number; readonly trips: number; readonly forcedAt: number }
  | { readonly name: 'half-open'; readonly trips: number; readonly probing: number; readonly succeeded: number };

/**
 * Leave to make one attempt, returned with its outcome. `probe` takes one of the half-open places; `forced` was given
 * although the breaker is open.
 */
export type Permit = 'normal' | 'probe' | 'forced';

/** How one attempt bears on its target's health. */
export type Bearing = 'success' | 'failure' | 'neutral';

/** Least time between two attempts at a target whose breaker is open, when no target of the ladder is better. */
const FORCED_INTERVAL_MS = 1000;

const WINDOW_BUCKETS = 10;

const FAILING: ReadonlySet<FaultKind> = new Set([
  'overloaded',
  'server-error',
  'bad-gateway',
  'unavailable',
  'gateway-timeout',
  'timeout',
  'network',
  'partial-response',
  'malformed-response',
]);

const NEUTRAL: ReadonlySet<FaultKind> = new Set([
  'rate-limit-requests',
  'rate-limit-tokens',
  'slow-down',
  'cancelled',
  'circuit-open',
  'retry-budget',
  'no-target',
  'draining',
  'internal',
]);

/**
 * Reads an attempt's fault as news of its target's health. A rate limit is a sign of life, not of illness, and what the
 * caller did wrong proves that the target answers.
 */
export function bearingOf(fault: Fault | null): Bearing {
  if (fault === null) return 'success';
  if (FAILING.has(fault.kind)) return 'failure';
  return NEUTRAL.has(fault.kind) ? 'neutral' : 'success';
}

/**
 * Stops sending to a target that is down, and finds out gently when it is back. Pure: time and chance are handed in.
 *
 * Opens on consecutive failures, or on a failure rate over a window once there is volume to judge. Open times grow with
 * each trip and are jittered, so that many processes do not probe together.
 */
export class Breaker {
  readonly #policy: BreakerPolicy;
  #state: BreakerState = { name: 'closed' };
  #consecutive = 0;
  readonly #successes = new Float64Array(WINDOW_BUCKETS);
  readonly #failures = new Float64Array(WINDOW_BUCKETS);
  #bucket = 0;
  #lastFault: Fault | null = null;

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** The failure that was seen last; explains why the breaker is open. */
  get lastFault(): Fault | null {
    return this.#lastFault;
  }

  /** Would {@link enter} grant a permit now? */
  ready(now: number): boolean {
    const state = this.#state;
    if (state.name === 'closed' || !this.#policy.enabled) return true;
    if (state.name === 'open') return now >= state.until;
    return state.probing < this.#policy.halfOpenProbes;
  }

  /** When an open breaker will admit its next probe; `now` when it would already. */
  readyAt(now: number): number {
    return this.#state.name === 'open' ? Math.max(now, this.#state.until) : now;
  }

  /** Takes a permit for one attempt; null when there is none to be had. Each permit must come back through {@link settle}. */
  enter(now: number): Permit | null {
    if (!this.ready(now)) return null;
    const state = this.#state;
    if (state.name === 'closed' || !this.#policy.enabled) return 'normal';
    const halfOpen = state.name === 'open' ? { trips: state.trips, probing: 0, succeeded: 0 } : state;
    this.#state = { ...halfOpen, name: 'half-open', probing: halfOpen.probing + 1 };
    return 'probe';
  }

  /**
   * A permit although the breaker is open, for when every target's is: the least bad one is tried, at most once a second.
   * Null when the second has not passed, or places for probes are taken.
   */
  force(now: number): Permit | null {
    const state = this.#state;
    if (state.name !== 'open') return this.enter(now);
    if (now - state.forcedAt < FORCED_INTERVAL_MS) return null;
    this.#state = { ...state, forcedAt: now };
    return 'forced';
  }

  /** Hands back a permit with what the attempt showed. */
  settle(permit: Permit, fault: Fault | null, now: number, random: Random): void {
    const bearing = bearingOf(fault);
    if (bearing === 'failure') this.#lastFault = fault;
    const state = this.#state;
    if (permit === 'probe' && state.name === 'half-open') this.#settleProbe(state, bearing, now, random);
    // Only news from after it opened closes it: what was under way before may still end well, and says nothing of now.
    else if (permit === 'forced' && state.name === 'open' && bearing === 'success') this.#close();
    else if (state.name === 'closed') this.#count(bearing, now, random);
  }

  #settleProbe(state: BreakerState & { name: 'half-open' }, bearing: Bearing, now: number, random: Random): void {
    if (bearing === 'failure') return this.#open(state.trips + 1, now, random);
    const succeeded = state.succeeded + (bearing === 'success' ? 1 : 0);
    if (succeeded >= this.#policy.halfOpenProbes) return this.#close();
    this.#state = { ...state, probing: state.probing - 1, succeeded };
  }

  #count(bearing: Bearing, now: number, random: Random): void {
    if (bearing === 'neutral') return;
    this.#roll(now);
    const slot = this.#bucket % WINDOW_BUCKETS;
    if (bearing === 'success') {
      this.#successes[slot] = (this.#successes[slot] ?? 0) + 1;
      this.#consecutive = 0;
      return;
    }
    this.#failures[slot] = (this.#failures[slot] ?? 0) + 1;
    this.#consecutive += 1;
    if (this.#policy.enabled && this.#tripped()) this.#open(1, now, random);
  }

  #tripped(): boolean {
    if (this.#consecutive >= this.#policy.consecutiveFailures) return true;
    const failures = this.#failures.reduce((sum, n) => sum + n, 0);
    const volume = failures + this.#successes.reduce((sum, n) => sum + n, 0);
    return volume >= this.#policy.minimumVolume && failures / volume >= this.#policy.failureRate;
  }

  /** Empties the buckets of the window that time has passed over. */
  #roll(now: number): void {
    const bucket = Math.floor(now / (this.#policy.windowMs / WINDOW_BUCKETS));
    const stale = Math.min(bucket - this.#bucket, WINDOW_BUCKETS);
    for (let back = 0; back < stale; back += 1) {
      this.#successes[(bucket - back) % WINDOW_BUCKETS] = 0;
      this.#failures[(bucket - back) % WINDOW_BUCKETS] = 0;
    }
    this.#bucket = bucket;
  }

  #open(trips: number, now: number, random: Random): void {
    const { openMs, openFactor, maxOpenMs, jitter } = this.#policy;
    const length = Math.min(maxOpenMs, openMs * openFactor ** (trips - 1));
    const until = now + length * (1 + jitter * (2 * random() - 1));
    this.#state = { name: 'open', until, trips, forcedAt: now };
  }

  #close(): void {
    this.#state = { name: 'closed' };
    this.#consecutive = 0;
    this.#successes.fill(0);
    this.#failures.fill(0);
  }
}
