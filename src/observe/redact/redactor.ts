import { parseJson } from '../../engine/parse-json.ts';
import { createHmac } from 'node:crypto';
import { type Finding, inOrder, type PersonalKind } from './finding.ts';
import { base64Runs, LAYERS } from './layers.ts';
import { findNamed, findUserinfo, kindOfName } from './named.ts';
import { PERSONAL } from './personal.ts';
import { findTokens } from './tokens.ts';

export interface RedactionOptions {
  /** Makes placeholders stable within one installation, and of no use to tell values from outside it. */
  readonly salt: string;
  /** Personal details that are taken out besides secrets. @default all */
  readonly personal?: readonly PersonalKind[];
}

/** Layers of encoding that are taken off one after the other: what is wrapped oftener was wrapped to be hidden. */
const MOST_LAYERS = 4;

/** Texts are remembered up to this length, and so many of them: some hundred kilobytes. */
const REMEMBERED_LENGTH = 64;
const REMEMBERED_TEXTS = 2_000;

/** A stretch of a text with what is to stand in its place. */
interface Change {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/**
 * Takes secrets and personal details out of whatever is logged, stored, shown or exported: found by the shape of the token, by
 * the name before it, under JSON's escapes, percent-encoding and base64. In their place stands what they were and a mark by
 * which one value can be followed without being known: `[openai-key:3f9a1c]`. What was valid JSON stays so, reading takes time
 * linear to the length, and what has been redacted once is not changed again.
 */
export class Redactor {
  readonly #salt: string;
  readonly #personal: readonly PersonalKind[];
  /**
   * Short texts that there is nothing in. What is logged are mostly the same ones again: names of fields, models, targets. To
   * look at all 38 texts of a call's line took 300 µs of the thread that carries the calls. Secrets are not among them.
   */
  readonly #harmless = new Set<string>();

  constructor({ salt, personal = ['email', 'phone', 'card', 'iban', 'ip'] }: RedactionOptions) {
    this.#salt = salt;
    this.#personal = personal;
  }

  /** Any text: a line of a log, an address, a header, a message, a body. */
  text(text: string): string {
    if (text.length < 5 || this.#harmless.has(text)) return text;
    const changes = this.#changes(text, 0);
    if (changes.length > 0) return apply(text, changes);
    if (text.length <= REMEMBERED_LENGTH) this.#remember(text);
    return text;
  }

  /** The text of a JSON document; what cannot be parsed is read as text. Unchanged to the byte when there is nothing in it. */
  jsonText(text: string): string {
    let value: unknown;
    try {
      value = parseJson(text);
    } catch {
      return this.text(text);
    }
    const safe = this.json(value);
    return safe === value ? text : JSON.stringify(safe);
  }

  /** A value as JSON has them; the same one when there is nothing to take out of it. */
  json(value: unknown): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'number') return this.#number(value);
    if (Array.isArray(value))
      return same(
        value,
        value.map((item) => this.json(item)),
      );
    if (typeof value !== 'object' || value === null) return value;
    const entries = Object.entries(value);
    const safe = entries.map(([name, item]): [string, unknown] => [this.text(name), this.#field(name, item)]);
    const changed = safe.some(([name, item], index) => name !== entries[index]?.[0] || item !== entries[index]?.[1]);
    return changed ? Object.fromEntries(safe) : value;
  }

  /** Headers by their names, whose case does not matter. */
  headers<Value extends string | readonly string[] | undefined>(
    headers: Readonly<Record<string, Value>>,
  ): Record<string, Value | string> {
    return this.json({ ...headers }) as Record<string, Value | string>;
  }

  #remember(text: string): void {
    if (this.#harmless.size >= REMEMBERED_TEXTS) this.#harmless.clear();
    this.#harmless.add(text);
  }

  #field(name: string, value: unknown): unknown {
    const kind = kindOfName(name);
    if (kind === null || value === null || typeof value === 'boolean') return this.json(value);
    if (typeof value === 'string') return isPlaceholder(value) || value === '' ? value : this.#placeholder(kind, value);
    if (Array.isArray(value)) return value.map((item) => this.#field(name, item));
    return this.json(value);
  }

  /** A card or a phone number may stand in JSON as a number. */
  #number(value: number): unknown {
    if (!Number.isSafeInteger(value) || value < 1e12) return value;
    const text = String(value);
    const safe = this.text(text);
    return safe === text ? value : safe;
  }

  #changes(text: string, depth: number): Change[] {
    const found: Change[] = this.#find(text).map(({ start, end, kind }) => ({
      start,
      end,
      text: this.#placeholder(kind, text.slice(start, end)),
    }));
    if (depth >= MOST_LAYERS) return found;
    for (const { start, end, plain, encode } of base64Runs(text)) {
      const inside = this.#changes(plain, depth + 1);
      if (inside.length > 0) found.push({ start, end, text: encode(apply(plain, inside)) });
    }
    for (const layer of LAYERS) {
      const view = layer(text);
      if (view === null) continue;
      for (const change of this.#changes(view.text, depth + 1)) {
        const start = view.places[change.start] ?? 0;
        const end = view.places[change.end] ?? text.length;
        found.push({ start, end, text: view.encode(change.text) });
      }
    }
    return withoutOverlap(found);
  }

  #find(text: string): Finding[] {
    const personal = this.#personal.flatMap((kind) => PERSONAL[kind](text));
    const found = inOrder([...findTokens(text), ...findNamed(text), ...findUserinfo(text), ...personal]);
    return withoutPlaceholders(text, found);
  }

  #placeholder(kind: Finding['kind'], value: string): string {
    const mark = createHmac('sha256', this.#salt).update(value).digest('hex').slice(0, 6);
    return `[${kind}:${mark}]`;
  }
}

const PLACEHOLDER = /\[[a-z-]+:[0-9a-f]{6}\]/g;

function isPlaceholder(value: string): boolean {
  return value.replace(PLACEHOLDER, '') === '';
}

/** What has been redacted before is found again by the names in it and around it; it stays as it is. */
function withoutPlaceholders(text: string, findings: Finding[]): Finding[] {
  if (findings.length === 0 || text.search(PLACEHOLDER) < 0) return findings;
  const places = Array.from(text.matchAll(PLACEHOLDER), ({ 0: whole, index }) => ({
    start: index,
    end: index + whole.length,
  }));
  let next = 0;
  return findings.filter(({ start, end }) => {
    while (next < places.length && (places[next]?.end ?? 0) <= start) next += 1;
    const place = places[next];
    if (place === undefined || place.start >= end) return true;
    return !(place.start <= start && end <= place.end) && !isPlaceholder(text.slice(start, end));
  });
}

/** Where two changes overlap the wider one stands: it covers what the other found. */
function withoutOverlap(changes: readonly Change[]): Change[] {
  const sorted = changes.toSorted((a, b) => a.start - b.start || b.end - a.end);
  const kept: Change[] = [];
  for (const change of sorted) {
    const last = kept.at(-1);
    if (last === undefined || change.start >= last.end) kept.push(change);
    else if (change.end > last.end) kept[kept.length - 1] = { ...last, end: change.end };
  }
  return kept;
}

function apply(text: string, changes: readonly Change[]): string {
  let safe = '';
  let from = 0;
  for (const { start, end, text: put } of changes) {
    safe += text.slice(from, start) + put;
    from = end;
  }
  return safe + text.slice(from);
}

function same<Item>(before: readonly Item[], after: readonly Item[]): readonly Item[] {
  return after.every((item, index) => item === before[index]) ? before : after;
}
