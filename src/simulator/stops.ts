/** The pieces before the first of the texts that end an answer; null when none of them comes up. */
export function stoppedBy(
  pieces: readonly string[],
  stops: readonly unknown[],
): { readonly pieces: string[]; readonly at: string } | null {
  const text = pieces.join('');
  const found = stops
    .filter((stop) => typeof stop === 'string')
    .map((stop) => ({ stop, at: text.indexOf(stop) }))
    .filter(({ at }) => at >= 0)
    .sort((a, b) => a.at - b.at)[0];
  if (found === undefined) return null;
  return { pieces: text.slice(0, found.at).match(/\s*\S+|\s+$/g) ?? [], at: found.stop };
}
