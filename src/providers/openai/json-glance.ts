import { parseJson } from '../../engine/parse-json.ts';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN_BRACKET = 0x5b;
const BACKSLASH = 0x5c;
const CLOSE_BRACKET = 0x5d;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const SPACE = 0x20;
const LINE_FEED = 0x0a;
const ZERO = 0x30;
const NINE = 0x39;
const LOWEST_LETTER = 0x41;

/** What nests deeper is left to a parse; each level is a bit of one number. */
const DEEPEST = 30;

/** Bit sets of lengths have this many; no member that anybody looks for has a longer name. */
const LENGTHS = 31;

/** Short texts end within so many bytes; up to there a look at each costs less than to call for a search. */
const NEAR_BYTES = 48;

/** Whole numbers of as many digits are exact. */
const EXACT_DIGITS = 15;

/**
 * Looks at bytes that are nearly always as they should be: do they hold one JSON object, whole and in order, and what are the
 * values of some of its members? Nothing is built of all the rest. A call whose request and answer are only looked at costs
 * 1 µs less than one for which both are parsed, leaves a quarter less garbage, and far less where nothing stands in the caches.
 *
 * What is found in order, `JSON.parse` finds in order, too; but for odd numbers, and for wrong escapes and control characters in
 * long texts, which are passed over. What is unusual is left to a parse: names with escapes, deep nesting, a byte order mark.
 *
 * One serves all, because a look is over before anything else runs.
 */
export class Glance<Name extends string> {
  readonly #names: readonly Name[];
  readonly #written: readonly Buffer[];
  /** The lengths of the names, each a bit: most members are not wanted, as their length already tells. */
  readonly #lengths: number;
  readonly #wary: boolean;
  readonly #starts: number[];
  /** One past the end of each value; 0 where there is none. */
  readonly #ends: number[];

  /**
   * @param names of the members to be found; of several of one name the last counts, as in `JSON.parse`.
   * @param wary takes it for unusual when anything, anywhere, has the name or the value `error`.
   */
  constructor(names: readonly Name[], wary = false) {
    this.#names = names;
    this.#written = names.map((name) => Buffer.from(name));
    this.#lengths = names.reduce((bits, { length }) => bits | (1 << length), 0);
    this.#wary = wary;
    this.#starts = names.map(() => 0);
    this.#ends = names.map(() => 0);
  }

  /** @returns whether the bytes from `from` up to `to` hold one whole object with nothing unusual about it. */
  at(bytes: Buffer, from = 0, to: number = bytes.length): boolean {
    this.#forget();
    lineAt = -1;
    const wary = this.#wary;
    let at = skipSpace(bytes, from);
    if (bytes[at] !== OPEN_BRACE) return false;
    at = skipSpace(bytes, at + 1);
    if (bytes[at] === CLOSE_BRACE) return endsAt(bytes, at + 1, to);
    while (bytes[at] === QUOTE) {
      const nameEnd = endOfName(bytes, at, wary);
      const start = nameEnd < 0 ? -1 : valueAfter(bytes, nameEnd);
      const end = start < 0 ? -1 : endOfValue(bytes, start, wary);
      if (end < 0) return false;
      this.#keep(bytes, at + 1, nameEnd - at - 2, start, end);
      at = skipSpace(bytes, end);
      if (bytes[at] === CLOSE_BRACE) return endsAt(bytes, at + 1, to);
      if (bytes[at] !== COMMA) return false;
      at = skipSpace(bytes, at + 1);
    }
    return false;
  }

  /** Where the member's value begins in the bytes that were looked at last; -1 when it has none. */
  startOf(name: Name): number {
    const place = this.#names.indexOf(name);
    return this.#ends[place] === 0 ? -1 : (this.#starts[place] as number);
  }

  endOf(name: Name): number {
    return this.#ends[this.#names.indexOf(name)] as number;
  }

  /**
   * The member's value in the bytes that were looked at last; undefined when it has none.
   *
   * @throws {SyntaxError} one of those that a look passes over.
   */
  value(bytes: Buffer, name: Name): unknown {
    const place = this.#names.indexOf(name);
    const start = this.#starts[place] as number;
    const end = this.#ends[place] as number;
    if (end === 0) return undefined;
    const value = simpleValue(bytes, start, end);
    return value === undefined ? parseJson(bytes.toString('utf8', start, end)) : value;
  }

