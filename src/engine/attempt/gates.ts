import type { Attempt, Gate } from './attempt.ts';
import { bearingOf } from '../health/bearing.ts';
import type { Clock, Random } from '../clock.ts';
import type { Departure } from '../health/concurrency.ts';
import { faultOf } from '../fault/index.ts';
import type { Fault, FaultKind } from '../fault/fault.ts';
import type { Refusal, Waiter } from '../sharing/outlet.ts';
import type { Pins } from '../pins.ts';

/** Remembers who made what a conversation carries back. */
export const remembering = (pins: Pins): Gate => ({
  settled: (attempt) => pins.remember(attempt.pins, attempt.target.id),
});

/**
 * The caller's SDK retries too: what it announces is paid from the same budget as the line's own retries. (Those were
 * paid for when they were planned.) Every success pays back.
 */
export const budgeted: Gate = {
  enter({ call, target }) {
    const announced = call.callerRetries > 0 && call.attempts.length === 0;
    if (!announced || target.budget.take()) return null;
    return faultOf('retry-budget', { evidence: [`x-stainless-retry-count ${call.callerRetries}`] });
  },
  settled({ target }, fault) {
    if (fault === null) target.budget.succeeded();
  },
};

/** No attempt is begun that cannot be expected to begin answering in time. */
export const timely: Gate = {
  enter({ deadlineAt, target: { latency, concurrency } }, now) {
    const leftMs = deadlineAt - now;
    // A target with nothing under way is tried all the same: with impatient callers only, an estimate that was once too
    // long would otherwise never be put right.
    const idle = concurrency.inFlight === 0;
    if (leftMs > 0 && (idle || leftMs >= latency.expectedMs)) return null;
    const evidence = [
      `${Math.round(leftMs)} ms left`,
      `first content expected after ${Math.round(latency.expectedMs)} ms`,
    ];
    const message = 'too little time is left for an answer';
    return faultOf('timeout', { detail: 'total', message, here: false, evidence });
  },
};

/** Turns calls away in front of a target that refuses more than it serves. */
export const throttled = (random: Random): Gate => ({
  enter({ target: { throttle, id } }, now) {
    if (!throttle.rejects(now, random)) return null;
    return faultOf('shed', {
      message: `${id} refuses more calls than it serves`,
      evidence: ['client-side throttle'],
      afterMs: 5000,
    });
  },
  settled({ target, outlet, made }, fault, now) {
    // What the pacer keeps to it need not be kept from twice.
    if (made && !outlet.pacer.minds(fault)) target.throttle.settle(fault, now);
  },
});

/**
 * Sends no more than the account's limits allow, and holds no more calls at the target than it can begin to answer in time;
 * the rest wait a little, in fair order, or are refused at once.
 */
export const limited = (clock: Clock): Gate => ({
  enter(attempt, now) {
    const { outlet } = attempt;
    attempt.hasPlace = outlet.enter(attempt, now);
    if (attempt.hasPlace) return null;
    const refusal = outlet.refusal(attempt, now);
    return refusal === null ? waitForTurn(attempt, clock) : turnedAway(attempt, refusal, now);
  },
  content(attempt, now) {
    const { beganAt, deadlineAt, among } = attempt;
    const patienceMs = deadlineAt - beganAt;
    leavePlace(attempt, { contentMs: now - beganAt, among, overloaded: false, patienceMs }, clock, now);
  },
  settled(attempt, fault, now) {
    const { outlet, ticket, usage } = attempt;
    if (fault !== null) outlet.refused(attempt, fault, now);
    // Its place was given back at its first content, if that came.
    if (attempt.hasPlace) leavePlace(attempt, departureWithoutContent(attempt, fault, now), clock, now);
    if (ticket !== null) outlet.settle(ticket, usage);
  },
});

/** What a target says, or shows by its silence, when it has too much to do. */
const OVERLOADED: ReadonlySet<FaultKind> = new Set(['overloaded', 'slow-down', 'timeout']);

