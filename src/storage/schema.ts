import type { Generated } from 'kysely';

/**
 * One row per call. Times are whole microseconds: exact enough for people, and a third of the bytes of a float.
 *
 * A call answered by its one attempt, which nearly every call is, keeps that attempt in the `attempt_*` columns and needs no
 * JSON. Every other call keeps its attempts in `attempts`, and those columns are null: `attempts is not null` is what finds
 * the calls that something happened to, and has an index of its own.
 */
export interface CallsTable {
  /** In order of writing, which is the order of ending; `at` is the order of arrival. */
  seq: Generated<number>;
  id: string;
  /** Milliseconds since 1970. */
  at: number;
  door: string;
  operation: string;
  method: string;
  path: string;
  model: string | null;
  /** 1 for a stream, else 0. */
  stream: number;
  route: string | null;
  target: string | null;
  outcome: string;
  status: number;
  fault_kind: string | null;
  /** The fault told to the caller, as JSON. */
  fault: string | null;
  duration_us: number;
  first_content_us: number | null;
  overhead_us: number;
  input_tokens: number | null;
  output_tokens: number | null;
  cached_tokens: number | null;
  reasoning_tokens: number | null;
  caller_retries: number;
  attempt_count: number;
  attempt_model: string | null;
  attempt_upstream_id: string | null;
  attempt_started_us: number | null;
  attempt_duration_us: number | null;
  /** Every attempt, as JSON. */
  attempts: string | null;
}

/** The tables, as queries see them. */
export interface Schema {
  calls: CallsTable;
}
