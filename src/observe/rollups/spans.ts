const DAY_MS = 86_400_000;

/** What calls are added up over. */
export interface Span {
  readonly ms: number;
  /** Kept for this long, ms. */
  readonly keptMs: number;
}

/** Fine ones for what happens now, coarse ones for long charts; the finest first. */
export const SPANS: readonly [minute: Span, hour: Span, day: Span] = [
  { ms: 60_000, keptMs: 3 * DAY_MS },
  { ms: 3_600_000, keptMs: 62 * DAY_MS },
  { ms: DAY_MS, keptMs: 800 * DAY_MS },
];

/** Users are told apart by the day, and forgotten sooner than days are. */
export const USERS: Span = { ms: DAY_MS, keptMs: 93 * DAY_MS };

/** Start of the span that holds a moment. */
export function startOf({ ms }: Span, at: number): number {
  return at - (at % ms);
}
