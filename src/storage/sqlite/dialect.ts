import type { DatabaseSync, SQLInputValue } from 'node:sqlite';

import { type Dialect, SqliteDialect } from 'kysely';

/** Lets kysely speak through Node's own SQLite, so that no native module has to be built or downloaded. */
export function nodeSqliteDialect(connection: DatabaseSync): Dialect {
  return new SqliteDialect({
    database: {
      close: () => connection.close(),
      prepare(sql) {
        const statement = connection.prepare(sql);
        return {
          reader: statement.columns().length > 0,
          all: (parameters) => statement.all(...(parameters as SQLInputValue[])),
          run: (parameters) => statement.run(...(parameters as SQLInputValue[])),
          iterate: (parameters) => statement.iterate(...(parameters as SQLInputValue[])),
        };
      },
    },
  });
}
