import type { JsonObject } from '../json.ts';
import type { Received } from '../upstream.ts';
import type { WholeAnswer } from '../script.ts';
import { missingKey, rateLimited, wrongKey } from './refusals.ts';

/** Whether a request is one of Anthropic's wire: it has paths of its own, and every request names its version. */
export function speaksMessages({ route, headers }: Pick<Received, 'route' | 'headers'>): boolean {
  return headers['anthropic-version'] !== undefined || route === '/v1/messages' || route.startsWith('/v1/messages/');
}

/** Anthropic's word on a key that is not accepted. */
export function refusedKey(key: string): WholeAnswer {
  return key === '' ? missingKey() : wrongKey();
}

/** A limiter's refusal in Anthropic's words, which say less: not how far over the limit a request was. */
export function refusedByLimit({ body, headers = {} }: WholeAnswer): WholeAnswer {
  const { error } = JSON.parse(String(body)) as { error: JsonObject };
  const wait = headers['retry-after'];
  const after: Record<string, string> = typeof wait === 'string' ? { 'retry-after': wait } : {};
  return rateLimited(error['type'] === 'requests' ? 'requests' : 'input tokens', after);
}

/** How a limiter's headers are named, and what they count. */
const LIMIT_HEADER = /^x-ratelimit-(limit|remaining|reset)-(requests|tokens)$/;

/**
 * What Anthropic puts in the head of an answer.
 *
 * @param limits a limiter's headers, in OpenAI's words.
 * @param wall milliseconds since 1970.
 */
export function anthropicHeaders(
  requestId: string,
  organization: string,
  limits: Readonly<Record<string, string>>,
  wall: number,
): Record<string, string> {
  const out: Record<string, string> = { 'request-id': requestId, 'anthropic-organization-id': organization };
  for (const [name, value] of Object.entries(limits)) {
    const [, what, of] = LIMIT_HEADER.exec(name) ?? [];
    if (what === undefined || of === undefined) continue;
    const told = what === 'reset' ? new Date(wall + milliseconds(value)).toISOString() : value;
    out[`anthropic-ratelimit-${of}-${what}`] = told;
  }
  return out;
}

const UNITS: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1000, ms: 1 };

/** `1m2.5s` in milliseconds. */
function milliseconds(duration: string): number {
  const parts = duration.matchAll(/([\d.]+)(ms|h|m|s)/g);
  return [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * (UNITS[unit ?? ''] ?? 0), 0);
}
