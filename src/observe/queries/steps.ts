import { type Span, SPANS } from '../rollups/spans.ts';
import type { Range } from './queries.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Steps that people read easily, of which the first is taken that leaves no more than {@link STEPS}. */
const EASY_MS = [
  ...[1, 2, 5, 10, 15, 30].map((minutes) => minutes * MINUTE_MS),
  ...[1, 2, 3, 6, 12].map((hours) => hours * HOUR_MS),
  ...[1, 2, 7].map((days) => days * DAY_MS),
];

/** About as many as a chart has room for. */
const STEPS = 120;

/** However many somebody asks for. */
const MOST_STEPS = 3000;

/** A range cut into equal steps, whole ones: it begins and ends where they do. */
export interface Grid {
  readonly from: number;
  readonly to: number;
  readonly stepMs: number;
  /** Start of each step, ms since 1970. */
  readonly at: readonly number[];
  /** The sums that it is drawn from: the coarsest that its steps are made of. */
  readonly span: Span;
}

/**
 * Lays steps over a range. They are longer than asked for where sums so fine are no longer kept.
 *
 * @param most steps at most, where the range does not say how long they are
 */
export function gridOf({ from, to }: Range, step: number | undefined, now: number, most: number = STEPS): Grid {
  const end = Math.max(1, to ?? now);
  const begin = Math.min(Math.max(0, from ?? end - HOUR_MS), end - 1);
  const wanted = step ?? EASY_MS.find((ms) => (end - begin) / ms <= most) ?? 30 * DAY_MS;
  const finest = SPANS.find(({ keptMs }) => begin >= now - keptMs) ?? SPANS[2];
  const least = Math.max(wanted, (end - begin) / MOST_STEPS);
  const stepMs = Math.ceil(least / finest.ms) * finest.ms;
  const first = Math.floor(begin / stepMs);
  const count = Math.ceil(end / stepMs) - first;
  return {
    from: first * stepMs,
    to: (first + count) * stepMs,
    stepMs,
    at: Array.from({ length: count }, (_, index) => (first + index) * stepMs),
    span: SPANS.findLast(({ ms }) => stepMs % ms === 0) ?? SPANS[0],
  };
}

/** The step that holds a moment. */
export function stepOf({ from, stepMs }: Grid, at: number): number {
  return Math.floor((at - from) / stepMs);
}
