import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { databasePath } from '../storage/data-directory.ts';
import { toDatabaseError } from '../storage/database-error.ts';
import { openForWriting } from '../storage/sqlite/connection.ts';
import { BatchReader, redactedKind, type RowCell } from './batch-reader.ts';
import { type CallBatch, COLUMNS } from './call-batch.ts';
import { Dictionary } from './dictionary.ts';
import type { HouseEvent } from './events.ts';
import type { PersonalKind } from './redact/finding.ts';
import type { RecordKeeper } from './record-keeper.ts';
import { houseRedactor } from './redact/house-redactor.ts';
import type { Redactor } from './redact/redactor.ts';
import { decideRetention, type RetentionLimits } from './retention.ts';
import { Rollups } from './rollups/rollups.ts';

/** Rows put in by one statement: measured a fifth less CPU than one by one, and little to gain beyond. */
const GROUP_ROWS = 20;

const WIDTH = COLUMNS.length;

/** Rows deleted in one transaction: some milliseconds, so that batches to write hardly wait for a sweep. */
const ROWS_PER_DELETE = 500;

/** The call written last stays, whatever its age: its number must not be given again, and followers go by numbers. */
const NOT_LAST = 'seq < (select max(seq) from call_rows)';

/** Free pages given back to the disk in one go. */
const PAGES_PER_VACUUM = 500;

interface Open {
  readonly connection: DatabaseSync;
  readonly insertRow: StatementSync;
  readonly insertGroup: StatementSync;
  /** The arguments of the two, used again and again. */
  readonly rowCells: RowCell[];
  readonly groupCells: RowCell[];
  readonly dictionary: Dictionary;
  readonly rollups: Rollups;
  /** The file that was opened: should another or none stand at the path, what is written goes nowhere. */
  readonly inode: number;
}

/**
 * Writes rows into SQLite in the data directory, and deletes old ones.
 *
 * It speaks to `node:sqlite` directly: prepared statements in one transaction per batch cost about 2 µs a row, where the
 * query builder would cost more than the insert, and its code would be loaded into the worker as well.
 */
export class RecordWriter implements RecordKeeper {
  /** Other processes may write beside this one, but each adds up what it writes. */
  readonly shared = false;
  readonly #directory: string;
  readonly #limits: RetentionLimits;
  readonly #redactor: Redactor;
  #open: Open | null = null;
  #shrinking = false;

  constructor(directory: string, limits: RetentionLimits, personal?: readonly PersonalKind[]) {
    this.#directory = directory;
    this.#limits = limits;
    this.#redactor = houseRedactor(directory, personal);
  }

