import type { Fault } from '../engine/fault/fault.ts';
import type { AttemptRecord, CallRecord } from '../engine/record.ts';
import type { Trace } from '../engine/trace.ts';
import type { CallKindsTable } from '../storage/schema.ts';
import { type OwnId, splitOwnId } from './own-id.ts';

/** What many calls have in common, stored once for all of them. */
export type CallKind = Omit<CallKindsTable, 'id' | 'last_seq'>;

/**
 * The columns of a row of `call_rows`, in the order in which a batch holds them: one number each. A number stands for
 * itself, and NaN for null; `TEXT_COLUMNS` hold the length of their text, `kind` and `id_prefix` an index into the batch's
 * tables.
 */
export const COLUMNS = [
  'id_prefix',
  'id_count',
  'id',
  'kind',
  'at',
  'duration_us',
  'first_content_us',
  'overhead_us',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'cost',
  'attempt_started_us',
  'attempt_duration_us',
  'attempt_upstream_id',
  'fault',
  'attempts',
  'end_user',
  'notes',
  'caller_id',
  'trace',
] as const;

/** The columns whose texts follow one another in `texts`, in this order. */
export const TEXT_COLUMNS: ReadonlySet<(typeof COLUMNS)[number]> = new Set([
  'id',
  'attempt_upstream_id',
  'fault',
  'attempts',
  'end_user',
  'notes',
  'caller_id',
  'trace',
]);

/**
 * Calls on their way to the database. Flat, because what is handed to another thread is copied: two blocks of bytes cost
 * nothing beside thousands of cells, and keep nothing alive that the collector would have to walk.
 */
export interface CallBatch {
  readonly rows: number;
  /** `COLUMNS.length` numbers for each row. */
  readonly numbers: Float64Array;
  /** The texts of all rows in UTF-8, without anything in between. */
  readonly texts: Uint8Array;
  readonly kinds: readonly CallKind[];
  readonly idPrefixes: readonly string[];
}

/** Longest text kept of what callers and providers may choose freely, in UTF-16 units. */
const LONGEST_TEXT = 500;

const WIDTH = COLUMNS.length;
const FIRST_ROWS = 64;
const FIRST_BYTES = 64 * FIRST_ROWS;

/** A larger block of texts is given back after its batch: it comes of a storm of failures. */
const BYTES_KEPT = 1024 * 1024;

/** Of the kinds of one key and model, those compared with a new call; a kind told twice costs only a line in a table. */
const KINDS_COMPARED = 8;

/** Packs calls into batches; runs on the thread that carries the calls, which is why it allocates next to nothing. */
export class CallPacker {
  #rows = 0;
  #numbers = new Float64Array(FIRST_ROWS * WIDTH);
  #texts = Buffer.allocUnsafeSlow(FIRST_BYTES);
  #textBytes = 0;
  #kinds: CallKind[] = [];
  /** Indexes of the kinds, by key and model. */
  #kindsOf = new Map<string | null, Map<string | null, number[]>>();
  #idPrefixes: string[] = [];

  /** Calls packed since the last batch was taken. */
  get rows(): number {
    return this.#rows;
  }

