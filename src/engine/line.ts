import { recorded } from './recorder.ts';
import type { Emit } from './ports.ts';
import { type Handler, type RouteDeps, walkLadder } from './route.ts';

/** A step of the line wraps the rest of it into more of the same kind. */
export type Step = (next: Handler) => Handler;

/** Wraps `end` in the steps, the first outermost. */
export function compose(steps: readonly Step[], end: Handler): Handler {
  return steps.reduceRight((next, step) => step(next), end);
}

export interface LineDeps extends RouteDeps {
  readonly emit: Emit;
}

/** A request that could not be read costs no attempt. */
const refuseProblems: Step = (next) => (call) =>
  call.problem === null ? next(call) : Promise.resolve({ kind: 'failed', fault: call.problem, retryAfterMs: null });

/** The straight line, once: what every call passes, in this order, whichever door it came by. */
export function line(deps: LineDeps): Handler {
  return compose([recorded(deps.clock, deps.emit), refuseProblems], walkLadder(deps));
}
