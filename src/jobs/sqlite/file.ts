import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeDirectory } from '../../storage/data-directory.ts';
import { toDatabaseError } from '../../storage/database-error.ts';
import { openFile } from '../../storage/sqlite/connection.ts';
import type { Migration } from '../../storage/migrations/migration.ts';
import { SQLITE_WORDS, tablesSql } from '../sql/tables.ts';

/**
 * Jobs stand in a file of their own, beside the records: what callers asked and were answered is for fewer eyes than the
 * records, must not count towards the records' size, and is written with more care.
 */
const JOBS_FILE = 'jobs.db';

const MIGRATIONS: readonly Migration[] = [{ number: 1, name: 'jobs', sqlite: tablesSql(SQLITE_WORDS) }];

/** Nobody but the user that the gateway runs as. */
const OWNER_ONLY = 0o600;

/** Whether a data directory has ever had a job. */
export function hasJobs(directory: string): boolean {
  return existsSync(join(directory, JOBS_FILE));
}

/**
 * Opens the jobs of a data directory, making what is missing. A commit is on the disk itself when it returns
 * (`synchronous = full`): a caller that has been told of its job may go to sleep on it.
 *
 * @throws {DatabaseError}
 */
export function openJobsFile(directory: string): DatabaseSync {
  const path = join(directory, JOBS_FILE);
  beginFile(directory, path);
  const connection = openFile(path, MIGRATIONS);
  connection.exec('pragma synchronous = full');
  return connection;
}

/** SQLite gives the files that it puts beside a file the mode of that: so it has to be right from the start. */
function beginFile(directory: string, path: string): void {
  try {
    makeDirectory(directory);
    closeSync(openSync(path, 'a', OWNER_ONLY));
  } catch (error) {
    throw toDatabaseError(error, path);
  }
}
