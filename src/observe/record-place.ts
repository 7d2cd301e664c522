import type { PostgresAddress } from '../storage/postgres/connection.ts';

/** Where records are kept: in the data directory, or in a database that several gateways share. */
export interface RecordPlace {
  /** The data directory: of captures and salts, wherever the records are. */
  readonly directory: string;
  /** null: the records are in the data directory as well. */
  readonly postgres: PostgresAddress | null;
}

/** The same for another thread, which cannot ask for a password: it is handed over with whatever is to be done. */
export interface SentPlace {
  readonly directory: string;
  readonly postgres: Omit<PostgresAddress, 'password'> | null;
}

export function sentPlace({ directory, postgres }: RecordPlace): SentPlace {
  if (postgres === null) return { directory, postgres };
  const { host, port, database, user, tls } = postgres;
  return { directory, postgres: { host, port, database, user, tls } };
}

/** The password of the moment; null without one, and where none is needed. */
export function passwordOf({ postgres }: RecordPlace): string | null {
  return postgres?.password() ?? null;
}
