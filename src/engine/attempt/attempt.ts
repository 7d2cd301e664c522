import type { Permit } from '../health/breaker.ts';
import type { Call, Headers } from '../call.ts';
import type { Clock } from '../clock.ts';
import type { Ticket } from '../sharing/fair-queue.ts';
import type { Fault } from '../fault/fault.ts';
import type { Outlet, Waiter } from '../sharing/outlet.ts';
import type { Leave } from '../sharing/pacer.ts';
import type { Timeouts } from '../policy.ts';
import type { Dialect } from '../ports.ts';
import { type RateReport, readRateHeaders } from '../sharing/rate-headers.ts';
import type { AttemptRecord, Usage } from '../record.ts';
import type { Reply } from '../reply.ts';
import type { Target } from '../target.ts';

/** What an attempt is to be. */
export interface AttemptFacts {
  readonly call: Call;
  readonly target: Target;
  /** The model to ask the target for; null: as the caller wrote it. */
  readonly model: string | null;
  readonly dialect: Dialect | null;
  readonly timeouts: Timeouts;
  /** Clock time by which the whole call must have ended. */
  readonly deadlineAt: number;
  readonly waitedMs: number;
  readonly reason: AttemptRecord['reason'];
  /** Its target's breaker is open, but so is every other. */
  readonly forced: boolean;
  /** What to send in place of the call's own body, so that the prompt fits the model. @default null: the call's own */
  readonly body?: Uint8Array | null;
}

/**
 * A gate that an attempt passes before it is made, or is turned away at: each asks one state machine of the target. One gate
 * serves every attempt, because closures would be made anew for each; what it needs to know later it leaves in the attempt.
 * The clock is read once for all who are asked or told.
 */
export interface Gate {
  /** Null lets the attempt through, a fault turns it away. A promise of either: it has to wait. */
  readonly enter?: Enter;
  /** The first content is here. Only gates that let the attempt through are told, of this and of its end. */
  readonly content?: ToldOfContent;
  /** It is over, or a later gate turned it away: null when it answered well to its last byte, else why not. */
  readonly settled?: ToldOfEnd;
}

type Enter = (attempt: Attempt, now: number) => Fault | null | Promise<Fault | null>;
type ToldOfContent = (attempt: Attempt, now: number) => void;
type ToldOfEnd = (attempt: Attempt, fault: Fault | null, now: number) => void;

/** What a gate does, and which of them it is. */
interface Act<Does> {
  readonly at: number;
  readonly does: Does;
}

/**
 * The gates in their order, sorted once by what they do: to look for it at each of them, with every attempt, took as long as
 * most of them take.
 */
export class Gates {
  readonly enter: readonly Act<Enter>[];
  readonly content: readonly Act<ToldOfContent>[];
  readonly settled: readonly Act<ToldOfEnd>[];

  constructor(gates: readonly Gate[]) {
    this.enter = actsOf(gates, ({ enter }) => enter);
    this.content = actsOf(gates, ({ content }) => content);
    this.settled = actsOf(gates, ({ settled }) => settled);
  }
}

function actsOf<Does>(gates: readonly Gate[], of: (gate: Gate) => Does | undefined): Act<Does>[] {
  return gates.flatMap((gate, at) => {
    const does = of(gate);
    return does === undefined ? [] : [{ at, does }];
  });
}

