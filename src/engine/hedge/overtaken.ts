import { faultOf } from '../fault/index.ts';
import type { Fault } from '../fault/fault.ts';
import type { AttemptRecord } from '../record.ts';

/** Why an attempt was stopped that had nothing wrong with it, but for being the slower of two. */
export const OVERTAKEN: Fault = Object.freeze(
  faultOf('cancelled', {
    party: 'gateway',
    message: 'another attempt at the same call was quicker',
    remedy: 'Nothing to do: the route begins a second attempt where the first is slow, and stops the slower one.',
    evidence: ['hedge'],
  }),
);

/** The attempt that gave the call's answer, or the last one made: not one that was overtaken, even if it began later. */
export function decisive(attempts: readonly AttemptRecord[]): AttemptRecord | undefined {
  let at = attempts.length - 1;
  while (at > 0 && attempts[at]?.fault === OVERTAKEN) at -= 1;
  return attempts[at];
}
