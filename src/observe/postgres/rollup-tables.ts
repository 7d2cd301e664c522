import type { PoolClient } from 'pg';
import { type RecordColumns, recordset, recordsText } from '../../storage/postgres/recordset.ts';
import type { Digest } from '../rollups/digest.ts';
import {
  columnsOf,
  digestRows,
  ROLLUP_SHAPES,
  type RollupCell,
  type RollupShape,
  type RollupTable,
  sumOfSketches,
} from '../rollups/digest-rows.ts';

/** Adds what was added up in memory to what stands on the server, in the transaction that is open; one at a time may do so. */
export async function addToTables(client: PoolClient, digest: Digest, now: number): Promise<void> {
  const tables = new Map<RollupTable, Map<string, RollupCell[]>>();
  for (const [table, cells] of digestRows(digest, now)) {
    let rows = tables.get(table);
    if (rows === undefined) tables.set(table, (rows = new Map<string, RollupCell[]>()));
    const shape = ROLLUP_SHAPES[table];
    const key = keyOf(shape, cells);
    const known = rows.get(key);
    // One statement may not meet a key twice.
    if (known === undefined) rows.set(key, cells);
    else merge(shape, known, cells);
  }
  for (const [table, rows] of tables) {
    if (ROLLUP_SHAPES[table].sketches.length > 0) await mergeSketches(client, table, rows);
    await client.query(upsert(table), [recordsText([...rows.values()].map((cells) => recordOf(table, cells)))]);
  }
}

function keyOf({ key }: RollupShape, cells: readonly RollupCell[]): string {
  return JSON.stringify(cells.slice(0, key.length));
}

/** Adds a row to another with the same key. */
function merge({ key, sums, least, greatest, sketches }: RollupShape, into: RollupCell[], cells: RollupCell[]): void {
  let place = key.length;
  const each = (columns: readonly string[], one: (left: RollupCell, right: RollupCell) => RollupCell): void => {
    for (const end = place + columns.length; place < end; place += 1) {
      into[place] = one(into[place] ?? null, cells[place] ?? null);
    }
  };
  each(sums, (left, right) => Number(left) + Number(right));
  each(least, (left, right) => Math.min(Number(left), Number(right)));
  each(greatest, (left, right) => Math.max(Number(left), Number(right)));
  each(sketches, sumOfSketches);
}

/** The server cannot add sketches: those that stand there are added here, and written in their place. */
async function mergeSketches(
  client: PoolClient,
  table: RollupTable,
  rows: ReadonlyMap<string, RollupCell[]>,
): Promise<void> {
  const shape = ROLLUP_SHAPES[table];
  const keys = Object.fromEntries(shape.key.map((name) => [name, typeOf(shape, name)]));
  const text = `select ${[...shape.key, ...shape.sketches].map((name) => `t.${name}`).join(', ')}
    from ${recordset('r', keys)} join ${table} t using (${shape.key.join(', ')})`;
  const sent = [...rows.values()].map((cells) =>
    Object.fromEntries(shape.key.map((name, place) => [name, cells[place]])),
  );
  const { rows: found } = await client.query<RollupCell[]>({ text, values: [recordsText(sent)], rowMode: 'array' });
  const first = columnsOf(shape).length - shape.sketches.length;
  for (const stored of found) {
    const cells = rows.get(keyOf(shape, stored));
    if (cells === undefined) continue;
    for (let place = 0; place < shape.sketches.length; place += 1) {
      cells[first + place] = sumOfSketches(stored[shape.key.length + place] ?? null, cells[first + place] ?? null);
    }
  }
}

function recordOf(table: RollupTable, cells: readonly RollupCell[]): Record<string, unknown> {
  const shown = (cell: RollupCell): number | string | null =>
    cell instanceof Uint8Array ? Buffer.from(cell.buffer, cell.byteOffset, cell.length).toString('base64') : cell;
  return Object.fromEntries(columnsOf(ROLLUP_SHAPES[table]).map((name, place) => [name, shown(cells[place] ?? null)]));
}

function upsert(table: RollupTable): string {
  const shape = ROLLUP_SHAPES[table];
  const columns = columnsOf(shape);
  const types: RecordColumns = Object.fromEntries(columns.map((name) => [name, typeOf(shape, name)]));
  const read = columns.map((name) => (shape.sketches.includes(name) ? `decode(r.${name}, 'base64')` : `r.${name}`));
  const changes = [
    ...shape.sums.map((name) => `${name} = t.${name} + excluded.${name}`),
    ...shape.least.map((name) => `${name} = least(t.${name}, excluded.${name})`),
    ...shape.greatest.map((name) => `${name} = greatest(t.${name}, excluded.${name})`),
    ...shape.sketches.map((name) => `${name} = excluded.${name}`),
  ];
  return `insert into ${table} as t (${columns.join(', ')}) select ${read.join(', ')} from ${recordset('r', types)}
    on conflict (${shape.key.join(', ')}) do update set ${changes.join(', ')}`;
}

/** Money may be less than a millionth of a dollar; everything else is counted. Sketches travel as texts. */
function typeOf({ sketches }: RollupShape, column: string): string {
  if (sketches.includes(column) || ['kind', 'party', 'end_user'].includes(column)) return 'text';
  return column === 'cost' || column.startsWith('waste_') ? 'double precision' : 'bigint';
}
