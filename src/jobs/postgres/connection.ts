import type { Pool, PoolClient } from 'pg';
import { openPool, type PostgresAddress, SCHEMA, SCHEMA_LOCK } from '../../storage/postgres/connection.ts';
import { POSTGRES_WORDS, tablesSql } from '../sql/tables.ts';
import type { Cell, Row, Sql, SqlDatabase } from '../sql/sql.ts';
import { BOSS_SCHEMA } from './tickets.ts';

/** Connections of one gateway: jobs are few beside calls. */
const CONNECTIONS = 8;

export function openJobsPool(address: PostgresAddress): Promise<Pool> {
  return openPool(address, { max: CONNECTIONS });
}

/** Makes what is missing. */
export async function makeTables(pool: Pool): Promise<void> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(${SCHEMA_LOCK})`);
    // pg-boss would make its own, but two of them at once get in each other's way.
    for (const schema of [SCHEMA, BOSS_SCHEMA]) {
      const { rows } = await client.query(`select to_regnamespace('${schema}')::text as there`);
      if (rows[0]?.there === null) await client.query(`create schema ${schema}`);
    }
    const { rows } = await client.query<{ there: string | null }>(
      `select to_regclass('${SCHEMA}.jobs')::text as there`,
    );
    if (rows[0]?.there === null) await client.query(tablesSql(POSTGRES_WORDS));
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
