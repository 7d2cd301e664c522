import { Admission, type AdmissionTools, type Bounds, smallestTokenQuota } from './admission.ts';
import type { Gate } from '../attempt/attempt.ts';
import type { Call } from '../call.ts';
import type { Caller } from '../caller.ts';
import type { Clock } from '../clock.ts';
import type { Demand, Demands } from './demand.ts';
import type { Fault } from '../fault/fault.ts';
import { faultOf } from '../fault/index.ts';
import { Forecasts } from './forecast.ts';
import type { Prices } from './prices.ts';
import type { Cost, Counters, Quota, Tell, Verdict } from './quota.ts';
import { rateLimitHeaders } from './quota-headers.ts';
import { QuotaWatch } from './quota-watch.ts';
import { outputTooLong, promptTooLong, refusalOf, unpriced, unreadCost } from './quota-words.ts';
import type { Reply } from '../reply.ts';
import { Room } from './room.ts';
import type { Handler, Route } from '../route.ts';

/** What admission needs besides the line. */
export interface AdmitPorts {
  readonly counters: Counters;
  readonly demands: Demands;
  readonly prices: Prices;
  /** Told of budgets that run out. */
  readonly tell: Tell;
  /** Where calls wait for room in their quotas. @default one that nobody else looks into */
  readonly room?: Room;
}

export interface AdmitDeps extends AdmitPorts {
  readonly clock: Clock;
  readonly routeOf: (call: Call) => Route | null;
}

/** Responses with fewer tokens are refused by the provider; so short an answer is of no use to anybody else either. */
const LEAST_CAP = 16;

/** A quota with no more room than this could be broken by a single answer: it is bounded by what there is. */
const SMALL_QUOTA = 4_096;

/** What an answer comes to where nobody says, for whoever shares out what is scarce. */
const USUAL_OUTPUT = 250;

/** The caller's patience ends this much before the call's time does, so that it hears why it waited in vain, ms. */
const HEAD_START_MS = 500;

/**
 * Lets calls in as far as their caller's ceilings and quotas go: reserves before the call what it can take at most, and
 * settles after it what it has really taken. Callers without limits pass untouched.
 */
export function admitted(deps: AdmitDeps): (next: Handler) => Handler {
  const admitter = new Admitter(deps);
  return (next) => (call) => {
    const { quotas, ceilings } = call.caller;
    if (quotas.length === 0 && ceilings.promptTokens === null && ceilings.outputTokens === null) return next(call);
    return admitter.admit(call, next);
  };
}

/** No attempt is made that what is reserved does not cover; and what failed attempts cost is counted. */
export const afforded: Gate = {
  enter: (attempt) => attempt.call.admission?.afford(attempt) ?? null,
  settled({ call: { admission }, record, contentCame }, fault) {
    if (fault !== null && record !== null && !contentCame) admission?.failed(record, fault);
  },
};

type Refused = Verdict & { readonly kind: 'refused' };

class Admitter {
  readonly #deps: AdmitDeps;
  readonly #tools: AdmissionTools;

