import type { Attempt } from '../attempt/attempt.ts';
import type { Lane } from '../caller.ts';
import type { Call } from '../call.ts';
import type { Alarm, Clock } from '../clock.ts';
import { type Claim, FairQueue, type Loss, type QueueBounds, type Ticket } from './fair-queue.ts';
import type { Fault } from '../fault/fault.ts';
import { Pacer, type Scarce } from './pacer.ts';
import type { PacingPolicy } from '../policy.ts';
import type { Usage } from '../record.ts';
import type { TellWaiting } from './waiting.ts';

/** Who waits is bounded in number and in memory; ten thousand calls of a nightly job are meant to fit. */
const BOUNDS: QueueBounds = { calls: 20_000, callsPerTenant: 15_000, bytes: 256 * 1024 * 1024 };

/** A queue that has not been empty for this long is no burst but overload, ms. */
const LASTING_MS = 1000;

/** People are told within this time that there is no room, whatever their own patience, ms. */
const PEOPLE_WAIT_MS = 60_000;

/** Looking again sooner than this is not worth it; and fractions of nothing would never pass. */
const LEAST_WAIT_MS = 1;

/** Later than this things look different: answers have come, and whoever waits has waited longer. */
const MOST_WAIT_MS = 500;

/** Share of each limit that background work leaves to people while none of them waits, so that they need not. */
const SPARE = 0.5;

/** Bytes of a request for each token, roughly; and what an answer comes to when nobody says. */
const BYTES_PER_TOKEN = 4;
const USUAL_ANSWER_TOKENS = 250;

/** One that waits at an outlet. */
export interface Waiter {
  readonly attempt: Attempt;
  /** It has its turn, and a place at its target. */
  readonly admit: () => void;
  readonly lost: (why: Loss) => void;
}

/** Why a call should not wait here. */
export interface Refusal {
  /** `overload`: the target has as much to do as it can; else the limit of the account that is used up. */
  readonly why: 'overload' | Scarce;
  /** How long it would have to wait. */
  readonly waitMs: number;
}

/**
 * The way out to one account for one model, where what is scarce is shared out: leave under the provider's rate limits, and
 * places among the calls that await content. Whoever finds both, and nobody waiting, goes straight through; the others stand
 * in the fair queue.
 */
export class Outlet {
  readonly pacer: Pacer;
  readonly #queue = new FairQueue<Waiter>(BOUNDS, (waiter, why) => waiter.lost(why));
  #alarm: Alarm | null = null;

