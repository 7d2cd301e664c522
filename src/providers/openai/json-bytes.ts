const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

/** Part of a body: where it begins and one past where it ends. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/**
 * Finds the members of the JSON object that `bytes` hold, without parsing what is in them: strings are jumped over at the
 * speed of a byte search, so that a hundred kilobytes of conversation cost a quarter of a parse. The last of several
 * members of one name counts, as in JSON.parse.
 *
 * @returns the values of those of the `wanted` members that are there; null when the bytes are not one whole object as far
 * as its own structure shows (what is inside its values is not looked at).
 */
export function findMembers<Name extends string>(
  bytes: Buffer,
  wanted: ReadonlySet<Name>,
): ReadonlyMap<Name, Span> | null {
  const found = new Map<Name, Span>();
  const lengths = lengthsOf(wanted);
  let at = skipSpace(bytes, startOfText(bytes));
  if (bytes[at] !== OPEN_BRACE) return null;
  at = skipSpace(bytes, at + 1);
  if (bytes[at] === CLOSE_BRACE) return skipSpace(bytes, at + 1) === bytes.length ? found : null;
  for (;;) {
    if (bytes[at] !== QUOTE) return null;
    const keyEnd = endOfString(bytes, at);
    const key = nameIn(bytes, at, keyEnd, lengths);
    if (key === null) return null;
    at = skipSpace(bytes, keyEnd);
    if (bytes[at] !== COLON) return null;
    const start = skipSpace(bytes, at + 1);
    const end = endOfValue(bytes, start);
    if (end <= start) return null;
    if (wanted.has(key as Name)) found.set(key as Name, { start, end });
    at = skipSpace(bytes, end);
    if (bytes[at] === CLOSE_BRACE) return skipSpace(bytes, at + 1) === bytes.length ? found : null;
    if (bytes[at] !== COMMA) return null;
    at = skipSpace(bytes, at + 1);
  }
}

/**
 * The member name in quotation marks; null when it is none that JSON knows. Most members are not wanted, as their length
 * already tells: no text is made of their names, and they come as ''. A name may be written with escapes (`mod\u0065l`), and
 * whoever reads it next will take it for what it means, so it is read in full.
 */
function nameIn(bytes: Buffer, at: number, end: number, lengths: number): string | null {
  for (let next = at + 1; next < end - 1; next += 1) if (bytes[next] === BACKSLASH) return unescaped(bytes, at, end);
  const length = end - at - 2;
  return length < LENGTHS && ((lengths >> length) & 1) === 1 ? bytes.toString('latin1', at + 1, end - 1) : '';
}

function unescaped(bytes: Buffer, at: number, end: number): string | null {
  try {
    return JSON.parse(bytes.toString('utf8', at, end)) as string;
  } catch {
    return null;
  }
}

/** One past the value that begins at `at`; `at` itself when none does, or it never ends. */
function endOfValue(bytes: Buffer, at: number): number {
  const first = bytes[at];
  if (first === QUOTE) return endOfString(bytes, at);
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return endOfNested(bytes, at);
  let end = at;
  while (end < bytes.length && isPlain(bytes[end] as number)) end += 1;
  return end;
}

function endOfNested(bytes: Buffer, at: number): number {
  let depth = 0;
  for (let next = at; next < bytes.length;) {
    const byte = bytes[next] as number;
    if (byte === QUOTE) {
      next = endOfString(bytes, next);
      continue;
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) depth += 1;
    else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      depth -= 1;
      if (depth === 0) return next + 1;
    }
    next += 1;
  }
  return at;
}

/** Bit sets of lengths have this many; no member that anybody looks for has a longer name. */
const LENGTHS = 31;

/** The lengths of some names, each a bit. */
function lengthsOf(names: ReadonlySet<string>): number {
  let lengths = 0;
  for (const { length } of names) lengths |= 1 << length;
  return lengths;
}

/** Names and short values end within so many bytes; up to there a look at each costs less than to call for a search. */
const NEAR_BYTES = 24;

/** One past the closing quote of the string that begins at `at`; the end of the bytes when it never closes. */
function endOfString(bytes: Buffer, at: number): number {
  const near = Math.min(bytes.length, at + NEAR_BYTES);
  for (let next = at + 1; next < near; next += 1) {
    const byte = bytes[next];
    if (byte === QUOTE) return next + 1;
    if (byte === BACKSLASH) next += 1;
  }
  for (let quote = bytes.indexOf(QUOTE, at + 1); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let slashes = 0;
    while (bytes[quote - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return bytes.length;
}

/** A byte of a number or a literal: anything that ends no value. */
function isPlain(byte: number): boolean {
  return byte !== COMMA && byte !== CLOSE_BRACE && byte !== CLOSE_BRACKET && !isSpace(byte);
}

/** Where the text begins: some editors and libraries put a byte order mark before it, which is no part of it. */
export function startOfText(bytes: Buffer): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
}

export function skipSpace(bytes: Buffer, at: number): number {
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
