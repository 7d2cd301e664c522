import { chmodSync, existsSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { pathToFileURL } from 'node:url';

import { databasePath, makeDirectory } from '../data-directory.ts';
import { DatabaseError, toDatabaseError } from '../database-error.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import type { Migration } from '../migrations/migration.ts';
import { migrate, requireCurrentSchema } from './migrate.ts';

/** How long a statement waits for another process's lock, in ms: far above any batch, short enough for a person to wait. */
const BUSY_TIMEOUT_MS = 5000;

/** Twice SQLite's default: measured some 10 % less CPU for rows of a quarter of a kilobyte. */
const PAGE_BYTES = 8192;

/** The write-ahead log is cut back to this after a checkpoint, so that one busy hour does not hold its disk space for ever. */
const WAL_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * Opens the database of a data directory for writing; makes directory, file and tables where they are missing.
 *
 * The file shrinks when rows go (incremental auto-vacuum). A commit survives the death of the process; the last commits may
 * be lost to a power cut, but the file stays sound (WAL with `synchronous = normal`).
 *
 * @throws {DatabaseError}
 */
export function openForWriting(directory: string, migrations: readonly Migration[] = MIGRATIONS): DatabaseSync {
  return openFile(databasePath(directory), migrations);
}

/**
 * The same for a database that stands in a file of its own.
 *
 * @throws {DatabaseError}
 */
export function openFile(path: string, migrations: readonly Migration[]): DatabaseSync {
  return guarded(path, () => {
    beginDirectory(dirname(path));
    refuseDirectoryInPlaceOfFile(path);
    const isNew = !existsSync(path);
    return configured(new DatabaseSync(path, { timeout: BUSY_TIMEOUT_MS }), (connection) => {
      // Who calls, with which keys, and how it went, is its owner's alone; SQLite gives its other files the same rights.
      if (isNew) chmodSync(path, 0o600);
      untilUnlocked(() => {
        // Only an empty database takes the first two, and the switch to WAL writes its first page: the order matters.
        connection.exec(`pragma page_size = ${PAGE_BYTES}`);
        connection.exec('pragma auto_vacuum = incremental');
        connection.exec('pragma journal_mode = wal');
      });
      connection.exec(`pragma synchronous = normal; pragma journal_size_limit = ${WAL_LIMIT_BYTES}`);
      migrate(connection, path, migrations);
    });
  });
}

/**
 * Opens the database of a data directory for reading only, also while other processes write. Never makes or changes it.
 *
 * @throws {DatabaseError} `missing` when there is none yet.
 */
export function openForReading(directory: string, migrations: readonly Migration[] = MIGRATIONS): DatabaseSync {
  const path = databasePath(directory);
  return guarded(path, () => {
    requireDatabase(directory);
    refuseDirectoryInPlaceOfFile(path);
    return configured(new DatabaseSync(path, { readOnly: true, timeout: BUSY_TIMEOUT_MS }), (connection) => {
      requireCurrentSchema(connection, path, migrations);
    });
  });
}

/** @throws {DatabaseError} `missing`: a data directory has no database yet, or is not the one that was meant */
export function requireDatabase(directory: string): void {
  const path = databasePath(directory);
  if (statSync(path, { throwIfNoEntry: false }) !== undefined) return;
  throw new DatabaseError(
    'missing',
    `there is no database yet: ${path} does not exist. Start \`holdfast serve\`, or name another data directory with --data or HOLDFAST_DATA.`,
  );
}

/** A database that ends with the process, for one that finds no disk to write to. */
export function openInMemory(migrations: readonly Migration[] = MIGRATIONS): DatabaseSync {
  return configured(new DatabaseSync(':memory:'), (connection) => migrate(connection, ':memory:', migrations));
}

/**
 * Whether a database that cannot be opened for writing may hold anything in `table`. One that is not there, or never got as
 * far as having that table, cannot; one that cannot be read may.
 */
export function mayHold(directory: string, table: string): boolean {
  const path = databasePath(directory);
  try {
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) === 0) return false;
    const connection = new DatabaseSync(asItStands(path), { readOnly: true, timeout: BUSY_TIMEOUT_MS });
    try {
      const known = connection.prepare("select 1 from sqlite_schema where type = 'table' and name = ?").get(table);
      return known !== undefined && connection.prepare(`select 1 from ${table} limit 1`).get() !== undefined;
    } finally {
      connection.close();
    }
  } catch (error) {
    // The way to it is a file, or is not there: neither is it.
    return !(error instanceof Error && 'code' in error && (error.code === 'ENOTDIR' || error.code === 'ENOENT'));
  }
}

/**
 * Where nothing waits in a write-ahead log, the file is all there is: read as one that nobody changes, it needs no files beside
 * it, for which a full disk has no room.
 */
function asItStands(path: string): string | URL {
  if ((statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0) return path;
  const url = pathToFileURL(path);
  url.searchParams.set('immutable', '1');
  return url;
}

function guarded(path: string, open: () => DatabaseSync): DatabaseSync {
  try {
    return open();
  } catch (error) {
    throw toDatabaseError(error, path);
  }
}

function configured(connection: DatabaseSync, configure: (connection: DatabaseSync) => void): DatabaseSync {
  try {
    configure(connection);
    return connection;
  } catch (error) {
    connection.close();
    throw error;
  }
}

function beginDirectory(directory: string): void {
  try {
    makeDirectory(directory);
  } catch (error) {
    throw toDatabaseError(error, directory);
  }
}

function refuseDirectoryInPlaceOfFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory()) {
    throw new DatabaseError(
      'not-a-directory',
      `${path} is a directory; the database is a file of that name. Move it away.`,
    );
  }
}

/**
 * Repeats what SQLite refuses at once instead of waiting: two processes that switch a new file to WAL at the same moment do
 * not go through the busy handler.
 */
function untilUnlocked(work: () => void): void {
  const giveUpAt = Date.now() + BUSY_TIMEOUT_MS;
  for (;;) {
    try {
      return work();
    } catch (error) {
      if (toDatabaseError(error, '').kind !== 'busy' || Date.now() > giveUpAt) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 20);
    }
  }
}
