import { type Counters, type Measure, type Quota } from './quota.ts';
import { periodMs } from './quota-watch.ts';
import { goDuration } from './quota-words.ts';

/** Told of at most: what a call was refused by. */
interface Refused {
  readonly quota: Quota;
  readonly freeInMs: number | null;
}

/**
 * How the caller stands, in OpenAI's own headers: of its limits on requests and on tokens the tightest, since what is left
 * of the others does not help. Resets tell when all of the limit would be free again if nothing else came; on a refusal,
 * when the call would have found room.
 */
export function rateLimitHeaders(
  quotas: readonly Quota[],
  counters: Counters,
  at: number,
  refused: Refused | null = null,
): readonly string[] {
  const headers: string[] = [];
  pushFor('requests', headers, quotas, counters, at, refused);
  pushFor('tokens', headers, quotas, counters, at, refused);
  return headers;
}

function pushFor(
  measure: Measure & ('requests' | 'tokens'),
  headers: string[],
  quotas: readonly Quota[],
  counters: Counters,
  at: number,
  refused: Refused | null,
): void {
  let tightest: Quota | null = null;
  let left = 0;
  for (let index = 0; index < quotas.length; index += 1) {
    const quota = quotas[index] as Quota;
    if (quota.measure !== measure || !quota.refuses) continue;
    const room = quota.amount - counters.used(quota, at);
    if (tightest !== null && room >= left) continue;
    tightest = quota;
    left = room;
  }
  if (refused?.quota.measure === measure) tightest = refused.quota;
  if (tightest === null) return;
  const { amount } = tightest;
  if (refused?.quota === tightest) left = amount - counters.used(tightest, at);
  const resetMs = refused?.quota === tightest ? (refused.freeInMs ?? 0) : left >= amount ? 0 : periodMs(tightest);
  headers.push(
    NAMES[measure].limit,
    String(amount),
    NAMES[measure].remaining,
    String(Math.max(0, Math.floor(left))),
    NAMES[measure].reset,
    WHOLE_PERIODS.get(resetMs) ?? goDuration(resetMs),
  );
}

const NAMES = {
  requests: {
    limit: 'x-ratelimit-limit-requests',
    remaining: 'x-ratelimit-remaining-requests',
    reset: 'x-ratelimit-reset-requests',
  },
  tokens: {
    limit: 'x-ratelimit-limit-tokens',
    remaining: 'x-ratelimit-remaining-tokens',
    reset: 'x-ratelimit-reset-tokens',
  },
} as const;

/** What nearly every answer says. */
const WHOLE_PERIODS: ReadonlyMap<number, string> = new Map([
  [0, '0ms'],
  [60_000, '1m0s'],
  [86_400_000, '24h0m0s'],
]);
