import type { Pool, PoolClient, PoolConfig } from 'pg';
import { POSTGRES_WORDS, tablesSql } from '../sql/tables.ts';
import type { Cell, Row, Sql, SqlDatabase } from '../sql/sql.ts';

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
const SCHEMA = 'holdfast';

/** Connections of one gateway: jobs are few beside calls. */
const CONNECTIONS = 8;

const CONNECT_WITHIN_MS = 5_000;

/** Any number that nobody else locks: several gateways may start at once, and one makes the tables. */
const SCHEMA_LOCK = 7_405_212_019;

/** Settings for connections, of the pool or alone. */
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

export async function openPool(address: PostgresAddress): Promise<Pool> {
  const { Pool: PgPool } = await import('pg');
  const pool = new PgPool({ ...(await settingsFor(address)), max: CONNECTIONS });
  // An idle connection that breaks is replaced when it is next needed; whoever needs it then is told if it cannot be.
  pool.on('error', () => undefined);
  return pool;
}

/** Makes what is missing. */
export async function makeTables(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(${SCHEMA_LOCK})`);
    const { rows } = await client.query<{ there: string | null }>(
      `select to_regclass('${SCHEMA}.jobs')::text as there`,
    );
    if (rows[0]?.there === null) {
      await client.query(`create schema if not exists ${SCHEMA}`);
      await client.query(tablesSql(POSTGRES_WORDS));
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw error;
  } finally {
    client.release();
  }
}

/** PostgreSQL behind the port that both databases share. */
export class PostgresSql implements SqlDatabase {
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  all(text: string, values: readonly Cell[]): Promise<readonly Row[]> {
    return ask(this.#pool, text, values);
  }

  async together<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result> {
    const client = await this.#pool.connect();
    let broken = false;
    try {
      await client.query('begin');
      const result = await work({ all: (text, values) => ask(client, text, values) });
      await client.query('commit');
      return result;
    } catch (error) {
      await client.query('rollback').catch(() => (broken = true));
      throw error;
    } finally {
      client.release(broken);
    }
  }
}

async function ask(on: Pool | PoolClient, text: string, values: readonly Cell[]): Promise<readonly Row[]> {
  const result = await on.query<Row>(text, [...values]);
  return result.rows;
}
