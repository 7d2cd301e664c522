/** What a database takes and gives. */
export type Cell = string | number | null | Uint8Array;
export type Row = Readonly<Record<string, Cell>>;

/** SQL that SQLite and PostgreSQL both understand, its parameters written `$1`, `$2`, ... */
export interface Sql {
  all(text: string, values: readonly Cell[]): Promise<readonly Row[]>;
}

/** A database that can do several things at once or not at all. */
export interface SqlDatabase extends Sql {
  together<Result>(work: (sql: Sql) => Promise<Result>): Promise<Result>;
}

/** The first row; null where there is none. */
export async function first(sql: Sql, text: string, values: readonly Cell[]): Promise<Row | null> {
  return (await sql.all(text, values))[0] ?? null;
}

/** Parameters for a list: `$3, $4, $5`. */
export function places(count: number, from: number): string {
  return Array.from({ length: count }, (_, at) => `$${at + from}`).join(', ');
}
