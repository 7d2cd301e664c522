import type { CachePolicy } from './answers.ts';
import type { StickPolicy } from './conversations.ts';
import type { DegradedPolicy } from './degraded.ts';
import type { FaultKind } from './fault/fault.ts';
import type { FitPolicy } from './fitting.ts';
import type { HedgePolicy } from './hedge/hedger.ts';

/**
 * The five timers of an attempt, in milliseconds. All but `totalMs` belong to one attempt; `totalMs` bounds the whole
 * call with every retry and fallback in it.
 */
export interface Timeouts {
  /** Until the connection stands, TLS included. */
  readonly connectMs: number;
  /** From the request being sent until the response headers; null: bounded by `totalMs` alone. */
  readonly headersMs: number | null;
  /** Until the first content: not the first byte, because providers send empty opening chunks at once. */
  readonly firstContentMs: number;
  /** Longest silence between two pieces of a body that has begun. */
  readonly idleMs: number;
  /** The whole call, all attempts and waits included. */
  readonly totalMs: number;
}

/**
 * How chance spreads the waits, so that callers who failed together do not come back together.
 * `full`: anywhere from 0 to the backoff; `equal`: the upper half of it; `decorrelated`: from the base to three times
 * the last wait; `proportional`: the backoff less up to a quarter, as the official SDKs do.
 */
export type Jitter = 'full' | 'equal' | 'decorrelated' | 'proportional';

export interface RetryPolicy {
  /** Most attempts at one target, the first included. */
  readonly attempts: number;
  /** Backoff before the first retry, in ms. */
  readonly baseMs: number;
  /** Growth of the backoff from one retry to the next. */
  readonly factor: number;
  /** Longest backoff, in ms. It is a tenth of a second where another target stands and this one has not too much to do. */
  readonly capMs: number;
  readonly jitter: Jitter;
  /** Longest wait asked for by a provider that is worth sitting out, in ms; a longer one means trying elsewhere. */
  readonly maxWaitMs: number;
  /** Most attempts of the whole call, over all targets. */
  readonly maxAttempts: number;
}

/** The retry budget of a target: a bucket of tokens that retries take from and successes put back into. */
export interface BudgetPolicy {
  /** Tokens in a full bucket; it starts full, so a quiet service may still retry. */
  readonly capacity: number;
  readonly costPerRetry: number;
  /** Tokens given back by each success: 0.5 holds retries to half of the successful load. */
  readonly refillPerSuccess: number;
}

/** When a target is left alone, and how it is let back in. */
export interface BreakerPolicy {
  readonly enabled: boolean;
  /**
   * This many failures in a row open it for a target that is healthy otherwise. One that fails now and then in ordinary
   * times needs a longer run, so long that chance makes it as rarely.
   */
  readonly consecutiveFailures: number;
  /** Share of failures within the window that opens it, 0 to 1. */
  readonly failureRate: number;
  /** Fewer attempts than this within the window say nothing about the rate. */
  readonly minimumVolume: number;
  readonly windowMs: number;
  /** Shortest time it stays open, ms. */
  readonly openMs: number;
  /** Longest time it stays open, ms. */
  readonly maxOpenMs: number;
  /** Between the two, it stays open for this share of the outage's age: probes thin out as an outage lasts. */
  readonly openGrowth: number;
  /** The open time varies by up to this share either way, so that replicas do not probe together. */
  readonly jitter: number;
  /** Attempts let through at a time when it begins to probe; each success allows one more, until it closes. */
  readonly halfOpenProbes: number;
}

/** What a target is learnt about as it is used. Each can be turned off, for a target that is known better. */
export interface AdaptivePolicy {
  /** Prefer other targets while this one works badly: some calls fail, answers come slowly, first tokens hang. */
  readonly suspicion: boolean;
  /** Turn calls away when it refuses more than it serves. */
  readonly throttle: boolean;
  /** Bound the calls that await its first content by what it can answer in time. */
  readonly concurrency: boolean;
  /** Leave a key alone that its provider refuses, but for one attempt now and then. */
  readonly keys: boolean;
}

export const DEFAULT_ADAPTIVE: AdaptivePolicy = Object.freeze({
  suspicion: true,
  throttle: true,
  concurrency: true,
  keys: true,
});

/** How calls are held back so that a provider need not refuse them. */
export interface PacingPolicy {
  readonly enabled: boolean;
  /** Requests a minute that are never exceeded, for each model; null: as many as the provider is found to allow. */
  readonly requestsPerMinute: number | null;
  /** Tokens a minute, likewise. */
  readonly tokensPerMinute: number | null;
}

/** Unlimited until a provider tells of its limits, or refuses. */
export const DEFAULT_PACING: PacingPolicy = Object.freeze({
  enabled: true,
  requestsPerMinute: null,
  tokensPerMinute: null,
});

/**
 * What becomes of a request that the API would refuse. `strict` refuses it here; `repair` puts right what is safe to, tells
 * so, and refuses the rest; `observe` sends it as it is and notes what was wrong; `sample` does so with one in sixteen;
 * `off` does not look.
 */
export type ValidationMode = 'strict' | 'repair' | 'observe' | 'sample' | 'off';

/**
 * Looks now and then and says what it sees, but never stands in the way: a table of fields may be older than the API it
 * describes, and what an application does wrong it does every time.
 */
export const DEFAULT_VALIDATION: ValidationMode = 'sample';

