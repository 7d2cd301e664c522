import type { Database } from '../../storage/database.ts';
import type { FaultKind } from '../../engine/fault/fault.ts';
import type { CallOutcome } from '../../engine/record.ts';
import type { StoredCall } from '../call-row.ts';
import { findCall, listCalls, type StatusClass } from '../calls.ts';

/** Which calls are looked for; what is left out does not restrict. */
export interface CallSearch {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
  /** Any id that anybody gave the call or one of its attempts; ours may be shortened. */
  readonly id?: string | undefined;
  readonly outcome?: CallOutcome | undefined;
  readonly fault?: FaultKind | undefined;
  readonly model?: string | undefined;
  readonly target?: string | undefined;
  readonly route?: string | undefined;
  readonly organisation?: string | undefined;
  readonly tenant?: string | undefined;
  readonly workload?: string | undefined;
  readonly key?: string | undefined;
  /** By its pseudonym. */
  readonly user?: string | undefined;
  /** The status given to the caller: one, or a class such as `5xx`. */
  readonly status?: string | undefined;
  readonly slowerMs?: number | undefined;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
  /** @default 50 */
  readonly limit?: number | undefined;
}

export interface FoundCalls {
  /** Newest first. */
  readonly calls: readonly StoredCall[];
  readonly next: string | null;
}

/** Tries only what the house itself has named so far. */
export async function answerCall(database: Database, { id }: { readonly id: string }): Promise<StoredCall | null> {
  const found = await findCall(database, id);
  return found.kind === 'found' ? found.call : null;
}

/** One page of the calls that match. */
export async function answerCalls(database: Database, search: CallSearch): Promise<FoundCalls> {
  const { from, to, id, key, user, status, slowerMs, after, limit, ...rest } = search;
  const [, at, seq] = /^(\d{1,15})-(\d{1,15})$/.exec(after ?? '') ?? [];
  const { calls, next } = await listCalls(database, {
    ...rest,
    since: from,
    until: to,
    idPrefix: id,
    keyId: key,
    endUser: user,
    status: status === undefined ? undefined : /^\d+$/.test(status) ? Number(status) : (status as StatusClass),
    minDurationMs: slowerMs,
    limit: limit ?? 50,
    before: at === undefined ? undefined : { at: Number(at), seq: Number(seq) },
  });
  return { calls, next: next === null ? null : `${next.at}-${next.seq}` };
}
