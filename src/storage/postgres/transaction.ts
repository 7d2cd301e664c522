import type { Pool, PoolClient } from 'pg';
import { isAnswer, toPostgresError } from './errors.ts';

/**
 * Runs some work in a transaction, on one connection.
 *
 * @param path names the database in errors
 * @throws {DatabaseError} nothing has been changed then, unless the line broke while the server was committing
 */
export async function inTransaction<Result>(
  pool: Pool,
  path: string,
  work: (client: PoolClient) => Promise<Result>,
): Promise<Result> {
  let client: PoolClient | null = null;
  let broken = false;
  try {
    client = await pool.connect();
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    // What is left of an answer that was not waited for would be taken for that to the next question.
    broken = !isAnswer(error);
    if (!broken) await client?.query('rollback').catch(() => (broken = true));
    throw toPostgresError(error, path);
  } finally {
    client?.release(broken);
  }
}

/** Waits until nobody else holds a lock; it goes with the transaction. */
export async function takeLock(client: PoolClient, lock: number): Promise<void> {
  await client.query('select pg_advisory_xact_lock($1)', [lock]);
}

/** Takes a lock unless somebody else holds it; it goes with the transaction. @returns whether it was free */
export async function tryLock(client: PoolClient, lock: number): Promise<boolean> {
  const { rows } = await client.query<{ free: boolean }>('select pg_try_advisory_xact_lock($1) as free', [lock]);
  return rows[0]?.free === true;
}
