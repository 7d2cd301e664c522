import type { AttemptRecord, CallRecord, Usage } from '../../engine/record.ts';
import { attemptSpanId, type Trace } from '../../engine/trace.ts';
import * as name from './gen-ai.ts';

type Attributes = Readonly<Record<string, string | number | boolean | readonly string[]>>;

/** A span as it is known once it is over. */
export interface EndedSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentId: string | null;
  readonly name: string;
  /** `server` for the call as its caller sees it, `internal` for one that came in process, `client` for each attempt. */
  readonly kind: 'server' | 'internal' | 'client';
  /** Wall time, ms since 1970. */
  readonly startMs: number;
  readonly endMs: number;
  /** What went wrong, in words; null: nothing. */
  readonly error: string | null;
  readonly attributes: Attributes;
}

/** A record whose call has spans. */
export type TracedRecord = CallRecord & { readonly trace: Trace & { readonly spanId: string } };

export function isTraced(record: CallRecord): record is TracedRecord {
  return record.trace !== null && record.trace.spanId !== null;
}

/**
 * The spans of a call, made of its record: one for the call, and below it one for each attempt. Tokens stand at the attempt
 * that answered, and nowhere else, so that sums over spans are right.
 *
 * @param providerOf the provider of a target by its id
 */
export function spansOf(record: TracedRecord, providerOf: (target: string) => string): EndedSpan[] {
  const { trace, attempts } = record;
  const served = attempts.findLast(({ fault }) => fault === null);
  const call: EndedSpan = {
    traceId: trace.traceId,
    spanId: trace.spanId,
    parentId: trace.parentId,
    name: `${record.method} /v1${record.path}`,
    kind: record.door === 'gateway' ? 'server' : 'internal',
    startMs: record.at,
    endMs: record.at + record.durationMs,
    error: record.fault?.message ?? null,
    attributes: callAttributes(record, served, providerOf),
  };
  return [
    call,
    ...attempts.map((attempt, index) => attemptSpan(record, attempt, index, attempt === served, providerOf)),
  ];
}

function attemptSpan(
  record: TracedRecord,
  attempt: AttemptRecord,
  index: number,
  isServed: boolean,
  providerOf: (target: string) => string,
): EndedSpan {
  const { trace, operation, at } = record;
  const startMs = at + attempt.startedMs;
  const done = name.operationName(operation) ?? operation;
  return {
    traceId: trace.traceId,
    spanId: attemptSpanId(trace.spanId, index),
    parentId: trace.spanId,
    name: attempt.model === null ? done : `${done} ${attempt.model}`,
    kind: 'client',
    startMs,
    endMs: startMs + attempt.durationMs,
    error: attempt.fault?.message ?? null,
    attributes: known({
      [name.OPERATION]: name.operationName(operation),
      [name.PROVIDER]: name.providerName(providerOf(attempt.target)),
      [name.REQUEST_MODEL]: attempt.model,
      [name.FIRST_CHUNK]: attempt.firstContentMs === null ? null : attempt.firstContentMs / 1000,
      [name.STATUS]: attempt.status,
      [name.ERROR_TYPE]: attempt.fault?.kind ?? null,
      ...(isServed ? usageAttributes(record.usage) : {}),
      'holdfast.target': attempt.target,
      'holdfast.attempt.reason': attempt.reason,
      'holdfast.attempt.waited': attempt.waitedMs / 1000,
      'holdfast.upstream_request_id': attempt.upstreamId,
      'holdfast.fault.party': attempt.fault?.party ?? null,
    }),
  };
}

function callAttributes(
  record: TracedRecord,
  served: AttemptRecord | undefined,
  providerOf: (target: string) => string,
): Attributes {
  return known({
    [name.METHOD]: record.method,
    [name.PATH]: `/v1${record.path}`,
    [name.STATUS]: record.status,
    [name.ERROR_TYPE]: record.fault?.kind ?? null,
    [name.OPERATION]: name.operationName(record.operation),
    [name.PROVIDER]: record.target === null ? null : name.providerName(providerOf(record.target)),
    [name.REQUEST_MODEL]: record.model,
    [name.RESPONSE_MODEL]: served?.model ?? null,
    [name.END_USER]: record.endUser,
    'holdfast.call.id': record.id,
    'holdfast.caller.request_id': record.callerId,
    'holdfast.organisation': record.organisation,
    'holdfast.tenant': record.tenant,
    'holdfast.workload': record.workload,
    'holdfast.key': record.keyId,
    'holdfast.lane': record.lane,
    'holdfast.route': record.route,
    'holdfast.outcome': record.outcome,
    'holdfast.stream': record.stream,
    'holdfast.attempts': record.attempts.length,
    'holdfast.overhead': record.overheadMs / 1000,
    'holdfast.cost': record.cost === null ? null : record.cost / 1e6,
    'holdfast.fault.party': record.fault?.party ?? null,
    'holdfast.notes': record.notes.length === 0 ? null : record.notes,
  });
}

function usageAttributes({
  inputTokens,
  outputTokens,
  cachedTokens,
  reasoningTokens,
}: Usage): Record<string, number | null> {
  return {
    [name.INPUT_TOKENS]: inputTokens,
    [name.OUTPUT_TOKENS]: outputTokens,
    [name.CACHED_TOKENS]: cachedTokens,
    [name.REASONING_TOKENS]: reasoningTokens,
  };
}

function known(attributes: Readonly<Record<string, Attributes[string] | null>>): Attributes {
  const out: Record<string, Attributes[string]> = {};
  for (const key in attributes) {
    const value = attributes[key];
    if (value !== null && value !== undefined) out[key] = value;
  }
  return out;
}
