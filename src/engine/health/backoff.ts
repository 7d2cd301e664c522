import type { Random } from '../clock.ts';
import type { Jitter, RetryPolicy } from '../policy.ts';

/**
 * How long to wait before the next try, in ms.
 *
 * `full` draws from the whole of [0, ceiling]: of the jitters that AWS's simulator compares (Brooker, "Exponential
 * Backoff and Jitter", 2015) it makes the fewest calls when many callers contend, which is why it is the default.
 * `decorrelated` draws from [base, 3 × the previous wait]; `equal` keeps half the ceiling; `proportional` takes off up to
 * a quarter, as the official SDKs do.
 *
 * @param retry which retry this is, from 1.
 * @param previousMs the wait before the last try; used by `decorrelated` only.
 */
export function backoff(policy: RetryPolicy, retry: number, previousMs: number, random: Random): number {
  const ceiling = Math.min(policy.capMs, policy.baseMs * policy.factor ** (retry - 1));
  return jittered(policy.jitter, policy, ceiling, previousMs, random());
}

function jittered(jitter: Jitter, policy: RetryPolicy, ceiling: number, previousMs: number, chance: number): number {
  switch (jitter) {
    case 'full':
      return ceiling * chance;
    case 'equal':
      return ceiling / 2 + (ceiling / 2) * chance;
    case 'decorrelated': {
      const upper = Math.max(policy.baseMs, previousMs * 3);
      return Math.min(policy.capMs, policy.baseMs + (upper - policy.baseMs) * chance);
    }
    case 'proportional':
      return ceiling * (1 - 0.25 * chance);
  }
}
