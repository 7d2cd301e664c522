import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite';

import type { CallKind } from './call-batch.ts';

/** A kind serves as many rows as this, then it is told again; so it goes when the last of them has gone, and no search is needed. */
export const ROWS_OF_A_KIND = 100_000;

/** Kinds and beginnings of ids that are remembered; beyond, all are forgotten, and told again when they come again. */
export const REMEMBERED = 8000;

const KIND_COLUMNS: readonly (keyof CallKind)[] = [
  'door',
  'operation',
  'method',
  'path',
  'model',
  'stream',
  'route',
  'target',
  'outcome',
  'status',
  'fault_kind',
  'caller_retries',
  'attempt_count',
  'attempt_model',
  'organisation',
  'tenant',
  'workload',
  'key_id',
  'lane',
];

/** The numbers by which rows refer to what they share; writes down what is new. Good for one connection, until it fails. */
export class Dictionary {
  readonly #lastSeq: StatementSync;
  readonly #insertKind: StatementSync;
  readonly #insertPrefix: StatementSync;
  readonly #findPrefix: StatementSync;
  readonly #kinds = new Map<string, { readonly id: number; readonly lastSeq: number }>();
  readonly #prefixes = new Map<string, number>();
  /** How far the number of the last row may get within the transaction. */
  #seqAfter = 0;

  constructor(connection: DatabaseSync) {
    const places = KIND_COLUMNS.map(() => '?').join(', ');
    this.#lastSeq = connection.prepare('select coalesce(max(seq), 0) as seq from call_rows');
    this.#insertKind = connection.prepare(
      `insert into call_kinds (last_seq, ${KIND_COLUMNS.join(', ')}) values (?, ${places})`,
    );
    this.#insertPrefix = connection.prepare('insert or ignore into id_prefixes (prefix) values (?)');
    this.#findPrefix = connection.prepare('select id from id_prefixes where prefix = ?');
  }

  /**
   * To be called in each transaction, before it asks for numbers for `rows` rows at most.
   * @returns the number of the last row so far
   */
  begin(rows: number): number {
    const seq = Number(this.#lastSeq.get()?.['seq']);
    this.#seqAfter = seq + rows;
    return seq;
  }

  /** The kind's number; null when a field of it is of a type that no database would take. */
  kind(kind: CallKind): number | null {
    const key = JSON.stringify(kind);
    const known = this.#kinds.get(key);
    if (known !== undefined && this.#seqAfter <= known.lastSeq) return known.id;
    const lastSeq = this.#seqAfter + ROWS_OF_A_KIND;
    const id = tryInsert(this.#insertKind, [lastSeq, ...KIND_COLUMNS.map((column) => kind[column])]);
    if (id === null) return null;
    if (this.#kinds.size >= REMEMBERED) this.#kinds.clear();
    this.#kinds.set(key, { id, lastSeq });
    return id;
  }

  idPrefix(prefix: string): number {
    const known = this.#prefixes.get(prefix);
    if (known !== undefined) return known;
    this.#insertPrefix.run(prefix);
    const id = Number(this.#findPrefix.get(prefix)?.['id']);
    if (this.#prefixes.size >= REMEMBERED) this.#prefixes.clear();
    this.#prefixes.set(prefix, id);
    return id;
  }
}

/** The new row's number; null when a cell is of a type that SQLite does not have, which must not hold up other rows for ever. */
function tryInsert(statement: StatementSync, cells: readonly SQLInputValue[]): number | null {
  try {
    return Number(statement.run(...cells).lastInsertRowid);
  } catch (error) {
    // What SQLite itself refuses, such as a full disk, ends the whole write.
    if (error instanceof Error && 'errcode' in error && !isConstraint(error.errcode)) throw error;
    return null;
  }
}

/** A field that must be there is null. */
function isConstraint(errcode: unknown): boolean {
  return typeof errcode === 'number' && (errcode & 0xff) === 19;
}
