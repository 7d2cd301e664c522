import type { AttemptRecord, CallRecord } from '../../engine/record.ts';

/** How loud a line is. A caller's own fault is a warning: the house is in order. */
type LineLevel = 'info' | 'warn' | 'error';

/** A line of the log, before anything secret is taken out of it. */
export interface Line {
  readonly level: LineLevel;
  readonly fields: Readonly<Record<string, unknown>>;
  /** One sentence for people. */
  readonly message: string;
}

/** What a call's one line says. Field names are documented, with their names elsewhere, in docs/logs.md: they are an interface. */
export function lineOf(record: CallRecord): Line {
  const { fault, trace, usage } = record;
  const served = servedBy(record);
  const fields = {
    time: new Date(record.at + record.durationMs).toISOString(),
    event: 'call',
    id: record.id,
    caller_id: record.callerId,
    upstream_id: served?.upstreamId ?? null,
    trace_id: trace?.traceId ?? null,
    span_id: trace?.spanId ?? null,
    door: record.door,
    operation: record.operation,
    method: record.method,
    path: record.path,
    organisation: record.organisation,
    tenant: record.tenant,
    workload: record.workload,
    key_id: record.keyId,
    user: record.endUser,
    lane: record.lane,
    route: record.route,
    model: record.model,
    // Nobody served what was refused here, or given from what was kept.
    model_served: served === undefined ? null : (served.model ?? record.model),
    target: record.target,
    stream: record.stream,
    outcome: record.outcome,
    status: record.status,
    fault_kind: fault?.kind ?? null,
    fault_party: fault?.party ?? null,
    fault_message: fault?.message ?? null,
    remedy: fault?.remedy ?? null,
    attempts: record.attempts.length,
    caller_retries: record.callerRetries,
    duration_ms: rounded(record.durationMs),
    first_content_ms: rounded(record.firstContentMs),
    overhead_ms: rounded(record.overheadMs),
    input_tokens: usage.inputTokens,
    output_tokens: usage.outputTokens,
    cached_tokens: usage.cachedTokens,
    reasoning_tokens: usage.reasoningTokens,
    cost_usd: record.cost === null ? null : record.cost / 1e6,
    notes: record.notes.length === 0 ? null : record.notes,
    tries: isEventful(record) ? record.attempts.map(tryOf) : null,
  };
  return { level: levelOf(record), fields: said(fields), message: messageOf(record) };
}

/** Something went wrong on the way, though the caller may never have noticed. */
export function isEventful({ outcome, attempts, fault }: CallRecord): boolean {
  return outcome !== 'answered' || fault !== null || attempts.some((attempt) => attempt.fault !== null);
}

function levelOf({ outcome, fault }: CallRecord): LineLevel {
  if (outcome === 'answered' || outcome === 'cancelled') return 'info';
  return outcome === 'retried' || fault?.party === 'caller' ? 'warn' : 'error';
}

/** The attempt whose answer the caller got; the last one when nobody answered. */
function servedBy({ attempts }: CallRecord): AttemptRecord | undefined {
  return attempts.findLast(({ fault }) => fault === null) ?? attempts.at(-1);
}

function tryOf(attempt: AttemptRecord): Record<string, unknown> {
  return said({
    target: attempt.target,
    model: attempt.model,
    reason: attempt.reason,
    status: attempt.status,
    started_ms: rounded(attempt.startedMs),
    waited_ms: attempt.waitedMs === 0 ? null : rounded(attempt.waitedMs),
    duration_ms: rounded(attempt.durationMs),
    fault_kind: attempt.fault?.kind ?? null,
    fault_message: attempt.fault?.message ?? null,
    upstream_id: attempt.upstreamId,
  });
}

function messageOf(record: CallRecord): string {
  const { operation, method, path, model, target, outcome, status, durationMs, attempts, fault } = record;
  const what = operation === 'passthrough' ? `${method} ${path}` : [operation, model].filter(Boolean).join(' ');
  const where = target === null ? '' : ` by ${target}`;
  const tries = attempts.length > 1 ? `, ${attempts.length} attempts` : '';
  const after = `in ${durationMs < 10 ? durationMs.toFixed(1) : Math.round(durationMs)} ms${tries}`;
  if (fault === null) return `${what} ${outcome} ${status}${where} ${after}`;
  return `${what} ${outcome} ${status}${where} ${after}: ${fault.kind} (${fault.party}): ${fault.message} ${fault.remedy}`;
}

/** Nothing is said of what is not known: a field is absent rather than null. */
function said(fields: Readonly<Record<string, unknown>>): Record<string, unknown> {
  const out: Record<string, unknown> = {};
  for (const name in fields) if (fields[name] !== null) out[name] = fields[name];
  return out;
}

/** Microseconds are as exact as anybody reads. */
function rounded(ms: number | null): number | null {
  return ms === null ? null : Math.round(ms * 1000) / 1000;
}
