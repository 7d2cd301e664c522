import type { Pool, PoolClient } from 'pg';
import { openPool, type PostgresAddress, shownAddress } from '../../storage/postgres/connection.ts';
import { toPostgresError } from '../../storage/postgres/errors.ts';
import { migratePostgres } from '../../storage/postgres/migrate.ts';
import { recordset, recordsText } from '../../storage/postgres/recordset.ts';
import { inTransaction, takeLock, tryLock } from '../../storage/postgres/transaction.ts';
import { BatchReader, redactedKind } from '../batch-reader.ts';
import type { CallBatch } from '../call-batch.ts';
import type { HouseEvent } from '../events.ts';
import type { RecordKeeper } from '../record-keeper.ts';
import type { Redactor } from '../redact/redactor.ts';
import { PostgresDictionary } from './dictionary.ts';
import { PostgresRollups } from './rollups.ts';
import { INSERT_ROWS, rowsFrom } from './rows.ts';

/** Any numbers that nobody else locks: of several gateways one writes at a time, and one deletes. */
const WRITING_LOCK = 7_405_212_021;
const SWEEPING_LOCK = 7_405_212_023;

/** Longest that the server works at a statement, and that we wait for its answer, ms. */
const STATEMENT_MS = 10_000;
const ANSWER_MS = 12_000;

/** A gateway that dies in the middle of a write must not keep the others from theirs, ms. */
const IDLE_IN_WRITE_MS = 10_000;

/** A connection is kept this long without work, ms. */
const IDLE_MS = 60_000;

/** Rows deleted in one transaction. */
const ROWS_PER_DELETE = 5_000;

/** The call written last stays, whatever its age: its number must not be given again, and followers go by numbers. */
const NOT_LAST = 'seq < (select max(seq) from call_rows)';

const EVENTS = {
  at: 'bigint',
  kind: 'text',
  level: 'text',
  holder: 'text',
  organisation: 'text',
  tenant: 'text',
  message: 'text',
  detail: 'text',
};

const INSERT_EVENTS = `insert into events (${Object.keys(EVENTS).join(', ')})
  select ${Object.keys(EVENTS).join(', ')} from ${recordset('r', EVENTS)}`;

export interface PostgresWriterOptions {
  readonly address: PostgresAddress;
  /** Records that arrived longer ago than this are deleted, ms. What a shared database may hold is its owner's to say. */
  readonly maxAgeMs: number;
  readonly redactor: Redactor;
}

interface Open {
  readonly pool: Pool;
  /** What is remembered of the database; forgotten when a transaction fails. */
  dictionary: PostgresDictionary;
  rollups: PostgresRollups;
}

/** Writes the records of one gateway among several into PostgreSQL, and deletes old ones. */
export class PostgresWriter implements RecordKeeper {
  readonly shared = true;
  /** Sums are made from what is written: nothing waits in memory. */
  readonly heavy = false;
  readonly #options: PostgresWriterOptions;
  readonly #path: string;
  #open: Open | null = null;

  constructor(options: PostgresWriterOptions) {
    this.#options = options;
    this.#path = shownAddress(options.address);
  }

  async open(): Promise<void> {
    if (this.#open !== null) return;
    const pool = await openPool(this.#options.address, {
      max: 1,
      keepAlive: true,
      idleTimeoutMillis: IDLE_MS,
      statement_timeout: STATEMENT_MS,
      query_timeout: ANSWER_MS,
      idle_in_transaction_session_timeout: IDLE_IN_WRITE_MS,
    });
    try {
      await migratePostgres(pool, this.#path);
    } catch (error) {
      await pool.end();
      throw toPostgresError(error, this.#path);
    }
    this.#open = { pool, dictionary: new PostgresDictionary(), rollups: new PostgresRollups() };
  }

  write(batches: readonly CallBatch[], events: readonly HouseEvent[] = []): Promise<number> {
    return this.#using(async (client, { dictionary }) => {
      const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
      // Numbers are given in order of writing, so nobody who goes by them can miss a call that was written beside another.
      await takeLock(client, WRITING_LOCK);
      const { rows: last } = await client.query<{ seq: number }>('select coalesce(max(seq), 0) as seq from call_rows');
      let seq = last[0]?.seq ?? 0;
      const seqAfter = seq + rows;
      let stored = 0;
      for (const batch of batches) {
        stored += await this.#insert(client, dictionary, batch, seq + 1, seqAfter);
        seq += batch.rows;
      }
      if (events.length > 0) await client.query(INSERT_EVENTS, [recordsText(events.map(eventRecord))]);
      return rows - stored;
    });
  }

  async #insert(
    client: PoolClient,
    dictionary: PostgresDictionary,
    batch: CallBatch,
    firstSeq: number,
    seqAfter: number,
  ): Promise<number> {
    const { redactor } = this.#options;
    const safe = batch.kinds.map((kind) => redactedKind(kind, redactor));
    const kinds = await dictionary.kinds(client, safe, seqAfter);
    const prefixes = await dictionary.idPrefixes(client, batch.idPrefixes);
    const rows = rowsFrom(new BatchReader(batch, redactor, kinds, prefixes), firstSeq);
    if (rows.length === 0) return 0;
    return (await client.query(INSERT_ROWS, [recordsText(rows)])).rowCount ?? 0;
  }

  addUp(now: number = Date.now()): Promise<boolean> {
    return this.#using((client, { rollups }) => rollups.write(client, now));
  }

  sweepStep(now: number): Promise<boolean> {
    return this.#using(async (client, { rollups }) => {
      // Whoever holds it is deleting just now, by the same clock.
      if (!(await tryLock(client, SWEEPING_LOCK))) return false;
      const before = now - this.#options.maxAgeMs;
      const some = (from: string, which: string): string =>
        `delete from ${from} where seq in (select seq from ${from} where at < $1 ${which} order by at limit ${ROWS_PER_DELETE})`;
      for (const statement of [some('call_rows', `and ${NOT_LAST}`), some('events', '')]) {
        if (((await client.query(statement, [before])).rowCount ?? 0) > 0) return true;
      }
      const unused = 'select id from call_kinds where last_seq < (select min(seq) from call_rows) limit $1';
      const kinds = await client.query(`delete from call_kinds where id in (${unused})`, [ROWS_PER_DELETE]);
      if ((kinds.rowCount ?? 0) > 0) return true;
      await rollups.sweep(client, now);
      return false;
    });
  }

  async close(): Promise<void> {
    const open = this.#open;
    this.#open = null;
    await open?.pool.end();
  }

  async #using<Result>(work: (client: PoolClient, open: Open) => Promise<Result>): Promise<Result> {
    await this.open();
    const open = this.#open;
    if (open === null) throw new Error('the database did not open');
    try {
      return await inTransaction(open.pool, this.#path, (client) => work(client, open));
    } catch (error) {
      // What was learnt may have been rolled back.
      open.dictionary = new PostgresDictionary();
      open.rollups = new PostgresRollups();
      throw error;
    }
  }
}

function eventRecord({ detail, ...event }: HouseEvent): Record<string, unknown> {
  return { ...event, detail: detail === null ? null : JSON.stringify(detail) };
}