export interface RungTarget {
  /** Id of the target. */
  readonly target: string;
  /** Share of the rung's calls, relative to its neighbours'. */
  readonly weight: number;
  /** The model to ask this target for; null: the model the caller asked for. */
  readonly model: string | null;
}

/** One step of a ladder: targets that are equally good, chosen by weight. */
export interface Rung {
  readonly targets: readonly RungTarget[];
}

/** What happens to the calls for a set of models. */
export interface RoutePolicy {
  readonly id: string;
  /** Globs of model names, `*` and `?`, compared without regard to case. */
  readonly models: readonly string[];
  /** Tried in order. */
  readonly ladder: readonly Rung[];
  /** For streams. */
  readonly timeouts: Timeouts;
  /** For whole answers, which arrive with their headers after all the thinking is done. */
  readonly wholeTimeouts: Timeouts;
  readonly retry: RetryPolicy;
  /** Faults after which the next rung may be tried. */
  readonly fallbackOn: ReadonlySet<FaultKind>;
  /** What becomes of requests that the API would refuse. */
  readonly validate: ValidationMode;
  /** What becomes of prompts that are too long for their model. @default null: they are sent, and the provider says so */
  readonly fit?: FitPolicy | null;
  /** What is given, in order, when no target answers. @default nothing: the caller is told why */
  readonly degraded?: readonly DegradedPolicy[];
  /** When a second attempt runs beside a slow first. @default null: never */
  readonly hedge?: HedgePolicy | null;
  /** Whether answers are given again. @default null: every request is asked */
  readonly cache?: CachePolicy | null;
  /** Whether streams that break off are gone on with. @default false: they fail in the open */
  readonly continues?: boolean;
  /** Whether a conversation goes on where it was answered last. @default 'call': each call begins at the top */
  readonly stick?: StickPolicy;
}

/**
 * Connect 5 s and total 600 s are what the official SDKs use, so a caller's own patience is not cut short. A stream's
 * headers come within seconds from a healthy provider, its first content within a minute or two even from a model that
 * reasons first. A whole answer's headers come only when it is done, so only the total can bound them.
 */
export const DEFAULT_TIMEOUTS: { readonly stream: Timeouts; readonly whole: Timeouts } = Object.freeze({
  stream: Object.freeze({
    connectMs: 5_000,
    headersMs: 60_000,
    firstContentMs: 120_000,
    idleMs: 60_000,
    totalMs: 600_000,
  }),
  whole: Object.freeze({
    connectMs: 5_000,
    headersMs: null,
    firstContentMs: 600_000,
    idleMs: 60_000,
    totalMs: 600_000,
  }),
});

/** Base, factor and cap are those of the official SDKs; full jitter spreads a crowd of callers best. */
export const DEFAULT_RETRY: RetryPolicy = Object.freeze({
  attempts: 3,
  baseMs: 500,
  factor: 2,
  capMs: 8_000,
  jitter: 'full',
  maxWaitMs: 10_000,
  maxAttempts: 6,
});

/**
 * A burst of ten retries, then one for every two successes: enough to answer nearly all calls while a quarter of the
 * attempts fails, and in an outage, with no success to refill it, the extra load fades to nothing. Chosen on the virtual
 * clock (docs/storm.md); the bound on calls under way is what keeps overload from being retried into collapse.
 */
export const DEFAULT_BUDGET: BudgetPolicy = Object.freeze({
  capacity: 10,
  costPerRetry: 1,
  refillPerSuccess: 0.5,
});

/**
 * Chosen on the virtual clock (see docs/storm.md): five failures find a dead target and open a healthy one by chance less
 * than once in a month at a hundred calls a second; a minute's outage is followed by recovery within five seconds, an
 * hour's within thirty; and probes stay near one call in a hundred at seventy calls a second.
 */
export const DEFAULT_BREAKER: BreakerPolicy = Object.freeze({
  enabled: true,
  consecutiveFailures: 5,
  failureRate: 0.8,
  minimumVolume: 20,
  windowMs: 10_000,
  openMs: 1_600,
  maxOpenMs: 24_000,
  openGrowth: 0.025,
  jitter: 0.2,
  halfOpenProbes: 1,
});

/**
 * Faults that say "not here, not now": another target may well answer, and nothing is hidden by asking it.
 *
 * Left out on purpose:
 * - `content-policy`: a refusal is an answer; asking around until somebody agrees is for an operator to decide.
 * - `invalid-request`, `unsupported-parameter`, `payload-too-large`, `context-length`, `output-cap`: the call is at
 *   fault, and the next target would be asked the same.
 * - `authentication`, `permission`: a broken key would go unnoticed while every call pays for a failed attempt.
 * - `region`: the provider may not serve this place. Where a prompt may travel instead is a legal question, so the
 *   operator has to say it.
 * - `not-found`: mostly a misspelt model, or a file or response that lives at one provider only; moving on would answer
 *   with another model than was asked for. Worth adding to routes that must outlive a model's retirement.
 * - `conflict`: it is about the state of one provider's resource, which another does not have.
 */
export const DEFAULT_FALLBACK_ON: ReadonlySet<FaultKind> = new Set<FaultKind>([
  'rate-limit-requests',
  'rate-limit-tokens',
  'too-large-for-limit',
  'slow-down',
  'quota-exhausted',
  'overloaded',
  'server-error',
  'bad-gateway',
  'unavailable',
  'gateway-timeout',
  'timeout',
  'network',
  'partial-response',
  'malformed-response',
  'circuit-open',
  'retry-budget',
  'shed',
]);