/** One try of a call at one target, from the decision to make it until its last byte. */
export class Attempt implements AttemptFacts {
  readonly call: Call;
  readonly target: Target;
  readonly model: string | null;
  readonly dialect: Dialect | null;
  readonly timeouts: Timeouts;
  readonly deadlineAt: number;
  readonly waitedMs: number;
  readonly reason: AttemptRecord['reason'];
  readonly forced: boolean;
  readonly body: Uint8Array | null;
  /** The way it takes out to its target's account. */
  readonly outlet: Outlet;
  /** How the account's limits stood when it was let go; null where there was nothing to keep to. */
  leave: Leave | null = null;
  /** What its answer's head tells of the limits. */
  report: RateReport | null = null;
  /** False once it was turned away before it was sent: then its fault tells nothing of the target. */
  made = true;
  /** What its answer has used, as far as the provider said; null before it is over. */
  usage: Usage | null = null;
  /** Provider state that its answer made, which later calls may carry back; told when it is over. */
  pins: readonly string[] = [];
  /** When it set out through the gates; when it had to wait at one, from there. */
  beganAt = 0;
  /** The breaker's leave to make it. */
  permit: Permit | null = null;
  /** It has one of the places among the calls that await their first content. */
  hasPlace = false;
  /** How many calls had one when it was sent, itself included. */
  among = 0;
  /** It has stood in the queue. */
  ticket: Ticket<Waiter> | null = null;
  /** Its number among the calls that the target owes their first content. */
  awaitedAs = -1;
  /** What is recorded of it; null until it is made. */
  record: AttemptRecord | null = null;
  /** Its first content came. */
  contentCame = false;
  #gates: Gates = NO_GATES;
  /** How many of those that may turn it away have let it through. */
  #entered = 0;
  /** Gates up to this one are told what becomes of it: those that have let it through. */
  #passed = 0;

  constructor(facts: AttemptFacts) {
    this.call = facts.call;
    this.target = facts.target;
    this.model = facts.model;
    this.dialect = facts.dialect;
    this.timeouts = facts.timeouts;
    this.deadlineAt = facts.deadlineAt;
    this.waitedMs = facts.waitedMs;
    this.reason = facts.reason;
    this.forced = facts.forced;
    this.body = facts.body ?? null;
    this.outlet = facts.target.account.outletFor(facts.model ?? facts.call.model);
  }

  /** Goes through the gates, and is made unless one of them turns it away. */
  pass(gates: Gates, make: AttemptHandler, clock: Clock, now: number): Promise<Outcome> {
    this.#gates = gates;
    this.beganAt = now;
    const { enter } = gates;
    for (let next = enter[this.#entered]; next !== undefined; next = enter[this.#entered]) {
      // Gates that ask nothing lie behind it as soon as the next that asks has been reached.
      this.#passed = next.at;
      const verdict = next.does(this, now);
      if (verdict instanceof Promise) return verdict.then((fault) => this.#waited(fault, make, clock));
      if (verdict !== null) return this.refuse(verdict, now);
      this.#entered += 1;
    }
    this.#passed = Number.POSITIVE_INFINITY;
    return make(this, now);
  }

  #waited(fault: Fault | null, make: AttemptHandler, clock: Clock): Promise<Outcome> {
    const now = clock.now();
    if (fault !== null) return this.refuse(fault, now);
    this.#entered += 1;
    return this.pass(this.#gates, make, clock, now);
  }

  /** It is not to be made. */
  refuse(fault: Fault, now: number): Promise<Outcome> {
    this.made = false;
    this.settle(fault, now);
    return Promise.resolve({ kind: 'fault', fault, refusal: null });
  }

  /** The head of the answer is here. */
  hasHead(status: number, headers: Headers, now: number): void {
    this.report = readRateHeaders(headers);
    if (status < 400) this.outlet.accepted(this, now);
  }

  /** The first content is here; told before {@link settle}, and not at all when none comes. */
  hasContent(now: number): void {
    this.contentCame = true;
    for (const { at, does } of this.#gates.content) if (at < this.#passed) does(this, now);
  }

  /** It is over; told once. */
  settle(fault: Fault | null, now: number): void {
    for (const { at, does } of this.#gates.settled) if (at < this.#passed) does(this, fault, now);
  }
}

const NO_GATES = new Gates([]);

/** Makes attempts. Never rejects: what goes wrong is an outcome. */
export type AttemptHandler = (attempt: Attempt, now: number) => Promise<Outcome>;

/** What came of an attempt before anything was given to the caller. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply & { readonly kind: 'whole' | 'stream' } }
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      /** Nothing was sent: the prompt does not fit, or the call cannot be said on the target's wire. */
      readonly untried?: 'unfit' | 'unsayable';
      /** The provider's refusal as it came, for callers who are to see it unchanged. */
      readonly refusal: { readonly status: number; readonly headers: Headers; readonly body: Uint8Array } | null;
    };
