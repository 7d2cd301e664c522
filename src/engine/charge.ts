import type { Fault } from './fault/fault.ts';
import type { AttemptRecord } from './record.ts';

/** No model in service writes faster, in tokens per millisecond: what it can have written while nobody saw it. */
const FASTEST = 0.3;

/** Whether a provider may have charged for an attempt that brought no answer. */
export function mayCost({ status }: AttemptRecord, fault: Fault): boolean {
  // A refusal costs nothing. Neither does what never got there.
  if (status !== null && status >= 400) return false;
  if (fault.kind === 'network') return fault.detail === 'reset' || fault.detail === 'other';
  if (fault.kind === 'timeout') return fault.detail !== 'connect';
  return true;
}

/** The most output tokens that an attempt can have made in its time, where none are known. */
export function unseenOutput(durationMs: number, most: number): number {
  return Math.min(most, Math.ceil(durationMs * FASTEST));
}
