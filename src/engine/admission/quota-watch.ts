import type { Counters, Quota, QuotaEvent, Tell } from './quota.ts';

const DAY_MS = 86_400_000;
/** Beyond so many told quotas, those are let go whose period is over. */
const MANY = 10_000;

/** How long a sliding period is, ms; of what is under way, people are told as often as of a minute. */
const LENGTH_MS: Readonly<Record<Quota['period'], number>> = {
  moment: 60_000,
  minute: 60_000,
  day: DAY_MS,
  month: 30 * DAY_MS,
};

/** When a budget begins anew, ms since 1970; null for a quota that slides. */
export function resetOf({ measure, period }: Quota, at: number): number | null {
  if (period === 'month') {
    const date = new Date(at);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
  }
  return measure === 'money' && period === 'day' ? (Math.floor(at / DAY_MS) + 1) * DAY_MS : null;
}

/** How long a quota takes from full use to none, ms. */
export function periodMs(period: Quota['period']): number {
  return LENGTH_MS[period];
}

/** Tells people of quotas that run out, once in a period and not with every call. */
export class QuotaWatch {
  readonly #counters: Counters;
  readonly #tell: Tell;
  /** Until when an event of a kind has been told of a quota. */
  readonly #told = new Map<string, number>();

  constructor(counters: Counters, tell: Tell) {
    this.#counters = counters;
    this.#tell = tell;
  }

  /** Looks at the quotas of a call that has ended. */
  settled(quotas: readonly Quota[], callId: string, at: number): void {
    for (let index = 0; index < quotas.length; index += 1) {
      const quota = quotas[index] as Quota;
      if (quota.warnAt === null) continue;
      const used = this.#counters.settled(quota, at);
      if (used >= quota.warnAt) this.#once('warned', quota, used, callId, at);
      if (!quota.refuses && used >= quota.amount) this.#once('exhausted', quota, used, callId, at);
    }
  }

  /** A call was refused. That a minute's limit was met is everyday life, and told by the calls' own records. */
  refused(quota: Quota, used: number, callId: string, at: number): void {
    if (quota.period === 'day' || quota.period === 'month') this.#once('exhausted', quota, used, callId, at);
  }

  #once(kind: QuotaEvent['kind'], quota: Quota, used: number, callId: string, at: number): void {
    const key = `${kind} ${quota.id}`;
    const until = this.#told.get(key);
    if (until !== undefined && at < until) return;
    const resetsAt = resetOf(quota, at);
    if (this.#told.size >= MANY) this.#forget(at);
    this.#told.set(key, resetsAt ?? at + periodMs(quota.period));
    this.#tell({ kind, at, quota, used, resetsAt, callId });
  }

  #forget(at: number): void {
    for (const [key, until] of this.#told) if (until <= at) this.#told.delete(key);
    // All of them are recent: better tell something twice than remember without end.
    if (this.#told.size >= MANY) this.#told.clear();
  }
}
