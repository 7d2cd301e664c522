import type { Database } from '../../storage/database.ts';
import type { FaultKind } from '../../engine/fault/fault.ts';
import type { CallOutcome } from '../../engine/record.ts';
import { callFromRow, type StoredCall } from '../call-row.ts';
import { type CallFilter, findCall, listCalls, type StatusClass } from '../calls.ts';
import { placesOf } from '../rollups/call-id.ts';
import { windowsOf } from './windows.ts';

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
  /** Took at least this long, ms. */
  readonly slower?: number | undefined;
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

const DEFAULT_LIMIT = 50;

/** Places of the index asked for at a time. */
const PLACES_AT_ONCE = 1_000;

/** Calls shown that share an id: a caller may use one for all of its retries. */
const MOST_SHARING = 100;

/** The call that anybody has given this id; of several the newest. */
export async function answerCall(database: Database, { id }: { readonly id: string }): Promise<StoredCall | null> {
  const found = await findCall(database, id);
  if (found.kind === 'found') return found.call;
  return (await callsNamed(database, id)).at(0) ?? null;
}

/** One page of the calls that match. */
export async function answerCalls(database: Database, search: CallSearch, now: number): Promise<FoundCalls> {
  const { id, after, limit = DEFAULT_LIMIT } = search;
  if (id !== undefined && after === undefined) {
    const own = await findCall(database, id);
    const calls = own.kind === 'found' ? [own.call] : await callsNamed(database, id);
    if (calls.length > 0) return { calls, next: null };
  }
  const filter = filterOf(search);
  const [, at, seq] = /^(\d{1,15})-(\d{1,15})$/.exec(after ?? '') ?? [];
  const before = at === undefined ? undefined : { at: Number(at), seq: Number(seq) };
  const found: StoredCall[] = [];
  for (const { from, to } of await windowsOf(database, search, now)) {
    if (before !== undefined && from > before.at) continue;
    // One more than asked for tells whether another page follows.
    const wanted = limit + 1 - found.length;
    const { calls } = await listCalls(database, { ...filter, since: from, until: to, limit: wanted, before });
    found.push(...calls);
    if (found.length > limit) break;
  }
  const calls = found.slice(0, limit);
  const last = calls.at(-1);
  return { calls, next: found.length > limit && last !== undefined ? `${last.at}-${last.seq}` : null };
}

function filterOf({ id, key, user, status, slower, ...search }: CallSearch): CallFilter {
  const { outcome, fault, model, target, route, organisation, tenant, workload } = search;
  return {
    outcome,
    fault,
    model,
    target,
    route,
    organisation,
    tenant,
    workload,
    idPrefix: id,
    keyId: key,
    endUser: user,
    status: status === undefined ? undefined : /^\d+$/.test(status) ? Number(status) : (status as StatusClass),
    minDurationMs: slower,
  };
}

/** The calls that somebody else gave this id: their callers, providers of any attempt, or a trace. The newest first. */
async function callsNamed({ query }: Database, id: string): Promise<readonly StoredCall[]> {
  // Asked for one by one: both at once would read every call.
  const newestCall = await query
    .selectFrom('call_rows')
    .select('seq')
    .orderBy('seq', 'desc')
    .limit(1)
    .executeTakeFirst();
  const oldestCall = await query.selectFrom('call_rows').select('seq').orderBy('seq').limit(1).executeTakeFirst();
  const numbers: number[] = [];
  const places = [...placesOf(id, oldestCall?.seq ?? 0, newestCall?.seq ?? 0)];
  for (let start = 0; start < places.length && numbers.length < MOST_SHARING; start += PLACES_AT_ONCE) {
    const some = places.slice(start, start + PLACES_AT_ONCE);
    const rows = await query.selectFrom('call_ids').select('seq').where('place', 'in', some).execute();
    numbers.push(...rows.map(({ seq }) => seq));
  }
  if (numbers.length === 0) return [];
  const newest = numbers.toSorted((one, other) => other - one).slice(0, MOST_SHARING);
  const rows = await query.selectFrom('calls').selectAll().where('seq', 'in', newest).execute();
  // Hashes are shared now and then.
  return rows
    .map(callFromRow)
    .filter((call) => isNamed(call, id))
    .toSorted((one, other) => other.at - one.at);
}

function isNamed({ callerId, trace, attempts }: StoredCall, id: string): boolean {
  return callerId === id || trace?.traceId === id || attempts.some(({ upstreamId }) => upstreamId === id);
}
