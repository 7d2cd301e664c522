import { type RecordColumns, recordset, storable } from '../../storage/postgres/recordset.ts';
import type { BatchReader, RowCell } from '../batch-reader.ts';
import { COLUMNS, TEXT_COLUMNS } from '../call-batch.ts';

type Column = (typeof COLUMNS)[number];

/** A row on its way to the server. */
export type CallRowRecord = { seq: number } & { [Name in Column]: RowCell };

function typeOf(column: Column): string {
  if (column === 'cost') return 'double precision';
  return TEXT_COLUMNS.has(column) ? 'text' : 'bigint';
}

const ROWS: RecordColumns = {
  seq: 'bigint',
  ...Object.fromEntries(COLUMNS.map((column) => [column, typeOf(column)])),
};

export const INSERT_ROWS: string = `insert into call_rows (${Object.keys(ROWS).join(', ')})
  select ${Object.keys(ROWS).join(', ')} from ${recordset('r', ROWS)} on conflict do nothing`;

/** Columns that every row has to have. */
const NEEDED: readonly Column[] = ['kind', 'at', 'duration_us', 'overhead_us'];

/**
 * The rows that a batch has left, numbered from `seq` on: one that no server would take would keep all others out, and is left
 * out itself.
 */
export function rowsFrom(reader: BatchReader, seq: number): CallRowRecord[] {
  const cells: RowCell[] = COLUMNS.map(() => null);
  const rows: CallRowRecord[] = [];
  while (reader.left > 0) {
    reader.read(cells);
    const named = Object.fromEntries(
      COLUMNS.map((column, place) => [column, storableCell(column, cells[place] ?? null)]),
    );
    const row = { seq: seq + rows.length, ...named } as CallRowRecord;
    const hasId = row.id !== null || (row.id_prefix !== null && row.id_count !== null);
    if (hasId && NEEDED.every((column) => row[column] !== null)) rows.push(row);
  }
  return rows;
}

function storableCell(column: Column, cell: RowCell): RowCell {
  if (typeof cell === 'string') return storable(cell);
  if (cell === null || !Number.isFinite(cell)) return null;
  if (column === 'cost') return cell;
  // Providers count tokens as they like; the server's whole numbers are whole.
  const whole = Math.round(cell);
  return Number.isSafeInteger(whole) ? whole : null;
}
