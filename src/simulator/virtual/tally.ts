import { ANSWERED, type Order, type Verdict } from './order.ts';
import type { Provider } from './provider.ts';

/** Counts over virtual time, one entry for each bin. */
export interface Series {
  readonly binMs: number;
  /** Arrivals. */
  readonly offered: readonly number[];
  /** Of those arrivals, how many were answered in the end. */
  readonly answered: readonly number[];
  /** Requests that reached a provider. */
  readonly attempts: readonly number[];
  /** The same, by provider. */
  readonly attemptsAt: Readonly<Record<string, readonly number[]>>;
  /** Answers, at the time they were whole. */
  readonly goodput: readonly number[];
  /** Failures, at the time the caller was told. */
  readonly errors: readonly number[];
}

/** What a run comes to. */
export interface Tale {
  readonly seed: number;
  readonly offered: number;
  readonly answered: number;
  /** Calls that failed, by the kind of fault their caller was told. */
  readonly failed: Readonly<Record<string, number>>;
  readonly attempts: number;
  readonly attemptsAt: Readonly<Record<string, number>>;
  /** Tokens of the answers that callers got, and of all that providers worked for. */
  readonly tokens: { readonly answered: number; readonly made: number };
  /** Time to the whole answer of the calls that were answered, ms. */
  readonly latency: { readonly p50: number; readonly p99: number; readonly most: number };
  /** The most calls under way, and timers set, at any one time. */
  readonly mostLive: number;
  readonly mostTimers: number;
  /** What the client had to say of itself, such as that a breaker opened. */
  readonly notes: readonly Note[];
  readonly series: Series;
}

/** Something worth telling that happened at a moment, ms of virtual time. */
export interface Note {
  readonly at: number;
  readonly text: string;
}

/** A client that never stops talking would fill the memory. */
const MOST_NOTES = 100_000;

/** Latencies are counted in steps of 2 %: exact enough for a quantile, and a month of calls fits in a page. */
const STEP = Math.log(1.02);

export class Tally {
  readonly #binMs: number;
  readonly #seed: number;
  readonly #offered: number[] = [];
  readonly #answered: number[] = [];
  readonly #attempts: number[] = [];
  readonly #attemptsAt = new Map<string, number[]>();
  readonly #notes: Note[] = [];
  readonly #goodput: number[] = [];
  readonly #errors: number[] = [];
  readonly #failed = new Map<Verdict, number>();
  readonly #latencies: number[] = [];
  #tokens = 0;
  #mostMs = 0;
  #mostLive = 0;
  #mostTimers = 0;

  constructor(binMs: number, seed: number) {
    this.#binMs = binMs;
    this.#seed = seed;
  }

  offered(at: number, live: number, timers: number): void {
    this.#count(this.#offered, at);
    if (live > this.#mostLive) this.#mostLive = live;
    if (timers > this.#mostTimers) this.#mostTimers = timers;
  }

  attempted(at: number, provider: string): void {
    this.#count(this.#attempts, at);
    let counts = this.#attemptsAt.get(provider);
    if (counts === undefined) this.#attemptsAt.set(provider, (counts = []));
    this.#count(counts, at);
  }

  note(at: number, text: string): void {
    if (this.#notes.length < MOST_NOTES) this.#notes.push({ at, text });
  }

  ended(order: Order, at: number, verdict: Verdict): void {
    if (verdict !== ANSWERED) {
      this.#count(this.#errors, at);
      this.#failed.set(verdict, (this.#failed.get(verdict) ?? 0) + 1);
      return;
    }
    this.#count(this.#answered, order.at);
    this.#count(this.#goodput, at);
    this.#tokens += order.tokens;
    const ms = at - order.at;
    const bucket = Math.max(0, Math.ceil(Math.log(Math.max(ms, 0.1) * 10) / STEP));
    this.#latencies[bucket] = (this.#latencies[bucket] ?? 0) + 1;
    if (ms > this.#mostMs) this.#mostMs = ms;
  }

  tell(providers: readonly Provider[]): Tale {
    const bins = Math.max(...this.#series().map((each) => each.length));
    const filled = (counts: readonly number[]): number[] => Array.from({ length: bins }, (_, at) => counts[at] ?? 0);
    return {
      seed: this.#seed,
      offered: sum(this.#offered),
      answered: sum(this.#answered),
      failed: Object.fromEntries([...this.#failed].sort(([a], [b]) => (a < b ? -1 : 1))),
      attempts: providers.reduce((total, { attempts }) => total + attempts, 0),
      attemptsAt: Object.fromEntries(providers.map(({ spec, attempts }) => [spec.id, attempts])),
      tokens: { answered: this.#tokens, made: providers.reduce((total, { tokens }) => total + tokens, 0) },
      latency: { p50: this.#quantile(0.5), p99: this.#quantile(0.99), most: this.#mostMs },
      mostLive: this.#mostLive,
      mostTimers: this.#mostTimers,
      notes: this.#notes,
      series: {
        binMs: this.#binMs,
        offered: filled(this.#offered),
        answered: filled(this.#answered),
        attempts: filled(this.#attempts),
        attemptsAt: Object.fromEntries(
          providers.map(({ spec }) => [spec.id, filled(this.#attemptsAt.get(spec.id) ?? [])]),
        ),
        goodput: filled(this.#goodput),
        errors: filled(this.#errors),
      },
    };
  }

  #series(): readonly (readonly number[])[] {
    return [this.#offered, this.#answered, this.#attempts, this.#goodput, this.#errors];
  }

  #count(counts: number[], at: number): void {
    const bin = Math.floor(at / this.#binMs);
    while (counts.length <= bin) counts.push(0);
    counts[bin] = (counts[bin] as number) + 1;
  }

  #quantile(share: number): number {
    const wanted = share * sum(this.#latencies);
    let seen = 0;
    for (const [bucket, count] of this.#latencies.entries()) {
      seen += count ?? 0;
      if (seen >= wanted && seen > 0) return Math.exp(bucket * STEP) / 10;
    }
    return 0;
  }
}

function sum(counts: readonly (number | undefined)[]): number {
  return counts.reduce<number>((total, count) => total + (count ?? 0), 0);
}
