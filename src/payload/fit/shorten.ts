/** Of a shortened text this much is its beginning: what it is stands there. Its end is where results and errors stand. */
const HEAD_SHARE = 0.7;

/** A cut is moved back to the end of a line or a word, by this share of what is kept at most. */
const TIDY_SHARE = 0.1;

/**
 * The beginning and the end of a text, with a note of what is missing in between.
 *
 * @param tokens of the whole text.
 * @param to the most tokens that are kept, the note aside.
 */
export function shortened(text: string, tokens: number, to: number, count: (text: string) => number): string {
  let kept = Math.floor((text.length * to) / Math.max(1, tokens));
  for (;;) {
    const head = headOf(text, Math.floor(kept * HEAD_SHARE));
    const tail = tailOf(text, Math.floor(kept * (1 - HEAD_SHARE)));
    const left = count(head) + count(tail);
    if (left <= to || kept === 0) return `${head}\n[… ${tokens - left} tokens left out to fit …]\n${tail}`;
    // Tokens are not spread evenly: what is kept may be denser than the rest.
    kept = Math.floor(kept * Math.min(0.95, to / left));
  }
}

function headOf(text: string, length: number): string {
  let end = length;
  const tidy = Math.max(text.lastIndexOf('\n', length), text.lastIndexOf(' ', length));
  if (tidy > length * (1 - TIDY_SHARE)) end = tidy;
  else if (isLowSurrogate(text.charCodeAt(end))) end -= 1;
  return text.slice(0, Math.max(0, end));
}

function tailOf(text: string, length: number): string {
  let start = text.length - length;
  const line = text.indexOf('\n', start);
  const word = text.indexOf(' ', start);
  const tidy = line < 0 ? word : word < 0 ? line : Math.min(line, word);
  if (tidy >= 0 && tidy < start + length * TIDY_SHARE) start = tidy + 1;
  else if (isLowSurrogate(text.charCodeAt(start))) start += 1;
  return text.slice(start);
}

/** Whether a cut before this unit would break a character in two. */
function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff;
}
