import { type RawBuilder, sql } from 'kysely';
import type { Database } from '../storage/database.ts';

/** What the calls of one holder came to in one piece of time. */
export interface PastUse {
  /** When the piece began, ms since 1970. */
  readonly at: number;
  readonly organisation: string | null;
  readonly tenant: string;
  readonly workload: string | null;
  readonly keyId: string | null;
  /** null as well where users were not asked for. */
  readonly endUser: string | null;
  /** Those that were let in. */
  readonly requests: number;
  readonly tokens: number;
  /** Millionths of a US dollar, as far as prices were known. */
  readonly microdollars: number;
}

export interface PastUseWanted {
  /** Of calls that ended at or after this moment, ms since 1970. */
  readonly since: number;
  readonly pieceMs: number;
  /** Tell single users apart; there may be many. */
  readonly users: boolean;
}

/** Calls are found by when they arrived; few take longer than this, ms. */
const LONGEST_CALL_MS = 3_600_000;

/** A sum that is a number, and 0 where there is nothing to add, on every database. */
function total(what: RawBuilder<unknown>): RawBuilder<number> {
  return sql<number>`cast(coalesce(sum(${what}), 0) as double precision)`;
}

/** What tenants have used since a moment, as far as records are still kept, the oldest first. */
export async function pastUse({ query }: Database, wanted: PastUseWanted): Promise<readonly PastUse[]> {
  const { since, pieceMs, users } = wanted;
  // A call's use counts from its end.
  const ended = sql<number>`at + duration_us / 1000`;
  const piece = sql<number>`cast((at + duration_us / 1000) / ${sql.lit(pieceMs)} as integer)`;
  const rows = await query
    .selectFrom('calls')
    .select((row) => [
      piece.as('piece'),
      'organisation',
      'tenant',
      'workload',
      'key_id',
      users ? row.ref('end_user').as('user') : sql<null>`null`.as('user'),
      row.fn.countAll<number>().as('requests'),
      total(sql`coalesce(input_tokens, 0) + coalesce(output_tokens, 0)`).as('tokens'),
      total(sql`cost`).as('microdollars'),
    ])
    .where('at', '>=', since - LONGEST_CALL_MS)
    .where(ended, '>=', since)
    .where('tenant', 'is not', null)
    // What was refused before it was sent anywhere counts nowhere.
    .where('attempt_count', '>', 0)
    .groupBy(['piece', 'organisation', 'tenant', 'workload', 'key_id', 'user'])
    .orderBy('piece')
    .execute();
  return rows.map(({ piece: number, organisation, tenant, workload, key_id: keyId, user, ...sums }) => {
    return { at: number * pieceMs, organisation, tenant: tenant ?? '', workload, keyId, endUser: user, ...sums };
  });
}
