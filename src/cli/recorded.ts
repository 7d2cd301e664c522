import type { StoredCall } from '../observe/call-row.ts';
import { findCall } from '../observe/calls.ts';
import type { RecordPlace } from '../observe/record-place.ts';
import { dataDirectory } from '../storage/data-directory.ts';
import { type Database, openDatabase } from '../storage/database.ts';
import type { PostgresAddress } from '../storage/postgres/connection.ts';

/** Whose records are asked for. */
export interface RecordsOptions {
  readonly data?: string | undefined;
  readonly config?: string | undefined;
}

/** Opens the records for some reading. @throws {DatabaseError} there are none, or they cannot be read */
export async function withRecords<Result>(
  options: RecordsOptions,
  work: (database: Database, place: RecordPlace) => Promise<Result>,
): Promise<Result> {
  const place = await placeFor(options);
  const { directory, postgres } = place;
  const database = postgres === null ? openDatabase({ directory, access: 'read' }) : await openServer(postgres);
  try {
    return await work(database, place);
  } finally {
    await database.close();
  }
}

async function openServer(address: PostgresAddress): Promise<Database> {
  const { openPostgres } = await import('../storage/postgres/database.ts');
  return openPostgres(address);
}

/** A data directory that is named, or else what the configuration or the environment says. */
async function placeFor({ data, config: file }: RecordsOptions): Promise<RecordPlace> {
  const named = file !== undefined || (process.env['HOLDFAST_DATABASE'] ?? '') !== '';
  if (data !== undefined || !named) return { directory: dataDirectory(data), postgres: null };
  const { loadConfig } = await import('../config/load.ts');
  const { recordPlaceOf } = await import('../gateway/open-database.ts');
  return recordPlaceOf(await loadConfig({ file, env: process.env, secrets: 'database' }));
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
export function recordedCall(id: string, options: RecordsOptions): Promise<StoredCall> {
  return withRecords(options, (database) => theCall(database, id));
}
