import type { Fault, FaultKind } from '../fault/fault.ts';

/** How one attempt bears on what is thought of its target's health. */
export type Bearing = 'success' | 'failure' | 'neutral';

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
  'shed',
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
