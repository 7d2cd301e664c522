import type { Headers } from '../call.ts';

/** The limited dimension of a rate limit: which of the reset headers applies. */
export type Dimension = 'requests' | 'tokens';

/** How long a provider asked to wait, and where it said so. */
export interface WaitHint {
  readonly ms: number;
  readonly source: string;
}

export interface HintInput {
  readonly headers: Headers;
  /** Google's `RetryInfo.retryDelay`, or another duration that the body states as a field. */
  readonly retryDelay: string | null;
  readonly message: string;
  /** Set when a rate limit is at hand; only then do reset headers count. */
  readonly dimension: Dimension | null;
  /** Milliseconds since 1970, for dates. */
  readonly wall: number;
}

/** A spend limit can last to the end of a month; anything longer is a mistake, not a hint. */
const LONGEST_MS = 32 * 24 * 3_600_000;

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** One number and its unit, in Go's short form or as an English word. */
const PIECE =
  /(\d+(?:\.\d+)?)\s*(?:(ms|millis(?:econds?)?|milliseconds?)|(d|days?)|(h|hrs?|hours?)|(m|mins?|minutes?)|(s|secs?|seconds?))(?![a-z])/gi;

const NUMBER = /^[+-]?(?:\d+(?:\.\d*)?|\.\d+)$/;

/** The providers' ways to name a wait in prose, each followed by a duration. */
const SPOKEN: readonly RegExp[] = [
  /\btry again (?:in|after)\s+(?:about\s+)?([\d.][^,;()]{0,40})/i,
  /\bretry(?:ing)? (?:in|after)\s+(?:about\s+)?([\d.][^,;()]{0,40})/i,
  /\b(?:resets?|available again|replenished) (?:in|after)\s+([\d.][^,;()]{0,40})/i,
  /\bwait (?:for )?(?:about )?([\d.][^,;()]{0,40})/i,
];

const CLOCK = /^(\d{1,3}):([0-5]\d):([0-5]\d)/;

/**
 * Reads how long the provider asked to wait. The most precise word wins: `retry-after-ms`, `retry-after`, a field of the
 * body, the message, and last the reset header of the exhausted dimension. Null when nothing usable was said: zero,
 * negative, not a number, already past, or absurdly far.
 */
export function waitHint(input: HintInput): WaitHint | null {
  const { headers, wall } = input;
  return (
    hint(millisecondsOf(header(headers, 'retry-after-ms')), headers, 'retry-after-ms') ??
    hint(retryAfterMs(header(headers, 'retry-after'), wall), headers, 'retry-after') ??
    said(input.retryDelay === null ? null : durationMs(input.retryDelay), `retry delay ${input.retryDelay ?? ''}`) ??
    said(spokenMs(input.message), 'message') ??
    (input.dimension === null ? null : resetHint(headers, input.dimension, wall))
  );
}

/** First value of a header, trimmed; null when absent or empty. */
export function header(headers: Headers, name: string): string | null {
  const value = headers[name];
  const first = typeof value === 'string' ? value : Array.isArray(value) ? value[0] : null;
  if (typeof first !== 'string') return null;
  const trimmed = first.trim();
  return trimmed === '' ? null : trimmed;
}

/** `6m0s`, `51.189s`, `12ms`, `37 seconds`, or bare seconds; null when it is none of them. */
export function durationMs(text: string): number | null {
  const trimmed = text.trim();
  if (NUMBER.test(trimmed)) return usable(Number(trimmed) * 1000);
  let total = 0;
  let end = 0;
  for (const match of trimmed.matchAll(PIECE)) {
    // Only a run of pieces from the start counts: "5s or upgrade within 3 days" is five seconds.
    if (!/^[\s,]*$/.test(trimmed.slice(end, match.index))) break;
    const [whole, amount, ms, d, h, m] = match;
    const unit = ms ? 'ms' : d ? 'd' : h ? 'h' : m ? 'm' : 's';
    total += Number(amount) * (UNITS[unit] ?? 0);
    end = match.index + whole.length;
  }
  return usable(total);
}

/** A limit's reset in any of the dialects: Go duration, seconds, epoch seconds or milliseconds, RFC 3339. */
export function resetMs(value: string, wall: number): number | null {
  if (NUMBER.test(value)) {
    const number = Number(value);
    if (number > 1e12) return usable(number - wall);
    if (number > 1e9) return usable(number * 1000 - wall);
    return usable(number * 1000);
  }
  return /^\d{4}-\d\d-\d\dT/.test(value) ? usable(Date.parse(value) - wall) : durationMs(value);
}

