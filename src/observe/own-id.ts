/** An id that this house has made, in two parts: what all ids of one process begin with, and a count. */
export interface OwnId {
  readonly prefix: string;
  readonly count: number;
}

/** Counts of up to this many digits in base 36 are stored as numbers: enough for 2.8 million million calls of one process. */
const MOST_DIGITS = 8;

/** Takes `hf-<process>-<count>` apart; null for an id of any other shape. The two parts give back exactly the same id. */
export function splitOwnId(id: string): OwnId | null {
  if (!id.startsWith('hf-')) return null;
  const dash = id.indexOf('-', 3);
  const count = dash < 0 ? null : countFrom(id, dash + 1);
  return count === null ? null : { prefix: id.slice(0, dash), count };
}

/** The counts whose digits begin with `digits`, as ranges that include both ends; none when no count begins so. */
export function countsBeginningWith(digits: string): (readonly [first: number, last: number])[] {
  const count = countFrom(digits, 0);
  if (count === null) return [];
  return Array.from({ length: MOST_DIGITS - digits.length + 1 }, (_, more) => {
    const width = 36 ** more;
    return [count * width, (count + 1) * width - 1] as const;
  });
}

/** Reads the canonical base 36 number that stands in `text` from `start` to its end. By hand: every call's id passes here. */
function countFrom(text: string, start: number): number | null {
  const digits = text.length - start;
  if (digits < 1 || digits > MOST_DIGITS || text.charCodeAt(start) === ZERO) return null;
  let count = 0;
  for (let index = start; index < text.length; index += 1) {
    const code = text.charCodeAt(index);
    if (code >= ZERO && code <= NINE) count = count * 36 + (code - ZERO);
    else if (code >= A && code <= Z) count = count * 36 + (code - A + 10);
    else return null;
  }
  return count;
}

const ZERO = 48;
const NINE = 57;
const A = 97;
const Z = 122;
