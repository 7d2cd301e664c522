import type { Config } from '../config/config.ts';
import type { RecordPlace } from '../observe/record-place.ts';
import { type Database, openDatabase } from '../storage/database.ts';
import type { PostgresAddress } from '../storage/postgres/connection.ts';

/** What a configuration says of its database. */
type Named = Pick<Config, 'database' | 'data'>;

/**
 * Opens the database that a configuration names.
 *
 * @throws {DatabaseError} that says what is in the way and what to do
 */
export async function openNamedDatabase(named: Named): Promise<Database> {
  const address = addressOf(named);
  if (address === null) return openDatabase({ directory: named.data });
  // Loaded by those alone who have such a server.
  const { openPostgres } = await import('../storage/postgres/database.ts');
  return openPostgres(address);
}

/** Where the records of calls are kept by a configuration. */
export function recordPlaceOf(named: Named): RecordPlace {
  return { directory: named.data, postgres: addressOf(named) };
}

function addressOf({ database }: Named): PostgresAddress | null {
  if (database.kind === 'sqlite') return null;
  const { password } = database;
  return { ...database, password: () => (password.kind === 'held' ? password.reveal() : null) };
}
