import { Attempt, type AttemptHandler, type Outcome } from './attempt/attempt.ts';
import { answered, type Answers, type GivenReply, type KeptCall } from './answers.ts';
import type { Call } from './call.ts';
import { type Continuation, ContinuedStream } from './continuing/continued-stream.ts';
import type { ContinuationStyle } from './continuing/ports.ts';
import { resume, type ResumeFacts } from './continuing/resume.ts';
import type { Conversation, Conversations } from './conversations.ts';
import { degrade, type DegradedRung, tellModel } from './degraded.ts';
import type { Clock, Random } from './clock.ts';
import { faultOf } from './fault/index.ts';
import type { Fault, FaultKind } from './fault/fault.ts';
import { type FittedCall, type Fitting, tellFit } from './fitting.ts';
import type { Hedger } from './hedge/hedger.ts';
import { race, type Runner } from './hedge/race.ts';
import type { Pins } from './pins.ts';
import { type Candidate, Plan, type PlanRules, type Step } from './plan.ts';
import type { Timeouts } from './policy.ts';
import { type Dialect, NO_USAGE } from './ports.ts';
import type { Reply } from './reply.ts';

/** A handler of calls; the whole line is one, and so is each of its steps around the rest. */
export type Handler = (call: Call) => Promise<Reply>;

/** A route with its targets in hand. */
export interface Route extends PlanRules {
  readonly id: string;
  readonly timeouts: Timeouts;
  readonly wholeTimeouts: Timeouts;
  /** Makes prompts fit their models. @default null: they go as they come */
  readonly fit?: Fitting | null;
  /** Asked in turn when no target answers. @default null: the caller is told why */
  readonly degraded?: readonly DegradedRung[] | null;
  /** Begins second attempts beside slow ones. @default null: nobody does */
  readonly hedger?: Hedger | null;
  /** Keeps its answers. @default null: nobody does */
  readonly answers?: Answers | null;
  /** Whether what is kept answers before any target is asked. @default false: only when none answers */
  readonly cached?: boolean;
  /** Whether a stream that breaks off is gone on with. @default false: it fails in the open */
  readonly continues?: boolean;
  /** Remembers where conversations were answered last. @default null: each call begins at the top */
  readonly conversations?: Conversations | null;
}

export interface RouteDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly pins: Pins;
  /** Makes one attempt, past all the gates before it. */
  readonly attempt: AttemptHandler;
  /** The route for a call; null when none is meant for its model. */
  readonly routeOf: (call: Call) => Route | null;
  /** How the call's answers are read; null for bytes that are carried unread. */
  readonly dialectOf: (call: Call) => Dialect | null;
  /** How a target's model goes on with an answer that broke off. @default by instruction */
  readonly continuationOf?: ((target: string, model: string | null) => ContinuationStyle) | undefined;
  /**
   * A target refused the key of a call that was sent at this clock time: is another key in use by now?
   * @default never: keys do not change
   */
  readonly renewKey?: ((target: string, sentAt: number, fault: Fault) => Promise<boolean>) | undefined;
}

/**
 * A caller that gives up hears nothing of what went wrong. So the line ends this much before the caller's own patience
 * does, with an explanation.
 */
const HEAD_START_MS = 500;

/** `Retry-After` stays in the range that every official SDK honours. */
const RETRY_AFTER_MS = { least: 1_000, most: 60_000 } as const;

/** What Holdfast itself refused for now, though the same target would not be tried again by the line. */
const WAITING_HELPS: ReadonlySet<FaultKind> = new Set([
  'rate-limit-requests',
  'rate-limit-tokens',
  'circuit-open',
  'retry-budget',
  'shed',
]);

/** How long to suggest waiting when the provider did not say. */
const SUGGESTED_WAIT_MS = 5_000;

/** The end of the line: walks the route's ladder until an attempt answers or nothing is left to try. */
export function walkLadder(deps: RouteDeps): Handler {
  return (call) => {
    const route = deps.routeOf(call);
    if (route === null) return Promise.resolve(failed(noRoute(call), null));
    call.route = route.id;
    return new Walk(call, route, deps).go();
  };
}

