import { type CallBatch, type CallKind, COLUMNS, TEXT_COLUMNS } from './call-batch.ts';
import type { Redactor } from './redact/redactor.ts';

const WIDTH = COLUMNS.length;
const ID_PREFIX = COLUMNS.indexOf('id_prefix');
const KIND = COLUMNS.indexOf('kind');
/** What providers and callers said in their own words, and what was noted of a request, which may quote them. */
const SAID: ReadonlySet<number> = new Set([
  COLUMNS.indexOf('fault'),
  COLUMNS.indexOf('attempts'),
  COLUMNS.indexOf('notes'),
  COLUMNS.indexOf('caller_id'),
]);
/** Chosen by the caller, who may have put anything there. */
const CALLER_ID = COLUMNS.indexOf('caller_id');
const TEXTS: readonly number[] = COLUMNS.flatMap((column, index) => (TEXT_COLUMNS.has(column) ? [index] : []));

/** What a cell of a row holds on its way to a database; NaN and null are the same. */
export type RowCell = number | string | null;

/** Reads the rows of a batch one after the other, redacted, as cells in the order of the columns. */
export class BatchReader {
  readonly #batch: CallBatch;
  readonly #redactor: Redactor;
  readonly #kinds: readonly (number | null)[];
  readonly #prefixes: readonly number[];
  readonly #texts: string;
  #textAt = 0;
  #row = 0;

  /**
   * @param kinds the numbers that stand for the batch's kinds; null: one that no database would take
   * @param prefixes the numbers that stand for its beginnings of ids
   */
  constructor(batch: CallBatch, redactor: Redactor, kinds: readonly (number | null)[], prefixes: readonly number[]) {
    this.#batch = batch;
    this.#redactor = redactor;
    this.#kinds = kinds;
    this.#prefixes = prefixes;
    this.#texts = Buffer.from(batch.texts.buffer, batch.texts.byteOffset, batch.texts.length).toString();
  }

  /** Rows that have not been read. */
  get left(): number {
    return this.#batch.rows - this.#row;
  }

  /** Fills `cells` with the next rows, as many as it has room for: there have to be as many. */
  read(cells: RowCell[]): void {
    const { numbers } = this.#batch;
    // Where there is no text, its length is NaN, which is null to a database, as it is in the other columns.
    for (let cell = 0, from = this.#row * WIDTH; cell < cells.length; cell += 1) {
      cells[cell] = numbers[from + cell] ?? null;
    }
    for (let start = 0; start < cells.length; start += WIDTH) {
      cells[start + KIND] = this.#kinds[cells[start + KIND] as number] ?? null;
      cells[start + ID_PREFIX] = this.#prefixes[cells[start + ID_PREFIX] as number] ?? null;
      for (const column of TEXTS) {
        const length = cells[start + column] as number;
        if (length >= 0) cells[start + column] = this.#text(column, length);
      }
    }
    this.#row += cells.length / WIDTH;
  }

  #text(column: number, length: number): string {
    const text = this.#texts.slice(this.#textAt, (this.#textAt += length));
    if (!SAID.has(column)) return text;
    return column === CALLER_ID ? this.#redactor.text(text) : this.#redactor.jsonText(text);
  }
}

/** What callers wrote of a kind: a key pasted in place of a model, or into an address, is not kept either. */
export function redactedKind(kind: CallKind, redactor: Redactor): CallKind {
  // A record that is not what it should be is left out further on, not here.
  const safe = <Value>(value: Value): Value | string => (typeof value === 'string' ? redactor.text(value) : value);
  return { ...kind, model: safe(kind.model), path: safe(kind.path), attempt_model: safe(kind.attempt_model) };
}
