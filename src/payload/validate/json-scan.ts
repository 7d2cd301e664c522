import type { Step } from './repair.ts';

/** Where JSON stops being JSON, and why. Offsets are in UTF-16 units of the text. */
export interface JsonFault {
  readonly at: number;
  readonly wrong: string;
  readonly fix: string;
}

/** Where a member of an object or an entry of a list stands: from its name (or itself) to the end of its value. */
export interface Place {
  readonly from: number;
  readonly valueFrom: number;
  readonly to: number;
}

/** Told of everything in a text, in the order of the text; a value's insides come before the value. */
export interface Visitor {
  /**
   * `path` is only good until the visitor returns. `earlier` is where the same name has stood before.
   * @returns false to read no further.
   */
  place(path: readonly Step[], place: Place, earlier: Place | null): boolean;
}

const LISTENING_TO_NOBODY: Visitor = { place: () => true };

/** A text nested deeper is not read further: nobody means it, and the stack has an end. */
const DEEPEST_SCAN = 1000;

/**
 * Reads a text by JSON's grammar (RFC 8259), slowly and with an explanation. `JSON.parse` reads what is right; this says
 * where things stand, which names stand twice, and what is wrong with a text that is not JSON.
 */
export function scanJson(text: string, visitor: Visitor = LISTENING_TO_NOBODY): JsonFault | null {
  try {
    new Scan(text, visitor).whole();
    return null;
  } catch (stop) {
    if (stop instanceof Stop) return stop.fault;
    throw stop;
  }
}

/** Carries a fault, or no fault but enough, out of the depth of the scan. */
class Stop extends Error {
  readonly fault: JsonFault | null;
  constructor(fault: JsonFault | null) {
    super(fault?.wrong ?? 'enough was read');
    this.fault = fault;
  }
}

class Scan {
  readonly #text: string;
  readonly #visitor: Visitor;
  readonly #path: Step[] = [];
  #at = 0;

  constructor(text: string, visitor: Visitor) {
    this.#text = text;
    this.#visitor = visitor;
  }

  whole(): void {
    this.#space();
    if (this.#at === this.#text.length) this.#stop('there is nothing in it', 'Send one JSON object.');
    this.#value();
    this.#space();
    if (this.#at < this.#text.length) {
      this.#stop('something follows after the end of the JSON', 'Send one JSON object and nothing after it.');
    }
  }

  #value(): void {
    const first = this.#text[this.#at];
    if (first === '{') this.#object();
    else if (first === '[') this.#list();
    else if (first === '"') this.#string();
    else if (first === '-' || (first !== undefined && first >= '0' && first <= '9')) this.#number();
    else this.#word();
  }

  #object(): void {
    this.#deeper();
    const seen = new Map<string, Place>();
    this.#at += 1;
    this.#space();
    if (this.#take('}')) return void this.#path.pop();
    for (;;) {
      const from = this.#at;
      const key = this.#key();
      this.#space();
      if (!this.#take(':')) this.#stop(`a colon is missing after the name ${shown(key)}`, 'Write "name": value.');
      this.#path[this.#path.length - 1] = key;
      const place = this.#placed(from);
      this.#visit(place, seen.get(key) ?? null);
      seen.set(key, place);
      if (this.#more('}')) return void this.#path.pop();
    }
  }

  #list(): void {
    this.#deeper();
    this.#at += 1;
    this.#space();
    if (this.#take(']')) return void this.#path.pop();
    for (let index = 0; ; index += 1) {
      this.#path[this.#path.length - 1] = index;
      this.#visit(this.#placed(this.#at), null);
      if (this.#more(']')) return void this.#path.pop();
    }
  }

  #visit(place: Place, earlier: Place | null): void {
    if (!this.#visitor.place(this.#path, place, earlier)) throw new Stop(null);
  }

  #placed(from: number): Place {
    this.#space();
    const valueFrom = this.#at;
    this.#value();
    return { from: Math.min(from, valueFrom), valueFrom, to: this.#at };
  }

  /** After a value: true at the end, false when another follows. */
  #more(close: '}' | ']'): boolean {
    this.#space();
    if (this.#take(close)) return true;
    const comma = this.#at;
    if (!this.#take(',')) {
      if (this.#at >= this.#text.length) this.#truncated();
      const what = close === '}' ? 'member' : 'entry';
      this.#stop(
        `a comma or ${close} is missing after this ${what}`,
        `Separate ${what}s with commas, or end with ${close}.`,
      );
    }
    this.#space();
    if (this.#text[this.#at] === close) {
      this.#at = comma;
      this.#stop('a comma stands after the last one', `Remove the comma before the ${close}.`);
    }
    return false;
  }

  #key(): string {
    const first = this.#text[this.#at];
    if (first === '"') return this.#string();
    if (first === undefined) return this.#truncated();
    if (first === "'" || first === '‘' || first === '“') return this.#singleQuote();
    if (/[\p{L}_$]/u.test(first))
      return this.#stop('a name stands without quotes', 'Write names in double quotes: "model".');
    return this.#stop('a name in double quotes was expected here', 'Write "name": value.');
  }

  #string(): string {
    const from = this.#at;
    const text = this.#text;
    for (let at = from + 1; at < text.length; at += 1) {
      const code = text.charCodeAt(at);
      if (code === 0x22) {
        this.#at = at + 1;
        return JSON.parse(text.slice(from, at + 1)) as string;
      }
      if (code === 0x5c) at = this.#escape(at);
      else if (code < 0x20) {
        this.#at = at;
        const name = code === 0x0a ? 'a line break' : code === 0x09 ? 'a tab' : 'a control character';
        this.#stop(
          `${name} stands bare inside a string`,
          `Write it as ${code === 0x0a ? '\\n' : code === 0x09 ? '\\t' : '\\u00XX'}.`,
        );
      }
    }
    this.#at = text.length;
    return this.#truncated();
  }

