import { isUtf8 } from 'node:buffer';
import { parseJson } from '../../engine/parse-json.ts';
import { type Problem, problem } from './problem.ts';
import { paramOf } from './param.ts';
import { type JsonFault, scanJson } from './json-scan.ts';

const MARK = '\ufeff';
/** Bytes that the mark takes in UTF-8. */
export const MARK_BYTES = 3;

/** A body read as JSON, or what is wrong with it as JSON. */
export type JsonReading =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'broken'; readonly problem: Problem };

/** Parses a body; what is not JSON is read once more, slowly, to say where and why. */
export function readJson(bytes: Buffer, text: string): JsonReading {
  let value: unknown;
  try {
    value = parseJson(text);
  } catch (error) {
    return { kind: 'broken', problem: brokenJson(bytes, text, error) };
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return { kind: 'object', value: value as Record<string, unknown> };
  }
  const what = Array.isArray(value) ? 'a list' : value === null ? 'null' : `a ${typeof value}`;
  return {
    kind: 'broken',
    problem: unreadable(`it is ${what}, and an object is needed`, 'Send one JSON object: {"model": ...}.'),
  };
}

/** The text of a body, without a byte order mark. */
export function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8');
  return text.startsWith(MARK) ? text.slice(1) : text;
}

export function hasMark(bytes: Buffer): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
}

/** Bytes that are no UTF-8, though a lenient reader has made something of them. */
export function notUtf8(bytes: Buffer): Problem {
  const at = firstInvalid(bytes);
  return problem({
    rule: 'utf-8',
    param: null,
    message: `We could not parse the JSON body of your request: it is not UTF-8 (byte ${at + 1}).`,
    fix: 'Encode the body as UTF-8 before sending it.',
  });
}

/** A longer text is not read again only to say more nicely what is wrong with it. */
const LONGEST_SCAN = 256 * 1024;

function brokenJson(bytes: Buffer, text: string, error: unknown): Problem {
  if (bytes.length === 0) return unreadable('the body is empty', 'Send one JSON object: {"model": ...}.');
  const encoding = strangeEncoding(bytes);
  if (encoding !== null) return unreadable(encoding, 'Send JSON in UTF-8, with content-type: application/json.');
  if (!isUtf8(bytes)) return notUtf8(bytes);
  if (error instanceof Error && error.message.startsWith('nested'))
    return unreadable(`it is ${error.message}`, 'Send flatter data.');
  const fault = text.length > LONGEST_SCAN ? toldBy(error, text) : scanJson(text);
  if (fault === null) return unreadable('it cannot be parsed', 'Send one JSON object, as the API reference shows it.');
  return unreadable(`${fault.wrong} (${position(text, fault)})`, fault.fix);
}

/** What the parser itself says, which is where, and no more: its words may quote the caller's. */
function toldBy(error: unknown, text: string): JsonFault {
  const at = /at position (\d+)/.exec(error instanceof Error ? error.message : '')?.[1];
  if (at === undefined || Number(at) >= text.length - 1)
    return { at: text.length, wrong: 'the text ends before the JSON does', fix: 'Send the whole body.' };
  return { at: Number(at), wrong: 'it is no JSON from here on', fix: 'Write the body with a JSON library.' };
}

/** Bodies that were never meant as JSON, or not in this encoding. */
function strangeEncoding(bytes: Buffer): string | null {
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) return 'it is UTF-16';
  if (bytes[0] === 0 || bytes[1] === 0) return 'it is UTF-16 or UTF-32';
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) return 'it is compressed with gzip, which this API does not take';
  const start = bytes.toString('latin1', 0, 64);
  if (/^--[\w'()+,./:=?-]{4,}\r?\n/.test(start)) return 'it is a multipart form';
  if (/^[\w.[\]%]+=[^{}"]*(?:&|$)/.test(start)) return 'it is a URL-encoded form';
  if (/^\s*<(?:!doctype|html|\?xml)/i.test(start)) return 'it is HTML or XML';
  return null;
}

function position(text: string, { at }: JsonFault): string {
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  return `line ${line}, column ${at - before.lastIndexOf('\n')}`;
}

function unreadable(wrong: string, fix: string): Problem {
  return problem({
    rule: 'json',
    param: null,
    message: `We could not parse the JSON body of your request: ${wrong}.`,
    fix,
  });
}

/** The offset of the first byte that no UTF-8 has, found by halves: the checking itself is native. */
function firstInvalid(bytes: Buffer): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    if (validUpTo(bytes, middle)) good = middle;
    else bad = middle;
  }
  while (good > 0 && !isUtf8(bytes.subarray(0, good))) good -= 1;
  return good;
}

/** A cut in the middle of a character is no fault: up to three bytes of it are left out. */
function validUpTo(bytes: Buffer, end: number): boolean {
  for (let cut = 0; cut < 4 && end - cut >= 0; cut += 1) if (isUtf8(bytes.subarray(0, end - cut))) return true;
  return false;
}

/**
 * Members that the objects in a text of JSON have between them. `JSON.parse` keeps the last of several members of one name
 * and says nothing, and another parser may keep the first: what was checked would not be what is understood. A text with
 * more members than its parsed value has repeated a name somewhere.
 *
 * Jumps from quote to quote: those that are not escaped open and close strings in turn, and a string that a colon follows
 * is a name. A quarter of what the parse costs.
 *
 * @param text JSON that has been parsed; any encoding that leaves ASCII as it is will do.
 */
export function membersIn(text: string): number {
  let members = 0;
  let open = false;
  for (let at = text.indexOf('"'); at >= 0; at = text.indexOf('"', at + 1)) {
    if (open && text.charCodeAt(at - 1) === BACKSLASH && isEscaped(text, at)) continue;
    if (open) {
      let next = at + 1;
      while (text.charCodeAt(next) <= SPACE) next += 1;
      if (text.charCodeAt(next) === COLON) members += 1;
    }
    open = !open;
  }
  return members;
}

const BACKSLASH = 0x5c;
const SPACE = 0x20;
const COLON = 0x3a;

function isEscaped(text: string, at: number): boolean {
  let slashes = 0;
  while (text.charCodeAt(at - 1 - slashes) === BACKSLASH) slashes += 1;
  return slashes % 2 === 1;
}

/** Repeated names that are told of one text. */
const MOST_REPEATED = 10;

/** Names that stand twice in one object; the later is the one that `JSON.parse` keeps. */
export function repeatedNames(text: string): Problem[] {
  const problems: Problem[] = [];
  scanJson(text, {
    place(path, place, earlier) {
      if (earlier === null) return true;
      const param = paramOf(path).slice(0, 200);
      const alike = text.slice(earlier.valueFrom, earlier.to) === text.slice(place.valueFrom, place.to);
      problems.push(
        problem({
          rule: 'duplicate-keys',
          param,
          code: 'invalid_value',
          message: `Invalid request: '${param}' stands twice (${position(text, { at: place.from, wrong: '', fix: '' })}).`,
          fix: `Keep one ${param}; parsers differ in which they take.`,
          repair:
            alike && text.length <= LONGEST_SCAN
              ? { name: 'duplicate-keys', path: [...path], change: 'keep-last' }
              : null,
        }),
      );
      return problems.length < MOST_REPEATED;
    },
  });
  return problems;
}
