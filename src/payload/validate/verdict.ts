import type { Problem } from './problem.ts';
import type { ValidationMode } from '../../engine/policy.ts';

/** What is to be done about the problems of one request. */
export interface Verdict {
  /** For these it is not sent. */
  readonly refused: readonly Problem[];
  /** These are put right first. */
  readonly repaired: readonly Problem[];
  /** These are only noted. */
  readonly noted: readonly Problem[];
}

/**
 * Decides, by the route's mode. What may only be new to this table (a field or a word that the provider has learnt since) is
 * refused by `strict` alone, and not even there where the route leads to servers with words of their own.
 */
export function judge(problems: readonly Problem[], mode: ValidationMode, ownWords: boolean): Verdict {
  const refused: Problem[] = [];
  const repaired: Problem[] = [];
  const noted: Problem[] = [];
  for (const each of problems) {
    if (mode === 'observe' || mode === 'sample' || (each.novel && (mode === 'repair' || ownWords))) noted.push(each);
    else if (mode === 'repair' && each.repair !== null) repaired.push(each);
    else refused.push(each);
  }
  return { refused, repaired, noted };
}