  /**
   * Opens the database unless it is open already.
   * @throws {DatabaseError}
   */
  open(): void {
    if (this.#open !== null && this.#open.inode === inodeOf(databasePath(this.#directory))) return;
    this.close();
    const connection = openForWriting(this.#directory);
    this.#open = {
      connection,
      insertRow: connection.prepare(insertSql(1)),
      insertGroup: connection.prepare(insertSql(GROUP_ROWS)),
      rowCells: Array<RowCell>(WIDTH).fill(null),
      groupCells: Array<RowCell>(GROUP_ROWS * WIDTH).fill(null),
      dictionary: new Dictionary(connection),
      rollups: new Rollups(connection),
      inode: inodeOf(databasePath(this.#directory)) ?? -1,
    };
  }

  /**
   * Writes all of `batches` and `events` or, when it throws, none.
   * @returns the rows left out because no database would take them: a field missing or of the wrong type, or stored already.
   * @throws {DatabaseError} the database is closed then, and opened afresh by the next call.
   */
  write(batches: readonly CallBatch[], events: readonly HouseEvent[] = []): number {
    return this.#using((open) => {
      const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
      open.connection.exec('begin immediate');
      open.rollups.begin(open.dictionary.begin(rows));
      const stored = batches.reduce((sum, batch) => sum + insert(open, batch, this.#redactor), 0);
      if (events.length > 0) insertEvents(open.connection, events);
      open.connection.exec('commit');
      return rows - stored;
    });
  }

  get heavy(): boolean {
    return this.#open !== null && this.#open.rollups.heavy;
  }

  /**
   * Carries what was added up of calls to the database; what a crash takes with it is added up again from the calls.
   * @returns whether there are more calls to add up.
   * @throws {DatabaseError}
   */
  addUp(now: number = Date.now()): boolean {
    return this.#using(({ rollups }) => rollups.write(now));
  }

  /**
   * One small step towards the retention limits.
   * @returns whether there is more to do.
   * @throws {DatabaseError}
   */
  sweepStep(now: number): boolean {
    return this.#using(({ connection, rollups }) => {
      const kept = { oldestAt: oldest(connection), usedBytes: usedBytes(connection), shrinking: this.#shrinking };
      const step = decideRetention(this.#limits, kept, now);
      this.#shrinking = step.kind === 'delete-oldest';
      if (step.kind === 'rest') {
        const eventsBefore = now - this.#limits.maxAgeMs;
        return (
          deleteOldEvents(connection, eventsBefore) ||
          deleteUnusedKinds(connection) ||
          rollups.sweep(now) ||
          giveBackPages(connection)
        );
      }
      connection
        .prepare(
          `delete from call_rows where seq in (select seq from call_rows where at < ? and ${NOT_LAST} order by at limit ?)`,
        )
        .run(step.kind === 'delete-expired' ? step.before : Number.MAX_SAFE_INTEGER, ROWS_PER_DELETE);
      return true;
    });
  }

  close(): void {
    const open = this.#open;
    this.#open = null;
    try {
      open?.connection.close();
    } catch {
      // It is closed because of an earlier failure, which has been told; this one would say the same again.
    }
  }

  #using<Result>(work: (open: Open) => Result): Result {
    try {
      this.open();
      if (this.#open === null) throw new Error('the database did not open');
      return work(this.#open);
    } catch (error) {
      // Closing rolls back. A connection that met a full or vanished disk is not trusted again.
      this.close();
      throw toDatabaseError(error, databasePath(this.#directory));
    }
  }
}

function insertSql(rows: number): string {
  const row = `(${COLUMNS.map(() => '?').join(', ')})`;
  return `insert or ignore into call_rows (${COLUMNS.join(', ')}) values ${Array<string>(rows).fill(row).join(', ')}`;
}

/** Inserts the rows of a batch; the number of those that were stored. */
function insert(open: Open, batch: CallBatch, redactor: Redactor): number {
  const { insertRow, insertGroup, rowCells, groupCells, dictionary, rollups } = open;
  const kinds = batch.kinds.map((kind) => dictionary.kind(redactedKind(kind, redactor)));
  const prefixes = batch.idPrefixes.map((prefix) => dictionary.idPrefix(prefix));
  const reader = new BatchReader(batch, redactor, kinds, prefixes);
  let stored = 0;
  while (reader.left > 0) {
    const whole = reader.left >= GROUP_ROWS;
    const cells = whole ? groupCells : rowCells;
    reader.read(cells);
    const written = Number((whole ? insertGroup : insertRow).run(...cells).changes);
    if (written === (whole ? GROUP_ROWS : 1))
      for (let start = 0; start < cells.length; start += WIDTH) rollups.take(cells, start);
    else rollups.lose();
    stored += written;
  }
  return stored;
}

/** Events are few: their statement is prepared when there are some. */
function insertEvents(connection: DatabaseSync, events: readonly HouseEvent[]): void {
  const insertEvent = connection.prepare(
    'insert into events (at, kind, level, holder, organisation, tenant, message, detail) values (?, ?, ?, ?, ?, ?, ?, ?)',
  );
  for (const { at, kind, level, holder, organisation, tenant, message, detail } of events) {
    const text = detail === null ? null : JSON.stringify(detail);
    insertEvent.run(at, kind, level, holder, organisation, tenant, message, text);
  }
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

function oldest(connection: DatabaseSync): number | null {
  const at = connection.prepare(`select min(at) as at from call_rows where ${NOT_LAST}`).get()?.['at'];
  return typeof at === 'number' ? at : null;
}

/** True when there were some. */
function deleteUnusedKinds(connection: DatabaseSync): boolean {
  const some = 'select id from call_kinds where last_seq < (select min(seq) from call_rows) limit ?';
  return Number(connection.prepare(`delete from call_kinds where id in (${some})`).run(ROWS_PER_DELETE).changes) > 0;
}

/** True when there were some. They are kept as long as the calls at most. */
function deleteOldEvents(connection: DatabaseSync, before: number): boolean {
  const some = 'select seq from events where at < ? limit ?';
  return (
    Number(connection.prepare(`delete from events where seq in (${some})`).run(before, ROWS_PER_DELETE).changes) > 0
  );
}

function usedBytes(connection: DatabaseSync): number {
  return (pragma(connection, 'page_count') - pragma(connection, 'freelist_count')) * pragma(connection, 'page_size');
}

/** Lets the file shrink by some of its free pages; true while there are more. */
function giveBackPages(connection: DatabaseSync): boolean {
  const free = pragma(connection, 'freelist_count');
  if (free === 0) return false;
  connection.exec(`pragma incremental_vacuum(${PAGES_PER_VACUUM})`);
  const left = pragma(connection, 'freelist_count');
  // The file itself is cut only when the log is carried over into it.
  if (left === 0) connection.exec('pragma wal_checkpoint(truncate)');
  return left > 0 && left < free;
}

function pragma(connection: DatabaseSync, name: string): number {
  return Number(connection.prepare(`pragma ${name}`).get()?.[name]);
}
