import type { Call } from './call.ts';

/**
 * Where a call stands in a distributed trace, as W3C Trace Context tells it (https://www.w3.org/TR/trace-context/). Only what a
 * record and a header need is kept; whoever exports spans makes them of the record.
 */
export interface Trace {
  /** 32 hexadecimal digits, not all zero. */
  readonly traceId: string;
  /** The caller's span, 16 hexadecimal digits; null when the trace begins here. */
  readonly parentId: string | null;
  /** The call's own span; null where no spans are made: then the caller's header goes on unchanged. */
  readonly spanId: string | null;
  /** Somebody up the line wants this trace kept, or Holdfast does. */
  readonly sampled: boolean;
}

/** What a caller's `traceparent` says. */
export type Traceparent = Pick<Trace, 'traceId' | 'sampled'> & { readonly parentId: string };

const TRACEPARENT = /^([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(?:-.*)?$/;
const VERSION = '00';
const NO_TRACE = '0'.repeat(32);
const NO_SPAN = '0'.repeat(16);
const SAMPLED = 1;

/**
 * Reads a `traceparent` header; null for one that says nothing: malformed, of the forbidden version `ff`, or with an id of
 * zeros. A later version is read as far as it is known, as the specification asks; version 00 has no more than four fields.
 */
export function readTraceparent(header: unknown): Traceparent | null {
  if (typeof header !== 'string') return null;
  const found = TRACEPARENT.exec(header);
  if (found === null) return null;
  const [, version, traceId = '', parentId = '', flags = ''] = found;
  if (version === 'ff' || (version === VERSION && header.length !== 55)) return null;
  if (traceId === NO_TRACE || parentId === NO_SPAN) return null;
  return { traceId, parentId, sampled: (Number.parseInt(flags, 16) & SAMPLED) === SAMPLED };
}

/** The `traceparent` that an attempt's request carries: the trace goes on below the attempt's span. */
function traceparentOf(trace: Trace & { readonly spanId: string }, attempt: number): string {
  return `${VERSION}-${trace.traceId}-${attemptSpanId(trace.spanId, attempt)}-0${trace.sampled ? SAMPLED : 0}`;
}

/**
 * What the attempt that is just being made carries instead of the caller's own header; null where no spans are made here, and
 * the caller's goes on unchanged.
 */
export function outgoingTraceparent({ trace, attempts }: Pick<Call, 'trace' | 'attempts'>): string | null {
  if (trace == null || trace.spanId === null) return null;
  return traceparentOf({ ...trace, spanId: trace.spanId }, attempts.length - 1);
}

/**
 * The span of a call's n-th attempt (0 for the first). Made of the call's own, so that nobody has to remember it between the
 * request that carried it and the span that is exported once the call has ended.
 */
export function attemptSpanId(callSpanId: string, attempt: number): string {
  const low = Number.parseInt(callSpanId.slice(8), 16) + attempt + 1;
  // Nearly always nothing is carried over to the digits before.
  if (low <= 0xffff_ffff) return callSpanId.slice(0, 8) + low.toString(16).padStart(8, '0');
  const id = (BigInt(`0x${callSpanId}`) + BigInt(attempt + 1)) & 0xffff_ffff_ffff_ffffn;
  return id === 0n ? '0000000000000001' : id.toString(16).padStart(16, '0');
}
