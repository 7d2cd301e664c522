import type { Headers } from '../../engine/call.ts';
import type { Random } from '../../engine/clock.ts';
import type { CallRecord } from '../../engine/record.ts';
import { readTraceparent, type Trace } from '../../engine/trace.ts';
import { isEventful } from '../log/call-line.ts';

/** Says where an arriving call stands in a trace; null: in none. */
export type TraceOf = (headers: Headers) => Trace | null;

/** Without spans of our own: what the caller's header says, for the log and the record, while the header itself goes on unchanged. */
export const heardTrace: TraceOf = ({ traceparent }) => {
  // Nearly every call without tracing leaves by this line.
  if (traceparent === undefined) return null;
  const heard = readTraceparent(traceparent);
  return heard === null ? null : { ...heard, spanId: null };
};

/**
 * Continues the caller's trace and does as it does about keeping it; begins one for that share of the calls that bring none. The
 * others have none: ids that nobody keeps cost each call a header, and its record a column.
 */
export function tracing(share: number, random: Random): TraceOf {
  return ({ traceparent }) => {
    const heard = traceparent === undefined ? null : readTraceparent(traceparent);
    if (heard !== null) return { ...heard, spanId: idByChance(random, SPAN_BYTES) };
    return random() < share ? begun(random) : null;
  };
}

/** A call that has no trace and went wrong gets one when it is over: nobody was told of it on the way, and it is kept all the same. */
export function tracedLate(record: CallRecord, random: Random): CallRecord {
  return record.trace === null && isEventful(record) ? { ...record, trace: begun(random) } : record;
}

/** A trace that begins here and is kept. */
function begun(random: Random): Trace {
  const spanId = idByChance(random, SPAN_BYTES);
  return { traceId: idByChance(random, TRACE_BYTES), parentId: null, spanId, sampled: true };
}

const TRACE_BYTES = 16;
const SPAN_BYTES = 8;

/** Filled and read at once, call after call: putting ids together digit by digit took 3 µs a call. */
const bytes = Buffer.alloc(TRACE_BYTES);

/** Hexadecimal digits by chance, never all zero. */
function idByChance(random: Random, length: number): string {
  let any = 0;
  // 32 bits at a time: what a number by chance surely has.
  for (let at = 0; at < length; at += 4) {
    const bits = Math.floor(random() * 0x1_0000_0000);
    any |= bits;
    bytes.writeUInt32BE(bits, at);
  }
  if (any === 0) bytes[length - 1] = 1;
  return bytes.toString('hex', 0, length);
}