  #forget(): void {
    const ends = this.#ends;
    for (let place = 0; place < ends.length; place += 1) ends[place] = 0;
  }

  #keep(bytes: Buffer, at: number, length: number, start: number, end: number): void {
    if (length >= LENGTHS || ((this.#lengths >> length) & 1) === 0) return;
    const names = this.#written;
    for (let place = 0; place < names.length; place += 1) {
      const name = names[place] as Buffer;
      if (name.length !== length || !holds(bytes, at, name)) continue;
      this.#starts[place] = start;
      this.#ends[place] = end;
    }
  }
}

/** Most values, without a parse: ASCII without escapes, whole numbers, literals. Undefined for what is none of them. */
function simpleValue(bytes: Buffer, start: number, end: number): string | number | boolean | null | undefined {
  const first = bytes[start] as number;
  if (first === QUOTE) return seenBefore(bytes, start + 1, end - 1) ?? plainText(bytes, start + 1, end - 1);
  if (first >= LOWEST_LETTER) return literalAt(bytes, start, end);
  // A number with a nought in front is none.
  if (end - start > EXACT_DIGITS || (first === ZERO && end - start > 1)) return undefined;
  let number = 0;
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte < ZERO || byte > NINE) return undefined;
    number = number * 10 + byte - ZERO;
  }
  return number;
}

/** The look has seen that it is one of the three; a list or an object begins with what is no letter, but stands among them. */
function literalAt(bytes: Buffer, start: number, end: number): boolean | null | undefined {
  for (const { written, value } of LITERALS) {
    if (end - start === written.length && holds(bytes, start, written)) return value;
  }
  return undefined;
}

/** Undefined for a text that is not ASCII, or has escapes. */
function plainText(bytes: Buffer, start: number, end: number): string | undefined {
  for (let at = start; at < end; at += 1) {
    const byte = bytes[at] as number;
    if (byte >= 0x80 || byte === BACKSLASH || byte < SPACE) return undefined;
  }
  const text = bytes.toString('latin1', start, end);
  if (end - start > 0 && end - start <= NEAR_BYTES) {
    SEEN[placeOfText(bytes, start, end)] = { text, written: Buffer.from(text, 'latin1') };
  }
  return text;
}

/** Texts that were read lately, each in its place: a handful of models' names are in nearly all requests. */
const PLACES = 64;
const SEEN = Array.from<{ readonly text: string; readonly written: Buffer } | undefined>({ length: PLACES });

function placeOfText(bytes: Buffer, start: number, end: number): number {
  return (end - start + (bytes[start] as number) + 7 * (bytes[end - 1] as number)) & (PLACES - 1);
}

/**
 * The very string that was read from the same bytes before; null when there is none. To make one takes a call out of
 * JavaScript, and whoever looks up or compares a new one has to go through its letters.
 */
function seenBefore(bytes: Buffer, start: number, end: number): string | null {
  if (end <= start) return null;
  const seen = SEEN[placeOfText(bytes, start, end)];
  return seen !== undefined && seen.written.length === end - start && holds(bytes, start, seen.written)
    ? seen.text
    : null;
}

/** One past the value that begins at `at`; -1 when there is none, it never ends, or something is unusual about it. */
function endOfValue(bytes: Buffer, at: number, wary: boolean): number {
  let depth = 0;
  // Where we are, a bit for each level: 1 in an object, 0 in a list.
  let levels = 0;
  let next = at;
  for (;;) {
    const first = bytes[next];
    if (first === QUOTE) next = endOfText(bytes, next, wary);
    else if (first === OPEN_BRACE || first === OPEN_BRACKET) {
      const isObject = first === OPEN_BRACE;
      next = skipSpace(bytes, next + 1);
      if (bytes[next] !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) {
        if (depth === DEEPEST) return -1;
        depth += 1;
        levels = (levels << 1) | (isObject ? 1 : 0);
        if (isObject) next = valueOfMember(bytes, next, wary);
        if (next < 0) return -1;
        continue;
      }
      next += 1;
    } else next = endOfPlain(bytes, next);
    if (next < 0) return -1;
    // A value is over, and with it perhaps what it stands in.
    for (;;) {
      if (depth === 0) return next;
      next = skipSpace(bytes, next);
      const byte = bytes[next];
      const isObject = (levels & 1) === 1;
      next += 1;
      if (byte === COMMA) {
        next = skipSpace(bytes, next);
        if (isObject) next = valueOfMember(bytes, next, wary);
        if (next < 0) return -1;
        break;
      }
      if (byte !== (isObject ? CLOSE_BRACE : CLOSE_BRACKET)) return -1;
      depth -= 1;
      levels >>= 1;
    }
  }
}

