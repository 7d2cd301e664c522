import type { Bearing } from './bearing.ts';
import type { Random } from '../clock.ts';
import { Awaiting } from './awaiting.ts';
import { ErrorRate } from './error-rate.ts';
import type { Latency } from './latency.ts';

/** A target that fails this often, or is slow this often, is worth avoiding when another stands. */
const PARTIAL = 0.3;

/**
 * Evidence, in nats, at which a target is suspect: chance alone gathers as much once in some ten million calls. A healthy
 * target that begins to fail 30 % of its calls gathers it within two dozen; five failures in a row, with which the
 * breaker takes over, stay just below.
 */
const SUSPECT = 18;

/** Evidence is kept up to this, so that a recovered target is cleared within a handful of good trials. */
const MOST = 20;

/** Share of calls that a suspect target still gets, to find out whether it is well again. */
const TRIAL = 0.05;

/** Outcomes are learnt as the target's usual error rate only this much later, or the change would hide itself. */
const HINDSIGHT = 32;

/** This many calls that hang far beyond the usual make a target suspect before any of them has ended. */
const HANGING = 3;

/**
 * Finds targets that work badly rather than not at all: some of the calls fail, answers come ten times slower, the first
 * token hangs. A breaker must not open on these, because for a lone target a retry is better than a refusal; but calls go
 * elsewhere first when there is an elsewhere. CUSUM over outcomes (Page, 1954), against the target's own error rate.
 */
export class Suspicion {
  readonly #enabled: boolean;
  readonly #latency: Latency;
  readonly #errors = new ErrorRate();
  #evidence = 0;
  readonly #recent: boolean[] = [];
  readonly #awaiting = new Awaiting();

  constructor(enabled: boolean, latency: Latency) {
    this.#enabled = enabled;
    this.#latency = latency;
  }

  /** Is it better to call another target now? Now and then the answer is no, as a trial. */
  avoid(now: number, random: Random): boolean {
    return this.#enabled && this.suspect(now) && random() >= TRIAL;
  }

  suspect(now: number): boolean {
    return this.#evidence >= SUSPECT || this.#hangs(now);
  }

  /** A call was sent. @returns its number, for {@link content} and {@link ended}. */
  sent(now: number): number {
    return this.#awaiting.begin(now);
  }

  /** Content came after so many ms. */
  content(call: number, ms: number): void {
    this.#awaiting.end(call);
    this.#weigh(ms > this.#latency.slowMs);
  }

  /** It ended; without content when that was not told before. */
  ended(call: number, bearing: Bearing): void {
    const awaited = this.#awaiting.end(call);
    if (bearing === 'failure') this.#weigh(true);
    else if (bearing === 'success' && awaited) this.#weigh(false);
  }

  /** Others have found it down. That is doubted as soon as one call goes well, and believed as soon as one does not. */
  warned(): void {
    this.#evidence = Math.max(this.#evidence, SUSPECT);
  }

  /** The breaker has taken over: it finds out for itself when the target is well again. */
  clear(): void {
    this.#evidence = 0;
  }

  #weigh(bad: boolean): void {
    const usual = Math.min(this.#errors.estimate, PARTIAL / 2);
    const gain = bad ? Math.log(PARTIAL / usual) : Math.log((1 - PARTIAL) / (1 - usual));
    this.#evidence = Math.min(MOST, Math.max(0, this.#evidence + gain));
    this.#recent.push(bad);
    if (this.#recent.length > HINDSIGHT) this.#errors.learn(this.#recent.shift() === true);
  }

  #hangs(now: number): boolean {
    const { slowMs } = this.#latency;
    return slowMs !== Number.POSITIVE_INFINITY && this.#awaiting.since(now - slowMs, HANGING);
  }
}
