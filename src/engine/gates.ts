import type { Attempt, AttemptHandler, Outcome } from './attempt.ts';
import { bearingOf } from './bearing.ts';
import type { Clock, Random } from './clock.ts';
import { faultOf } from './fault/index.ts';
import type { Fault, FaultKind } from './fault/fault.ts';
import type { Ticket } from './fair-queue.ts';
import type { Refusal, Waiter } from './outlet.ts';

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
    if (!throttle.rejects(clock.now(), random)) {
      attempt.onSettled((fault) => {
        if (attempt.made) throttle.settle(fault, clock.now());
      });
      return next(attempt);
    }
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
    let awaited = true;
    attempt.onContent(() => {
      awaited = false;
      const ms = clock.now() - sentAt;
      suspicion.content(number, ms);
      latency.add(ms);
    });
    attempt.onSettled((fault) => {
      const givenUp = awaited && fault?.kind === 'cancelled' && clock.now() - sentAt > latency.slowMs;
      suspicion.ended(number, givenUp ? 'failure' : bearingOf(fault));
    });
    return next(attempt);
  };

/** What a target says, or shows by its silence, when it has too much to do. */
const OVERLOADED: ReadonlySet<FaultKind> = new Set(['overloaded', 'slow-down', 'timeout']);

/**
 * Sends no more than the account's limits allow, and holds no more calls at the target than it can begin to answer in time;
 * the rest wait a little, in fair order, or are refused at once.
 */
export const limited =
  (clock: Clock): Gate =>
  (next) =>
  (attempt) => {
    const { outlet } = attempt;
    const now = clock.now();
    if (outlet.enter(attempt, now)) return occupying(attempt, next, clock, null);
    const refusal = outlet.refusal(attempt, now);
    if (refusal !== null) return attempt.refuse(turnedAway(attempt, refusal, now));
    return waitForTurn(attempt, clock).then(({ fault, ticket }) =>
      fault === null ? occupying(attempt, next, clock, ticket) : attempt.refuse(fault),
    );
  };

interface Turn {
  /** Why it should not wait any longer; null when its turn has come. */
  readonly fault: Fault | null;
  readonly ticket: Ticket<Waiter> | null;
}

/** Resolves once it is the call's turn, or when it should not wait any longer. */
function waitForTurn(attempt: Attempt, clock: Clock): Promise<Turn> {
  const { call, deadlineAt, outlet, target } = attempt;
  const since = clock.now();
  return new Promise((resolve) => {
    let ticket: Ticket<Waiter> | null = null;
    let forget = (): void => undefined;
    const tooLate = (): Fault => faultOf('shed', { message: `no place at ${target.id} came free in time` });
    const alarm = clock.after(Math.max(0, deadlineAt - target.latency.expectedMs - since), () => done(tooLate()));
    const done = (fault: Fault | null): void => {
      alarm.cancel();
      forget();
      if (fault !== null && ticket !== null) outlet.leave(ticket);
      call.waitedMs += clock.now() - since;
      resolve({ fault, ticket });
    };
    const waiter: Waiter = {
      attempt,
      admit: () => done(null),
      lost: (why) => done(why === 'expired' ? tooLate() : crowdedOut(attempt)),
    };
    ticket = outlet.wait(waiter, since);
    if (ticket === null) return done(crowdedOut(attempt));
    forget = call.cancellation.listen(() => done(faultOf('cancelled')));
    outlet.pump(clock);
  });
}

function occupying(
  attempt: Attempt,
  next: AttemptHandler,
  clock: Clock,
  ticket: Ticket<Waiter> | null,
): Promise<Outcome> {
  const { call, outlet, target } = attempt;
  const { concurrency, account } = target;
  const { lane } = call.caller;
  const sentAt = clock.now();
  const patienceMs = attempt.deadlineAt - sentAt;
  let present = true;
  const depart = (contentMs: number | null, overloaded: boolean, telling: boolean): void => {
    if (!present) return;
    present = false;
    concurrency.leave(lane, telling ? { contentMs, overloaded, patienceMs } : null, clock.now());
    account.vacated(clock);
  };
  attempt.onContent(() => depart(clock.now() - sentAt, false, true));
  attempt.onSettled((fault) => {
    if (fault !== null) outlet.refused(attempt, fault, clock.now());
    // Most callers do not say how long they wait. One that left when nearly every answer would have begun has told of
    // silence, too; one that left before has told nothing.
    const left = fault?.kind === 'cancelled';
    const inVain = left && target.latency.known && clock.now() - sentAt > target.latency.reserveMs;
    depart(null, inVain || (fault !== null && OVERLOADED.has(fault.kind)), inVain || !left);
    if (ticket !== null) outlet.settle(ticket, attempt.usage);
  });
  return next(attempt);
}

function turnedAway({ target, outlet, call }: Attempt, { why, waitMs }: Refusal, now: number): Fault {
  const { concurrency, id } = target;
  const afterMs = Math.ceil(waitMs);
  if (why === 'overload') {
    return faultOf('shed', {
      message: `${id} has as many calls under way as it can answer in time`,
      evidence: [`${concurrency.inFlight} under way`, `${outlet.waiting} waiting`],
      afterMs,
    });
  }
  const limit = Math.round(outlet.pacer.limits[why]);
  const seconds = Math.ceil(afterMs / 1000);
  return faultOf(why === 'requests' ? 'rate-limit-requests' : 'rate-limit-tokens', {
    message: `the limit of ${limit} ${why} a minute at ${id} is used up; this call would have its turn in ${seconds} s`,
    evidence: [
      `paced at ${limit} ${why} a minute for ${call.model ?? 'calls without a model'}`,
      `headroom ${outlet.pacer.headroom(now).toFixed(2)}`,
      `${outlet.waiting} waiting`,
    ],
    // It was not sent, so there is nothing to be sent again here; the caller may come back, and another target may serve.
    here: false,
    afterMs,
  });
}

function crowdedOut({ target: { id }, outlet }: Attempt): Fault {
  return faultOf('shed', {
    message: `too many calls of this tenant wait for ${id} already`,
    evidence: [`${outlet.waiting} waiting`],
    afterMs: 5000,
  });
}

function circuitOpen({ target: { breaker, id } }: Attempt, now: number): Fault {
  const cause = breaker.lastFault;
  return faultOf('circuit-open', {
    message: `${id} is being left alone after repeated failures${cause === null ? '' : `, the last: ${cause.message}`}`,
    evidence: [`breaker of ${id} is ${breaker.state.name}`, ...(cause?.evidence ?? [])],
    afterMs: Math.max(0, Math.ceil(breaker.readyAt(now) - now)),
  });
}
