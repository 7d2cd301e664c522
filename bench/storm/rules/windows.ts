import { binomialTail, windowHolds } from './chance.ts';
import type { Rule, RuleMaker } from './rule.ts';

/** Failures in a window of time in so many slices, as most libraries keep it. */
class TimeWindow {
  readonly #sliceMs: number;
  readonly #total: Float64Array;
  readonly #failed: Float64Array;
  #slice = 0;
  total = 0;
  failed = 0;

  constructor(windowMs: number, slices: number) {
    this.#sliceMs = windowMs / slices;
    this.#total = new Float64Array(slices);
    this.#failed = new Float64Array(slices);
  }

  take(now: number, failed: boolean): void {
    const slices = this.#total.length;
    const slice = Math.floor(now / this.#sliceMs);
    for (let back = Math.min(slice - this.#slice, slices) - 1; back >= 0; back -= 1) {
      const at = (slice - back) % slices;
      this.total -= this.#total[at] as number;
      this.failed -= this.#failed[at] as number;
      this.#total[at] = 0;
      this.#failed[at] = 0;
    }
    this.#slice = slice;
    const at = slice % slices;
    this.#total[at] = (this.#total[at] as number) + 1;
    this.total += 1;
    if (!failed) return;
    this.#failed[at] = (this.#failed[at] as number) + 1;
    this.failed += 1;
  }

  clear(): void {
    this.#total.fill(0);
    this.#failed.fill(0);
    this.total = 0;
    this.failed = 0;
  }
}

/** Opens when a share of at least so many calls in a window of time have failed. */
function shareOfWindow(share: number, least: number, windowMs: number, inclusive = true): () => Rule {
  return () => {
    const window = new TimeWindow(windowMs, 10);
    return {
      take(now, failed) {
        window.take(now, failed);
        if (window.total < least) return false;
        const opens = inclusive ? window.failed >= share * window.total : window.failed > share * window.total;
        if (opens) window.clear();
        return opens;
      },
    };
  };
}

/** Opens when a share of the last so many calls have failed, once there are as many. */
function shareOfLast(share: number, count: number): () => Rule {
  return () => {
    const ring = new Uint8Array(count);
    let seen = 0;
    let failures = 0;
    return {
      take(_now, failed) {
        const at = seen % count;
        if (seen >= count) failures -= ring[at] as number;
        ring[at] = failed ? 1 : 0;
        failures += failed ? 1 : 0;
        seen += 1;
        if (seen < count || failures < share * count) return false;
        seen = 0;
        failures = 0;
        return true;
      },
    };
  };
}

/** Opens on so many failures in a row, or on a success rate below a share of at least so many calls in a window. */
function runOrRate(run: number, successes: number, least: number, windowMs: number): () => Rule {
  return () => {
    const rate = shareOfWindow(1 - successes, least, windowMs, false)();
    let inARow = 0;
    return {
      take(now, failed) {
        inARow = failed ? inARow + 1 : 0;
        const opens = rate.take(now, failed);
        if (!opens && inARow < run) return false;
        inARow = 0;
        return true;
      },
    };
  };
}

const POLLY = { share: 0.1, least: 100, windowMs: 30_000 };
const HYSTRIX = { share: 0.5, least: 20, windowMs: 10_000 };
const LINKERD = { run: 7, successes: 0.8, least: 5, windowMs: 10_000 };
const RESILIENCE4J = { share: 0.5, count: 100 };

/** The defaults of breakers that are in wide use. */
export const RULES: readonly RuleMaker[] = [
  {
    id: 'polly',
    name: 'Polly 8: 10 % of ≥ 100 in 30 s',
    make: shareOfWindow(POLLY.share, POLLY.least, POLLY.windowMs),
    hazard: (rate, errors) => windowHolds(rate, errors, POLLY),
  },
  {
    id: 'resilience4j',
    name: 'resilience4j: 50 % of the last 100',
    make: shareOfLast(RESILIENCE4J.share, RESILIENCE4J.count),
    // Just one short, this outcome fails, and the one that leaves the window did not: only then it comes to hold.
    hazard(_rate, errors) {
      const short = RESILIENCE4J.share * RESILIENCE4J.count - 1;
      const others = RESILIENCE4J.count - 1;
      const justShort = binomialTail(others, short, errors) - binomialTail(others, short + 1, errors);
      return justShort * errors * (1 - errors);
    },
  },
  {
    id: 'linkerd',
    name: 'Linkerd: 7 in a row, or < 80 % of ≥ 5 in 10 s',
    make: runOrRate(LINKERD.run, LINKERD.successes, LINKERD.least, LINKERD.windowMs),
    hazard(rate, errors) {
      const { run, successes, least, windowMs } = LINKERD;
      const window = windowHolds(rate, errors, { share: 1 - successes, least, windowMs, exceeding: true });
      return Math.min(1, (1 - errors) * errors ** run + window);
    },
  },
  {
    id: 'hystrix',
    name: 'Hystrix: 50 % of ≥ 20 in 10 s',
    make: shareOfWindow(HYSTRIX.share, HYSTRIX.least, HYSTRIX.windowMs),
    hazard: (rate, errors) => windowHolds(rate, errors, HYSTRIX),
  },
];
