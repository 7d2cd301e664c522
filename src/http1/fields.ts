/** Header fields as they were sent: names in lower case, a field that came more than once as a list. */
export type Fields = Record<string, string | string[]>;

/** Field lines and nothing else, each behind its line break (RFC 9112, section 5; no folding, no space before the colon). */
const LINES = /^(?:\r\n[!#$%&'*+\-.^_`|~0-9A-Za-z]+:[\t\x20-\x7e\x80-\xff]*)*$/;

/** Spellings that are remembered; more than anybody needs, and no more or longer than this from whoever invents them. */
const MOST_SPELLINGS = 512;
const LONGEST_SPELLING = 64;
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
    if (LOWER.size < MOST_SPELLINGS && name.length <= LONGEST_SPELLING) LOWER.set(name, known);
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

/** What may stand in neither a field's name nor its value (RFC 9110, sections 5.1 and 5.5). */
const NO_NAME = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/;
const NO_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * The lines of a head, each with its line break.
 *
 * @param fields names and values in turn
 * @throws {UnsendableField} with a character that would end it, or that no field may have
 */
export function writeFields(fields: readonly string[]): string {
  let lines = '';
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    if (name === '' || NO_NAME.test(name) || NO_VALUE.test(value)) throw new UnsendableField(name);
    lines += `${name}: ${value}\r\n`;
  }
  return lines;
}

/** A field that would not arrive as it was meant. */
class UnsendableField extends TypeError {
  override readonly name = 'UnsendableField';
  // As undici has it, so that it is taken for what it is whoever says so.
  readonly code = 'UND_ERR_INVALID_ARG';

  constructor(name: string) {
    super(`the header ${JSON.stringify(name.slice(0, 64))} has characters that cannot be sent`);
  }
}
