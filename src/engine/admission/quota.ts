/** Where in the hierarchy a quota stands. */
export type Level = 'organisation' | 'tenant' | 'workload' | 'user' | 'key';

/** What a quota counts; `calls` are those under way at once. */
export type Measure = 'requests' | 'tokens' | 'calls' | 'money';

/**
 * Over what. Minutes and days slide, so that no edge of a window lets twice the amount through; money is kept by the
 * calendar (UTC), as people budget it. `moment` is for calls under way.
 */
export type Period = 'moment' | 'minute' | 'day' | 'month';

/** One limit of one holder. */
export interface Quota {
  /** What is counted under: `tenant:acme tokens/minute`. Quotas of one id share one count, across processes too. */
  readonly id: string;
  readonly level: Level;
  /** Name of the organisation, tenant, workload, user or key it belongs to. */
  readonly holder: string;
  readonly measure: Measure;
  readonly period: Period;
  /** Requests, tokens, calls, or millionths of a US dollar. */
  readonly amount: number;
  /** Use from which people are warned, in the same unit; null: they are not. */
  readonly warnAt: number | null;
  /** false: it only warns. */
  readonly refuses: boolean;
}

/** What a call takes of its quotas besides being one request and one call under way. */
export interface Cost {
  readonly tokens: number;
  /** Millionths of a US dollar. */
  readonly microdollars: number;
}

/** What was taken for one call, until it is known what the call really took. */
export interface Reservation {
  /** Puts what the call has really taken in place of what was reserved. Only the first time counts. */
  settle(cost: Cost, at: number): void;
}

/** May the call go ahead? */
export type Verdict =
  | { readonly kind: 'granted'; readonly reservation: Reservation }
  | {
      readonly kind: 'refused';
      readonly quota: Quota;
      /** Use of the quota at the time, reservations included, in its unit. */
      readonly used: number;
      /**
       * Until the call would be granted if nobody else came, exact where only settled use is in the way. What calls under
       * way hold is hoped to come back within {@link HELD_HOPE_MS}, since nobody knows when they end. Null: never, the call
       * is larger than the quota. Of several quotas that refuse, the one that frees last is told.
       */
      readonly freeInMs: number | null;
    };

/** How soon to look again for what calls under way still hold, ms. */
export const HELD_HOPE_MS = 1_000;

/** What people hear of a quota besides the refusals themselves; each kind once in a period of the quota. */
export interface QuotaEvent {
  /**
   * `warned`: settled use has reached `warnAt`. `exhausted`: the first call was refused, or, of a quota that refuses
   * nothing, its amount was reached.
   */
  readonly kind: 'warned' | 'exhausted';
  /** Wall time, ms since 1970. */
  readonly at: number;
  readonly quota: Quota;
  /** Use at the time, in the quota's unit: settled for `warned`, with what calls under way hold for `exhausted`. */
  readonly used: number;
  /** When a budget begins anew, ms since 1970; null for what slides. */
  readonly resetsAt: number | null;
  /** The call at which it was noticed. */
  readonly callId: string;
}

/** Is told of quotas. Must not throw and must not block. */
export type Tell = (event: QuotaEvent) => void;

/** Where use is counted: in this process, or among several. Times are wall time, ms since 1970. */
export interface Counters {
  /** Takes the cost from every quota, or from none. Answers without a promise where nobody has to be asked. */
  reserve(quotas: readonly Quota[], cost: Cost, at: number): Verdict | Promise<Verdict>;
  /** Use of a quota as far as this process knows it, reservations included. */
  used(quota: Quota, at: number): number;
  /** The same without what is held for calls under way: what people are warned by. */
  settled(quota: Quota, at: number): number;
  close(): Promise<void>;
}
