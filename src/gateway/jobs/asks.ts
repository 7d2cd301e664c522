import type { Headers } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';

/** What a call asks for that is not an answer at once. */
export interface JobAsks {
  /** `Prefer: respond-async`: a job instead of an answer. */
  readonly background: boolean;
  /** `x-holdfast-placeholder-after: 5s`: a job when the answer takes longer than this, ms; null: it is waited for. */
  readonly placeholderMs: number | null;
  /** `Idempotency-Key`: the call is made once under this name; null: it has none. */
  readonly key: string | null;
  /** `x-holdfast-webhook`: told of the job's ending, should the call become one; null: nobody is. */
  readonly webhook: string | null;
  readonly fault: Fault | null;
}

/** Beyond an hour a slip in the unit is likelier than a plan. */
const LONGEST_MS = 3_600_000;

/** Whether a call asks for anything of the kind: what every call passes. */
export function asksForMore(headers: Headers): boolean {
  return (
    headers['prefer'] !== undefined ||
    headers['idempotency-key'] !== undefined ||
    headers['x-holdfast-placeholder-after'] !== undefined
  );
}

/** Reads what a call asks for. */
export function readJobAsks(headers: Headers): JobAsks {
  const background = prefersAsync(headers['prefer']);
  const written = headers['x-holdfast-placeholder-after'];
  const placeholderMs = written === undefined ? null : readSpan(written);
  const key = headers['idempotency-key'];
  const webhook = headers['x-holdfast-webhook'];
  const asks = {
    background,
    placeholderMs,
    key: typeof key === 'string' ? key : null,
    webhook: typeof webhook === 'string' ? webhook : null,
  };
  if (written !== undefined && placeholderMs === null) {
    return {
      ...asks,
      fault: unreadable('x-holdfast-placeholder-after', 'Write 5s, 1500ms, or a bare number of seconds.'),
    };
  }
  if (key !== undefined && (typeof key !== 'string' || !/^[\x20-\x7e]{1,255}$/.test(key))) {
    return {
      ...asks,
      fault: unreadable('idempotency-key', 'Send at most 255 printable ASCII characters, such as a UUID.'),
    };
  }
  return { ...asks, fault: null };
}

/** RFC 7240: a preference that is not understood is ignored. */
function prefersAsync(prefer: Headers[string]): boolean {
  return typeof prefer === 'string' && /(?:^|[,;])\s*respond-async\s*(?=$|[,;])/i.test(prefer);
}

/** How long the asker of a job's state would wait for news (`?wait=30s`, `Prefer: wait=30`), ms; null: what was written is no such time. */
export function waitAsked(query: string | null, prefer: Headers[string]): number | null {
  if (query !== null) return query === '0' ? 0 : readSpan(query);
  const match = typeof prefer === 'string' ? /(?:^|[,;])\s*wait\s*=\s*"?(\d{1,6})"?\s*(?=$|[,;])/i.exec(prefer) : null;
  return match === null ? 0 : Math.min(Number(match[1]) * 1_000, LONGEST_MS);
}

function readSpan(written: Headers[string]): number | null {
  const match = typeof written === 'string' ? /^(\d{1,9}(?:\.\d{1,9})?)\s?(ms|s|m)?$/.exec(written.trim()) : null;
  if (match === null) return null;
  const unit = match[2] === 'ms' ? 1 : match[2] === 'm' ? 60_000 : 1_000;
  const ms = Number(match[1]) * unit;
  return ms > 0 && ms <= LONGEST_MS ? ms : null;
}

function unreadable(name: string, fix: string): Fault {
  return faultOf('invalid-request', {
    message: `${name}: what was sent cannot be read`,
    remedy: `${fix} Or leave it out.`,
    evidence: [`header ${name}`],
    code: 'invalid_header',
    param: name,
  });
}
