import { Kysely, PostgresDialect, type PostgresPool, sql } from 'kysely';
import type { Pool, PoolClient } from 'pg';

import type { Database } from '../database.ts';
import { isConstraint } from '../database-error.ts';
import type { Schema } from '../schema.ts';
import { openPool, type PostgresAddress, shownAddress } from './connection.ts';
import { isAnswer, toPostgresError } from './errors.ts';
import { migratePostgres } from './migrate.ts';

/** Connections of one process: what is asked here is asked by people, and once a second by the gateway itself. */
const CONNECTIONS = 4;

/** Longest that the server works at a statement, and that we wait for its answer, ms: a line may break without a word. */
const STATEMENT_MS = 10_000;
const ANSWER_MS = 12_000;

/** A gateway that dies in the middle of a change must not keep the others from theirs, ms. */
const IDLE_IN_CHANGE_MS = 10_000;

/** Longest wait for others who make changes, ms. */
const TURN_MS = 5_000;

/** Any number that nobody else locks. */
const CHANGES_LOCK = 7_405_212_020;

/**
 * Opens a database in PostgreSQL, whose tables are made and brought up to date.
 *
 * @throws {DatabaseError} that says what is in the way and what to do
 */
export async function openPostgres(address: PostgresAddress): Promise<Database> {
  const path = shownAddress(address);
  const pool = await openPool(address, {
    max: CONNECTIONS,
    keepAlive: true,
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    idle_in_transaction_session_timeout: IDLE_IN_CHANGE_MS,
  });
  try {
    await migratePostgres(pool, path);
  } catch (error) {
    await pool.end();
    throw toPostgresError(error, path);
  }
  const query = new Kysely<Schema>({ dialect: new PostgresDialect({ pool: explaining(pool, path) }) });
  return {
    path,
    query,
    async takeTurn(within) {
      await sql`select set_config('lock_timeout', ${String(TURN_MS)}, true)`.execute(within);
      await sql`select pg_advisory_xact_lock(${sql.lit(CHANGES_LOCK)})`.execute(within);
    },
    async close() {
      await query.destroy();
      // Kysely closes only what it has used.
      if (!pool.ended) await pool.end();
    },
  };
}

/** A pool whose errors say where they come from and what to do. */
function explaining(pool: Pool, path: string): PostgresPool {
  return {
    options: pool.options,
    end: () => pool.end(),
    async connect() {
      try {
        return explainingClient(await pool.connect(), path);
      } catch (error) {
        throw toPostgresError(error, path);
      }
    },
  };
}

type KyselyClient = Awaited<ReturnType<PostgresPool['connect']>>;

function explainingClient(client: PoolClient, path: string): KyselyClient {
  let broken = false;
  const query = async (text: string, values: readonly unknown[]): Promise<unknown> => {
    try {
      return await client.query(text, [...values]);
    } catch (error) {
      broken ||= !isAnswer(error);
      throw isConstraint(error) ? error : toPostgresError(error, path);
    }
  };
  return {
    query: query as KyselyClient['query'],
    // What is left of an answer that was not waited for would be taken for that to the next question.
    release: (destroy) => client.release(broken || destroy === true),
  };
}