function millisecondsOf(value: string | null): number | null {
  return value !== null && NUMBER.test(value) ? usable(Number(value)) : null;
}

function retryAfterMs(value: string | null, wall: number): number | null {
  if (value === null) return null;
  // Two proxies may each add the header; node joins them with a comma, as does the date within itself.
  const number = /^([+-]?[\d.]+)\s*(?:,|$)/.exec(value)?.[1];
  if (number !== undefined) return NUMBER.test(number) ? usable(Number(number) * 1000) : null;
  if (/^(?:[A-Za-z]{3,9},? |\d{4}-\d\d-\d\dT)/.test(value)) return usable(Date.parse(value) - wall);
  return durationMs(value);
}

function spokenMs(message: string): number | null {
  for (const pattern of SPOKEN) {
    const words = pattern.exec(message)?.[1];
    if (words === undefined) continue;
    const clock = CLOCK.exec(words);
    if (clock) return usable((Number(clock[1]) * 3600 + Number(clock[2]) * 60 + Number(clock[3])) * 1000);
    // A bare number in prose is not a duration: it may be a count or a year.
    const ms = /^[\d.]+\s*[a-z]/i.test(words) ? durationMs(words) : null;
    if (ms !== null) return ms;
  }
  return null;
}

const RESETS: Readonly<Record<Dimension, readonly (readonly [remaining: string, reset: string])[]>> = {
  requests: [
    ['x-ratelimit-remaining-requests', 'x-ratelimit-reset-requests'],
    ['anthropic-ratelimit-requests-remaining', 'anthropic-ratelimit-requests-reset'],
  ],
  tokens: [
    ['x-ratelimit-remaining-tokens', 'x-ratelimit-reset-tokens'],
    ['x-ratelimit-remaining-project-tokens', 'x-ratelimit-reset-project-tokens'],
    ['anthropic-ratelimit-input-tokens-remaining', 'anthropic-ratelimit-input-tokens-reset'],
    ['anthropic-ratelimit-output-tokens-remaining', 'anthropic-ratelimit-output-tokens-reset'],
    ['anthropic-ratelimit-tokens-remaining', 'anthropic-ratelimit-tokens-reset'],
  ],
};

/** Headers that name one reset without saying of what. */
const WHOLE: readonly string[] = ['anthropic-ratelimit-unified-reset', 'x-ratelimit-reset', 'ratelimit-reset'];

/** Which dimension the headers show as used up; null when they show none or both. */
export function exhaustedDimension(headers: Headers): Dimension | null {
  const requests = RESETS.requests.some(([remaining]) => isZero(header(headers, remaining)));
  const tokens = RESETS.tokens.some(([remaining]) => isZero(header(headers, remaining)));
  if (requests === tokens) return null;
  return requests ? 'requests' : 'tokens';
}

function resetHint(headers: Headers, dimension: Dimension, wall: number): WaitHint | null {
  const rows = RESETS[dimension];
  const empty = rows.filter(([remaining]) => isZero(header(headers, remaining)));
  // Tokens can run short without reaching zero: then the reset of the dimension that was named is the best there is.
  const named = rows.filter(([remaining]) => header(headers, remaining) === null || dimension === 'tokens');
  const resets = (empty.length > 0 ? empty : named).map(([, reset]) => reset);
  let longest: WaitHint | null = null;
  for (const name of [...resets, ...WHOLE]) {
    const value = header(headers, name);
    const found = value === null ? null : hint(resetMs(value, wall), headers, name);
    if (found !== null && (longest === null || found.ms > longest.ms)) longest = found;
  }
  return longest;
}

function isZero(value: string | null): boolean {
  return value !== null && NUMBER.test(value) && Number(value) === 0;
}

/** Whole milliseconds, at least one; null for what nobody could wait for. */
function usable(ms: number): number | null {
  if (!Number.isFinite(ms) || ms <= 0 || ms > LONGEST_MS) return null;
  return Math.max(1, Math.round(ms));
}

function hint(ms: number | null, headers: Headers, name: string): WaitHint | null {
  return ms === null ? null : { ms, source: `header ${name}: ${header(headers, name)?.slice(0, 60) ?? ''}` };
}

function said(ms: number | null, source: string): WaitHint | null {
  return ms === null ? null : { ms, source: `${source.slice(0, 60)} (wait ${ms} ms)` };
}
