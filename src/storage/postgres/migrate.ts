import type { Pool, PoolClient } from 'pg';

import { DatabaseError } from '../database-error.ts';
import { MIGRATIONS } from '../migrations/index.ts';
import type { Migration } from '../migrations/migration.ts';
import { SCHEMA, SCHEMA_LOCK } from './connection.ts';

/**
 * Runs what has not been run of `migrations`, those that have a text for PostgreSQL, in one transaction. Any number of
 * gateways may do this at once: one does the work, the others wait and find it done.
 *
 * @throws {DatabaseError} `newer`; nothing was changed then
 */
export async function migratePostgres(
  pool: Pool,
  address: string,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<void> {
  const client = await pool.connect();
  let broken = false;
  try {
    if (toRun(await alreadyRun(client), address, migrations).length === 0) return;
    await client.query('begin');
    await client.query(`select pg_advisory_xact_lock(${SCHEMA_LOCK})`);
    // Whoever looks after the database may have made the schema, and not let us make any.
    const { rows } = await client.query(`select to_regnamespace('${SCHEMA}')::text as there`);
    if (rows[0]?.there === null) await client.query(`create schema ${SCHEMA}`);
    await client.query(
      `create table if not exists ${SCHEMA}.migrations
         (number integer primary key, name text not null, applied_at bigint not null)`,
    );
    for (const { number, name, postgres } of toRun(await alreadyRun(client), address, migrations)) {
      await client.query(postgres);
      await client.query('insert into migrations (number, name, applied_at) values ($1, $2, $3)', [
        number,
        name,
        Date.now(),
      ]);
    }
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => (broken = true));
    throw error;
  } finally {
    client.release(broken);
  }
}

type PostgresMigration = Migration & { readonly postgres: string };

function toRun(done: ReadonlySet<number>, address: string, migrations: readonly Migration[]): PostgresMigration[] {
  const known = migrations.filter((one): one is PostgresMigration => one.postgres !== undefined);
  const unknown = [...done].filter((number) => !known.some((one) => one.number === number));
  if (unknown.length > 0) {
    throw new DatabaseError(
      'newer',
      `${address} was written by a newer Holdfast (schema ${Math.max(...unknown)}, which this version does not know). It was left untouched: use that version, or another database.`,
    );
  }
  return known.filter(({ number }) => !done.has(number));
}

/** Numbers of the migrations that have been run. */
async function alreadyRun(client: PoolClient): Promise<ReadonlySet<number>> {
  const { rows: found } = await client.query(`select to_regclass('${SCHEMA}.migrations')::text as there`);
  if (found[0]?.there === null) return new Set();
  const { rows } = await client.query<{ number: number }>(`select number from ${SCHEMA}.migrations`);
  return new Set(rows.map(({ number }) => number));
}
