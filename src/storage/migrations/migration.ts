/**
 * One step of the schema, run once and never edited after its release.
 *
 * It is plain SQL, one text per dialect, because the thread that writes the records opens the database without the query
 * builder, to stay small.
 */
export interface Migration {
  /** Counts from 1 without gaps. */
  readonly number: number;
  readonly name: string;
  readonly sqlite: string;
  /** Left out where it is about tables that stand in the data directory alone. */
  readonly postgres?: string;
}