/** What a call without content has shown of its target; null: nothing. */
function departureWithoutContent(
  { beganAt, deadlineAt, among, target: { latency } }: Attempt,
  fault: Fault | null,
  now: number,
): Departure | null {
  const left = fault?.kind === 'cancelled';
  // Most callers do not say how long they wait. One that left when an answer was to be expected has told of silence, too;
  // one that left before has told nothing.
  const inVain = left && latency.known && now - beganAt > latency.expectedMs;
  if (left && !inVain) return null;
  const overloaded = inVain || (fault !== null && OVERLOADED.has(fault.kind));
  return { contentMs: null, among, overloaded, patienceMs: deadlineAt - beganAt };
}

function leavePlace(attempt: Attempt, departure: Departure | null, clock: Clock, now: number): void {
  const { call, target } = attempt;
  attempt.hasPlace = false;
  target.concurrency.leave(call.caller.lane, departure, now - attempt.beganAt, now);
  target.account.vacated(clock);
}

/** Resolves with null once it is the call's turn, with a fault when it should not wait any longer. */
function waitForTurn(attempt: Attempt, clock: Clock): Promise<Fault | null> {
  const { call, deadlineAt, outlet, target } = attempt;
  const since = clock.now();
  return new Promise((resolve) => {
    const tooLate = (): Fault => faultOf('shed', { message: `no place at ${target.id} came free in time` });
    const left = (): void => done(faultOf('cancelled'));
    const alarm = clock.after(Math.max(0, deadlineAt - target.latency.expectedMs - since), () => done(tooLate()));
    const done = (fault: Fault | null): void => {
      alarm.cancel();
      call.cancellation.forget(left);
      if (fault === null) attempt.hasPlace = true;
      else if (attempt.ticket !== null) outlet.leave(attempt.ticket);
      call.waitedMs += clock.now() - since;
      resolve(fault);
    };
    const waiter: Waiter = {
      attempt,
      admit: () => done(null),
      lost: (why) => done(why === 'expired' ? tooLate() : crowdedOut(attempt)),
    };
    attempt.ticket = outlet.wait(waiter, since);
    if (attempt.ticket === null) return done(crowdedOut(attempt));
    call.cancellation.listen(left);
    outlet.pump(clock);
  });
}

/** Remembers what the provider thinks of the target's key. */
export const keyed: Gate = {
  enter({ target, model, call }, now) {
    target.standing.trying(model ?? call.model, now);
    return null;
  },
  settled({ target, model, call, made, beganAt }, fault, now) {
    if (made) target.standing.settle(fault, model ?? call.model, beganAt, now);
  },
};

/** Leaves a target alone that is down. */
export const unbroken = (random: Random): Gate => ({
  enter(attempt, now) {
    const { breaker } = attempt.target;
    attempt.permit = attempt.forced ? breaker.force(now) : breaker.enter(now);
    return attempt.permit === null ? circuitOpen(attempt, now) : null;
  },
  content({ target, permit }) {
    if (permit !== null) target.breaker.content(permit);
  },
  settled({ target: { breaker, suspicion }, permit, beganAt }, fault, now) {
    if (permit === null) return;
    breaker.settle(permit, fault, beganAt, now, random);
    if (breaker.state.name === 'open') suspicion.clear();
  },
});

/** Keeps watch over how well the target does, for those who choose between targets. */
export const observed: Gate = {
  enter(attempt, now) {
    attempt.awaitedAs = attempt.target.suspicion.sent(now);
    return null;
  },
  content({ target: { latency, suspicion }, awaitedAs, beganAt }, now) {
    suspicion.content(awaitedAs, now - beganAt, now);
    latency.add(now - beganAt);
  },
  settled({ target: { latency, suspicion }, awaitedAs, beganAt, contentCame }, fault, now) {
    const givenUp = !contentCame && fault?.kind === 'cancelled' && now - beganAt > latency.slowMs;
    suspicion.ended(awaitedAs, givenUp ? 'failure' : bearingOf(fault), now);
  },
};

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
  if (breaker.byHand) {
    const message = `${id} has been taken out of use by hand`;
    return faultOf('circuit-open', { message, evidence: [`breaker of ${id} was opened by hand`] });
  }
  const cause = breaker.lastFault;
  return faultOf('circuit-open', {
    message: `${id} is being left alone after repeated failures${cause === null ? '' : `, the last: ${cause.message}`}`,
    evidence: [`breaker of ${id} is ${breaker.state.name}`, ...(cause?.evidence ?? [])],
    afterMs: Math.max(0, Math.ceil(breaker.readyAt(now) - now)),
  });
}
