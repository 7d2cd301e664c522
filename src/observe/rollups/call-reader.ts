import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite';
import type { CallOutcome } from '../../engine/record.ts';
import { COLUMNS } from '../call-batch.ts';
import type { CallRow, Kind } from './digest.ts';

/** The cells of a row as they are written, in the order of the columns, and as they are read back: NaN and null are the same. */
export type Cells = readonly unknown[];

const AT = Object.fromEntries(COLUMNS.map((column, place) => [column, place])) as Record<
  (typeof COLUMNS)[number],
  number
>;

/** Kinds that are remembered; beyond, all are forgotten and read again. */
const REMEMBERED = 8_000;

/** Reads what is to be added up of a call from the cells of its row, whether it has just been written or long ago. */
export class CallReader {
  readonly #connection: DatabaseSync;
  readonly #kind: StatementSync;
  readonly #kinds = new Map<number, Kind>();
  /** Filled again for every call. */
  readonly #row: CallRow = {
    seq: 0,
    kind: NO_KIND,
    at: 0,
    durationUs: 0,
    firstContentUs: null,
    overheadUs: 0,
    inputTokens: null,
    outputTokens: null,
    cachedTokens: null,
    reasoningTokens: null,
    cost: null,
    attemptStartedUs: null,
    attemptDurationUs: null,
    upstreamId: null,
    fault: null,
    attempts: null,
    notes: null,
    endUser: null,
    callerId: null,
    trace: null,
  };

  constructor(connection: DatabaseSync) {
    this.#connection = connection;
    this.#kind = connection.prepare(
      'select tenant, workload, route, model, target, outcome, fault_kind, attempt_count, attempt_model from call_kinds where id = ?',
    );
  }

  /** @param start where the row's cells begin. @returns the same object each time */
  read(seq: number, cells: Cells, start: number): CallRow {
    const row = this.#row;
    row.seq = seq;
    row.kind = this.#kindOf(Number(cells[start + AT.kind]));
    row.at = Number(cells[start + AT.at]);
    row.durationUs = Number(cells[start + AT.duration_us]);
    row.firstContentUs = numberAt(cells, start + AT.first_content_us);
    row.overheadUs = Number(cells[start + AT.overhead_us]);
    row.inputTokens = numberAt(cells, start + AT.input_tokens);
    row.outputTokens = numberAt(cells, start + AT.output_tokens);
    row.cachedTokens = numberAt(cells, start + AT.cached_tokens);
    row.reasoningTokens = numberAt(cells, start + AT.reasoning_tokens);
    row.cost = numberAt(cells, start + AT.cost);
    row.attemptStartedUs = numberAt(cells, start + AT.attempt_started_us);
    row.attemptDurationUs = numberAt(cells, start + AT.attempt_duration_us);
    row.upstreamId = textAt(cells, start + AT.attempt_upstream_id);
    row.fault = textAt(cells, start + AT.fault);
    row.attempts = textAt(cells, start + AT.attempts);
    row.notes = textAt(cells, start + AT.notes);
    row.endUser = textAt(cells, start + AT.end_user);
    row.callerId = textAt(cells, start + AT.caller_id);
    row.trace = textAt(cells, start + AT.trace);
    return row;
  }

  /** The calls after the one with number `seq`, oldest first: each with its number in front of its cells. */
  after(seq: number, limit: number): Cells[] {
    const statement = this.#connection.prepare(
      `select seq, ${COLUMNS.join(', ')} from call_rows where seq > ? order by seq limit ?`,
    );
    statement.setReturnArrays(true);
    return statement.all(seq, limit) as unknown as SQLOutputValue[][];
  }

  #kindOf(id: number): Kind {
    const known = this.#kinds.get(id);
    if (known !== undefined) return known;
    const found = this.#kind.get(id);
    if (found === undefined) return NO_KIND;
    const kind: Kind = {
      tenant: found['tenant'] as string | null,
      workload: found['workload'] as string | null,
      route: found['route'] as string | null,
      model: found['model'] as string | null,
      target: found['target'] as string | null,
      outcome: found['outcome'] as CallOutcome,
      attemptCount: found['attempt_count'] as number,
      attemptModel: found['attempt_model'] as string | null,
    };
    if (this.#kinds.size >= REMEMBERED) this.#kinds.clear();
    this.#kinds.set(id, kind);
    return kind;
  }
}

/** A row whose kind is gone, which nobody makes. */
const NO_KIND: Kind = {
  tenant: null,
  workload: null,
  route: null,
  model: null,
  target: null,
  outcome: 'answered',
  attemptCount: 0,
  attemptModel: null,
};

function numberAt(cells: Cells, place: number): number | null {
  const value = cells[place];
  return typeof value === 'number' && !Number.isNaN(value) ? value : null;
}

function textAt(cells: Cells, place: number): string | null {
  const value = cells[place];
  return typeof value === 'string' ? value : null;
}
