import {
  type Expression,
  type ExpressionBuilder,
  type Kysely,
  type RawBuilder,
  type SelectQueryBuilder,
  sql,
  type SqlBool,
} from 'kysely';

import type { FaultKind } from '../engine/fault/fault.ts';
import type { CallOutcome } from '../engine/record.ts';
import type { Database } from '../storage/database.ts';
import type { CallsView, Schema } from '../storage/schema.ts';
import { callFromRow, type StoredCall } from './call-row.ts';
import { countsBeginningWith, splitOwnId } from './own-id.ts';

/** Where a page ends: the next one holds calls that arrived before this one. */
export interface CallCursor {
  readonly at: number;
  readonly seq: number;
}

/** Which calls; what is left out does not restrict. */
export interface CallFilter {
  /** Arrived at or after this moment, ms since 1970. */
  readonly since?: number | undefined;
  /** Arrived before this moment, ms since 1970. */
  readonly until?: number | undefined;
  readonly outcome?: CallOutcome | undefined;
  /** Met this fault: told to the caller, or in any attempt, also of a call that was answered in the end. */
  readonly fault?: FaultKind | undefined;
  /** The model the caller asked for. */
  readonly model?: string | undefined;
  /** Sent to this target by any of its attempts. */
  readonly target?: string | undefined;
  readonly route?: string | undefined;
  readonly organisation?: string | undefined;
  readonly tenant?: string | undefined;
  readonly workload?: string | undefined;
  readonly keyId?: string | undefined;
  /** A user of the tenant's own, by its pseudonym. */
  readonly endUser?: string | undefined;
  /** The status given to the caller: one, or a class such as `5xx`. */
  readonly status?: number | StatusClass | undefined;
  readonly minDurationMs?: number | undefined;
  readonly idPrefix?: string | undefined;
}

export type StatusClass = `${1 | 2 | 3 | 4 | 5}xx`;

export interface CallPage {
  /** Newest first. */
  readonly calls: readonly StoredCall[];
  /** Give it as `before` to get the next older page; null when there is none. */
  readonly next: CallCursor | null;
}

/**
 * The calls that match, newest arrival first.
 *
 * Pages are cut by the last row's key and not by counting, so that calls arriving meanwhile shift nothing.
 */
export async function listCalls(
  { query }: Database,
  filter: CallFilter & {
    /** @default 20, a screenful */
    readonly limit?: number | undefined;
    readonly before?: CallCursor | undefined;
  } = {},
): Promise<CallPage> {
  const { limit = 20, before } = filter;
  let select = await matching(query, filter, { limit: limit + 1, before });
  if (before !== undefined) {
    select = select.where((row) => olderThan(row, before));
  }
  // One more than asked for tells whether another page follows.
  const rows = await select
    .orderBy('at', 'desc')
    .orderBy('seq', 'desc')
    .limit(limit + 1)
    .execute();
  const calls = rows.slice(0, limit).map(callFromRow);
  const last = calls.at(-1);
  return { calls, next: rows.length > limit && last !== undefined ? { at: last.at, seq: last.seq } : null };
}

/** The calls that match and were written after the one with `seq`, oldest first: what a follower asks again and again. */
export async function listCallsAfter(
  { query }: Database,
  seq: number,
  filter: CallFilter = {},
  limit = 1000,
): Promise<readonly StoredCall[]> {
  const select = await matching(query, filter);
  const rows = await select.where('seq', '>', seq).orderBy('seq').limit(limit).execute();
  return rows.map(callFromRow);
}

/** Calls of one piece of an export. */
const EXPORTED_AT_ONCE = 1_000;

/** All calls that match, newest first, piece by piece. */
export async function* exportCalls(database: Database, filter: CallFilter = {}): AsyncGenerator<readonly StoredCall[]> {
  let before: CallCursor | undefined;
  do {
    const { calls, next }: CallPage = await listCalls(database, { ...filter, limit: EXPORTED_AT_ONCE, before });
    if (calls.length > 0) yield calls;
    before = next ?? undefined;
  } while (before !== undefined);
}

/** Number of the call written last; 0 when there is none. */
export async function lastSeq({ query }: Database): Promise<number> {
  const row = await query.selectFrom('calls').select('seq').orderBy('seq', 'desc').limit(1).executeTakeFirst();
  return row?.seq ?? 0;
}

