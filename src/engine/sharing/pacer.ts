import type { Fault, FaultKind } from '../fault/fault.ts';
import { type Mark, Meter, type ToldLimit } from '../admission/meter.ts';
import type { PacingPolicy } from '../policy.ts';
import { Ramp } from './ramp.ts';
import type { RateReport } from './rate-headers.ts';

/** How things stood when a call was let go; comes back with what its answer tells. */
export interface Leave {
  readonly tokens: number;
  readonly requestMark: Mark;
  readonly tokenMark: Mark;
}

const PACED: ReadonlySet<FaultKind> = new Set(['rate-limit-requests', 'rate-limit-tokens', 'slow-down']);

/** Which limit a call waits for. */
export type Scarce = 'requests' | 'tokens';

/** What other processes should know of an account's limits for a model, and of what this one takes of them. */
export interface PaceWord {
  readonly requests: ToldLimit | null;
  readonly tokens: ToldLimit | null;
  /** Until the provider said that it is to be tried again, ms. */
  readonly requestsWaitMs: number;
  readonly tokensWaitMs: number;
  /** How often it has asked for less haste since this process began. */
  readonly complaints: number;
  /** Taken a second, lately. */
  readonly callsPerSecond: number;
  readonly tokensPerSecond: number;
}

/**
 * Keeps an account just under its provider's limits, requests and tokens, for one model: learns them from what answers
 * tell, from refusals, or from the configuration. Unlimited until something is learnt. Pure: time is handed in.
 */
export class Pacer {
  readonly #enabled: boolean;
  readonly #requests = new Meter();
  readonly #tokens = new Meter();
  readonly #ramp = new Ramp();

  constructor({ enabled, requestsPerMinute, tokensPerMinute }: PacingPolicy) {
    this.#enabled = enabled;
    if (!enabled) return;
    if (requestsPerMinute !== null) this.#requests.state(requestsPerMinute, 0);
    if (tokensPerMinute !== null) this.#tokens.state(tokensPerMinute, 0);
  }

  /** Requests and tokens a minute, as far as they are known. */
  get limits(): { readonly requests: number; readonly tokens: number } {
    return { requests: this.#requests.limit, tokens: this.#tokens.limit };
  }

  /** Is there anything to keep to? */
  get known(): boolean {
    return this.#requests.known || this.#tokens.known || this.#ramp.active;
  }

  /** For other processes. */
  word(now: number): PaceWord {
    return {
      requests: this.#requests.told,
      tokens: this.#tokens.told,
      requestsWaitMs: this.#requests.blockedFor(now),
      tokensWaitMs: this.#tokens.blockedFor(now),
      complaints: this.#ramp.complaints,
      callsPerSecond: this.#requests.perSecond(now),
      tokensPerSecond: this.#tokens.perSecond(now),
    };
  }

  /** What another process has learnt. @param hasty the provider has asked it for less haste since it was heard of last */
  hear(word: PaceWord, hasty: boolean, now: number): void {
    if (!this.#enabled) return;
    if (word.requests !== null) this.#requests.hearsOf(word.requests, now);
    if (word.tokens !== null) this.#tokens.hearsOf(word.tokens, now);
    if (word.requestsWaitMs > 0) this.#requests.hearsOfBlock(word.requestsWaitMs, now);
    if (word.tokensWaitMs > 0) this.#tokens.hearsOfBlock(word.tokensWaitMs, now);
    if (hasty) this.#ramp.slowDown(now);
  }

  /** Keeps to these parts of the limits, above 0 and up to 1: other processes that are known take the rest. */
  share(ofRequests: number, ofTokens: number, now: number): void {
    this.#requests.share(ofRequests, now);
    this.#tokens.share(ofTokens, now);
  }

  /** Is it what the pacer learns from, and will keep from happening again? */
  minds(fault: Fault | null): boolean {
    return this.#enabled && fault !== null && PACED.has(fault.kind);
  }

  /** Share of what can be there at once that is there now, 0 to 1. */
  headroom(now: number): number {
    return Math.min(this.#requests.headroom(now), this.#tokens.headroom(now), this.#ramp.readyIn(now) > 0 ? 0 : 1);
  }

  /**
   * Until one call of so many tokens may go, ms.
   * @param spare share of each limit to be left for others, 0 to 1
   * @param waitedMs for how long it has waited already
   */
  readyIn(tokens: number, spare: number, now: number, waitedMs = 0): number {
    if (!this.known) return 0;
    return Math.max(
      this.#requests.readyIn(1, spare, now, waitedMs),
      this.#tokens.readyIn(tokens, spare, now, waitedMs),
      this.#ramp.readyIn(now),
    );
  }

  /** Until so many calls and tokens have gone, ms. */
  clearsIn(calls: number, tokens: number, spare: number, now: number): number {
    return Math.max(
      this.#requests.clearsIn(calls, spare, now),
      this.#tokens.clearsIn(tokens, spare, now),
      this.#ramp.active ? this.#ramp.readyIn(now) + ((calls - 1) * 1000) / this.#ramp.perSecond : 0,
    );
  }

  /** Which of the limits makes a call of so many tokens wait the longest. */
  scarce(calls: number, tokens: number, now: number): Scarce {
    return this.#tokens.clearsIn(tokens, 0, now) > this.#requests.clearsIn(calls, 0, now) ? 'tokens' : 'requests';
  }

  /** A call goes; null when there is nothing to compare its answer with. */
  take(tokens: number, now: number): Leave | null {
    if (!this.#enabled) return null;
    this.#ramp.sent(now);
    this.#requests.take(1, now);
    this.#tokens.take(tokens, now);
    if (!this.known) return null;
    return { tokens, requestMark: this.#requests.mark(now), tokenMark: this.#tokens.mark(now) };
  }

  /** A call was accepted; its answer may tell how things stand. */
  accepted(report: RateReport | null, leave: Leave | null, now: number): void {
    if (!this.#enabled) return;
    this.#hear(report, leave, 0, now);
    this.#requests.accepted(now);
    this.#tokens.accepted(now);
  }

  /** A call was refused; nothing to be learnt unless it was for a limit. @param report what the refusal's head told */
  refused(fault: Fault, report: RateReport | null, leave: Leave | null, tokens: number, now: number): void {
    if (!this.#enabled) return;
    const { afterMs } = fault.retry;
    if (fault.kind === 'slow-down') return this.#ramp.slowDown(now);
    if (!this.minds(fault)) return;
    const ofTokens = fault.kind === 'rate-limit-tokens';
    const [meter, amount] = ofTokens ? [this.#tokens, tokens] : [this.#requests, 1];
    if (meter.doubts(now)) return;
    const told = (ofTokens ? report?.tokens : report?.requests) ?? null;
    const believed = told === null || told.limit === null || meter.believes(told.limit, now);
    // What is refused is not charged.
    if (believed) this.#hear(report, leave, 1, now);
    const remaining = believed ? (told?.remaining ?? null) : null;
    meter.refused(amount, afterMs, remaining, (ofTokens ? leave?.tokenMark : leave?.requestMark) ?? null, now);
  }

  /** @param uncharged 1 when the provider has not charged the call, else 0 */
  #hear(report: RateReport | null, leave: Leave | null, uncharged: 0 | 1, now: number): void {
    if (report === null) return;
    const { requests, tokens } = report;
    if (requests !== null) this.#requests.heard(requests, leave?.requestMark ?? null, uncharged, now);
    if (tokens !== null) this.#tokens.heard(tokens, leave?.tokenMark ?? null, uncharged * (leave?.tokens ?? 0), now);
  }
}
