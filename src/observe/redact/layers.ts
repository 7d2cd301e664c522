/** A text as it reads once one layer of encoding is taken off, and where each of its characters came from. */
interface View {
  readonly text: string;
  /** For each character, and for the end, its place in the text it was taken from. */
  readonly places: Uint32Array;
  /** Puts the layer back on. */
  readonly encode: (plain: string) => string;
}

/** Takes one layer off; null where there is none. */
type Layer = (text: string) => View | null;

/** The layers that secrets hide under besides base64, which keeps no place for each character. */
export const LAYERS: readonly Layer[] = [withoutEscapes, withoutPercents];

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
  '"': '"',
  '/': '/',
  '\\': '\\',
};

/** JSON inside a string, or a line of a log: `\"`, `\n`, `\u0040`. */
function withoutEscapes(text: string): View | null {
  if (!text.includes('\\')) return null;
  const builder = new Builder(text.length);
  for (let index = 0; index < text.length;) {
    const escape = text[index] === '\\' ? readEscape(text, index) : null;
    builder.add(escape?.plain ?? text.charAt(index), index);
    index += escape?.length ?? 1;
  }
  return builder.view(text.length, (plain) => JSON.stringify(plain).slice(1, -1));
}

function readEscape(text: string, at: number): { plain: string; length: number } | null {
  const letter = text.charAt(at + 1);
  const short = SHORT_ESCAPES[letter];
  if (short !== undefined) return { plain: short, length: 2 };
  const hex = letter === 'u' ? /^[0-9a-fA-F]{4}$/.exec(text.slice(at + 2, at + 6))?.[0] : undefined;
  return hex === undefined ? null : { plain: String.fromCharCode(Number.parseInt(hex, 16)), length: 6 };
}

const PERCENTS = /(?:%[0-9a-fA-F]{2})+/g;

/** Addresses and forms: `%40`, and `%2540` when it is taken off twice. */
function withoutPercents(text: string): View | null {
  if (!/%[0-9a-fA-F]{2}/.test(text)) return null;
  const builder = new Builder(text.length);
  let from = 0;
  for (const { 0: run, index } of text.matchAll(PERCENTS)) {
    builder.addAll(text.slice(from, index), from);
    const bytes = Buffer.from(run.replaceAll('%', ''), 'hex');
    // Characters of several bytes all come from where their run begins: the whole run goes if any of it does.
    const plain = bytes.toString('utf8');
    const wide = plain.length !== bytes.length;
    for (let offset = 0; offset < plain.length; offset += 1)
      builder.add(plain.charAt(offset), index + (wide ? 0 : offset * 3));
    from = index + run.length;
  }
  builder.addAll(text.slice(from), from);
  return builder.view(text.length, encodeURIComponent);
}

class Builder {
  #text = '';
  readonly #places: Uint32Array;
  #length = 0;

  /** @param most no decoded text is longer than its source */
  constructor(most: number) {
    this.#places = new Uint32Array(most + 1);
  }

  add(character: string, place: number): void {
    this.#text += character;
    this.#places[this.#length] = place;
    this.#length += 1;
  }

  addAll(text: string, place: number): void {
    this.#text += text;
    for (let offset = 0; offset < text.length; offset += 1) this.#places[this.#length + offset] = place + offset;
    this.#length += text.length;
  }

  view(end: number, encode: View['encode']): View {
    this.#places[this.#length] = end;
    return { text: this.#text, places: this.#places, encode };
  }
}

const BASE64 = /[A-Za-z0-9+/_-]{20,}={0,2}/g;

/** Looked at to tell text from the bytes of pictures and hashes. */
const SAMPLE = 512;

/** A stretch of base64 that is text inside. */
export interface Base64Run {
  readonly start: number;
  readonly end: number;
  readonly plain: string;
  readonly encode: (plain: string) => string;
}

export function base64Runs(text: string): Base64Run[] {
  const runs: Base64Run[] = [];
  for (const { 0: run, index } of text.matchAll(BASE64)) {
    const url = /[-_]/.test(run);
    if (url && /[+/]/.test(run)) continue;
    const encoding = url ? 'base64url' : 'base64';
    if (!readable(Buffer.from(run.slice(0, SAMPLE), encoding))) continue;
    const bytes = Buffer.from(run, encoding);
    const padded = run.endsWith('=') || run.length % 4 === 0;
    runs.push({
      start: index,
      end: index + run.length,
      plain: bytes.toString('utf8'),
      encode: (plain) => {
        const encoded = Buffer.from(plain, 'utf8').toString(encoding);
        return url || padded ? encoded : encoded.replace(/=+$/, '');
      },
    });
  }
  return runs;
}

/** Text has few control characters, and its bytes are UTF-8; the last character may have been cut. */
function readable(bytes: Buffer): boolean {
  if (bytes.length < 12) return false;
  const text = bytes.toString('utf8', 0, Math.max(12, bytes.length - 3));
  // oxlint-disable-next-line no-control-regex -- control characters are what tells
  return !/[\u0000-\u0008\u000e-\u001f\ufffd]/.test(text);
}
