import type { FaultDetail, FaultKind, Party } from './fault.ts';

/** What a code, a wording or a status means: a kind, and where this case differs from the kind's table. */
export interface Meaning {
  readonly kind: FaultKind;
  readonly detail?: FaultDetail;
  readonly party?: Party;
  readonly here?: boolean;
  readonly elsewhere?: boolean;
  readonly remedy?: string;
}

/**
 * The ground a failure stands on when no code names it outright. Each ground has its own default and the wordings that may
 * refine it; a wording of another ground never counts, so an echoed prompt cannot turn a server error into something else.
 */
export type Ground =
  | 'request'
  | 'credentials'
  | 'forbidden'
  | 'missing'
  | 'size'
  | 'rate'
  | 'server'
  | 'unavailable'
  /** The status itself says it all. */
  | 'settled'
  /** No status and no known name: an error event or a 200 body with words only. */
  | 'unknown';
