import type { Headers } from '../call.ts';
import type { Fault } from '../fault/fault.ts';
import { faultOf } from '../fault/index.ts';

/** What a caller asks of the line itself, in headers of the call. */
export interface Asks {
  /** How long the caller will wait for the answer, ms; null when it does not say. */
  readonly patienceMs: number | null;
  /** How long it would rather wait for room in its quotas than be refused, ms. */
  readonly queueMs: number;
  /** A header that says nothing that can be understood. */
  readonly fault: Fault | null;
}

const NOTHING_ASKED: Asks = Object.freeze({ patienceMs: null, queueMs: 0, fault: null });

/** Longest deadline and longest wait: beyond a day a slip in the unit is likelier than a plan. */
const LONGEST_MS = 86_400_000;

/**
 * Reads `x-holdfast-deadline` (until when the answer is of use), the timeouts that the official SDKs tell of, and
 * `x-holdfast-wait` or `Prefer: wait=30` (RFC 7240) for a place in the queue. Ours are written `30s`, `1500ms`, or as a bare
 * number of seconds. The shortest deadline holds.
 */
export function readAsks(headers: Headers): Asks {
  const deadline = headers['x-holdfast-deadline'];
  const wait = headers['x-holdfast-wait'];
  const { prefer } = headers;
  const sdk = headers['x-stainless-timeout'] ?? headers['x-stainless-read-timeout'];
  if (deadline === undefined && wait === undefined && prefer === undefined) {
    return sdk === undefined ? NOTHING_ASKED : { patienceMs: seconds(sdk), queueMs: 0, fault: null };
  }
  const deadlineMs = deadline === undefined ? null : readSpan(deadline);
  if (deadline !== undefined && deadlineMs === null) return unreadable('x-holdfast-deadline');
  const waitMs = wait === undefined ? preferredWait(prefer) : readSpan(wait);
  if (waitMs === null) return unreadable('x-holdfast-wait');
  return { patienceMs: shorter(deadlineMs, seconds(sdk)), queueMs: waitMs, fault: null };
}

/** How often the official SDKs say that they have tried before; what is no such count is none. */
export function retriesTold(headers: Headers): number {
  const told = headers['x-stainless-retry-count'];
  return typeof told === 'string' && /^\d{1,2}$/.test(told) ? Number(told) : 0;
}

function unreadable(name: string): Asks {
  const fault = faultOf('invalid-request', {
    message: `${name}: no length of time, or one longer than a day`,
    remedy: 'Write 30s, 1500ms, or a bare number of seconds; or leave it out.',
    evidence: [`header ${name}`],
    code: 'invalid_header',
    param: name,
  });
  return { patienceMs: null, queueMs: 0, fault };
}

function readSpan(written: Headers[string]): number | null {
  const match = typeof written === 'string' ? /^(\d{1,9}(?:\.\d{1,9})?)\s?(ms|s)?$/.exec(written.trim()) : null;
  if (match === null) return null;
  const ms = Number(match[1]) * (match[2] === 'ms' ? 1 : 1000);
  return ms > 0 && ms <= LONGEST_MS ? ms : null;
}

/** Preferences may be ignored, so one that cannot be read is. */
function preferredWait(prefer: Headers[string]): number {
  const match = typeof prefer === 'string' ? /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=$|[,;])/i.exec(prefer) : null;
  return match === null ? 0 : Math.min(Number(match[1]) * 1000, LONGEST_MS);
}

function seconds(value: Headers[string]): number | null {
  const ms = Number(value) * 1000;
  return ms > 0 ? ms : null;
}

function shorter(one: number | null, other: number | null): number | null {
  if (one === null || other === null) return one ?? other;
  return Math.min(one, other);
}
