import type { Database } from '../../storage/database.ts';
import type { Stepped } from './queries.ts';
import { gridOf } from './steps.ts';
import type { FaultKind, Party } from '../../engine/fault/fault.ts';

/** A fault at one target with one model, however often. */
export interface FaultGroup {
  readonly kind: FaultKind;
  readonly party: Party;
  /** null: it never got as far as a target. */
  readonly target: string | null;
  readonly model: string | null;
  /** Calls that were told it. */
  readonly calls: number;
  /** Attempts that met it. */
  readonly attempts: number;
  /** Within the range, ms since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
  /** How many tenants were hit; calls without a tenant count as one. */
  readonly tenantCount: number;
  /** The five most hit; null: calls without one. */
  readonly tenants: readonly { readonly tenant: string | null; readonly count: number }[];
  /** What a fault of this kind is. */
  readonly meaning: string;
  /** What to do about it, in one sentence. */
  readonly remedy: string;
  /** The last call that met it, while its record is kept. */
  readonly example: {
    readonly id: string;
    readonly at: number;
    readonly message: string;
    readonly remedy: string;
  } | null;
  /** Calls and attempts together, whichever are more, step by step; 0 where there was none. */
  readonly series: readonly number[];
}

export interface FaultGroups {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  readonly at: readonly number[];
  /** The last seen first. */
  readonly groups: readonly FaultGroup[];
}

export function answerFaults(_database: Database, { step, ...asked }: Stepped, now: number): Promise<FaultGroups> {
  return Promise.resolve({ ...gridOf(asked, step, now, 40), groups: [] });
}
