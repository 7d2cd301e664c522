import type { Pool, PoolConfig } from 'pg';

/** Where a PostgreSQL server is, and as whom to come. */
export interface PostgresAddress {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  /** Asked for at each connection, so that it can be replaced. */
  readonly password: () => string | null;
  readonly tls: boolean;
}

/** Everything of ours stands in a schema of its own, beside whatever else the database holds. */
export const SCHEMA = 'holdfast';

/** Any number that nobody else locks: several gateways may start at once, and one makes the tables. */
export const SCHEMA_LOCK = 7_405_212_019;

const CONNECT_WITHIN_MS = 5_000;

/** Settings for connections, of a pool or alone. The driver is loaded by those alone who ask for it. */
export async function settingsFor({ host, port, database, user, password, tls }: PostgresAddress): Promise<PoolConfig> {
  const { types } = await import('pg');
  return {
    host,
    port,
    database,
    user,
    password: () => password() ?? '',
    ...(tls ? { ssl: true } : {}),
    application_name: 'holdfast',
    connectionTimeoutMillis: CONNECT_WITHIN_MS,
    options: `-c search_path=${SCHEMA}`,
    // `bigint` arrives as text, because it may be beyond what a number holds; ours are times and sizes.
    types: {
      getTypeParser: ((...asked: Parameters<typeof types.getTypeParser>) =>
        asked[0] === types.builtins.INT8 ? Number : types.getTypeParser(...asked)) as typeof types.getTypeParser,
    },
  };
}

/** @param bounds how many connections, and whatever else is to differ from {@link settingsFor} */
export async function openPool(address: PostgresAddress, bounds: PoolConfig & { readonly max: number }): Promise<Pool> {
  const { Pool: PgPool } = await import('pg');
  const pool = new PgPool({ ...(await settingsFor(address)), ...bounds });
  // An idle connection that breaks is replaced when it is next needed; whoever needs it then is told if it cannot be.
  pool.on('error', () => undefined);
  // One that breaks while it is in use, between two statements, tells nobody but itself, and would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** A database as people are told of it, without its password. */
export function shownAddress({ host, port, database, user }: PostgresAddress): string {
  return `postgres://${encodeURIComponent(user)}@${host.includes(':') ? `[${host}]` : host}:${port}/${encodeURIComponent(database)}`;
}
