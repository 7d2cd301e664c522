import type { CallOutcome, CallRecord, AttemptRecord, Usage } from '../engine/record.ts';
import type { Fault } from '../engine/fault/fault.ts';
import type { CallsTable } from '../storage/schema.ts';

/** What a database cell holds. */
export type Cell = string | number | null;

/** A record as it comes back from the database; `seq` counts in order of writing. */
export interface StoredCall extends CallRecord {
  readonly seq: number;
}

/** The columns of a row in the order {@link pushRow} fills them. */
export const COLUMNS: readonly (keyof CallsTable)[] = [
  'id',
  'at',
  'door',
  'operation',
  'method',
  'path',
  'model',
  'stream',
  'route',
  'target',
  'outcome',
  'status',
  'fault_kind',
  'fault',
  'duration_us',
  'first_content_us',
  'overhead_us',
  'input_tokens',
  'output_tokens',
  'cached_tokens',
  'reasoning_tokens',
  'caller_retries',
  'attempt_count',
  'attempt_model',
  'attempt_upstream_id',
  'attempt_started_us',
  'attempt_duration_us',
  'attempts',
];

/** Longest text kept of what callers and providers may choose freely, in UTF-16 units. */
const LONGEST_TEXT = 500;

/**
 * Appends the record's cells to `rows`. Runs on the thread that carries the calls, hence one flat push, and no JSON for the
 * ordinary call.
 */
export function pushRow(rows: Cell[], record: CallRecord): void {
  const { fault, usage, attempts } = record;
  const sole = soleAttempt(record);
  rows.push(
    short(record.id),
    Math.round(record.at),
    record.door,
    record.operation,
    record.method,
    short(record.path),
    short(record.model),
    record.stream ? 1 : 0,
    record.route,
    record.target,
    record.outcome,
    record.status,
    fault === null ? null : fault.kind,
    fault === null ? null : JSON.stringify(shortFault(fault)),
    Math.round(record.durationMs * 1000),
    microseconds(record.firstContentMs),
    Math.round(record.overheadMs * 1000),
    usage.inputTokens,
    usage.outputTokens,
    usage.cachedTokens,
    usage.reasoningTokens,
    record.callerRetries,
    attempts.length,
    sole === null ? null : short(sole.model),
    sole === null ? null : short(sole.upstreamId),
    sole === null ? null : Math.round(sole.startedMs * 1000),
    sole === null ? null : Math.round(sole.durationMs * 1000),
    sole === null ? JSON.stringify(attempts.map(shortAttempt)) : null,
  );
}

/** The opposite of {@link pushRow}. */
export function callFromRow(row: Omit<CallsTable, 'seq'> & { readonly seq: number }): StoredCall {
  return {
    seq: row.seq,
    id: row.id,
    at: row.at,
    door: row.door as CallRecord['door'],
    operation: row.operation as CallRecord['operation'],
    method: row.method,
    path: row.path,
    model: row.model,
    stream: row.stream === 1,
    route: row.route,
    target: row.target,
    outcome: row.outcome as CallOutcome,
    status: row.status,
    fault: row.fault === null ? null : (JSON.parse(row.fault) as Fault),
    durationMs: row.duration_us / 1000,
    firstContentMs: milliseconds(row.first_content_us),
    overheadMs: row.overhead_us / 1000,
    usage: usageFromRow(row),
    callerRetries: row.caller_retries,
    attempts: attemptsFromRow(row),
  };
}

function usageFromRow(row: Omit<CallsTable, 'seq'>): Usage {
  return {
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedTokens: row.cached_tokens,
    reasoningTokens: row.reasoning_tokens,
  };
}

function attemptsFromRow(row: Omit<CallsTable, 'seq'>): AttemptRecord[] {
  if (row.attempts !== null) return JSON.parse(row.attempts) as AttemptRecord[];
  return [
    {
      target: row.target ?? '',
      model: row.attempt_model,
      startedMs: (row.attempt_started_us ?? 0) / 1000,
      waitedMs: 0,
      durationMs: (row.attempt_duration_us ?? 0) / 1000,
      firstContentMs: milliseconds(row.first_content_us),
      status: row.status,
      upstreamId: row.attempt_upstream_id,
      fault: null,
      reason: 'first',
    },
  ];
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

function microseconds(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000);
}

function milliseconds(us: number | null): number | null {
  return us === null ? null : us / 1000;
}
