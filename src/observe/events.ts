import type { Selectable } from 'kysely';

import type { Level } from '../engine/admission/quota.ts';
import type { Database } from '../storage/database.ts';
import type { EventsTable } from '../storage/schema.ts';

/**
 * What kinds of thing happen beside the calls.
 *
 * - `budget-warned`, `limit-warned`: the use of a quota has reached its threshold.
 * - `budget-exhausted`, `limit-exhausted`: it is used up, and calls are refused.
 * - `wrong-keys`, `wrong-admin-tokens`: an address shows too many, and is throttled.
 * - `breaker-open`, `breaker-half-open`, `breaker-closed`: calls stop going to a target, are tried there again, and go there again.
 */
export const EVENT_KINDS = [
  'budget-warned',
  'budget-exhausted',
  'limit-warned',
  'limit-exhausted',
  'wrong-keys',
  'wrong-admin-tokens',
  'breaker-open',
  'breaker-half-open',
  'breaker-closed',
] as const;

type EventKind = (typeof EVENT_KINDS)[number];

/** Something that people should hear of, and that no single call tells. */
export interface HouseEvent {
  /** Wall time, ms since 1970. */
  readonly at: number;
  readonly kind: EventKind;
  /** Whom it is about, where it is about a quota's holder. */
  readonly level: Level | null;
  readonly holder: string | null;
  readonly organisation: string | null;
  readonly tenant: string | null;
  /** One sentence for people. */
  readonly message: string;
  /** The figures behind it. */
  readonly detail: Readonly<Record<string, string | number | boolean | null>> | null;
}

/** An event as it comes back from the database; `seq` counts in order of writing. */
export interface StoredEvent extends HouseEvent {
  readonly seq: number;
}

export interface EventFilter {
  readonly kind?: string | undefined;
  readonly tenant?: string | undefined;
  /** At or after this moment, ms since 1970. */
  readonly since?: number | undefined;
  /** Before this moment, ms since 1970. */
  readonly until?: number | undefined;
  /** Older than the event of this number: the next page. */
  readonly before?: number | undefined;
  /** @default 50 */
  readonly limit?: number | undefined;
}

/** The events that match, newest first. */
export async function listEvents(
  { query }: Database,
  { kind, tenant, since, until, before, limit = 50 }: EventFilter = {},
): Promise<readonly StoredEvent[]> {
  let select = query.selectFrom('events').selectAll().orderBy('seq', 'desc').limit(limit);
  if (kind !== undefined) select = select.where('kind', '=', kind);
  if (tenant !== undefined) select = select.where('tenant', '=', tenant);
  if (since !== undefined) select = select.where('at', '>=', since);
  if (until !== undefined) select = select.where('at', '<', until);
  if (before !== undefined) select = select.where('seq', '<', before);
  return (await select.execute()).map(eventFromRow);
}

function eventFromRow(row: Selectable<EventsTable>): StoredEvent {
  return {
    seq: row.seq,
    at: row.at,
    kind: row.kind as EventKind,
    level: row.level as Level | null,
    holder: row.holder,
    organisation: row.organisation,
    tenant: row.tenant,
    message: row.message,
    detail: row.detail === null ? null : (JSON.parse(row.detail) as HouseEvent['detail']),
  };
}
