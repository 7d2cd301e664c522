import type { Random } from '../engine/clock.ts';
import type { Fault, FaultKind } from '../engine/fault/fault.ts';
import type { Job, JobEnding, KeptAnswer } from './job.ts';

/** What one attempt at a job came to. */
export interface Attempted {
  /** What the caller would have been given. */
  readonly answer: KeptAnswer;
  /** Why it is not what was asked for; null: it is. */
  readonly fault: Fault | null;
  /** How long the caller would have been asked to wait, ms. */
  readonly retryAfterMs: number | null;
  readonly callId: string;
  /** Something was sent to a provider. What never left does not use up an attempt: waiting is what jobs are for. */
  readonly sent: boolean;
}

/** What becomes of a job after an attempt. */
export type Outcome =
  | { readonly kind: 'end'; readonly ending: JobEnding }
  | {
      readonly kind: 'again';
      readonly runAt: number;
      readonly counted: boolean;
      /** Its deadline comes before: this was the last attempt, although only the sweep will end the job. */
      readonly last: boolean;
    };

/** Rest before the second attempt, and how it grows: an outage of minutes is sat out with few attempts. */
const FIRST_REST_MS = 1_000;
const GROWTH = 3;
const LONGEST_REST_MS = 300_000;

/** Faults that may pass although the line would not have tried the same target again; a defect of our own is tried again, too. */
const PASSES: ReadonlySet<FaultKind> = new Set([
  'rate-limit-requests',
  'rate-limit-tokens',
  'circuit-open',
  'retry-budget',
  'shed',
  'draining',
  'internal',
]);

/** Decides what becomes of a job. @param now wall time, ms. */
export function outcomeOf(
  job: Pick<Job, 'attempts' | 'maxAttempts' | 'deadlineAt'>,
  { answer, fault, retryAfterMs, callId, sent }: Attempted,
  now: number,
  random: Random,
): Outcome {
  if (fault === null) return { kind: 'end', ending: { status: 'succeeded', answer, fault, callId } };
  const passes = fault.retry.here || fault.retry.elsewhere || PASSES.has(fault.kind);
  if (!passes) return { kind: 'end', ending: { status: 'failed', answer, fault, callId } };
  const counted = sent;
  if (counted && job.attempts >= job.maxAttempts) {
    return { kind: 'end', ending: { status: 'dead', answer, fault, callId } };
  }
  const runAt = now + restMs(job.attempts, Math.max(retryAfterMs ?? 0, fault.retry.afterMs ?? 0), random);
  // Behind its deadline nobody wants it, and the sweep will say so: it need not be tried before.
  const { deadlineAt } = job;
  const last = deadlineAt !== null && deadlineAt <= runAt;
  return { kind: 'again', runAt: last ? deadlineAt : runAt, counted, last };
}

/** Exponential, with half of it by chance, and at least as long as was asked for. */
function restMs(attempts: number, asked: number, random: Random): number {
  const most = Math.min(LONGEST_REST_MS, FIRST_REST_MS * GROWTH ** Math.max(0, attempts - 1));
  return Math.max(asked, Math.round(most * (0.5 + random() / 2)));
}