  add(record: CallRecord): void {
    const { id, fault, usage, attempts } = record;
    const sole = soleAttempt(record);
    // The JSON first: should it fail, nothing of the call has been packed.
    const faultText = fault === null ? null : JSON.stringify(shortFault(fault));
    const attemptsText = sole === null ? JSON.stringify(attempts.map(shortAttempt)) : null;
    const notesText = record.notes.length === 0 ? null : JSON.stringify(record.notes.map(short));
    const start = this.#rows * WIDTH;
    if (start === this.#numbers.length) this.#widen();
    const numbers = this.#numbers;
    const own = splitOwnId(id);
    numbers[start] = own === null ? NaN : this.#idPrefixOf(own);
    numbers[start + 1] = own === null ? NaN : own.count;
    numbers[start + 3] = this.#kindOf(record, sole);
    numbers[start + 4] = Math.round(record.at);
    numbers[start + 5] = Math.round(record.durationMs * 1000);
    numbers[start + 6] = microseconds(record.firstContentMs);
    numbers[start + 7] = Math.round(record.overheadMs * 1000);
    numbers[start + 8] = usage.inputTokens ?? NaN;
    numbers[start + 9] = usage.outputTokens ?? NaN;
    numbers[start + 10] = usage.cachedTokens ?? NaN;
    numbers[start + 11] = usage.reasoningTokens ?? NaN;
    numbers[start + 12] = record.cost ?? NaN;
    numbers[start + 13] = sole === null ? NaN : Math.round(sole.startedMs * 1000);
    numbers[start + 14] = sole === null ? NaN : Math.round(sole.durationMs * 1000);
    numbers[start + 2] = own === null ? this.#write(short(id)) : NaN;
    numbers[start + 15] = sole === null ? NaN : this.#write(short(sole.upstreamId));
    numbers[start + 16] = this.#write(faultText);
    numbers[start + 17] = this.#write(attemptsText);
    numbers[start + 18] = this.#write(short(record.endUser));
    numbers[start + 19] = this.#write(notesText);
    numbers[start + 20] = this.#write(short(record.callerId));
    numbers[start + 21] = this.#write(record.trace === null ? null : traceText(record.trace));
    this.#rows += 1;
  }

  /** Everything added since the last time, or null when there is nothing. */
  take(): CallBatch | null {
    if (this.#rows === 0) return null;
    const batch = {
      rows: this.#rows,
      numbers: this.#numbers.slice(0, this.#rows * WIDTH),
      texts: new Uint8Array(this.#texts.subarray(0, this.#textBytes)),
      kinds: this.#kinds,
      idPrefixes: this.#idPrefixes,
    };
    this.#rows = 0;
    this.#textBytes = 0;
    if (this.#texts.length > BYTES_KEPT) this.#texts = Buffer.allocUnsafeSlow(FIRST_BYTES);
    this.#kinds = [];
    this.#kindsOf = new Map();
    this.#idPrefixes = [];
    return batch;
  }

  #widen(): void {
    const wider = new Float64Array(this.#numbers.length * 2);
    wider.set(this.#numbers);
    this.#numbers = wider;
  }

  /** Packs a text and gives its length; NaN for none. */
  #write(text: string | null): number {
    if (text === null) return NaN;
    // A UTF-16 unit takes three bytes at most.
    const needed = this.#textBytes + text.length * 3;
    if (needed > this.#texts.length) {
      const longer = Buffer.allocUnsafeSlow(needed * 2);
      longer.set(this.#texts);
      this.#texts = longer;
    }
    this.#textBytes += this.#texts.write(text, this.#textBytes);
    return text.length;
  }

  /** Index of the beginning of an id of our making. */
  #idPrefixOf(own: OwnId): number {
    const known = this.#idPrefixes.indexOf(own.prefix);
    return known >= 0 ? known : this.#idPrefixes.push(own.prefix) - 1;
  }

  #kindOf(record: CallRecord, sole: AttemptRecord | null): number {
    const model = short(record.model);
    let ofKey = this.#kindsOf.get(record.keyId);
    if (ofKey === undefined) this.#kindsOf.set(record.keyId, (ofKey = new Map<string | null, number[]>()));
    let indexes = ofKey.get(model);
    if (indexes === undefined) ofKey.set(model, (indexes = []));
    const oldest = Math.max(0, indexes.length - KINDS_COMPARED);
    for (let place = indexes.length - 1; place >= oldest; place -= 1) {
      const index = indexes[place] ?? 0;
      const kind = this.#kinds[index];
      if (kind !== undefined && isOfKind(kind, record, sole)) return index;
    }
    const index = this.#kinds.push(kindOf(record, sole)) - 1;
    indexes.push(index);
    return index;
  }
}

function kindOf(record: CallRecord, sole: AttemptRecord | null): CallKind {
  return {
    door: record.door,
    operation: record.operation,
    method: record.method,
    path: short(record.path),
    model: short(record.model),
    stream: record.stream ? 1 : 0,
    route: record.route,
    target: record.target,
    outcome: record.outcome,
    status: record.status,
    fault_kind: record.fault === null ? null : record.fault.kind,
    caller_retries: record.callerRetries,
    attempt_count: record.attempts.length,
    attempt_model: sole === null ? null : short(sole.model),
    organisation: record.organisation,
    tenant: record.tenant,
    workload: record.workload,
    key_id: record.keyId,
    lane: record.lane,
  };
}

/** Whether {@link kindOf} would give the same, the model and the key aside, without making it. */
function isOfKind(kind: CallKind, record: CallRecord, sole: AttemptRecord | null): boolean {
  return (
    kind.status === record.status &&
    kind.outcome === record.outcome &&
    kind.operation === record.operation &&
    kind.target === record.target &&
    kind.route === record.route &&
    kind.attempt_count === record.attempts.length &&
    kind.caller_retries === record.callerRetries &&
    kind.stream === (record.stream ? 1 : 0) &&
    kind.door === record.door &&
    kind.method === record.method &&
    kind.fault_kind === (record.fault === null ? null : record.fault.kind) &&
    kind.attempt_model === (sole === null ? null : short(sole.model)) &&
    kind.path === short(record.path) &&
    kind.workload === record.workload &&
    kind.lane === record.lane &&
    kind.tenant === record.tenant &&
    kind.organisation === record.organisation
  );
}

/** The one attempt of a call that went the ordinary way: what the call's own columns do not say of it fits into four more. */
function soleAttempt({ outcome, fault, attempts, target, status, firstContentMs }: CallRecord): AttemptRecord | null {
  const first = attempts[0];
  if (first === undefined || attempts.length > 1 || outcome !== 'answered' || fault !== null) return null;
  const ordinary =
    first.fault === null &&
    first.waitedMs === 0 &&
    first.reason === 'first' &&
    first.target === target &&
    first.status === status &&
    first.firstContentMs === firstContentMs;
  return ordinary ? first : null;
}

function shortAttempt(attempt: AttemptRecord): AttemptRecord {
  return {
    ...attempt,
    model: short(attempt.model),
    upstreamId: short(attempt.upstreamId),
    fault: attempt.fault && shortFault(attempt.fault),
  };
}

function shortFault(fault: Fault): Fault {
  return {
    ...fault,
    message: short(fault.message),
    evidence: fault.evidence.map(short),
    type: short(fault.type),
    code: short(fault.code),
    param: short(fault.param),
  };
}

function short<Text extends string | null>(text: Text): Text {
  return text !== null && text.length > LONGEST_TEXT ? (`${text.slice(0, LONGEST_TEXT - 1)}…` as Text) : text;
}

function traceText({ traceId, spanId, parentId, sampled }: Trace): string {
  return `${traceId}-${spanId ?? ''}-${parentId ?? ''}-${sampled ? 1 : 0}`;
}

function microseconds(ms: number | null): number {
  return ms === null ? NaN : Math.round(ms * 1000);
}
