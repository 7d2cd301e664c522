import type { DatabaseSync } from 'node:sqlite';
import { Kysely } from 'kysely';

import { databasePath } from './data-directory.ts';
import type { Schema } from './schema.ts';
import { openForReading, openForWriting, openInMemory } from './sqlite/connection.ts';
import { nodeSqliteDialect } from './sqlite/dialect.ts';

export interface DatabaseOptions {
  /** The data directory. */
  readonly directory: string;
  /**
   * `write` makes what is missing and brings the schema up to date; `read` does neither, and works while others write.
   * @default 'write'
   */
  readonly access?: 'read' | 'write';
}

/** An open database, of whichever kind. */
export interface Database {
  /** For messages to people. */
  readonly path: string;
  readonly query: Kysely<Schema>;
  /**
   * To be called first in a transaction that reads and then writes by what it has read: of several, one is at work at a time,
   * and the others wait.
   */
  takeTurn(within: Kysely<Schema>): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens the database of a data directory: SQLite in `holdfast.db`.
 *
 * SQLite answers on the thread that asks: long queries do not belong on the one that carries calls.
 *
 * @throws {DatabaseError} that says what is in the way and what to do; never repairs by deleting.
 */
export function openDatabase({ directory, access = 'write' }: DatabaseOptions): Database {
  const connection = access === 'read' ? openForReading(directory) : openForWriting(directory);
  return databaseOver(connection, databasePath(directory));
}

/** A database that ends with the process, for one that finds no disk to write to. */
export function memoryDatabase(): Database {
  return databaseOver(openInMemory(), ':memory:');
}

function databaseOver(connection: DatabaseSync, path: string): Database {
  const query = new Kysely<Schema>({ dialect: nodeSqliteDialect(connection) });
  return {
    path,
    query,
    // SQLite lets one write at a time anyway, and refuses whoever has read what another has changed meanwhile.
    takeTurn: () => Promise.resolve(),
    async close() {
      await query.destroy();
      // Kysely closes only what it has used, and a database opened for its migrations alone has not been.
      if (connection.isOpen) connection.close();
    },
  };
}
