import type { Attempt } from '../attempt/attempt.ts';
import type { Call } from '../call.ts';
import { mayBeBilled, mayCost, unseenOutput } from './charge.ts';
import type { Clock } from '../clock.ts';
import type { Demand, Demands } from './demand.ts';
import type { Fault } from '../fault/fault.ts';
import type { Forecasts } from './forecast.ts';
import { decisive } from '../hedge/overtaken.ts';
import type { Prices } from './prices.ts';
import type { Cost, Counters, Quota, Reservation, Verdict } from './quota.ts';
import type { QuotaWatch } from './quota-watch.ts';
import { refusalOf, unpriced } from './quota-words.ts';
import type { AttemptRecord, Usage } from '../record.ts';
import type { Room } from './room.ts';

/** What admission works with, the same for every call. */
export interface AdmissionTools {
  readonly clock: Clock;
  readonly counters: Counters;
  readonly demands: Demands;
  readonly prices: Prices;
  readonly forecasts: Forecasts;
  readonly watch: QuotaWatch;
  readonly room: Room;
}

/** What was found out about a call before it was let in: bounds of what one attempt at it can take. */
export interface Bounds {
  readonly demand: Demand;
  readonly promptTokens: number;
  /** Of all choices together. */
  readonly outputTokens: number;
}

/** Nobody gives so many tokens at once: a server that says so is mistaken, and would break the counts for good. */
const BELIEVABLE = 1_000_000_000;

/** Tokens that may have been on their way when a stream was broken off. */
const ON_THE_WAY = 16;

const BYTES_PER_TOKEN = 4;
const NOTHING: Cost = { tokens: 0, microdollars: 0 };

/** What a call has been let in with: holds it for as long as the call lasts, and gives back what was not used. */
export class Admission {
  readonly #tools: AdmissionTools;
  readonly #call: Call;
  readonly #bounds: Bounds;
  readonly #reservation: Reservation;
  #reserved: Cost;
  /** What was reserved later, for attempts dearer than the first. */
  #more: Reservation[] | null = null;
  /** What attempts that failed have probably cost. */
  #lostTokens = 0;
  #lostMoney = 0;
  /** Part of it that went to attempts which another one overtook. */
  #racedMoney = 0;
  #settled = false;
  /** What the call came to in millionths of a dollar; null when nobody knows the price, or it is not over. */
  cost: number | null = null;
  /** The stream was asked for its usage on our account: the caller is not to see it. */
  asksUsage = false;
  /** Its usage where the provider told none, estimated; null where it did, or nothing was used. */
  usage: Usage | null = null;

  constructor(tools: AdmissionTools, call: Call, bounds: Bounds, reserved: Cost, reservation: Reservation) {
    this.#tools = tools;
    this.#call = call;
    this.#bounds = bounds;
    this.#reserved = reserved;
    this.#reservation = reservation;
  }

  /**
   * Makes sure that what is reserved covers an attempt: at a dearer target than the first, or after one that failed and cost
   * something, more has to be had. The fault says why it cannot.
   */
  afford(attempt: Attempt): Fault | null | Promise<Fault | null> {
    const { prices, counters, clock } = this.#tools;
    const { promptTokens, outputTokens } = this.#bounds;
    const at = clock.wall();
    const model = attempt.model ?? this.#call.model;
    const most = prices.most(attempt.target.id, model, promptTokens, outputTokens, at);
    const quotas = this.#call.caller.quotas;
    if (most === null && this.#bounds.demand.promptMember !== null) {
      const budget = quotas.find(({ measure, refuses }) => measure === 'money' && refuses);
      // Another target may have a price.
      if (budget !== undefined)
        return elsewhere({ ...unpriced(budget, model, attempt.target.id), kind: 'quota-exhausted' });
    }
    const tokens = this.#lostTokens + promptTokens + outputTokens - this.#reserved.tokens;
    const microdollars = this.#lostMoney + (most ?? 0) - this.#reserved.microdollars;
    if (tokens <= 0 && microdollars <= 0) return null;
    const extra = { tokens: Math.max(0, tokens), microdollars: Math.max(0, microdollars) };
    const spent = quotas.filter(({ measure }) => measure === 'tokens' || measure === 'money');
    const verdict = counters.reserve(spent, extra, at);
    return verdict instanceof Promise
      ? verdict.then((answer) => this.#topUp(answer, extra, at))
      : this.#topUp(verdict, extra, at);
  }

  #topUp(verdict: Verdict, extra: Cost, at: number): Fault | null {
    if (verdict.kind === 'refused') {
      this.#tools.watch.refused(verdict.quota, verdict.used, this.#call.id, at);
      // Another target may be cheaper.
      return elsewhere(refusalOf({ ...verdict, asked: extra, at, waitedMs: 0 }));
    }
    if (this.#settled) {
      verdict.reservation.settle(NOTHING, at);
      return null;
    }
    (this.#more ??= []).push(verdict.reservation);
    this.#reserved = {
      tokens: this.#reserved.tokens + extra.tokens,
      microdollars: this.#reserved.microdollars + extra.microdollars,
    };
    return null;
  }

