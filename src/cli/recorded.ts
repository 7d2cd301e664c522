import type { StoredCall } from '../observe/call-row.ts';
import { findCall } from '../observe/calls.ts';
import { dataDirectory } from '../storage/data-directory.ts';
import { type Database, openDatabase } from '../storage/database.ts';

/** Opens the records of a data directory for some reading. @throws {DatabaseError} there are none */
export async function withRecords<Result>(
  data: string | undefined,
  work: (database: Database) => Promise<Result>,
): Promise<Result> {
  const database = openDatabase({ directory: dataDirectory(data), access: 'read' });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

/** The one call whose id begins so. @throws {Error} there is none, or there are several. */
export async function theCall(database: Database, id: string): Promise<StoredCall> {
  const found = await findCall(database, id);
  if (found.kind === 'found') return found.call;
  throw new Error(
    found.kind === 'unknown'
      ? `no call has an id that begins with "${id}" in ${database.path}; it may be older than what is kept`
      : `several ids begin with "${id}", such as ${found.ids.join(', ')}; give more of it`,
  );
}

/** The same for whoever wants nothing else of the records. */
export function recordedCall(id: string, data: string | undefined): Promise<StoredCall> {
  return withRecords(data, (database) => theCall(database, id));
}
