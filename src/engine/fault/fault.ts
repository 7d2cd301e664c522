/** Who has to act before the failure goes away. */
export type Party = 'caller' | 'account' | 'provider' | 'network' | 'gateway';

/**
 * What went wrong, in one word that every later decision reads instead of a status code.
 *
 * The first group is what providers say, the second what the connection did, the third what an answer turned out to be,
 * the last what Holdfast itself refuses. Narrower causes of `timeout` and `network` stand in {@link Fault.detail}.
 */
export type FaultKind =
  | 'authentication'
  | 'permission'
  | 'region'
  | 'not-found'
  | 'invalid-request'
  | 'unsupported-parameter'
  | 'context-length'
  | 'output-cap'
  | 'content-policy'
  | 'payload-too-large'
  | 'rate-limit-requests'
  | 'rate-limit-tokens'
  | 'too-large-for-limit'
  | 'slow-down'
  | 'quota-exhausted'
  | 'conflict'
  | 'overloaded'
  | 'server-error'
  | 'bad-gateway'
  | 'unavailable'
  | 'gateway-timeout'
  | 'timeout'
  | 'network'
  | 'partial-response'
  | 'malformed-response'
  | 'cancelled'
  | 'circuit-open'
  | 'retry-budget'
  | 'shed'
  | 'no-target'
  | 'draining'
  | 'headers-too-large'
  | 'slow-caller'
  | 'internal';

/** Which of the five timers ran out, or which part of the network failed. */
export type FaultDetail =
  | 'connect'
  | 'headers'
  | 'first-content'
  | 'idle'
  | 'total'
  | 'dns'
  | 'refused'
  | 'reset'
  | 'tls'
  | 'other';

/** Whether the same call is worth sending again, where, and how soon. */
export interface RetryAdvice {
  /** The same target may well answer the same call. */
  readonly here: boolean;
  /** Another key, region, model or provider may well answer it. */
  readonly elsewhere: boolean;
  /** How long the provider asked to wait, in milliseconds; null when it did not say. */
  readonly afterMs: number | null;
}

/** A classified failure. Plain data: it travels through records, headers, pages and JSON unchanged. */
export interface Fault {
  readonly kind: FaultKind;
  readonly detail: FaultDetail | null;
  readonly party: Party;
  readonly retry: RetryAdvice;
  /** What to do about it, in one sentence a tired person can act on. */
  readonly remedy: string;
  /** What was said or seen, shortened; never contains a secret. */
  readonly message: string;
  /** The facts the kind was read from, e.g. `status 429`, `error.code insufficient_quota`. */
  readonly evidence: readonly string[];
  /** HTTP status the provider gave; null when there was none. */
  readonly status: number | null;
  /** The provider's own `error.type`, `error.code` and `error.param`, where it gave them. */
  readonly type: string | null;
  readonly code: string | null;
  readonly param: string | null;
}
