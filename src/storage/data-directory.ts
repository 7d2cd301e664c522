import { join, resolve } from 'node:path';

/** Records and everything that has to be found again stand in this one file (plus SQLite's own `-wal` and `-shm`). */
const DATABASE_FILE = 'holdfast.db';

/** The data directory as an absolute path: what was asked for, else `HOLDFAST_DATA`, else `./data`. */
export function dataDirectory(asked?: string, env: NodeJS.ProcessEnv = process.env): string {
  // An empty variable means "not set": resolving it would silently put the database into the working directory.
  return resolve(asked || env['HOLDFAST_DATA'] || 'data');
}

/** Where the SQLite database of a data directory stands. */
export function databasePath(directory: string): string {
  return join(directory, DATABASE_FILE);
}
