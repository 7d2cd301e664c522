/** Of the normal distribution: 95 % lie within so many standard deviations. */
const Z = 1.959964;

/**
 * Where a share truly lies, 95 times in 100, when `hits` of `of` were seen: Wilson's score interval, which also holds for
 * few and for shares near 0 and 1 (E. B. Wilson, "Probable inference, the law of succession, and statistical inference",
 * 1927). Null when nothing was seen.
 */
export function wilson(hits: number, of: number): readonly [low: number, high: number] | null {
  if (of <= 0) return null;
  const share = hits / of;
  const spread = (Z * Z) / of;
  const middle = (share + spread / 2) / (1 + spread);
  const half = (Z / (1 + spread)) * Math.sqrt((share * (1 - share)) / of + spread / of / 4);
  return [hits === 0 ? 0 : Math.max(0, middle - half), hits === of ? 1 : Math.min(1, middle + half)];
}