  constructor(pacing: PacingPolicy) {
    this.pacer = new Pacer(pacing);
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Tokens that those who wait are expected to take. */
  get waitingTokens(): number {
    return this.#queue.cost;
  }

  /** Tells who waits here. */
  tellWaiting(tell: TellWaiting): void {
    this.#queue.tellWaiting(tell);
  }

  /** Goes straight through, if that is fair and there is room. */
  enter(attempt: Attempt, now: number): boolean {
    const { lane } = attempt.call.caller;
    const queue = this.#queue;
    if (queue.length > 0 && !queue.nextIs(lane)) return false;
    const { concurrency } = attempt.target;
    if (!concurrency.hasRoom(lane)) return false;
    const tokens = tokensOf(attempt.call);
    const { pacer } = this;
    if (pacer.known && pacer.readyIn(tokens, spareFor(lane), now) > 0) return false;
    if (queue.length > 0) queue.served(lane, tokens);
    attempt.among = concurrency.enter(attempt.call.caller, now);
    attempt.leave = pacer.take(tokens, now);
    return true;
  }

  /** Why the call had better not wait; null when it may. */
  refusal(attempt: Attempt, now: number): Refusal | null {
    const { concurrency, latency } = attempt.target;
    const claim = claimOf(attempt);
    const { calls, cost } = this.#queue.ahead(claim);
    const leftMs = attempt.deadlineAt - now;
    const { lane } = claim;
    const pacedMs = this.pacer.clearsIn(calls + 1, cost + claim.cost, spareFor(lane), now);
    const mostMs = lane === 'interactive' ? Math.min(leftMs, Math.max(PEOPLE_WAIT_MS, attempt.call.queueMs)) : leftMs;
    if (pacedMs > 0 && pacedMs + latency.reserveMs > mostMs) {
      return { why: this.pacer.scarce(calls + 1, cost + claim.cost, now), waitMs: pacedMs };
    }
    if (concurrency.hasRoom(lane)) return null;
    const placeMs = ((calls + 1) * latency.expectedMs) / concurrency.limit;
    const lasting = lane === 'interactive' && this.#queue.waitingFor(claim, now) > LASTING_MS;
    const standing = lasting && placeMs > latency.expectedMs;
    return standing || placeMs + latency.reserveMs > leftMs ? { why: 'overload', waitMs: placeMs } : null;
  }

  /** How long a call would wait for its turn under the account's limits, ms. */
  turnInMs(call: Call, now: number): number {
    if (!this.pacer.known) return 0;
    const { tenant, tenantWeight, lane } = call.caller;
    const tokens = tokensOf(call);
    const { calls, cost } = this.#queue.ahead({ tenant: tenant ?? '', weight: tenantWeight, lane, cost: tokens });
    return this.pacer.clearsIn(calls + 1, cost + tokens, spareFor(lane), now);
  }

  /** Stands in the queue; its turn may come with the next {@link pump}. Returns how to leave it; null when it is full. */
  wait(waiter: Waiter, now: number): Ticket<Waiter> | null {
    return this.#queue.push(waiter, claimOf(waiter.attempt), now);
  }

  leave(ticket: Ticket<Waiter>): void {
    this.#queue.remove(ticket);
    if (this.#queue.length === 0) this.#rest();
  }

  /** Something has changed: lets go whoever may go now, and comes back when the next one may. */
  pump(clock: Clock): void {
    this.#rest();
    const now = clock.now();
    for (let ticket = this.#queue.first(now); ticket !== null; ticket = this.#queue.first(now)) {
      const { attempt, admit, lost } = ticket.item;
      // While people wait, background work has a turn only when one is due to it, and then it is like anybody's.
      const lane = this.#queue.peopleWait ? 'interactive' : ticket.lane;
      // Whoever gives a place back calls again.
      if (!attempt.target.concurrency.hasRoom(lane)) return;
      const readyInMs = this.pacer.readyIn(ticket.cost, spareFor(lane), now, now - ticket.since);
      if (readyInMs > 0) {
        this.#alarm = clock.after(Math.min(MOST_WAIT_MS, Math.max(LEAST_WAIT_MS, readyInMs)), () => this.pump(clock));
        return;
      }
      if (isTooLate(attempt, now)) {
        this.#queue.remove(ticket);
        lost('expired');
        continue;
      }
      this.#queue.take(ticket);
      attempt.among = attempt.target.concurrency.enter(attempt.call.caller, now);
      attempt.leave = this.pacer.take(ticket.cost, now);
      admit();
    }
  }

  /** An answer has begun. */
  accepted({ report, leave }: Attempt, now: number): void {
    this.pacer.accepted(report, leave, now);
  }

  /** An attempt has failed, perhaps because it was one too many. */
  refused(attempt: Attempt, fault: Fault, now: number): void {
    this.pacer.refused(fault, attempt.report, attempt.leave, tokensOf(attempt.call), now);
  }

  /** A call that waited is over: its tenant has had what it really took. */
  settle(ticket: Ticket<Waiter>, usage: Usage | null): void {
    const tokens = (usage?.inputTokens ?? 0) + (usage?.outputTokens ?? 0);
    if (tokens > 0) this.#queue.correct(ticket, tokens);
  }

  #rest(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
  }
}

/** What a call is expected to take of a target: as counted, or by its length. */
function tokensOf(call: Call): number {
  if (call.expectedTokens > 0) return call.expectedTokens;
  const bytes = call.body instanceof Uint8Array ? call.body.length : 0;
  return USUAL_ANSWER_TOKENS + bytes / BYTES_PER_TOKEN;
}

/**
 * Has it waited for so long that nearly no call would be answered in the time it has left? Then its place is better given to
 * one that can use it. Where nothing is under way it is tried all the same, or an estimate that was once too long would
 * never be put right.
 */
function isTooLate({ deadlineAt, target: { concurrency, latency } }: Attempt, now: number): boolean {
  return concurrency.inFlight > 0 && deadlineAt - now < latency.reserveMs;
}

function spareFor(lane: Lane): number {
  return lane === 'background' ? SPARE : 0;
}

function claimOf({ call, deadlineAt }: Attempt): Claim {
  const { tenant, workload, tenantWeight, weight, lane } = call.caller;
  return {
    tenant: tenant ?? '',
    workload: workload ?? '',
    weight: tenantWeight,
    workloadWeight: weight,
    lane,
    cost: tokensOf(call),
    bytes: call.body instanceof Uint8Array ? call.body.length : 0,
    deadlineAt,
  };
}
