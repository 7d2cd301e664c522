import type { Summary } from './tally.ts';

/** What Holdfast promises while its second provider stands. */
export const PROMISE = { answered: 0.999, wrong: 0 } as const;

/** Whether it kept its word. `unjudged` when the demo was stopped before its end. */
export type Verdict = 'kept' | 'broken' | 'unjudged';

export function judge({ calls, answered, wrong }: Summary, stopped: boolean): Verdict {
  if (stopped || calls === 0) return 'unjudged';
  return answered >= calls * PROMISE.answered && wrong <= PROMISE.wrong ? 'kept' : 'broken';
}