  constructor(deps: AdmitDeps) {
    const { clock, counters, demands, prices, tell, room = new Room(clock) } = deps;
    this.#deps = deps;
    this.#tools = {
      clock,
      counters,
      demands,
      prices,
      forecasts: new Forecasts(),
      watch: new QuotaWatch(counters, tell),
      room,
    };
  }

  admit(call: Call, next: Handler): Promise<Reply> {
    const bounds = takesMore(call.caller) ? this.#boundsOf(call) : NO_BOUNDS;
    if ('kind' in bounds) return refuse(bounds);
    const at = this.#tools.clock.wall();
    const cost = this.#costOf(call, bounds, at);
    if ('kind' in cost) return refuse(cost);
    call.expectedTokens ||= bounds.promptTokens + Math.min(bounds.outputTokens, expectedOutput(call, bounds.demand));
    // A call may wait for long.
    if (call.queueMs > 0) call.parsed = null;
    const verdict = this.#tools.counters.reserve(call.caller.quotas, cost, at);
    if (verdict instanceof Promise) return verdict.then((answer) => this.#judge(call, bounds, cost, answer, next));
    return this.#judge(call, bounds, cost, verdict, next);
  }

  /** What an attempt at the call can take at most, or why it must not be made at all. */
  #boundsOf(call: Call): Bounds | Fault {
    const demand = this.#deps.demands.read(call);
    const { ceilings, quotas } = call.caller;
    const { forecasts } = this.#tools;
    const promptTokens = demand.promptTokens === 0 ? 0 : forecasts.promptTokens(call.model, demand.promptTokens);
    const tooLong = promptTooLong(demand, promptTokens, ceilings) ?? outputTooLong(demand, call.choices, ceilings);
    if (tooLong !== null) return tooLong;
    if (!demand.generates) return { demand, promptTokens, outputTokens: 0 };
    if (demand.outputTokens !== null) return { demand, promptTokens, outputTokens: demand.outputTokens * call.choices };
    const most = this.#deps.demands.mostOutput(call.model) ?? Number.POSITIVE_INFINITY;
    const allowed = Math.floor((ceilings.outputTokens ?? Number.POSITIVE_INFINITY) / call.choices);
    const room = Math.max(LEAST_CAP, Math.floor((smallestTokenQuota(quotas) - promptTokens) / call.choices));
    const tight = allowed < Number.POSITIVE_INFINITY || room <= SMALL_QUOTA;
    // What nobody hears the end of is counted at the most that it can be.
    const known = tight || (demand.unattended && most < Number.POSITIVE_INFINITY);
    const bound = Math.min(most, allowed, room, known ? Number.POSITIVE_INFINITY : forecasts.outputTokens(call.model));
    // What the request leaves open is closed where a single answer could break a limit that is meant to hold.
    if ((tight || demand.unattended) && bound < most) call.body = this.#deps.demands.cap(call, bound);
    return { demand, promptTokens, outputTokens: bound * call.choices };
  }

  /** What to reserve: enough for whichever target of the first rung is tried, of those whose prices are known. */
  #costOf(call: Call, bounds: Bounds, at: number): Cost | Fault {
    const tokens = bounds.promptTokens + bounds.outputTokens;
    const { quotas } = call.caller;
    const kept = quotas.find((quota) => isBudget(quota) && quota.refuses);
    if (kept !== undefined && bounds.demand.costsUnread) return unreadCost(kept, call.path);
    if (bounds.demand.promptMember === null || !quotas.some(isBudget)) return { tokens, microdollars: 0 };
    const ladder = this.#deps.routeOf(call)?.ladder ?? [];
    for (const rung of ladder) {
      const dearest = this.#dearest(call, rung, bounds, at);
      if (dearest !== null) return { tokens, microdollars: dearest };
    }
    if (kept === undefined) return { tokens, microdollars: 0 };
    const first = ladder[0]?.[0];
    return unpriced(kept, first?.model ?? call.model, first?.target.id ?? null);
  }

  #dearest(call: Call, rung: Route['ladder'][number], bounds: Bounds, at: number): number | null {
    const { prices } = this.#tools;
    let dearest: number | null = null;
    for (const { target, model } of rung) {
      const most = prices.most(target.id, model ?? call.model, bounds.promptTokens, bounds.outputTokens, at);
      if (most !== null && most > (dearest ?? -1)) dearest = most;
    }
    return dearest;
  }

  #judge(call: Call, bounds: Bounds, cost: Cost, verdict: Verdict, next: Handler): Promise<Reply> {
    if (verdict.kind === 'granted') return this.#go(call, bounds, cost, verdict, next);
    if (call.queueMs === 0) return this.#refuse(call, cost, verdict);
    const { clock, room, counters } = this.#tools;
    const patienceMs = call.patienceMs === null ? Number.POSITIVE_INFINITY : call.patienceMs - HEAD_START_MS;
    const giveUpAt = call.startedAt + Math.min(call.queueMs, patienceMs);
    const ask = (): Verdict | Promise<Verdict> => counters.reserve(call.caller.quotas, cost, clock.wall());
    return room.wait(call, verdict, giveUpAt, ask).then((last) => {
      if (last.kind === 'granted') return this.#go(call, bounds, cost, last, next);
      return call.cancellation.cancelled ? refuse(cancelled(call)) : this.#refuse(call, cost, last);
    });
  }

  /** Told once the answer is known: of a whole one what it really took, of a stream what is held for it. */
  #tellStanding(call: Call): void {
    const { counters, clock } = this.#tools;
    const headers = rateLimitHeaders(call.caller.quotas, counters, clock.wall());
    call.told = call.told.length === 0 ? headers : [...call.told, ...headers];
  }

  #tellsUsage(call: Call): boolean {
    const ladder = this.#deps.routeOf(call)?.ladder ?? [];
    return ladder.every((rung) => rung.every(({ target }) => TELL_USAGE.has(target.endpoint.provider)));
  }

  #refuse(call: Call, asked: Cost, refused: Refused): Promise<Reply> {
    const { counters, watch, clock } = this.#tools;
    const at = clock.wall();
    watch.refused(refused.quota, refused.used, call.id, at);
    call.told = [...call.told, ...rateLimitHeaders(call.caller.quotas, counters, at, refused)];
    return refuse(refusalOf({ ...refused, asked, at, waitedMs: call.waitedMs }));
  }

  #go(
    call: Call,
    bounds: Bounds,
    cost: Cost,
    { reservation }: Verdict & { readonly kind: 'granted' },
    next: Handler,
  ): Promise<Reply> {
    const admission = new Admission(this.#tools, call, bounds, cost, reservation);
    call.admission = admission;
    if (bounds.demand.hidesUsage && this.#tellsUsage(call)) {
      admission.asksUsage = true;
      call.body = this.#deps.demands.askUsage(call);
    }
    return next(call).then(
      (reply) => {
        settleWith(admission, reply);
        this.#tellStanding(call);
        return reply;
      },
      (error: unknown) => {
        admission.unanswered();
        throw error;
      },
    );
  }
}

