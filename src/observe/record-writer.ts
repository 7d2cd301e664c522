import { statSync } from 'node:fs';
import type { DatabaseSync, StatementSync } from 'node:sqlite';

import { databasePath } from '../storage/data-directory.ts';
import { toDatabaseError } from '../storage/database-error.ts';
import { openForWriting } from '../storage/sqlite/connection.ts';
import { type Cell, COLUMNS } from './call-row.ts';
import { decideRetention, type RetentionLimits } from './retention.ts';

/** Rows put in by one statement: measured a fifth less CPU than one by one, and little to gain beyond. */
const GROUP_ROWS = 10;
const GROUP_CELLS = GROUP_ROWS * COLUMNS.length;

/** Rows deleted in one transaction: some milliseconds, so that batches to write hardly wait for a sweep. */
const ROWS_PER_DELETE = 500;

/** Free pages given back to the disk in one go. */
const PAGES_PER_VACUUM = 500;

interface Open {
  readonly connection: DatabaseSync;
  readonly insertRow: StatementSync;
  readonly insertGroup: StatementSync;
  /** The file that was opened: should another or none stand at the path, what is written goes nowhere. */
  readonly inode: number;
}

/**
 * Writes rows and deletes old ones; the body of the store's worker.
 *
 * It speaks to `node:sqlite` directly: prepared statements in one transaction per batch cost about 3 µs a row, where the
 * query builder would cost more than the insert, and its code would be loaded into the worker as well.
 */
export class RecordWriter {
  readonly #directory: string;
  readonly #limits: RetentionLimits;
  #open: Open | null = null;
  #shrinking = false;

  constructor(directory: string, limits: RetentionLimits) {
    this.#directory = directory;
    this.#limits = limits;
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
      inode: inodeOf(databasePath(this.#directory)) ?? -1,
    };
  }

  /**
   * Writes all of `batches` or, when it throws, none.
   * @returns the rows left out because no database would take them: a field missing or of the wrong type, or stored already.
   * @throws {DatabaseError} the database is closed then, and opened afresh by the next call.
   */
  write(batches: readonly (readonly Cell[])[]): number {
    return this.#using(({ connection, insertRow, insertGroup }) => {
      let leftOut = 0;
      connection.exec('begin immediate');
      for (const cells of batches) {
        for (let start = 0; start < cells.length; start += GROUP_CELLS) {
          const group = cells.slice(start, start + GROUP_CELLS);
          const whole = group.length === GROUP_CELLS ? tryInsert(insertGroup, group) : null;
          leftOut += group.length / COLUMNS.length - (whole ?? insertSingly(insertRow, group));
        }
      }
      connection.exec('commit');
      return leftOut;
    });
  }

  /**
   * One small step towards the retention limits.
   * @returns whether there is more to do.
   * @throws {DatabaseError}
   */
  sweepStep(now: number): boolean {
    return this.#using(({ connection }) => {
      const kept = { oldestAt: oldest(connection), usedBytes: usedBytes(connection), shrinking: this.#shrinking };
      const step = decideRetention(this.#limits, kept, now);
      this.#shrinking = step.kind === 'delete-oldest';
      if (step.kind === 'rest') return giveBackPages(connection);
      connection
        .prepare('delete from calls where seq in (select seq from calls where at < ? order by at limit ?)')
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
  return `insert or ignore into calls (${COLUMNS.join(', ')}) values ${Array<string>(rows).fill(row).join(', ')}`;
}

/** Rows stored; null when a cell is of a type that SQLite does not have, which must not hold up the other rows for ever. */
function tryInsert(statement: StatementSync, cells: readonly Cell[]): number | null {
  try {
    return Number(statement.run(...cells).changes);
  } catch (error) {
    // What SQLite itself refuses, such as a full disk, ends the whole write.
    if (error instanceof Error && 'errcode' in error) throw error;
    return null;
  }
}

function insertSingly(insertRow: StatementSync, cells: readonly Cell[]): number {
  let stored = 0;
  for (let start = 0; start < cells.length; start += COLUMNS.length) {
    stored += tryInsert(insertRow, cells.slice(start, start + COLUMNS.length)) ?? 0;
  }
  return stored;
}

function inodeOf(path: string): number | null {
  return statSync(path, { throwIfNoEntry: false })?.ino ?? null;
}

function oldest(connection: DatabaseSync): number | null {
  const at = connection.prepare('select min(at) as at from calls').get()?.['at'];
  return typeof at === 'number' ? at : null;
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
