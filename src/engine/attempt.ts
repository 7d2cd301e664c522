import type { Call, Headers } from './call.ts';
import type { Fault } from './fault/fault.ts';
import type { Outlet } from './outlet.ts';
import type { Leave } from './pacer.ts';
import type { Timeouts } from './policy.ts';
import type { Dialect } from './ports.ts';
import { type RateReport, readRateHeaders } from './rate-headers.ts';
import type { AttemptRecord, Usage } from './record.ts';
import type { Reply } from './reply.ts';
import type { Target } from './target.ts';

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
  readonly #content: (() => void)[] = [];
  readonly #settled: ((fault: Fault | null, pins: readonly string[]) => void)[] = [];

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

  /** Told when the first content is here; before {@link onSettled}, and not at all when none comes. */
  onContent(listener: () => void): void {
    this.#content.push(listener);
  }

  /** Told once: null when it answered well to its last byte, else why not. */
  onSettled(listener: (fault: Fault | null, pins: readonly string[]) => void): void {
    this.#settled.push(listener);
  }

  /** The head of the answer is here. */
  hasHead(status: number, headers: Headers, now: number): void {
    this.report = readRateHeaders(headers);
    if (status < 400) this.outlet.accepted(this, now);
  }

  hasContent(): void {
    for (const listener of this.#content) listener();
  }

  settle(fault: Fault | null, pins: readonly string[]): void {
    for (const listener of this.#settled) listener(fault, pins);
  }

  /** It is not to be made. */
  refuse(fault: Fault): Promise<Outcome> {
    this.made = false;
    this.settle(fault, []);
    return Promise.resolve({ kind: 'fault', fault, refusal: null });
  }
}

/** Makes attempts; the gates before one are of the same kind. Never rejects: what goes wrong is an outcome. */
export type AttemptHandler = (attempt: Attempt) => Promise<Outcome>;

/** What came of an attempt before anything was given to the caller. */
export type Outcome =
  | { readonly kind: 'reply'; readonly reply: Reply & { readonly kind: 'whole' | 'stream' } }
  | {
      readonly kind: 'fault';
      readonly fault: Fault;
      /** The prompt does not fit, and nothing was sent. */
      readonly untried?: true;
      /** The provider's refusal as it came, for callers who are to see it unchanged. */
      readonly refusal: { readonly status: number; readonly headers: Headers; readonly body: Uint8Array } | null;
    };
