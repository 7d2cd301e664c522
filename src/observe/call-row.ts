import type { Fault } from '../engine/fault/fault.ts';
import type { AttemptRecord, CallOutcome, CallRecord, Usage } from '../engine/record.ts';
import type { Trace } from '../engine/trace.ts';
import type { CallsView } from '../storage/schema.ts';

/** A record as it comes back from the database; `seq` counts in order of writing. */
export interface StoredCall extends CallRecord {
  readonly seq: number;
}

/** The opposite of what packs a call into a batch. */
export function callFromRow(row: CallsView): StoredCall {
  return {
    seq: row.seq,
    id: row.id,
    at: row.at,
    door: row.door as CallRecord['door'],
    organisation: row.organisation,
    tenant: row.tenant,
    workload: row.workload,
    callerId: row.caller_id,
    trace: row.trace === null ? null : traceFrom(row.trace),
    keyId: row.key_id,
    endUser: row.end_user,
    lane: row.lane as CallRecord['lane'],
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
    cost: row.cost,
    callerRetries: row.caller_retries,
    attempts: attemptsFromRow(row),
    notes: row.notes === null ? [] : (JSON.parse(row.notes) as string[]),
  };
}

function usageFromRow(row: CallsView): Usage {
  return {
    inputTokens: row.input_tokens,
    outputTokens: row.output_tokens,
    cachedTokens: row.cached_tokens,
    reasoningTokens: row.reasoning_tokens,
  };
}

function attemptsFromRow(row: CallsView): AttemptRecord[] {
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

function traceFrom(text: string): Trace {
  const [traceId = '', spanId = '', parentId = '', sampled] = text.split('-');
  return { traceId, spanId: spanId || null, parentId: parentId || null, sampled: sampled === '1' };
}

function milliseconds(us: number | null): number | null {
  return us === null ? null : us / 1000;
}
