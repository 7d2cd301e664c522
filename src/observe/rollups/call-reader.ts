import type { CallOutcome } from '../../engine/record.ts';
import { COLUMNS } from '../call-batch.ts';
import type { CallRow, Kind } from './digest.ts';
import type { Names } from './facets.ts';

/** The cells of a row as they are written, in the order of the columns, and as they are read back: NaN and null are the same. */
export type Cells = readonly unknown[];

/** What is read of a kind, by its columns. */
export interface KindCells extends Names {
  readonly outcome: string;
  readonly attempt_count: number;
  readonly attempt_model: string | null;
}

/** How they are asked for. */
export const KIND_CELLS = 'tenant, workload, route, model, target, outcome, attempt_count, attempt_model';

const AT = Object.fromEntries(COLUMNS.map((column, place) => [column, place])) as Record<
  (typeof COLUMNS)[number],
  number
>;

/** Kinds that are remembered; beyond, all are forgotten and read again. */
const REMEMBERED = 8_000;

/** Reads what is to be added up of a call from the cells of its row, whether it has just been written or long ago. */
export class CallReader {
  readonly #find: (kind: number) => KindCells | undefined;
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

  /** @param find looks up a kind */
  constructor(find: (kind: number) => KindCells | undefined) {
    this.#find = find;
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

  #kindOf(id: number): Kind {
    const known = this.#kinds.get(id);
    if (known !== undefined) return known;
    const found = this.#find(id);
    if (found === undefined) return NO_KIND;
    const { outcome, attempt_count: attemptCount, attempt_model: attemptModel, ...names } = found;
    const kind: Kind = { ...names, outcome: outcome as CallOutcome, attemptCount, attemptModel };
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
