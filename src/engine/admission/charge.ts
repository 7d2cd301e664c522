import type { Fault } from '../fault/fault.ts';
import type { AttemptRecord } from '../record.ts';

/** Few models write faster, in tokens per millisecond: what one can have written while nobody saw it. */
const FASTEST = 0.3;

/** Whether a provider may have worked on an attempt that brought no answer. */
export function mayCost({ status }: AttemptRecord, fault: Fault): boolean {
  // A refusal costs nothing. Neither does what never got there.
  if (status !== null && status >= 400) return false;
  if (fault.kind === 'network') return fault.detail === 'reset' || fault.detail === 'other';
  if (fault.kind === 'timeout') return fault.detail !== 'connect';
  return true;
}

/**
 * Whether it will want money for it. A provider that never began to answer most likely did not, or the bill of an outage
 * would use up budgets; but whoever hangs up on a call has let it be worked on.
 */
export function mayBeBilled({ status }: AttemptRecord, fault: Fault): boolean {
  return status !== null || fault.kind === 'cancelled';
}

/** The most output tokens that an attempt can have made in its time, where none are known. */
export function unseenOutput(durationMs: number, most: number): number {
  return Math.min(most, Math.ceil(durationMs * FASTEST));
}
