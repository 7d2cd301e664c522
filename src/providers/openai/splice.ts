const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const MODEL_KEY = Buffer.from('"model"');

/**
 * Puts another model's name into a request body and leaves every other byte as it is: parsing and writing the body again
 * would cost ten times as much, and change numbers that JavaScript cannot hold.
 *
 * @param body JSON that has parsed, an object at its top.
 */
export function withModel(body: Uint8Array, model: string): Uint8Array {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const value = findModelValue(bytes);
  const name = Buffer.from(JSON.stringify(model));
  if (value === null) return Buffer.concat([Buffer.from('{"model":'), name, afterBrace(bytes)]);
  return Buffer.concat([bytes.subarray(0, value.start), name, bytes.subarray(value.end)]);
}

interface Span {
  readonly start: number;
  readonly end: number;
}

/** What follows the opening brace, with the comma that a new first member needs. */
function afterBrace(bytes: Buffer): Buffer {
  const rest = bytes.subarray(bytes.indexOf(0x7b) + 1);
  return rest.toString('latin1').trimStart().startsWith('}') ? rest : Buffer.concat([Buffer.from(','), rest]);
}

/** The value of the top-level `model` member, the last one where there are several, as JSON.parse has it. */
function findModelValue(bytes: Buffer): Span | null {
  // Most bodies hold the key once and early, where a look at its depth is cheap; the walk is bounded by its position.
  const first = bytes.indexOf(MODEL_KEY);
  if (first < 0) return null;
  let found: Span | null = null;
  let depth = 0;
  for (let at = 0; at < bytes.length;) {
    const byte = bytes[at];
    if (byte === QUOTE) {
      const end = endOfString(bytes, at);
      if (
        depth === 1 &&
        end - at === MODEL_KEY.length &&
        bytes.compare(MODEL_KEY, 0, MODEL_KEY.length, at, end) === 0
      ) {
        const span = valueAfter(bytes, end);
        if (span !== null) {
          found = span;
          if (bytes.indexOf(MODEL_KEY, span.end) < 0) return found;
          at = span.end;
          continue;
        }
      }
      at = end;
    } else {
      if (byte === 0x7b || byte === 0x5b) depth += 1;
      else if (byte === 0x7d || byte === 0x5d) depth -= 1;
      at += 1;
    }
  }
  return found;
}

/** The scalar after `"model"` and its colon; null when the string was a value and no key. */
function valueAfter(bytes: Buffer, at: number): Span | null {
  const colon = skipSpace(bytes, at);
  if (bytes[colon] !== 0x3a) return null;
  const start = skipSpace(bytes, colon + 1);
  if (bytes[start] === QUOTE) return { start, end: endOfString(bytes, start) };
  let end = start;
  while (end < bytes.length && bytes[end] !== 0x2c && bytes[end] !== 0x7d && !isSpace(bytes[end])) end += 1;
  return { start, end };
}

/** One past the closing quote of the string that begins at `at`. */
function endOfString(bytes: Buffer, at: number): number {
  for (let quote = bytes.indexOf(QUOTE, at + 1); quote >= 0; quote = bytes.indexOf(QUOTE, quote + 1)) {
    let slashes = 0;
    while (bytes[quote - 1 - slashes] === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote + 1;
  }
  return bytes.length;
}

function skipSpace(bytes: Buffer, at: number): number {
  while (isSpace(bytes[at])) at += 1;
  return at;
}

function isSpace(byte: number | undefined): boolean {
  return byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09;
}
