import type { Headers } from '../../engine/call.ts';

/** Anthropic's limits and OpenAI's names for them. Its `tokens` are those of whichever limit is the tightest now. */
const NAMES: readonly (readonly [ours: string, theirs: string])[] = [
  ['x-ratelimit-limit-requests', 'anthropic-ratelimit-requests-limit'],
  ['x-ratelimit-remaining-requests', 'anthropic-ratelimit-requests-remaining'],
  ['x-ratelimit-limit-tokens', 'anthropic-ratelimit-tokens-limit'],
  ['x-ratelimit-remaining-tokens', 'anthropic-ratelimit-tokens-remaining'],
];

const RESETS: readonly (readonly [ours: string, theirs: string])[] = [
  ['x-ratelimit-reset-requests', 'anthropic-ratelimit-requests-reset'],
  ['x-ratelimit-reset-tokens', 'anthropic-ratelimit-tokens-reset'],
];

/**
 * Anthropic's rate limits as OpenAI's headers tell them, for callers and pacers that know those: a point in time becomes the
 * time until then.
 *
 * @param wall milliseconds since 1970.
 */
export function rateHeaders(headers: Headers, wall: number): Record<string, string> {
  const out: Record<string, string> = {};
  for (const [ours, theirs] of NAMES) {
    const value = headers[theirs];
    if (typeof value === 'string') out[ours] = value;
  }
  for (const [ours, theirs] of RESETS) {
    const value = headers[theirs];
    const leftMs = typeof value === 'string' ? Date.parse(value) - wall : Number.NaN;
    if (leftMs >= 0) out[ours] = `${Math.ceil(leftMs)}ms`;
  }
  return out;
}