/** What nothing is counted of. */
const NO_BOUNDS: Bounds = {
  demand: {
    promptTokens: 0,
    promptMember: null,
    continues: false,
    outputTokens: null,
    outputMember: null,
    unattended: false,
    hidesUsage: false,
    costsUnread: false,
    generates: false,
  },
  promptTokens: 0,
  outputTokens: 0,
};

/** Whether anything but calls is counted or bounded for a caller: only then its requests have to be read for it. */
function takesMore({ quotas, ceilings }: Caller): boolean {
  if (ceilings.promptTokens !== null || ceilings.outputTokens !== null) return true;
  for (let index = 0; index < quotas.length; index += 1) {
    const { measure } = quotas[index] as Quota;
    if (measure === 'tokens' || measure === 'money') return true;
  }
  return false;
}

function isBudget({ measure }: Quota): boolean {
  return measure === 'money';
}

/** The providers of which it is certain that they know, or whoever translates for them, how to be asked for the usage of a stream. */
const TELL_USAGE: ReadonlySet<string> = new Set(['openai', 'anthropic', 'gemini']);

function settleWith(admission: Admission, reply: Reply): void {
  if (reply.kind !== 'failed' && reply.free === true) return admission.unanswered();
  switch (reply.kind) {
    case 'whole':
      if (reply.fault === null) admission.answered(reply.usage, reply.body.length);
      else admission.unanswered();
      return;
    case 'stream':
      reply.stream.onEnding(({ usage, sentTokens, fault, parts = 1 }) =>
        admission.streamed(usage, sentTokens, fault, parts),
      );
      return;
    case 'failed':
      admission.unanswered();
  }
}

function expectedOutput(call: Call, { outputTokens, generates }: Demand): number {
  if (!generates) return 0;
  return outputTokens === null ? USUAL_OUTPUT * call.choices : outputTokens * call.choices;
}

function refuse(fault: Fault): Promise<Reply> {
  return Promise.resolve({ kind: 'failed', fault, retryAfterMs: fault.retry.afterMs });
}

function cancelled(call: Call): Fault {
  return faultOf('cancelled', { message: call.cancellation.reason ?? 'the caller left' });
}
