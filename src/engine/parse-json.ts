/**
 * Deepest nesting that is parsed. No request or answer is a tenth as deep, and V8 must be kept from more: the version in
 * Node 26 damages its own memory when it parses a text that is nested some thousand levels deep and then turns out to be
 * cut or wrong, and the process dies a little later.
 */
const DEEPEST = 1000;

/**
 * `JSON.parse` for text from outside.
 *
 * @throws {SyntaxError} the text is not JSON, or is nested more than a thousand levels deep.
 */
export function parseJson(text: string): unknown {
  if (mayNestDeeply(text) && depthOf(text) > DEEPEST) throw new SyntaxError(`nested more than ${DEEPEST} levels deep`);
  return JSON.parse(text);
}

/** A text that opens fewer lists and objects than that cannot nest them so deep: that is found out at the speed of a search. */
function mayNestDeeply(text: string): boolean {
  if (text.length <= DEEPEST) return false;
  let opened = 0;
  for (let at = text.indexOf('{'); at >= 0 && opened <= DEEPEST; at = text.indexOf('{', at + 1)) opened += 1;
  for (let at = text.indexOf('['); at >= 0 && opened <= DEEPEST; at = text.indexOf('[', at + 1)) opened += 1;
  return opened > DEEPEST;
}

const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** How deep lists and objects are nested; reading stops where it is known to be too deep. Brackets in strings are text. */
function depthOf(text: string): number {
  let depth = 0;
  let deepest = 0;
  for (let at = 0; at < text.length && deepest <= DEEPEST; at += 1) {
    const code = text.charCodeAt(at);
    if (code === QUOTE) at = endOfString(text, at);
    // `[` and `{` are 0x5b and 0x7b, `]` and `}` 0x5d and 0x7d: told apart by their lower bits, with one comparison.
    else if ((code | 0x20) === 0x7b) deepest = Math.max(deepest, (depth += 1));
    else if ((code | 0x20) === 0x7d) depth -= 1;
  }
  return deepest;
}

/** The closing quote of the string that begins at `at`; the end of the text when there is none. */
function endOfString(text: string, at: number): number {
  for (let quote = text.indexOf('"', at + 1); quote >= 0; quote = text.indexOf('"', quote + 1)) {
    let slashes = 0;
    while (text.charCodeAt(quote - 1 - slashes) === BACKSLASH) slashes += 1;
    if (slashes % 2 === 0) return quote;
  }
  return text.length;
}
