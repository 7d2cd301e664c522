import { closest, distance } from 'fastest-levenshtein';
import { showName } from './secrets.ts';

/** Words from other tools' configurations that no spelling distance would find. */
const SYNONYMS: ReadonlyMap<string, readonly string[]> = new Map([
  ['apikey', ['key']],
  ['token', ['key']],
  ['secret', ['key']],
  ['url', ['baseUrl']],
  ['endpoint', ['baseUrl']],
  ['apibase', ['baseUrl']],
  ['type', ['provider']],
  ['kind', ['provider']],
  ['org', ['organization']],
  ['fallbacks', ['ladder', 'fallbackOn']],
  ['fallback', ['ladder', 'fallbackOn']],
  ['maxretries', ['attempts']],
  ['retries', ['retry', 'attempts']],
  ['timeout', ['timeouts', 'total']],
  ['ttft', ['firstContent']],
  ['name', ['id']],
]);

/** The known word that was most likely meant, or null when none is near. */
export function suggest(written: string, known: readonly string[]): string | null {
  const plain = simplify(written);
  const synonym = SYNONYMS.get(plain)?.find((word) => known.includes(word));
  if (synonym !== undefined) return synonym;
  const same = known.find((word) => simplify(word) === plain);
  if (same !== undefined) return same;
  const swapped = known.find((word) => isSwapped(plain, simplify(word)));
  if (swapped !== undefined) return swapped;
  const longer = known.filter((word) => plain.length > 1 && simplify(word).startsWith(plain));
  if (longer.length === 1) return longer[0] ?? null;
  if (known.length === 0) return null;
  const nearest = closest(plain, known.map(simplify));
  if (distance(plain, nearest) > tolerance(plain.length)) return null;
  return known.find((word) => simplify(word) === nearest) ?? null;
}

/** `Did you mean "x"?` where something is near, else the whole choice. */
export function suggestOrList(written: string, known: readonly string[]): string {
  const word = suggest(written, known);
  return word === null ? `Known here: ${known.map(showName).join(', ')}.` : `Did you mean "${showName(word)}"?`;
}

/** The commonest slip of fingers, which a distance counts as two: in a short word that would be too much. */
function isSwapped(one: string, other: string): boolean {
  let at = 0;
  while (at < one.length && one[at] === other[at]) at += 1;
  const back = one.slice(0, at) + one.slice(at + 1, at + 2) + one.slice(at, at + 1) + one.slice(at + 2);
  return at < one.length && back === other;
}

/** How many letters may be wrong: enough for a slip or two, too little to guess wildly. */
function tolerance(length: number): number {
  if (length < 4) return length === 3 ? 1 : 0;
  return Math.max(2, Math.floor(length / 3));
}

/** Spelling habits (`base_url`, `base-url`, `baseURL`) are one word. */
function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