export type FoundCall =
  | { readonly kind: 'found'; readonly call: StoredCall }
  | { readonly kind: 'unknown' }
  /** The beginning of several ids; the newest of them. */
  | { readonly kind: 'ambiguous'; readonly ids: readonly string[] };

/** The call with this id, or with the only id that begins so. Of calls whose callers chose the same id, the newest. */
export async function findCall(database: Database, idOrPrefix: string): Promise<FoundCall> {
  const exact = await database.query
    .selectFrom('calls')
    .selectAll()
    .where((row) => hasId(row, idOrPrefix))
    .orderBy('at', 'desc')
    .limit(1)
    .executeTakeFirst();
  if (exact !== undefined) return { kind: 'found', call: callFromRow(exact) };
  const { calls } = await listCalls(database, { idPrefix: idOrPrefix, limit: 5 });
  const [first] = calls;
  if (first === undefined) return { kind: 'unknown' };
  const ids = [...new Set(calls.map(({ id }) => id))];
  return ids.length === 1 ? { kind: 'found', call: first } : { kind: 'ambiguous', ids };
}

type CallQuery = SelectQueryBuilder<Schema, 'calls', CallsView>;

/** @param page which of them, where the newest are wanted and no others */
async function matching(query: Kysely<Schema>, filter: CallFilter, page?: Page): Promise<CallQuery> {
  const { since, until, outcome, fault, model, target, route, status, minDurationMs, idPrefix } = filter;
  const { organisation, tenant, workload, keyId, endUser } = filter;
  let select = query.selectFrom('calls').selectAll();
  if (since !== undefined) select = select.where('at', '>=', since);
  if (until !== undefined) select = select.where('at', '<', until);
  if (outcome !== undefined) select = select.where('outcome', '=', outcome);
  // Says nothing new, but lets the database use the small index of the calls that something happened to.
  if (fault !== undefined || (outcome !== undefined && outcome !== 'answered')) {
    select = select.where('attempts', 'is not', null);
  }
  if (model !== undefined) select = select.where('model', '=', model);
  if (route !== undefined) select = select.where('route', '=', route);
  if (organisation !== undefined) select = select.where('organisation', '=', organisation);
  if (tenant !== undefined) select = select.where('tenant', '=', tenant);
  if (workload !== undefined) select = select.where('workload', '=', workload);
  if (keyId !== undefined) select = select.where('key_id', '=', keyId);
  const ofKinds = [outcome, model, route, organisation, tenant, workload, keyId].some((name) => name !== undefined);
  if (endUser !== undefined) select = select.where(ofKinds ? afterKind('end_user') : 'end_user', '=', endUser);
  if (minDurationMs !== undefined) {
    select = select.where(ofKinds ? afterKind('duration_us') : 'duration_us', '>=', minDurationMs * 1000);
  }
  if (fault !== undefined) {
    select = select.where((row) => row.or([row('fault_kind', '=', fault), anAttemptHas('kind', fault)]));
  }
  if (target !== undefined) {
    select = select.where((row) => row.or([row('target', '=', target), anAttemptHas('target', target)]));
  }
  if (status !== undefined) {
    const [from, below] = statusRange(status);
    select = select.where('status', '>=', from).where('status', '<', below);
  }
  if (idPrefix !== undefined) {
    const found = await beginningWith(query, idPrefix, onlyByTime(filter) ? { since, until, ...page } : {});
    select = select.where('seq', 'in', found);
  }
  return select;
}

/**
 * A column of the call itself, in words that name one of its kind as well, and so are looked at after what is asked of the kind:
 * SQLite else reads every call before it has asked whether its kind, which the index tells, is wanted at all.
 */
function afterKind<Column extends 'end_user' | 'duration_us'>(column: Column): RawBuilder<CallsView[Column]> {
  return sql<CallsView[Column]>`case when lane is not null then ${sql.ref(column)} end`;
}

type CallExpressions = ExpressionBuilder<Schema, 'calls'>;

/** By the indexes of the rows: the view puts an id together only after it has found the call. */
function hasId(row: CallExpressions, id: string): Expression<SqlBool> {
  const rows = row.selectFrom('call_rows').select('call_rows.seq');
  const own = splitOwnId(id);
  if (own === null) return row('seq', 'in', rows.where('call_rows.id', '=', id));
  const prefix = row.selectFrom('id_prefixes').select('id_prefixes.id').where('prefix', '=', own.prefix);
  return row('seq', 'in', rows.where('id_prefix', '=', prefix).where('id_count', '=', own.count));
}

