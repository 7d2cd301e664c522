import type { Quota } from './admission/quota.ts';

/** Classes of priority: people wait for interactive answers; background work takes what is left, yet always something. */
export type Lane = 'interactive' | 'background';

/** Sizes that no call of a caller may exceed, in tokens; null: none of our own. */
export interface Ceilings {
  readonly promptTokens: number | null;
  readonly outputTokens: number | null;
}

/** Who a call is made for: found by the door before the line begins, and never changed after. */
export interface Caller {
  /** Id of the key that was shown, never the key; null where none is asked for. */
  readonly keyId: string | null;
  readonly organisation: string | null;
  readonly tenant: string | null;
  readonly workload: string | null;
  /** The tenant's own user, as the request names one (`safety_identifier`, `user`, or a header). */
  readonly endUser: string | null;
  readonly lane: Lane;
  /** The tenant's share of a scarce target, relative to the other tenants who want it. */
  readonly tenantWeight: number;
  /** The workload's part of its tenant's share, relative to the tenant's others. */
  readonly weight: number;
  /** Every quota that holds for the call, from the organisation's down to the user's. */
  readonly quotas: readonly Quota[];
  readonly ceilings: Ceilings;
}

/** The caller where nobody is told apart. */
export const ANYONE: Caller = Object.freeze({
  keyId: null,
  organisation: null,
  tenant: null,
  workload: null,
  endUser: null,
  lane: 'interactive',
  tenantWeight: 1,
  weight: 1,
  quotas: Object.freeze([]),
  ceilings: Object.freeze({ promptTokens: null, outputTokens: null }),
});
