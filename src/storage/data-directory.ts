import { mkdirSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

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

/**
 * Makes a directory and those above it, where they are missing. Node's own way (`recursive`) never ends where a file system
 * says of a directory that is there that it is not, as `/proc` does to whoever wants to make something in it.
 *
 * @throws {Error} it cannot be made
 */
export function makeDirectory(path: string): void {
  try {
    mkdirSync(path);
  } catch (error) {
    if (isDirectory(path)) return;
    const code = error instanceof Error && 'code' in error ? error.code : null;
    const above = dirname(path);
    if (code !== 'ENOENT' || above === path || isDirectory(above)) throw error;
    makeDirectory(above);
    makeDirectory(path);
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
