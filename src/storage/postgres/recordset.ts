/** The columns of rows that are sent, each with its type. */
export type RecordColumns = Readonly<Record<string, string>>;

/** Rows on their way to the server, all of them as one JSON text: the server takes it apart faster than a driver can bind cells. */
export function recordsText(rows: readonly Readonly<Record<string, unknown>>[]): string {
  return JSON.stringify(rows);
}

/** What stands in a `from` for rows that come as the statement's first parameter. */
export function recordset(alias: string, columns: RecordColumns): string {
  const typed = Object.entries(columns).map(([name, type]) => `${name} ${type}`);
  return `json_to_recordset($1::json) as ${alias}(${typed.join(', ')})`;
}

/** A text that every database takes: the server has neither the character 0 nor halves of characters. */
export function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\u{FFFD}');
}
