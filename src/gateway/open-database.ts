import type { Config } from '../config/config.ts';
import { type Database, openDatabase } from '../storage/database.ts';

/**
 * Opens the database that a configuration names.
 *
 * @throws {DatabaseError} that says what is in the way and what to do
 */
export async function openNamedDatabase({ database, data }: Pick<Config, 'database' | 'data'>): Promise<Database> {
  if (database.kind === 'sqlite') return openDatabase({ directory: data });
  // Loaded by those alone who have such a server.
  const { openPostgres } = await import('../storage/postgres/database.ts');
  const { password } = database;
  return openPostgres({ ...database, password: () => (password.kind === 'held' ? password.reveal() : null) });
}
