import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import { COLUMNS } from '../call-batch.ts';
import { firstPlaceOf } from './call-id.ts';
import { CallReader, type Cells, KIND_CELLS, type KindCells } from './call-reader.ts';
import { Digest, type Register } from './digest.ts';
import { registerOf } from './register.ts';
import { RollupTables } from './rollup-tables.ts';
import { type Series, SERIES_IN_USE, SeriesBook } from './series-book.ts';
import { SPANS, USERS } from './spans.ts';

/** Calls added up in one transaction when they have to be read back: some 30 ms. */
const CALLS_PER_STEP = 5_000;

/** Weight of sums that is not to wait any longer: a few megabytes, and some 50 ms of work. */
const HEAVY = 40_000;

/** Time between two rounds of deleting old sums, ms. */
const SWEEP_EVERY_MS = 3_600_000;

/** Series looked at in one step of such a round. */
const SERIES_PER_SWEEP = 50;

/** What was added up in memory since the last time that it was written down. */
interface Pending {
  readonly digest: Digest;
  /** The last call that is in the database's sums. */
  readonly after: number;
  /** The last call that is in the digest. */
  upTo: number;
}

/**
 * Keeps the sums of calls. They are added up in memory as they are written, and carried to the database now and then, in one
 * transaction with the number of the last call among them: a `kill -9` leaves the calls since to be read back, and none is
 * counted twice. Calls that another process has written, or that were there before there were sums, are read back as well.
 *
 * Good for one connection, until a transaction on it fails.
 */
export class Rollups {
  readonly #connection: DatabaseSync;
  readonly #reader: CallReader;
  readonly #register: Register;
  readonly #tables: RollupTables;
  readonly #progress: StatementSync;
  readonly #advance: StatementSync;
  /** null: calls are to be read back. */
  #pending: Pending | null = null;
  #nextSweepAt = 0;
  /** The last series that the round under way has looked at; null between rounds. */
  #sweptSeries: number | null = null;

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
    const kind = connection.prepare(`select ${KIND_CELLS} from call_kinds where id = ?`);
    this.#reader = new CallReader((id) => kind.get(id) as unknown as KindCells | undefined);
    this.#register = registerOf(openSeries(connection));
    this.#tables = new RollupTables(connection);
    this.#progress = connection.prepare('select seq from rollup_progress');
    this.#advance = connection.prepare('update rollup_progress set seq = ?');
  }

  /** Rows are about to be written in the open transaction, after the one with number `lastSeq`. */
  begin(lastSeq: number): void {
    if (this.#pending !== null && this.#pending.upTo !== lastSeq) this.#pending = null;
  }

  /** A row was written, the next after the last. */
  take(cells: Cells, start: number): void {
    if (this.#pending === null) return;
    this.#pending.upTo += 1;
    this.#pending.digest.add(this.#reader.read(this.#pending.upTo, cells, start));
  }

  /** So much was added up that it should be carried over. */
  get heavy(): boolean {
    return this.#pending !== null && this.#pending.digest.weight > HEAVY;
  }

  /** It is not known which of the rows were written: they are read back. */
  lose(): void {
    this.#pending = null;
  }

  /**
   * Carries what was added up to the database, in a transaction of its own.
   * @param now wall time, ms since 1970
   * @returns whether there are more calls to add up
   */
  write(now: number): boolean {
    if (this.#pending !== null && this.#pending.upTo === this.#pending.after) return false;
    this.#connection.exec('begin immediate');
    const after = Number(this.#progress.get()?.['seq']);
    let upTo: number;
    let more = false;
    if (this.#pending !== null && this.#pending.after === after) {
      ({ upTo } = this.#pending);
      this.#tables.add(this.#pending.digest, now);
    } else {
      const calls = this.#callsAfter(after);
      more = calls.length === CALLS_PER_STEP;
      upTo = Number(calls.at(-1)?.[0] ?? after);
      const digest = new Digest(this.#register);
      for (const cells of calls) digest.add(this.#reader.read(Number(cells[0]), cells, 1));
      this.#tables.add(digest, now);
    }
    this.#advance.run(upTo);
    this.#connection.exec('commit');
    // While others are ahead there is nothing to follow on from.
    this.#pending = more ? null : { digest: new Digest(this.#register), after: upTo, upTo };
    return more;
  }

  /**
   * One small step of deleting what is too old; a round of them begins every hour.
   * @returns whether the round goes on
   */
  sweep(now: number): boolean {
    if (this.#sweptSeries === null) {
      if (now < this.#nextSweepAt) return false;
      this.#nextSweepAt = now + SWEEP_EVERY_MS;
      this.#sweptSeries = -1;
      this.#deleteUsersAndIds(now);
    }
    const some = 'select id from rollup_series where id > ? order by id limit ?';
    const ids = this.#connection.prepare(some).all(this.#sweptSeries, SERIES_PER_SWEEP);
    for (const table of ['call_rollups', 'attempt_rollups', 'fault_rollups']) {
      const remove = this.#connection.prepare(`delete from ${table} where span = ? and series = ? and at < ?`);
      for (const { ms, keptMs } of SPANS) {
        for (const series of ids) remove.run(ms / 1000, Number(series['id']), now - keptMs);
      }
    }
    const last = ids.at(-1)?.['id'];
    this.#sweptSeries = ids.length < SERIES_PER_SWEEP || last === undefined ? null : Number(last);
    return this.#sweptSeries !== null;
  }

  /** Calls to be read back, oldest first: each with its number in front of its cells. */
  #callsAfter(seq: number): readonly Cells[] {
    const statement = this.#connection.prepare(
      `select seq, ${COLUMNS.join(', ')} from call_rows where seq > ? order by seq limit ?`,
    );
    statement.setReturnArrays(true);
    return statement.all(seq, CALLS_PER_STEP) as unknown as SQLOutputValue[][];
  }

  #deleteUsersAndIds(now: number): void {
    this.#connection.prepare('delete from user_rollups where at < ?').run(now - USERS.keptMs);
    const oldest = this.#connection.prepare('select min(seq) as seq from call_rows').get()?.['seq'];
    this.#connection.prepare('delete from call_ids where place < ?').run(firstPlaceOf(Number(oldest ?? 0)));
  }
}

/** Every series, and a place to write new ones down. */
function openSeries(connection: DatabaseSync): SeriesBook {
  const insert = connection.prepare(
    'insert into rollup_series (facet, tenant, workload, route, model, target) values (?, ?, ?, ?, ?, ?)',
  );
  const used = connection.prepare(`select count(*) as used from rollup_series s where ${SERIES_IN_USE}`).get();
  const book = new SeriesBook(Number(used?.['used']), (facet, { tenant, workload, route, model, target }) =>
    Number(insert.run(facet, tenant, workload, route, model, target).lastInsertRowid),
  );
  for (const series of connection.prepare('select * from rollup_series').all()) book.learn(series as unknown as Series);
  return book;
}
