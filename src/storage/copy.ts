import { sql } from 'kysely';

import type { Database } from './database.ts';
import { DatabaseError } from './database-error.ts';
import type { Schema } from './schema.ts';

type SharedTable =
  | 'organisations'
  | 'tenants'
  | 'workloads'
  | 'virtual_keys'
  | 'key_secrets'
  | 'admin_tokens'
  | 'audit_log'
  | 'events';

/** What stands in the database that replicas share, in the order in which rows refer to one another. */
const SHARED: readonly (SharedTable & keyof Schema)[] = [
  'organisations',
  'tenants',
  'workloads',
  'virtual_keys',
  'key_secrets',
  'admin_tokens',
  'audit_log',
  'events',
];

/** Rows in one statement: eighteen cells each at most, of the 32,766 that both databases take. */
const ROWS_AT_ONCE = 500;

/**
 * Copies tenants, keys and all that belongs to them into a database that holds none yet, in one transaction.
 *
 * @returns how many rows of each table
 * @throws {DatabaseError} `foreign`: there is something in it already; nothing was changed
 */
export async function copyShared(from: Database, to: Database): Promise<Readonly<Record<SharedTable, number>>> {
  return to.query.transaction().execute(async (within) => {
    await to.takeTurn(within);
    for (const table of SHARED) {
      const any = await sql`select 1 from ${sql.table(table)} limit 1`.execute(within);
      if (any.rows.length > 0) throw taken(to.path, table);
    }
    const copied = {} as Record<SharedTable, number>;
    for (const table of SHARED) {
      const rows = await rowsOf(from, table);
      for (let start = 0; start < rows.length; start += ROWS_AT_ONCE) {
        const some = rows.slice(start, start + ROWS_AT_ONCE);
        // The rows are those of this very table, whichever it is.
        await within
          .insertInto(table)
          .values(some as never)
          .execute();
      }
      copied[table] = rows.length;
    }
    return copied;
  });
}

/** In the order in which they were written; numbers that a database gives itself are given anew. */
async function rowsOf({ query }: Database, table: SharedTable): Promise<readonly object[]> {
  const numbered = table === 'audit_log' || table === 'events';
  const order = numbered ? sql`order by seq` : sql``;
  const { rows } = await sql<Record<string, unknown>>`select * from ${sql.table(table)} ${order}`.execute(query);
  return rows.map((row) => Object.fromEntries(Object.entries(row).filter(([column]) => column !== 'seq')));
}

function taken(path: string, table: string): DatabaseError {
  return new DatabaseError(
    'foreign',
    `${path} is in use already: there is something in its table ${table}. Nothing was copied: copy before the first gateway starts with it, or name an empty database.`,
  );
}
