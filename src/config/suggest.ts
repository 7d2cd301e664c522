import { closest, distance } from 'fastest-levenshtein';

/** Words from other tools' configurations that no spelling distance would find. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  apikey: ['key'],
  token: ['key'],
  secret: ['key'],
  url: ['baseUrl'],
  endpoint: ['baseUrl'],
  apibase: ['baseUrl'],
  type: ['provider'],
  kind: ['provider'],
  org: ['organization'],
  fallbacks: ['ladder', 'fallbackOn'],
  fallback: ['ladder', 'fallbackOn'],
  maxretries: ['attempts'],
  retries: ['retry', 'attempts'],
  timeout: ['timeouts', 'total'],
  ttft: ['firstContent'],
  name: ['id'],
};

/** The known word that was most likely meant, or null when none is near. */
export function suggest(written: string, known: readonly string[]): string | null {
  const plain = simplify(written);
  const synonym = SYNONYMS[plain]?.find((word) => known.includes(word));
  if (synonym !== undefined) return synonym;
  const same = known.find((word) => simplify(word) === plain);
  if (same !== undefined) return same;
  if (known.length === 0) return null;
  const nearest = closest(plain, known.map(simplify));
  // A third of the letters may be wrong: enough for slips, too little to guess wildly.
  if (distance(plain, nearest) > Math.max(1, Math.floor(plain.length / 3))) return null;
  return known.find((word) => simplify(word) === nearest) ?? null;
}

/** `Did you mean "x"?` where something is near, else the whole choice. */
export function suggestOrList(written: string, known: readonly string[]): string {
  const word = suggest(written, known);
  return word === null ? `Known here: ${known.join(', ')}.` : `Did you mean "${word}"?`;
}

/** Spelling habits (`base_url`, `base-url`, `baseURL`) are one word. */
function simplify(word: string): string {
  return word.toLowerCase().replaceAll(/[^a-z0-9]/g, '');
}
