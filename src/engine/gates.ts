import type { Attempt, AttemptHandler, Outcome } from './attempt.ts';
import { bearingOf } from './bearing.ts';
import type { Clock, Random } from './clock.ts';
import { faultOf } from './fault/index.ts';
import type { Fault, FaultKind } from './fault/fault.ts';

/** A gate that an attempt passes before it is made, or is turned away at: each asks one state machine of the target. */
export type Gate = (next: AttemptHandler) => AttemptHandler;

/**
 * The caller's SDK retries too: what it announces is paid from the same budget as the line's own retries. (Those were
 * paid for when they were planned.) Every success pays back.
 */
export const budgeted: Gate = (next) => (attempt) => {
  const { call, target } = attempt;
  const announced = call.callerRetries > 0 && call.attempts.length === 0;
  if (announced && !target.budget.take()) {
    return attempt.refuse(faultOf('retry-budget', { evidence: [`x-stainless-retry-count ${call.callerRetries}`] }));
  }
  attempt.onSettled((fault) => {
    if (fault === null) target.budget.succeeded();
  });
  return next(attempt);
};

/** No attempt is begun that cannot be expected to begin answering in time. */
export const timely =
  (clock: Clock): Gate =>
  (next) =>
  (attempt) => {
    const { latency, concurrency } = attempt.target;
    const leftMs = attempt.deadlineAt - clock.now();
    // A target with nothing under way is tried all the same: with impatient callers only, an estimate that was once too
    // long would otherwise never be put right.
    const idle = concurrency.inFlight === 0;
    if (leftMs > 0 && (idle || leftMs >= latency.expectedMs)) return next(attempt);
    const evidence = [
      `${Math.round(leftMs)} ms left`,
      `first content expected after ${Math.round(latency.expectedMs)} ms`,
    ];
    return attempt.refuse(
      faultOf('timeout', { detail: 'total', message: 'too little time is left for an answer', here: false, evidence }),
    );
  };

/** Turns calls away in front of a target that refuses more than it serves. */
export const throttled =
  (clock: Clock, random: Random): Gate =>
  (next) =>
  (attempt) => {
    const { throttle, id } = attempt.target;
    attempt.onSettled((fault) => throttle.settle(fault, clock.now()));
    if (!throttle.rejects(clock.now(), random)) return next(attempt);
    return attempt.refuse(
      faultOf('shed', {
        message: `${id} refuses more calls than it serves`,
        evidence: ['client-side throttle'],
        afterMs: 5000,
      }),
    );
  };

/** Leaves a target alone that is down. */
export const unbroken =
  (clock: Clock, random: Random): Gate =>
  (next) =>
  (attempt) => {
    const { breaker, suspicion } = attempt.target;
    const now = clock.now();
    const permit = attempt.forced ? breaker.force(now) : breaker.enter(now);
    if (permit === null) return attempt.refuse(circuitOpen(attempt, now));
    attempt.onContent(() => breaker.content(permit));
    attempt.onSettled((fault) => {
      breaker.settle(permit, fault, now, clock.now(), random);
      if (breaker.state.name === 'open') suspicion.clear();
    });
    return next(attempt);
  };

/** Keeps watch over how well the target does, for those who choose between targets. */
export const observed =
  (clock: Clock): Gate =>
  (next) =>
  (attempt) => {
    const { latency, suspicion } = attempt.target;
    const sentAt = clock.now();
    const number = suspicion.sent(sentAt);
    attempt.onContent(() => {
      const ms = clock.now() - sentAt;
      suspicion.content(number, ms);
      latency.add(ms);
    });
    attempt.onSettled((fault) => suspicion.ended(number, bearingOf(fault)));
    return next(attempt);
  };

/** What a target says, or shows by its silence, when it has too much to do. */
const OVERLOADED: ReadonlySet<FaultKind> = new Set(['overloaded', 'slow-down', 'timeout']);

/** Holds no more calls at the target than it can begin to answer in time; the rest wait a little, or are refused at once. */
export const limited =
  (clock: Clock): Gate =>
  (next) =>
  (attempt) => {
    const { concurrency, id } = attempt.target;
    if (concurrency.enter()) return occupying(attempt, next, clock);
    const now = clock.now();
    if (!concurrency.mayWait(attempt.deadlineAt - now, now)) {
      return attempt.refuse(
        faultOf('shed', {
          message: `${id} has as many calls under way as it can answer in time`,
          evidence: [`${concurrency.inFlight} under way`, `${concurrency.waiting} waiting`],
          afterMs: Math.ceil(concurrency.waitMs()),
        }),
      );
    }
    return waitForPlace(attempt, clock).then((place) =>
      place === null ? occupying(attempt, next, clock) : attempt.refuse(place),
    );
  };

/** Resolves with null once a place is taken, with a fault when the call should not wait any longer. */
function waitForPlace(attempt: Attempt, clock: Clock): Promise<Fault | null> {
  const { call, deadlineAt, target } = attempt;
  const { concurrency, latency } = target;
  const since = clock.now();
  return new Promise((resolve) => {
    const leave = concurrency.wait(deadlineAt, since, () => done(null));
    const alarm = clock.after(Math.max(0, deadlineAt - latency.expectedMs - since), () =>
      done(faultOf('shed', { message: `no place at ${target.id} came free in time` })),
    );
    let forget = (): void => undefined;
    forget = call.cancellation.listen(() => done(faultOf('cancelled')));
    function done(fault: Fault | null): void {
      alarm.cancel();
      forget();
      leave();
      call.waitedMs += clock.now() - since;
      resolve(fault);
    }
  });
}

function occupying(attempt: Attempt, next: AttemptHandler, clock: Clock): Promise<Outcome> {
  const { concurrency } = attempt.target;
  const sentAt = clock.now();
  const patienceMs = attempt.deadlineAt - sentAt;
  let present = true;
  const depart = (contentMs: number | null, overloaded: boolean, telling: boolean): void => {
    if (!present) return;
    present = false;
    concurrency.leave(telling ? { contentMs, overloaded, patienceMs } : null, clock.now());
  };
  attempt.onContent(() => depart(clock.now() - sentAt, false, true));
  attempt.onSettled((fault) => depart(null, fault !== null && OVERLOADED.has(fault.kind), fault?.kind !== 'cancelled'));
  return next(attempt);
}

function circuitOpen({ target: { breaker, id } }: Attempt, now: number): Fault {
  const cause = breaker.lastFault;
  return faultOf('circuit-open', {
    message: `${id} is being left alone after repeated failures${cause === null ? '' : `, the last: ${cause.message}`}`,
    evidence: [`breaker of ${id} is ${breaker.state.name}`, ...(cause?.evidence ?? [])],
    afterMs: Math.max(0, Math.ceil(breaker.readyAt(now) - now)),
  });
}
