import { admitted, type AdmitPorts, afforded } from './admission/admit.ts';
import { type AttemptHandler, Gates } from './attempt/attempt.ts';
import { budgeted, keyed, limited, observed, remembering, throttled, timely, unbroken } from './attempt/gates.ts';
import { makeAttempt } from './attempt/make-attempt.ts';
import { recorded } from './recorder.ts';
import type { Check, Emit } from './ports.ts';
import { type Handler, type RouteDeps, walkLadder } from './route.ts';

/** A step of the line wraps the rest of it into more of the same kind. */
export type Step = (next: Handler) => Handler;

/** Wraps `end` in the steps, the first outermost. */
export function compose<Handle>(steps: readonly ((next: Handle) => Handle)[], end: Handle): Handle {
  return steps.reduceRight((next, step) => step(next), end);
}

export interface LineDeps extends Omit<RouteDeps, 'attempt'> {
  readonly emit: Emit;
  /** Looks at each request before anything is spent on it; left out, nobody does. */
  readonly check?: Check | null;
  /** Prices for the records; and what holds callers to their limits. */
  readonly admit?: AdmitPorts | null;
}

/** A request that could not be read costs no attempt. */
const refuseProblems: Step = (next) => (call) =>
  call.problem === null
    ? next(call)
    : Promise.resolve({ kind: 'failed', fault: call.problem, retryAfterMs: call.problem.retry.afterMs });

/** Refuses or repairs requests before they cost anything; without a check it is not there at all. */
function validated(check: Check | null): Step {
  if (check === null) return (next) => next;
  return (next) => (call) => {
    // What was refused at the door for another reason has not been read, and nobody is told more about it.
    if (call.problem !== null && call.problem.kind !== 'invalid-request') return next(call);
    const fault = check(call);
    return fault === null ? next(call) : Promise.resolve({ kind: 'failed', fault, retryAfterMs: null });
  };
}

/** Where nobody counts, nobody is limited. */
const unlimited: Step = (next) => next;

/** The straight line, once: what every call passes, in this order, whichever door it came by. */
export function line(deps: LineDeps): Handler {
  const { clock, random, emit, pins, check = null, admit = null } = deps;
  const gates = new Gates([
    remembering(pins),
    afforded,
    budgeted,
    timely,
    throttled(random),
    limited(clock),
    // The breaker comes behind: while a call waited for its turn, its target may have gone down.
    unbroken(random),
    keyed,
    observed,
  ]);
  const make = makeAttempt(clock);
  const attempt: AttemptHandler = (each, now) => each.pass(gates, make, clock, now);
  const admitting = admit === null ? unlimited : admitted({ ...deps, ...admit });
  // What is wrong with a request that could not even be read, the check explains best: so it goes first.
  return compose(
    [recorded(clock, emit, admit?.prices), validated(check), refuseProblems, admitting],
    walkLadder({ ...deps, attempt }),
  );
}
