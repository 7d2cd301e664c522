import { bearingOf, type Bearing } from './bearing.ts';
import type { Random } from '../clock.ts';
import { ErrorRate } from './error-rate.ts';
import type { Fault } from '../fault/fault.ts';
import type { BreakerPolicy } from '../policy.ts';
import { OutcomeWindow } from './window.ts';

/** The breaker's whole memory of an outage: what cannot be (open without a reopening time) cannot be written. */
export type BreakerState =
  | { readonly name: 'closed' }
  | {
      readonly name: 'open';
      /** When the outage began. */
      readonly since: number;
      /** When the next probe may go; never where somebody has opened it by hand. */
      readonly until: number;
      readonly probedAt: number;
    }
  | {
      readonly name: 'half-open';
      readonly since: number;
      readonly probedAt: number;
      /** Which round of probing this is: a probe of an earlier one holds no place in it. */
      readonly round: number;
      /** Attempts allowed at a time; grows with each success, so that traffic returns as a ramp and not as a wall. */
      readonly slots: number;
      readonly busy: number;
    };

type HalfOpen = BreakerState & { readonly name: 'half-open' };

/** Leave to make one attempt, returned with its outcome; a `probe` takes one of the places of its round of probing. */
export type Permit = { readonly kind: 'normal' } | { readonly kind: 'probe'; readonly round: number };

const NORMAL: Permit = { kind: 'normal' };

/** Least time between two attempts at a target whose breaker is open, when no target of the ladder is better. */
const FORCED_INTERVAL_MS = 1000;

/** With this many attempts allowed at a time the breaker no longer holds anything back, and closes. */
const RAMPED_SLOTS = 32;

/** Attempts that each success on the ramp allows more: traffic triples a round trip. */
const RAMP_STEP = 2;

/**
 * A probe that has gone on for this long, and for twice as long as failures have taken of late, is a sign of life: the next
 * one need not wait for its end. A long answer may take many seconds, and a dead target mostly fails at once, ms.
 */
const SURVIVED_MS = 100;

/** At most so many attempts beyond the allowed ones are let through on such signs: the target may have begun to hang. */
const MOST_LENT = 6;

/** A failure on the ramp takes back two successes: recovery gets through one failure in three, and no more. */
const RAMP_SETBACK = 4;

/** A target's error rate when all is well: {@link BreakerPolicy.consecutiveFailures} counts for one that fails this often. */
const HEALTHY_ERROR_RATE = 0.01;

/** Outcomes within the window beyond which a run must be rarer still: false alarms are counted by time, not by calls. */
const USUAL_VOLUME = 200;

/**
 * Stops sending to a target that is down, and finds out gently when it is back. Pure: time and chance are handed in.
 *
 * It opens on a run of failures that chance does not explain: the run is as long as it takes for the target's own error
 * rate to produce it once in 10¹⁰ outcomes, or more rarely at a high call rate (five failures for a healthy target, seventeen for one that fails a quarter of
 * its calls). So a dead target is found in a handful of outcomes at any call rate, and noise does not open it in years;
 * partial faults are left to retries, which help against them. A failure rate over a window opens it too.
 *
 * Failures come at once and long answers late, so outcomes in the order of their coming show many failures in a row where one
 * call in five fails. Hence attempts that go on for longer than failures take count against a run while it lasts.
 *
 * While it is open, probes come at intervals that grow with the age of the outage. The first success lets traffic back
 * in as a ramp; where answers are long, a probe's survival counts for a little before its end does.
 */
export class Breaker {
  readonly #policy: BreakerPolicy;
  readonly #errors = new ErrorRate();
  readonly #window: OutcomeWindow;
  readonly #unlikely: number;
  #state: BreakerState = { name: 'closed' };
  #rounds = 0;
  #run = 0;
  #runSince = 0;
  /** When the run's first failure was told, and the attempts that have begun and ended since. */
  #runAt = 0;
  #begun = 0;
  #ended = 0;
  /** How long the latest failure took. */
  #failsAfterMs = 0;
  #lastFault: Fault | null = null;
  readonly #told: ((state: BreakerState['name']) => void)[] = [];

  constructor(policy: BreakerPolicy) {
    this.#policy = policy;
    this.#window = new OutcomeWindow(policy.windowMs);
    this.#unlikely = policy.consecutiveFailures * Math.log(HEALTHY_ERROR_RATE);
  }

