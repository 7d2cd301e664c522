import type { Outcome } from '../attempt/attempt.ts';
import type { Call } from '../call.ts';
import type { Clock } from '../clock.ts';
import { faultOf } from '../fault/index.ts';
import type { Fault } from '../fault/fault.ts';
import { apart } from '../hedge/race.ts';
import type { Candidate, Plan, Step } from '../plan.ts';
import type { Continuation } from './continued-stream.ts';
import type { ContinuationStyle, Follower } from './ports.ts';

/** What it takes to find somebody who goes on. */
export interface ResumeFacts {
  readonly call: Call;
  /** The request that asked for the beginning. */
  readonly body: Call['body'];
  readonly follower: Follower;
  /** As it stands after the attempts so far. */
  readonly plan: Plan;
  readonly clock: Clock;
  readonly styleOf: (candidate: Candidate) => ContinuationStyle;
  /** Waits, unless the caller leaves first. @returns when the wait was over. */
  readonly wait: (ms: number, since: number) => Promise<number>;
  readonly send: (step: Step & { kind: 'try' }, body: Uint8Array, call: Call, now: number) => Promise<Outcome>;
}

/** Goes on with an answer that broke off: by the plan, as after any other failure. Tells a fault when nobody does. */
export async function resume(fault: Fault, sentTokens: number, facts: ResumeFacts): Promise<Continuation | Fault> {
  const { call, body: asked, follower, plan, clock, styleOf } = facts;
  let now = clock.now();
  let step = plan.next(fault, now);
  while (step.kind === 'try') {
    if (step.waitMs > 0) now = await facts.wait(step.waitMs, now);
    const style = styleOf(step.candidate);
    const body = asked instanceof Uint8Array ? follower.request(asked, style, sentTokens) : null;
    if (body === null) {
      step = plan.pass(fault, now);
      continue;
    }
    const part = apart(call);
    const stop = (): void => part.cancellation.cancel(call.cancellation.reason ?? 'it is not the rest of the answer');
    call.cancellation.listen(stop);
    const outcome = await facts.send({ ...step, reason: 'continue' }, body, part, now);
    call.cancellation.forget(stop);
    now = clock.now();
    if (outcome.kind === 'reply' && outcome.reply.kind === 'stream') {
      return { stream: outcome.reply.stream, style, stop };
    }
    const failure = outcome.kind === 'fault' ? outcome.fault : faultOf('malformed-response');
    const unasked = outcome.kind === 'fault' && outcome.untried !== undefined;
    step = unasked ? plan.pass(fault, now) : plan.next(failure, now);
  }
  return call.cancellation.cancelled ? faultOf('cancelled') : step.fault;
}
