/** Header fields as they were sent: names in lower case, a field that came more than once as a list. */
export type Fields = Record<string, string | string[]>;

/** Field lines and nothing else, each behind its line break (RFC 9112, section 5; no folding, no space before the colon). */
const LINES = /^(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;

/** Spellings that are remembered; more than anybody needs, and no more than this from whoever invents them. */
const MOST_SPELLINGS = 512;
const LOWER = new Map<string, string>();

/**
 * Reads the fields of a head.
 *
 * Written for this: to look for the end of each line, and to cut out two strings of it, takes a third of what a parser does that
 * must be ready for the next byte to be missing.
 *
 * @param lines what stands between the first line and the empty one, each line behind its CR LF
 * @returns null where a line is no field
 */
export function readFields(lines: string): Fields | null {
  if (!LINES.test(lines)) return null;
  const fields: Fields = {};
  let end = lines.length === 0 ? -1 : 0;
  while (end >= 0) {
    const begin = end + 2;
    end = lines.indexOf('\r\n', begin);
    const colon = lines.indexOf(':', begin);
    const name = lower(lines.slice(begin, colon));
    const value = trimmed(lines, colon + 1, end < 0 ? lines.length : end);
    if (Object.hasOwn(fields, name)) repeat(fields, name, value);
    else fields[name] = value;
  }
  return fields;
}

function lower(name: string): string {
  let known = LOWER.get(name);
  if (known === undefined) {
    known = name.toLowerCase();
    if (LOWER.size < MOST_SPELLINGS) LOWER.set(name, known);
  }
  return known;
}

function repeat(fields: Fields, name: string, value: string): void {
  const before = fields[name] as string | string[];
  if (typeof before === 'string') fields[name] = [before, value];
  else before.push(value);
}

/** Without the blanks around it; between it and the colon stands one, nearly always. */
function trimmed(lines: string, from: number, to: number): string {
  let begin = from;
  let end = to;
  while (begin < end && isBlank(lines.charCodeAt(begin))) begin += 1;
  while (end > begin && isBlank(lines.charCodeAt(end - 1))) end -= 1;
  return lines.slice(begin, end);
}

function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
