import type { Headers } from '../call.ts';
import type { Report } from '../admission/meter.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

/** What a provider says of both its limits with one answer; null where it says nothing. */
export interface RateReport {
  readonly requests: Report | null;
  readonly tokens: Report | null;
}

/**
 * Reads `x-ratelimit-limit-*`, `-remaining-*` and `-reset-*` for requests and tokens, as OpenAI writes them and as Azure
 * does, which leaves the limit out at times and counts the reset in whole seconds. By hand, because every answer brings
 * them. Null when there are none.
 */
export function readRateHeaders(headers: Headers): RateReport | null {
  const requests = report(
    headers['x-ratelimit-limit-requests'],
    headers['x-ratelimit-remaining-requests'],
    headers['x-ratelimit-reset-requests'],
  );
  const tokens = report(
    headers['x-ratelimit-limit-tokens'],
    headers['x-ratelimit-remaining-tokens'],
    headers['x-ratelimit-reset-tokens'],
  );
  return requests === null && tokens === null ? null : { requests, tokens };
}

type Value = Headers[string];

function report(limit: Value, remaining: Value, reset: Value): Report | null {
  if (limit === undefined && remaining === undefined) return null;
  return { limit: countOf(limit, 1), remaining: countOf(remaining, 0), resetMs: resetOf(reset) };
}

/** Azure has been seen to say -1 or 0 for what it does not know. */
function countOf(value: Value, least: number): number | null {
  if (typeof value !== 'string' || value === '') return null;
  const count = Number(value);
  return count >= least && Number.isFinite(count) ? count : null;
}

/** `6m0s`, `51.189s`, `12ms`; or whole seconds. Null when it is neither, or nothing. */
function resetOf(value: Value): number | null {
  if (typeof value !== 'string' || value === '') return null;
  let total = 0;
  let from = 0;
  for (let at = 0; at < value.length; at += 1) {
    const code = value.charCodeAt(at);
    if (isDigit(code)) continue;
    const amount = Number(value.slice(from, at));
    const isMs = value.charCodeAt(at) === 0x6d && value.charCodeAt(at + 1) === 0x73;
    const unit = isMs ? 1 : unitOf(code);
    if (from === at || Number.isNaN(amount) || unit === null) return null;
    total += amount * unit;
    if (isMs) at += 1;
    from = at + 1;
  }
  if (from === value.length) return total;
  const seconds = from === 0 ? Number(value) : Number.NaN;
  return seconds > 0 ? seconds * 1000 : null;
}

/** A digit, or the point between digits. */
function isDigit(code: number): boolean {
  return (code >= 0x30 && code <= 0x39) || code === 0x2e;
}

function unitOf(code: number): number | null {
  if (code === 0x73) return 1000;
  if (code === 0x6d) return MINUTE_MS;
  return code === 0x68 ? HOUR_MS : null;
}