  get state(): BreakerState {
    return this.#state;
  }

  /** Several attempts in a row have failed, whosever they were: this is no accident of one call. */
  get failing(): boolean {
    return this.#run > 1;
  }

  /** The failure that was seen last; explains why the breaker is open. */
  get lastFault(): Fault | null {
    return this.#lastFault;
  }

  /** How many failures in a row would open it now. */
  get runToOpen(): number {
    const { consecutiveFailures } = this.#policy;
    const busy = Math.log(Math.max(1, this.#window.volume / USUAL_VOLUME));
    return Math.max(consecutiveFailures, Math.ceil((this.#unlikely - busy) / Math.log(this.#errors.estimate)));
  }

  /** Somebody has opened it by hand: it stays so until it is told otherwise. */
  get byHand(): boolean {
    return this.#state.name === 'open' && this.#state.until === Number.POSITIVE_INFINITY;
  }

  /** Outcomes within the window, of the time it was closed. */
  recent(now: number): { readonly attempts: number; readonly failures: number } {
    this.#window.roll(now);
    return { attempts: this.#window.volume, failures: this.#window.failures };
  }

  /** By hand: no attempt is made until {@link closeByHand} or {@link letGo}. */
  openByHand(now: number): void {
    const never = Number.POSITIVE_INFINITY;
    const since = this.#state.name === 'closed' ? now : this.#state.since;
    this.#state = { name: 'open', since, until: never, probedAt: never };
    this.#run = 0;
    this.#tell();
  }

  /** By hand: attempts are made at once, and it goes on by itself from there. */
  closeByHand(): void {
    this.#close();
  }

  /** What was opened by hand finds out for itself again: the next attempt is a probe. */
  letGo(now: number): void {
    if (this.byHand) this.#state = { name: 'open', since: now, until: now, probedAt: Number.NEGATIVE_INFINITY };
  }

  /** Tells whenever it opens, anew too, when it begins to probe, and when it closes. */
  onChange(told: (state: BreakerState['name']) => void): void {
    this.#told.push(told);
  }

  /** Somebody else has found the target well again: the next probe need not wait. */
  probeSoon(now: number): void {
    const state = this.#state;
    if (state.name === 'open' && state.until > now && !this.byHand) this.#state = { ...state, until: now };
  }

  /** Would {@link enter} grant a permit now? */
  ready(now: number): boolean {
    const state = this.#state;
    switch (state.name) {
      case 'closed':
        return true;
      case 'open':
        return now >= state.until;
      case 'half-open':
        return state.busy < state.slots || this.#lends(state, now);
    }
  }

  /** When an open breaker will admit its next probe; `now` when it would already. */
  readyAt(now: number): number {
    return this.#state.name === 'open' ? Math.max(now, this.#state.until) : now;
  }

  /** Takes a permit for one attempt; null when there is none to be had. Each permit must come back through {@link settle}. */
  enter(now: number): Permit | null {
    return this.ready(now) ? this.#grant(now) : null;
  }

  /**
   * A permit although the breaker is open, for when every target's is: the least bad one is tried, at most once a second.
   * Null when the second has not passed, or when the places for probes are taken.
   */
  force(now: number): Permit | null {
    const state = this.#state;
    if (state.name !== 'open') return this.enter(now);
    return now - state.probedAt < FORCED_INTERVAL_MS ? null : this.#grant(now);
  }

  /** First content came: a sign of life that is not worth waiting for the end of a long answer for. */
  content(permit: Permit): void {
    const round = this.#roundOf(permit);
    if (round !== null) this.#ramp(round, RAMP_STEP);
  }

  /**
   * Hands back a permit with what the attempt showed.
   * @param startedAt when the attempt began: of an answer that took long, the good news may be old.
   */
  settle(permit: Permit, fault: Fault | null, startedAt: number, now: number, random: Random): void {
    const bearing = bearingOf(fault);
    if (bearing === 'failure') {
      this.#lastFault = fault;
      this.#failsAfterMs = now - startedAt;
    }
    if (!this.#policy.enabled) return;
    const state = this.#state;
    const round = this.#roundOf(permit);
    if (round !== null) this.#settleProbe(round, fault, now, random);
    // News of attempts begun before it opened is old: the probes know better.
    else if (state.name === 'closed') this.#count(bearing, startedAt, now, random);
  }

  /** Has the latest probe survived for so long that another may follow it? */
  #lends({ busy, slots, probedAt }: HalfOpen, now: number): boolean {
    return busy < slots + MOST_LENT && now - probedAt >= Math.max(SURVIVED_MS, 2 * this.#failsAfterMs);
  }

  #grant(now: number): Permit {
    const state = this.#state;
    if (state.name === 'closed') {
      if (this.#run > 0) this.#begun += 1;
      return NORMAL;
    }
    const { since } = state;
    const { round, slots, busy } = state.name === 'half-open' ? state : this.#newRound();
    this.#state = { name: 'half-open', since, probedAt: now, round, slots, busy: busy + 1 };
    if (state.name === 'open') this.#tell();
    return { kind: 'probe', round };
  }

  #newRound(): { round: number; slots: number; busy: number } {
    return { round: (this.#rounds += 1), slots: this.#policy.halfOpenProbes, busy: 0 };
  }

  /** The round under way, if the permit is a place in it. */
  #roundOf(permit: Permit): HalfOpen | null {
    const state = this.#state;
    return permit.kind === 'probe' && state.name === 'half-open' && state.round === permit.round ? state : null;
  }

  #settleProbe(state: HalfOpen, fault: Fault | null, now: number, random: Random): void {
    const bearing = bearingOf(fault);
    const busy = state.busy - 1;
    // An answer's first content has counted already; a call that was refused for its own faults has none.
    const change = bearing === 'failure' ? -RAMP_SETBACK : bearing === 'success' && fault !== null ? RAMP_STEP : 0;
    if (state.slots + change > 0) return this.#ramp({ ...state, busy }, change);
    // While others of its round go on, they may yet do better: failures are told first.
    if (busy > 0) this.#state = { ...state, busy, slots: 1 };
    else this.#open(state.since, state.probedAt, now, random);
  }

  #ramp(state: HalfOpen, change: number): void {
    const slots = state.slots + change;
    if (slots >= RAMPED_SLOTS) this.#close();
    else this.#state = { ...state, slots };
  }

  #count(bearing: Bearing, startedAt: number, now: number, random: Random): void {
    if (this.#run > 0 && startedAt >= this.#runAt) this.#ended += 1;
    if (bearing === 'neutral') return;
    const failed = bearing === 'failure';
    this.#window.add(failed, now);
    if (!failed) {
      // What was sent before the first of the failed says that all was well then, which nobody doubts.
      if (this.#run > 0 && startedAt < this.#runSince) return;
      // A run is judged by the error rate before it, so it is learnt only once it has ended.
      for (; this.#run > 0; this.#run -= 1) this.#errors.learn(true);
      this.#errors.learn(false);
      return;
    }
    if (this.#run === 0) {
      this.#runSince = startedAt;
      this.#runAt = now;
      this.#begun = this.#ended = 0;
    }
    this.#run += 1;
    if ((this.#run >= this.runToOpen || this.#windowFails()) && !this.#othersSurvive(now)) {
      this.#open(now, now, now, random);
    }
  }

  /**
   * Are there too many attempts that began since the run did, and have gone on for longer than failures take, for its failures
   * to be all but the whole? Those that are too young to tell are taken to be as many as have begun in twice that time.
   */
  #othersSurvive(now: number): boolean {
    const young = this.#begun * Math.min(1, (2 * this.#failsAfterMs) / Math.max(1, now - this.#runAt));
    const survivors = this.#begun - this.#ended - young;
    return this.#run < this.#policy.failureRate * (this.#run + survivors);
  }

  #windowFails(): boolean {
    const { volume, failures } = this.#window;
    return volume >= this.#policy.minimumVolume && failures / volume >= this.#policy.failureRate;
  }

  #open(since: number, probedAt: number, now: number, random: Random): void {
    const { openMs, maxOpenMs, openGrowth, jitter } = this.#policy;
    const length = Math.min(maxOpenMs, Math.max(openMs, (now - since) * openGrowth));
    const until = now + length * (1 + jitter * (2 * random() - 1));
    this.#state = { name: 'open', since, until, probedAt };
    this.#run = 0;
    this.#tell();
  }

  #close(): void {
    this.#state = { name: 'closed' };
    this.#run = 0;
    this.#window.clear();
    this.#tell();
  }

  #tell(): void {
    for (const told of this.#told) told(this.#state.name);
  }
}