  /** An attempt failed before it gave anything: what the provider may charge for it all the same is counted. */
  failed(record: AttemptRecord, fault: Fault): void {
    if (!this.#generates || !mayCost(record, fault)) return;
    const usage = this.#estimated(unseenOutput(record.durationMs, this.#bounds.outputTokens));
    const { target, model } = record;
    this.#lostTokens += (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
    if (mayBeBilled(record, fault)) {
      const money = this.#tools.prices.cost(target, model, usage, this.#call.arrivedAt) ?? 0;
      this.#lostMoney += money;
      // It was stopped although its caller has not left: another one was quicker.
      if (fault.kind === 'cancelled' && this.#call.cancellation.reason === null) this.#racedMoney += money;
    }
    this.#note(null);
  }

  /** The whole answer is here. */
  answered(usage: Usage, bodyBytes: number): void {
    this.#end(usage, Math.ceil(bodyBytes / BYTES_PER_TOKEN));
  }

  /** The last byte of a stream was given, or it broke. */
  streamed(usage: Usage, sentTokens: number, fault: Fault | null, parts: number): void {
    this.#end(
      usage,
      sentTokens + (fault === null ? 0 : ON_THE_WAY) + (usage.inputTokens === null ? this.#thoughts() : 0),
      parts,
    );
  }

  /** Tokens that a model can have thought before it began to speak: they are billed, and nobody sees them. */
  #thoughts(): number {
    const record = decisive(this.#call.attempts);
    if (record === undefined || record.firstContentMs === null) return 0;
    if (!this.#tools.demands.thinks(record.model)) return 0;
    return unseenOutput(record.firstContentMs - record.startedMs, this.#bounds.outputTokens);
  }

  /** There was no answer. */
  unanswered(): void {
    this.#settle(0, 0);
  }

  get #generates(): boolean {
    return this.#bounds.demand.promptMember !== null;
  }

  #end(told: Usage, seenOutput: number, prompts = 1): void {
    if (!this.#generates) return this.#settle(0, 0);
    const { forecasts, prices } = this.#tools;
    const { demand, outputTokens } = this.#bounds;
    const call = this.#call;
    const record = decisive(call.attempts);
    const known = told.inputTokens !== null && told.inputTokens + (told.outputTokens ?? 0) <= BELIEVABLE;
    const unseen = demand.unattended ? outputTokens : Math.min(seenOutput, outputTokens);
    const usage = known ? told : this.#estimated(demand.generates ? unseen : 0, prompts);
    if (known) forecasts.learn(record?.model ?? call.model, demand, told, call.choices);
    else this.#note(usage);
    const money = prices.cost(record?.target ?? '', record?.model ?? call.model, usage, call.arrivedAt);
    this.#settle((usage.inputTokens ?? 0) + (usage.outputTokens ?? 0), money);
  }

  #estimated(outputTokens: number, prompts = 1): Usage {
    return {
      inputTokens: this.#bounds.promptTokens * prompts,
      outputTokens,
      cachedTokens: null,
      reasoningTokens: null,
    };
  }

  #note(usage: Usage | null): void {
    this.usage = usage;
    const { notes } = this.#call;
    if (!notes.includes(ESTIMATED)) this.#call.notes = [...notes, ESTIMATED];
  }

  #settle(tokens: number, money: number | null): void {
    if (this.#settled) return;
    this.#settled = true;
    const { clock, watch, room } = this.#tools;
    const at = clock.wall();
    const microdollars = this.#lostMoney + (money ?? 0);
    this.cost = money === null ? null : microdollars;
    if (this.#lostMoney > 0) {
      const failedMoney = this.#lostMoney - this.#racedMoney;
      const raced = this.#racedMoney > 0 ? [spent('raced', this.#racedMoney)] : [];
      const wasted = failedMoney > 0 ? [spent('wasted', failedMoney)] : [];
      this.#call.notes = [...this.#call.notes, ...wasted, ...raced];
    }
    this.#reservation.settle({ tokens: this.#lostTokens + tokens, microdollars }, at);
    if (this.#more !== null) for (const reservation of this.#more) reservation.settle(NOTHING, at);
    watch.settled(this.#call.caller.quotas, this.#call.id, at);
    room.freed(this.#call.caller.quotas);
  }
}

function elsewhere(fault: Fault): Fault {
  return { ...fault, retry: { ...fault.retry, here: false, elsewhere: true } };
}

/** In the notes of a call whose usage, or part of it, no provider has told. */
const ESTIMATED = 'estimated: usage';

/**
 * In the notes of a call whose attempts that failed (`wasted`), or lost a race (`raced`), have probably cost something: how
 * much of its cost, in US dollars.
 */
function spent(what: 'wasted' | 'raced', microdollars: number): string {
  return `${what}: $${(microdollars / 1_000_000).toFixed(9)}`;
}

/** The least that every hard quota on tokens has; infinite where there is none. */
export function smallestTokenQuota(quotas: readonly Quota[]): number {
  let smallest = Number.POSITIVE_INFINITY;
  for (let index = 0; index < quotas.length; index += 1) {
    const { measure, refuses, amount } = quotas[index] as Quota;
    if (measure === 'tokens' && refuses && amount < smallest) smallest = amount;
  }
  return smallest;
}
