import type { Estimate } from './window-estimates.ts';

/** Tokens left free beside every prompt: what providers add unseen, and a little for a count that is off by one. */
const MARGIN = 16;

/** What a route asks of every prompt, besides that it fits its model. */
export interface RoomRules {
  /** Most tokens of a prompt; null: as many as the model takes. */
  readonly ceiling: number | null;
  /** Tokens kept for the answer where the request does not say how long it may be. */
  readonly reserve: number;
}

/** The share of a window that an answer of unknown length can claim at most. */
const MOST_RESERVED = 4;

/** Tokens kept for the answer: what was asked for, or the reserve. */
function answerTokens(window: number, output: number | null, { reserve }: RoomRules): number {
  return output ?? Math.min(reserve, Math.floor(window / MOST_RESERVED));
}

/**
 * The most tokens that a prompt may have, as the model counts them; infinite where nothing bounds it.
 *
 * @param output tokens that the request asks for as its answer; null when it does not say.
 */
export function roomFor({ window, maxInput }: Estimate, output: number | null, rules: RoomRules): number {
  const beside = window === null ? Number.POSITIVE_INFINITY : window - answerTokens(window, output, rules) - MARGIN;
  const alone = maxInput === null ? Number.POSITIVE_INFINITY : maxInput - MARGIN;
  return Math.max(0, Math.min(beside, alone, rules.ceiling ?? Number.POSITIVE_INFINITY));
}
