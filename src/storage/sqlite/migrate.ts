import type { DatabaseSync } from 'node:sqlite';

import { DatabaseError } from '../database-error.ts';
import type { Migration } from '../migrations/migration.ts';

/**
 * Brings the schema up to the last of `migrations`, in one transaction. Any number of processes may do this at once: the
 * first to take the write lock does the work, the others find it done.
 *
 * @throws {DatabaseError} `newer` or `foreign`; nothing was changed then.
 */
export function migrate(connection: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  if (schemaVersion(connection, path) === latest(migrations)) return;
  connection.exec('begin immediate');
  try {
    // Read again under the lock: another process may have been quicker.
    const version = schemaVersion(connection, path);
    refuseNewer(version, path, migrations);
    connection.exec(
      'create table if not exists migrations (number integer primary key, name text not null, applied_at integer not null)',
    );
    const note = connection.prepare('insert into migrations (number, name, applied_at) values (?, ?, ?)');
    for (const migration of migrations.slice(version)) {
      connection.exec(migration.sqlite);
      note.run(migration.number, migration.name, Date.now());
    }
    connection.exec('commit');
  } catch (error) {
    // A full disk has already rolled back by itself; a second rollback would hide the first error behind its own.
    if (connection.isTransaction) connection.exec('rollback');
    throw error;
  }
}

/** For those who only read: says that the schema is not theirs, and changes nothing. */
export function requireCurrentSchema(connection: DatabaseSync, path: string, migrations: readonly Migration[]): void {
  const version = schemaVersion(connection, path);
  refuseNewer(version, path, migrations);
  if (version < latest(migrations)) {
    throw new DatabaseError(
      'older',
      `${path} has schema ${version}, this version of Holdfast reads schema ${latest(migrations)}. Start \`holdfast serve\` of this version once: it brings the database up to date.`,
    );
  }
}

/** Number of the last migration that was run; 0 for an empty database. */
function schemaVersion(connection: DatabaseSync, path: string): number {
  const tables = connection.prepare("select name from sqlite_master where type = 'table'").all();
  if (tables.length === 0) return 0;
  if (!tables.some((table) => table['name'] === 'migrations')) {
    throw new DatabaseError(
      'foreign',
      `${path} is an SQLite database, but not one of Holdfast's. It was left untouched: point HOLDFAST_DATA at another directory.`,
    );
  }
  return Number(connection.prepare('select coalesce(max(number), 0) as version from migrations').get()?.['version']);
}

function refuseNewer(version: number, path: string, migrations: readonly Migration[]): void {
  if (version > latest(migrations)) {
    throw new DatabaseError(
      'newer',
      `${path} was written by a newer Holdfast (schema ${version}, this version knows ${latest(migrations)}). It was left untouched: use that version, or another HOLDFAST_DATA.`,
    );
  }
}

function latest(migrations: readonly Migration[]): number {
  return migrations.at(-1)?.number ?? 0;
}
