import type { Headers } from '../../engine/call.ts';
import type { Random } from '../../engine/clock.ts';
import { readTraceparent, type Trace } from '../../engine/trace.ts';

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
 * Continues the caller's trace and does as it does about keeping it; begins one where there is none, and keeps that share of
 * them.
 */
export function tracing(share: number, random: Random): TraceOf {
  return ({ traceparent }) => {
    const heard = traceparent === undefined ? null : readTraceparent(traceparent);
    const spanId = hex(random, 16);
    if (heard !== null) return { ...heard, spanId };
    return { traceId: hex(random, 32), parentId: null, spanId, sampled: random() < share };
  };
}

/** Hexadecimal digits by chance, never all zero. */
function hex(random: Random, digits: number): string {
  let text = '';
  // 32 bits at a time: what a number by chance surely has.
  while (text.length < digits)
    text += Math.floor(random() * 0x1_0000_0000)
      .toString(16)
      .padStart(8, '0');
  return /[^0]/.test(text) ? text : `${text.slice(0, -1)}1`;
}
