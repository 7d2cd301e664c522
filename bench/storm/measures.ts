import type { Series } from '../../src/simulator/virtual/tally.ts';

/** What there is to be measured of a run, on whatever clock. */
export interface Told {
  readonly series: Series;
}

/** Sum of the entries of a series from one time to another, in seconds. */
export function between(counts: readonly number[], binMs: number, from: number, to: number): number {
  let total = 0;
  const end = Math.min(counts.length, Math.round((to * 1000) / binMs));
  for (let bin = Math.round((from * 1000) / binMs); bin < end; bin += 1) {
    total += counts[bin] ?? 0;
  }
  return total;
}

/** Attempts for each arrival in a stretch of time. */
export function amplification({ series }: Told, from: number, to: number): number {
  return between(series.attempts, series.binMs, from, to) / between(series.offered, series.binMs, from, to);
}

/** Share of a stretch's arrivals that were answered in the end. */
export function answeredShare({ series }: Told, from: number, to: number): number {
  return between(series.answered, series.binMs, from, to) / between(series.offered, series.binMs, from, to);
}

/** Arrivals of a stretch that were never answered. */
export function lost({ series }: Told, from: number, to: number): number {
  return between(series.offered, series.binMs, from, to) - between(series.answered, series.binMs, from, to);
}

/** Windows of this many seconds have to be well for this many seconds before a recovery counts as one. */
const WINDOW = 5;
const WELL_FOR = 30;

/**
 * Seconds from a trigger's end until every window of 5 s within 30 s has at least 95 % of the answered share of before;
 * infinite when the series ends first.
 *
 * @param calmFrom, calmTo the stretch that tells how it was before, s
 */
export function timeToRecover(tale: Told, calmFrom: number, calmTo: number, triggerEnd: number): number {
  const wanted = 0.95 * answeredShare(tale, calmFrom, calmTo);
  // Answers may come long after the last arrival; there is nothing to be judged there.
  const end = Math.floor(((tale.series.offered.findLastIndex((count) => count > 0) + 1) * tale.series.binMs) / 1000);
  let wellSince = triggerEnd;
  for (let at = triggerEnd; at + WINDOW <= end; at += 1) {
    if (answeredShare(tale, at, at + WINDOW) < wanted) wellSince = at + 1;
    if (at + WINDOW - wellSince >= WELL_FOR) return wellSince - triggerEnd;
  }
  return Number.POSITIVE_INFINITY;
}

/** How a provider that went bad was left for another. */
export interface Diversion {
  /** From the onset until the bad provider is left alone; infinite when it never is. */
  readonly seconds: number;
  /** Calls that had come by then: who has not been called cannot know. */
  readonly calls: number;
  /** Attempts at the bad provider until then. */
  readonly attempts: number;
  /** Calls of the whole bad time that failed. */
  readonly failed: number;
}

/**
 * Left alone: one attempt at most in the second to come, and a fifth of the calls at most in five. The rest are probes.
 *
 * @param onset, end the bad time of the provider `a`, s; the series has entries of a tenth of a second, so that half a second
 * can be told from a whole one
 */
export function diversionOf({ series }: Told, onset: number, end: number): Diversion {
  const { binMs, offered, errors } = series;
  const at = series.attemptsAt['a'] ?? [];
  const failed = between(errors, binMs, onset, Number.POSITIVE_INFINITY);
  for (let step = 0; onset + step / 10 + 5 <= end; step += 1) {
    const from = onset + step / 10;
    const quiet = between(at, binMs, from, from + 1) <= 1;
    if (quiet && between(at, binMs, from, from + 5) <= 0.2 * between(offered, binMs, from, from + 5)) {
      const seconds = Number((step / 10).toFixed(1));
      const calls = between(offered, binMs, onset, from);
      return { seconds, calls, attempts: between(at, binMs, onset, from), failed };
    }
  }
  const never = Number.POSITIVE_INFINITY;
  return { seconds: never, calls: never, attempts: between(at, binMs, onset, end), failed };
}

/** The middle value, and the worst: the greatest where less is better, else the least. */
export function medianOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

export function worstOf(values: readonly number[], better: 'less' | 'more'): number {
  return better === 'less' ? Math.max(...values) : Math.min(...values);
}