  /** The end of an escape that begins at `at`. */
  #escape(at: number): number {
    const next = this.#text[at + 1];
    if (next === undefined) return at;
    if ('"\\/bfnrt'.includes(next)) return at + 1;
    if (next === 'u' && /^[0-9a-fA-F]{4}$/.test(this.#text.slice(at + 2, at + 6))) return at + 5;
    if (next === 'u' && this.#text.length < at + 6) return at + 1;
    this.#at = at;
    return this.#stop(`\\${next} is no escape of JSON`, 'Write a backslash itself as \\\\.');
  }

  #number(): void {
    const found = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/.exec(this.#text.slice(this.#at, this.#at + 400));
    const after = this.#text[this.#at + (found?.[0].length ?? 0)];
    if (found === null || (after !== undefined && /[\w.+]/.test(after))) {
      if (this.#text.startsWith('-Infinity', this.#at)) this.#word();
      this.#stop(
        'this is no number of JSON',
        'Write numbers as 1, 0.5 or 1e3: no leading zero or plus, digits after the point.',
      );
    }
    this.#at += found[0].length;
  }

  #word(): void {
    const rest = this.#text.slice(this.#at, this.#at + 32);
    const word = /^-?[\p{L}_$][\p{L}\p{N}_$]*/u.exec(rest)?.[0];
    if (word === 'true' || word === 'false' || word === 'null') {
      this.#at += word.length;
      return;
    }
    if (rest === '') return this.#truncated();
    if (rest.startsWith("'") || rest.startsWith('‘') || rest.startsWith('“')) return this.#singleQuote();
    if (rest.startsWith('//') || rest.startsWith('/*') || rest.startsWith('#')) {
      return this.#stop('a comment stands here, and JSON has none', 'Remove the comment.');
    }
    if (word !== undefined) return this.#strangeWord(word);
    return this.#stop(
      `${shown(rest[0] as string)} cannot stand here`,
      'A value was expected: text in quotes, a number, true, false, null, [ or {.',
    );
  }

  #strangeWord(word: string): never {
    const python: Readonly<Record<string, string>> = { True: 'true', False: 'false', None: 'null', undefined: 'null' };
    const meant = Object.hasOwn(python, word) ? python[word] : undefined;
    if (meant !== undefined) {
      return this.#stop(
        `${word} is no value of JSON`,
        `Write ${meant}, or use a JSON library (json.dumps, JSON.stringify).`,
      );
    }
    if (/^-?(?:NaN|Infinity|inf)$/i.test(word)) {
      return this.#stop(`${word} is no number of JSON`, 'Send a finite number, or leave the field out.');
    }
    if (this.#text.length - this.#at === word.length && /^(?:t|tr|tru|f|fa|fal|fals|n|nu|nul)$/.test(word))
      return this.#truncated();
    return this.#stop(`${shown(word)} stands without quotes`, 'Write text in double quotes.');
  }

  #singleQuote(): never {
    return this.#stop(
      `${shown(this.#text[this.#at] as string)} is no quote of JSON`,
      'Use double quotes ("), or a JSON library: str() of a Python dict is not JSON, json.dumps() is.',
    );
  }

  #truncated(): never {
    return this.#stop(
      'the text ends before the JSON does',
      'Send the whole body: check Content-Length, and whatever cut it on the way.',
    );
  }

  #stop(wrong: string, fix: string): never {
    throw new Stop({ at: Math.min(this.#at, this.#text.length), wrong, fix });
  }

  #deeper(): void {
    if (this.#path.length >= DEEPEST_SCAN)
      this.#stop(`it is nested more than ${DEEPEST_SCAN} levels deep`, 'Send flatter data.');
    this.#path.push('');
  }

  #take(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    return true;
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at += 1;
    }
  }
}

/** A character or a word, short and printable. */
function shown(written: string): string {
  const code = written.codePointAt(0) ?? 0;
  if (written.length <= 2 && (code < 0x20 || (code >= 0x7f && code < 0xa0) || code === 0xfeff || code === 0xfffd)) {
    return `the character U+${code.toString(16).toUpperCase().padStart(4, '0')}`;
  }
  return written.length > 24 ? `${written.slice(0, 23)}…` : written;
}