class Walk {
  readonly #call: Call;
  readonly #deps: RouteDeps;
  readonly #timeouts: Timeouts;
  readonly #deadlineAt: number;
  readonly #route: Route;
  readonly #ladder: Route['ladder'];
  #plan: Plan;
  /** Where the prompt may not fit. */
  #fitted: FittedCall | null = null;
  /** A provider has said that the prompt does not fit after all, and it was fitted anew: once is enough. */
  #refitted = false;
  /** Where the call's answer is to be kept. */
  #kept: KeptCall | null = null;
  /** The conversation that the call is part of, where it matters. */
  readonly #conversation: Conversation | null;
  /** The body that was sent last in place of the caller's own. */
  #sent: Uint8Array | null = null;

  constructor(call: Call, route: Route, deps: RouteDeps) {
    this.#call = call;
    this.#deps = deps;
    this.#timeouts = call.stream ? route.timeouts : route.wholeTimeouts;
    const patienceMs = Math.min(this.#timeouts.totalMs, patience(call));
    this.#deadlineAt = call.startedAt + patienceMs;
    this.#route = route;
    const ladder = ladderFor(call, route, deps.pins);
    const conversations = route.conversations ?? null;
    this.#conversation = conversations === null || call.pins.length > 0 ? null : conversations.of(call);
    this.#ladder = this.#conversation === null ? ladder : this.#conversation.arrange(ladder);
    this.#plan = this.#planFor(this.#ladder);
  }

  async go(): Promise<Reply> {
    const { clock } = this.#deps;
    const { fit = null, answers = null, cached = false } = this.#route;
    if (answers !== null) {
      this.#kept = answers.open(this.#call);
      const earlier = cached && this.#kept !== null ? answered(this.#call, this.#kept) : null;
      if (earlier !== null) return earlier;
    }
    const fitted = fit === null ? null : fit.begin(this.#call, this.#ladder);
    // What was parsed has served: the call may now wait for minutes, and others with it.
    this.#call.parsed = null;
    const unfit = fitted === null ? null : await this.#arrange(fitted);
    if (unfit !== null) return this.#unanswered(unfit);
    let told: Fault | null = null;
    // Read once for all that happens in the same moment.
    let now = clock.now();
    let step = this.#plan.first(now);
    if (step.kind === 'stop' && (await this.#keyCameBack(step.fault))) {
      now = clock.now();
      step = this.#plan.first(now);
    }
    let refusal: (Outcome & { kind: 'fault' })['refusal'] = null;
    let renewed = false;
    while (step.kind === 'try') {
      if (step.waitMs > 0) now = await this.#wait(step.waitMs, now);
      const sentAt = now;
      const outcome = await (this.#fitted === null
        ? this.#attempt(step, now)
        : this.#fittedAttempt(this.#fitted, step));
      if (outcome.kind === 'reply') return this.#given(outcome.reply, step.candidate);
      now = clock.now();
      refusal = outcome.refusal ?? refusal;
      const { fault } = outcome;
      const refused = fault.kind === 'authentication' && !renewed;
      if (refused && (await this.#hasNewKey(step.candidate.target.id, sentAt, fault))) {
        renewed = true;
        now = clock.now();
        step = { ...step, waitMs: 0, reason: 'retry' };
        continue;
      }
      const isRefit =
        fault.kind === 'context-length' && fit !== null && (await this.#refit(fit, step.candidate, outcome));
      if (isRefit) {
        now = clock.now();
        const first = this.#plan.first(now);
        step = first.kind === 'try' ? { ...first, reason: 'retry' } : first;
        continue;
      }
      // What does not fit one rung is no reason to give the next one up: the ladder is left for what went wrong before.
      if (!isUntried(outcome)) told = fault;
      step =
        outcome.untried === 'unsayable'
          ? this.#plan.pass(fault, now)
          : this.#plan.next(isUntried(outcome) ? (told ?? fault) : fault, now);
    }
    // Whoever speaks a format that is carried unread gets the provider's own refusal, byte for byte.
    if (this.#call.operation === 'passthrough' && refusal !== null) {
      return { kind: 'whole', ...refusal, usage: NO_USAGE, fault: step.fault };
    }
    return this.#unanswered(step.fault);
  }

  /** No target has answered: what is left is less than was asked for, or the reason why. */
  async #unanswered(fault: Fault): Promise<Reply> {
    const { degraded = null } = this.#route;
    const lesser = degraded === null ? null : await degrade(degraded, this.#call, fault);
    return lesser ?? failed(fault, this.#retryAfter(fault));
  }

  /** What a target has answered. */
  #given(reply: GivenReply, candidate: Candidate): Reply {
    const { model } = candidate;
    const { model: asked } = this.#call;
    if (model !== null && asked !== null && model !== asked) tellModel(this.#call, model, this.#route.ladder[0] ?? []);
    if (this.#conversation !== null) this.#conversation.answeredBy(candidate);
    const given = this.#route.continues === true ? this.#continuable(reply) : reply;
    return this.#kept === null ? given : this.#kept.keep(given);
  }

  /** An answer that others go on with where it breaks off. */
  #continuable(reply: GivenReply): GivenReply {
    const call = this.#call;
    const dialect = this.#deps.dialectOf(call);
    const follower = reply.kind === 'stream' ? (dialect?.follow?.(call) ?? null) : null;
    if (reply.kind !== 'stream' || dialect === null || follower === null) return reply;
    const facts: ResumeFacts = {
      call,
      body: this.#sent ?? call.body,
      follower,
      plan: this.#plan,
      clock: this.#deps.clock,
      styleOf: ({ target, model }) => this.#deps.continuationOf?.(target.id, model ?? call.model) ?? 'instruction',
      wait: (ms, since) => this.#wait(ms, since),
      send: (step, body, part, now) => this.#send(this.#attemptAt(step, body, part), now),
    };
    const goOn = (fault: Fault, sentTokens: number): Promise<Continuation | Fault> => resume(fault, sentTokens, facts);
    return { ...reply, stream: new ContinuedStream(reply.stream, { call, dialect, follower, resume: goOn }) };
  }

  /** A key may have been replaced while the call was under way: with the new one it is worth sending again, once. */
  async #hasNewKey(target: string, sentAt: number, fault: Fault): Promise<boolean> {
    const { body, cancellation } = this.#call;
    const repeatable = body === null || body instanceof Uint8Array;
    if (!repeatable || cancellation.cancelled) return false;
    return (await this.#deps.renewKey?.(target, sentAt, fault)) ?? false;
  }

  /** Every key is dead: before anybody is told so, it is looked whether one has been replaced meanwhile. */
  async #keyCameBack(fault: Fault): Promise<boolean> {
    const { renewKey } = this.#deps;
    if (fault.kind !== 'authentication' || renewKey === undefined) return false;
    const targets = this.#ladder.flat().map(({ target }) => target.id);
    const renewed = await Promise.all(targets.map((id) => renewKey(id, this.#call.startedAt, fault)));
    return renewed.includes(true);
  }

  /** Takes the ladder in the order in which the prompt fits its rungs; gives the reason when it fits none. */
  async #arrange(fitted: FittedCall | null): Promise<Fault | null> {
    this.#fitted = fitted;
    if (fitted === null) return null;
    const arrangement = await fitted.ladder();
    if (arrangement.kind === 'refused') return arrangement.fault;
    this.#plan = this.#planFor(arrangement.ladder);
    return null;
  }

  /** After a provider's refusal: fits the prompt to what has been learnt from it, once. */
  async #refit(fit: Fitting, candidate: Candidate, outcome: Outcome & { kind: 'fault' }): Promise<boolean> {
    if (this.#refitted || isUntried(outcome)) return false;
    this.#refitted = true;
    const fitted = await fit.refused(this.#call, this.#ladder, candidate, outcome.fault);
    return fitted !== null && (await this.#arrange(fitted)) === null;
  }

  #planFor(ladder: Route['ladder']): Plan {
    const { retry, fallbackOn } = this.#route;
    return new Plan(this.#call, { ladder, retry, fallbackOn }, this.#deadlineAt, this.#deps.random);
  }

  async #fittedAttempt(fitted: FittedCall, step: Step & { kind: 'try' }): Promise<Outcome> {
    const fit = await fitted.bodyFor(step.candidate);
    if (fit.kind === 'refused') return { kind: 'fault', fault: fit.fault, refusal: null, untried: 'unfit' };
    tellFit(this.#call, fit.report);
    this.#sent = fit.body;
    return this.#attempt(step, this.#deps.clock.now(), fit.body);
  }

  #attempt(step: Step & { kind: 'try' }, now: number, body: Uint8Array | null = null): Promise<Outcome> {
    const { hedger = null } = this.#route;
    if (hedger !== null && hedgeable(this.#call)) return this.#race(hedger, step, now, body);
    return this.#send(this.#attemptAt(step, body, this.#call), now);
  }

  /** An attempt, and a second one beside it if its first content is long in coming. */
  #race(hedger: Hedger, step: Step & { kind: 'try' }, now: number, body: Uint8Array | null): Promise<Outcome> {
    const { clock } = this.#deps;
    const run = (attempt: Attempt, at: number): Runner => ({ attempt, outcome: this.#send(attempt, at) });
    return race({
      call: this.#call,
      clock,
      hedger,
      delayMs: hedger.delayMs(this.#plan.rung),
      first: (call) => run(this.#attemptAt(step, body, call), now),
      second: (call) => {
        const at = clock.now();
        const candidate = this.#plan.beside(at);
        if (candidate === null) return null;
        const hedge = { ...step, candidate, waitMs: 0, reason: 'hedge', forced: false } as const;
        return run(this.#attemptAt(hedge, body, call), at);
      },
    });
  }

  #attemptAt(step: Step & { kind: 'try' }, body: Uint8Array | null, call: Call): Attempt {
    const { target, model } = step.candidate;
    return new Attempt({
      call,
      target,
      model: model === call.model ? null : model,
      dialect: this.#deps.dialectOf(call),
      timeouts: this.#timeouts,
      deadlineAt: this.#deadlineAt,
      waitedMs: step.waitMs,
      reason: step.reason,
      forced: step.forced,
      body,
    });
  }

  #send(attempt: Attempt, now: number): Promise<Outcome> {
    const { cancellation } = attempt.call;
    if (!cancellation.cancelled) return this.#deps.attempt(attempt, now);
    return attempt.refuse(faultOf('cancelled', { message: cancellation.reason ?? 'the caller left' }), now);
  }

  /** Waits, unless the caller leaves first. @returns when the wait was over. */
  #wait(ms: number, since: number): Promise<number> {
    const { clock } = this.#deps;
    const call = this.#call;
    return new Promise((resolve) => {
      const alarm = clock.after(ms, done);
      call.cancellation.listen(done);
      function done(): void {
        alarm.cancel();
        call.cancellation.forget(done);
        const now = clock.now();
        call.waitedMs += now - since;
        resolve(now);
      }
    });
  }

  /** When the caller may usefully come back; null when waiting does not help. */
  #retryAfter(fault: Fault): number | null {
    const helps = fault.retry.here || WAITING_HELPS.has(fault.kind);
    if (!helps) return null;
    const suggested = fault.retry.afterMs ?? SUGGESTED_WAIT_MS;
    return Math.min(RETRY_AFTER_MS.most, Math.max(RETRY_AFTER_MS.least, suggested));
  }
}

/** How long the caller will wait, less the time it takes to tell it why it waited in vain. */
function patience(call: Call): number {
  if (call.patienceMs === null) return Number.POSITIVE_INFINITY;
  return Math.max(call.patienceMs / 2, call.patienceMs - HEAD_START_MS);
}

/**
 * The ladder as this call may use it. A conversation with provider state belongs to its maker; what else is carried
 * unread (files, batches, ...) lives in one account, which is the first target's.
 */
function ladderFor(call: Call, route: Route, pins: Pins): Route['ladder'] {
  if (call.pins.length === 0) {
    return call.operation === 'passthrough' ? [route.ladder[0]?.slice(0, 1) ?? []] : route.ladder;
  }
  const owner = pins.targetOf(call);
  const candidates = route.ladder.flat();
  const pinned = candidates.find(({ target }) => target.id === owner) ?? candidates[0];
  return [pinned === undefined ? [] : [pinned]];
}

/**
 * Whether a second attempt can run beside one at this call: only the first content of a stream is worth overtaking (a whole
 * answer takes as long as it is), and a conversation with provider state goes on once.
 */
function hedgeable(call: Call): boolean {
  const { body } = call;
  return call.stream && call.pins.length === 0 && call.operation !== 'passthrough' && body instanceof Uint8Array;
}

/** Whether the attempt was given up before it was made: nothing has gone wrong at its target. */
function isUntried(outcome: Outcome & { kind: 'fault' }): boolean {
  return outcome.untried !== undefined;
}

function failed(fault: Fault, retryAfterMs: number | null): Reply {
  return { kind: 'failed', fault, retryAfterMs };
}

function noRoute(call: Call): Fault {
  return faultOf('no-target', {
    message:
      call.operation === 'passthrough'
        ? `no target is configured that has ${call.path.split('?', 1)[0]}`
        : `no route is configured for the model ${JSON.stringify(call.model)}`,
    evidence: [`model ${call.model}`],
  });
}