/** Where the value of the member begins whose name begins at `at`; -1 when there is none. */
function valueOfMember(bytes: Buffer, at: number, wary: boolean): number {
  const end = bytes[at] === QUOTE ? endOfName(bytes, at, wary) : -1;
  return end < 0 ? -1 : valueAfter(bytes, end);
}

/** Where a value begins behind the name that ends at `at`; -1 when none can. */
function valueAfter(bytes: Buffer, at: number): number {
  const colon = skipSpace(bytes, at);
  return bytes[colon] === COLON ? skipSpace(bytes, colon + 1) : -1;
}

/** One past a member's name; -1 when it is written with escapes, or is none. */
function endOfName(bytes: Buffer, at: number, wary: boolean): number {
  const { length } = bytes;
  for (let next = at + 1; next < length; next += 1) {
    const byte = bytes[next] as number;
    if (byte === QUOTE) return wary && isError(bytes, at, next) ? -1 : next + 1;
    if (byte < SPACE || byte === BACKSLASH) return -1;
  }
  return -1;
}

function endOfText(bytes: Buffer, at: number, wary: boolean): number {
  const near = Math.min(bytes.length, at + NEAR_BYTES);
  let next = at + 1;
  for (; next < near; next += 1) {
    const byte = bytes[next] as number;
    if (byte === QUOTE) return wary && isError(bytes, at, next) ? -1 : next + 1;
    if (byte < SPACE) return -1;
    if (byte === BACKSLASH) next += 1;
  }
  for (let quote = bytes.indexOf(QUOTE, next); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let before = quote - 1;
    while (before >= next && bytes[before] === BACKSLASH) before -= 1;
    if ((quote - before) % 2 === 0) continue;
    return hasLineBreak(bytes, next, quote) ? -1 : quote + 1;
  }
  return -1;
}

/** The first line break at or behind the place from which one was looked for last; -1 before. */
let lineAt = -1;

/** Of all that has to be escaped, line breaks are what is forgotten. Each is looked for once: most bodies have none at all. */
function hasLineBreak(bytes: Buffer, from: number, to: number): boolean {
  if (lineAt < from) {
    const found = bytes.indexOf(LINE_FEED, from);
    lineAt = found < 0 ? bytes.length : found;
  }
  return lineAt < to;
}

const ERROR = Buffer.from('error');

function isError(bytes: Buffer, at: number, quote: number): boolean {
  return quote - at - 1 === ERROR.length && holds(bytes, at + 1, ERROR);
}

interface Literal {
  readonly written: Buffer;
  readonly value: boolean | null;
}

const LITERALS: readonly Literal[] = [true, false, null].map((value) => ({
  written: Buffer.from(String(value)),
  value,
}));

/** One past a number or a literal; -1 when it is neither. */
function endOfPlain(bytes: Buffer, at: number): number {
  const first = bytes[at] as number;
  if (first === 0x2d || (first >= ZERO && first <= NINE)) return endOfNumber(bytes, at + 1);
  for (const { written } of LITERALS) {
    if (written[0] === first) return holds(bytes, at, written) ? at + written.length : -1;
  }
  return -1;
}

function endOfNumber(bytes: Buffer, at: number): number {
  let next = at;
  for (; next < bytes.length; next += 1) {
    const byte = bytes[next] as number;
    const isDigit = byte >= ZERO && byte <= NINE;
    // A point, signs, and either E.
    if (!isDigit && byte !== 0x2e && byte !== 0x2d && byte !== 0x2b && (byte | 0x20) !== 0x65) break;
  }
  return next;
}

function holds(bytes: Buffer, at: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index += 1) if (bytes[at + index] !== text[index]) return false;
  return true;
}

function endsAt(bytes: Buffer, at: number, to: number): boolean {
  return at === to || skipSpace(bytes, at) === to;
}

function skipSpace(bytes: Buffer, at: number): number {
  // Nearly always there is none.
  if ((bytes[at] as number) > SPACE) return at;
  let next = at;
  for (; next < bytes.length; next += 1) {
    const byte = bytes[next] as number;
    if (byte > SPACE || (byte !== SPACE && byte !== LINE_FEED && byte !== 0x0d && byte !== 0x09)) break;
  }
  return next;
}
