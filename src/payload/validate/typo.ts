import { closest, distance } from 'fastest-levenshtein';

/**
 * Fields that other servers of the same API take, and that are near enough to one of OpenAI's to be mistaken for it.
 * Whoever writes them means them.
 */
const NO_SLIPS: ReadonlySet<string> = new Set([
  'top_k',
  'top_a',
  'min_p',
  'typical_p',
  'tfs_z',
  'seeds',
  'models',
  'repetition_penalty',
  'length_penalty',
  'min_tokens',
  'max_new_tokens',
  'stop_token_ids',
  'reasoning_content',
  'reasoning_details',
]);

/**
 * The known word that was most likely meant; null when none is near. Strict on purpose: a field that a provider adds
 * tomorrow must not be taken for a slip today.
 */
export function slipOf(written: string, known: readonly string[]): string | null {
  if (written.length < 4 || written.length > 64 || known.length === 0 || NO_SLIPS.has(written)) return null;
  const plain = simplify(written);
  const same = known.find((word) => simplify(word) === plain);
  if (same !== undefined) return same;
  const nearest = closest(written, [...known]);
  return distance(written, nearest) <= tolerance(written.length) ? nearest : null;
}

/** Letters that may be wrong. Two letters swapped count as two. */
function tolerance(length: number): number {
  return length < 6 ? 1 : 2;
}

/** `maxTokens`, `max-tokens` and `max_tokens` are one word. */
function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