/** Processes looked at that share the beginning of their ids, the newest: as many as a statement takes. */
const MOST_PROCESSES = 10_000;

/** The newest calls, so many of them. */
interface Page {
  readonly limit?: number | undefined;
  readonly before?: CallCursor | undefined;
}

/** What restricts nothing but the time and the id: then the newest by these alone are the newest. */
const OF_TIME: ReadonlySet<string> = new Set(['since', 'until', 'idPrefix', 'limit', 'before']);

function onlyByTime(filter: CallFilter): boolean {
  return Object.entries(filter).every(([name, value]) => value === undefined || OF_TIME.has(name));
}

type Numbers = SelectQueryBuilder<Schema, 'call_rows', { seq: number }>;

/**
 * The numbers of the calls whose ids begin so, by the indexes of the rows. A short beginning is that of every call of a process:
 * of those not more are looked at than are wanted.
 */
async function beginningWith(
  query: Kysely<Schema>,
  start: string,
  { since, until, limit, before }: Page & Pick<CallFilter, 'since' | 'until'>,
): Promise<SelectQueryBuilder<Schema, never, { seq: number }>> {
  const newest = (of: Numbers): SelectQueryBuilder<Schema, never, { seq: number }> => {
    let some = of;
    if (since !== undefined) some = some.where('at', '>=', since);
    if (until !== undefined) some = some.where('at', '<', until);
    if (before !== undefined) some = some.where((row) => olderThan(row, before));
    if (limit !== undefined) some = some.orderBy('at', 'desc').orderBy('seq', 'desc').limit(limit);
    return query.selectFrom(some.as('some')).select('seq') as SelectQueryBuilder<Schema, never, { seq: number }>;
  };
  // Ranges, because `like` ignores case and so cannot use the index. Their end is the last character there is.
  const end = `${start}\u{10FFFF}`;
  const dash = start.lastIndexOf('-');
  const base = start.slice(0, Math.max(dash, 0));
  const prefixes = await query
    .selectFrom('id_prefixes')
    .selectAll()
    .where((row) => row.or([row('prefix', '=', base), row.and([row('prefix', '>=', start), row('prefix', '<', end)])]))
    .orderBy('id', 'desc')
    .limit(MOST_PROCESSES)
    .execute();
  const rows = query.selectFrom('call_rows').select('seq');
  const isWhole = (prefix: string): boolean => prefix !== base || dash === start.length - 1;
  const whole = prefixes.filter(({ prefix }) => isWhole(prefix)).map(({ id }) => id);
  let found = newest(rows.where('id', '>=', start).where('id', '<', end));
  if (whole.length > 0) found = found.unionAll(newest(rows.where('id_prefix', 'in', whole)));
  for (const { id } of prefixes.filter(({ prefix }) => !isWhole(prefix))) {
    for (const [first, last] of countsBeginningWith(start.slice(dash + 1))) {
      const counted = rows.where('id_prefix', '=', id).where('id_count', '>=', first).where('id_count', '<=', last);
      found = found.unionAll(newest(counted));
    }
  }
  return found;
}

/**
 * The attempts are JSON that this house has written, without spaces. Text inside another value cannot pass for a field,
 * because its quotes are escaped.
 */
function anAttemptHas(field: string, value: string): RawBuilder<SqlBool> {
  const text = JSON.stringify({ [field]: value }).slice(1, -1);
  const pattern = `%${text.replaceAll(/[!%_]/g, '!$&')}%`;
  return sql<SqlBool>`attempts like ${pattern} escape '!'`;
}

/** In the order of a page. */
function olderThan(
  row: ExpressionBuilder<Schema, 'calls' | 'call_rows'>,
  { at, seq }: CallCursor,
): Expression<SqlBool> {
  return row.or([row('at', '<', at), row.and([row('at', '=', at), row('seq', '<', seq)])]);
}

function statusRange(status: number | StatusClass): [from: number, below: number] {
  if (typeof status === 'number') return [status, status + 1];
  const from = Number(status.charAt(0)) * 100;
  return [from, from + 100];
}
