import type { Counters, Quota } from './quota.ts';
import { periodMs } from './quota-watch.ts';
import { goDuration } from './quota-words.ts';

/** What a call was refused by. */
interface Refused {
  readonly quota: Quota;
  readonly freeInMs: number | null;
}

/** What OpenAI tells limits of. */
type Told = 'requests' | 'tokens';

/**
 * How the caller stands, in OpenAI's own headers, names and values in turn: of its limits on requests and on tokens the
 * tightest, since what is left of the others does not help. Resets tell when all of the limit will be free again if nothing
 * else comes; on a refusal, when the call would have found room.
 */
export function rateLimitHeaders(
  quotas: readonly Quota[],
  counters: Counters,
  at: number,
  refused: Refused | null = null,
): readonly string[] {
  const headers: string[] = [];
  tell('requests', headers, quotas, counters, at, refused);
  tell('tokens', headers, quotas, counters, at, refused);
  return headers;
}

function tell(
  measure: Told,
  headers: string[],
  quotas: readonly Quota[],
  counters: Counters,
  at: number,
  refused: Refused | null,
): void {
  const by = refused?.quota.measure === measure ? refused : null;
  const tightest = by?.quota ?? tightestOf(measure, quotas, counters, at);
  if (tightest === null) return;
  const left = tightest.amount - counters.used(tightest, at);
  const remaining = left > 0 ? Math.floor(left) : 0;
  // A call that never fits is told the same as everybody: its own moment does not come.
  const freeInMs = by?.freeInMs ?? null;
  const reset = freeInMs !== null ? goDuration(freeInMs) : left < tightest.amount ? WHOLE[tightest.period] : '0ms';
  const names = NAMES[measure];
  headers.push(names.limit, `${tightest.amount}`, names.remaining, `${remaining}`, names.reset, reset);
}

function tightestOf(measure: Told, quotas: readonly Quota[], counters: Counters, at: number): Quota | null {
  let tightest: Quota | null = null;
  let least = Number.POSITIVE_INFINITY;
  for (let index = 0; index < quotas.length; index += 1) {
    const quota = quotas[index] as Quota;
    if (quota.measure !== measure || !quota.refuses) continue;
    const left = quota.amount - counters.used(quota, at);
    if (left >= least) continue;
    tightest = quota;
    least = left;
  }
  return tightest;
}

const NAMES: Readonly<Record<Told, { readonly limit: string; readonly remaining: string; readonly reset: string }>> = {
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
};

/** How long each period is, in words. */
const WHOLE: Readonly<Record<Quota['period'], string>> = {
  moment: goDuration(periodMs('moment')),
  minute: goDuration(periodMs('minute')),
  day: goDuration(periodMs('day')),
  month: goDuration(periodMs('month')),
};
