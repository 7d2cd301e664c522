// Answers are read field by field, and what is missing or of another kind becomes null or nothing: a page of an older or newer
// gateway shows less, and does not break. Whatever is read here is text for people, never markup.

export type Json = Readonly<Record<string, unknown>>;

const NOTHING: Json = {};

export function object(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : NOTHING;
}

export function objectOrNull(value: unknown): Json | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

export function text(value: unknown, otherwise = ''): string {
  return typeof value === 'string' ? value : otherwise;
}

export function textOrNull(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export function number(value: unknown, otherwise = 0): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : otherwise;
}

export function numberOrNull(value: unknown): number | null {
  return typeof value === 'number' && Number.isFinite(value) ? value : null;
}

export function flag(value: unknown): boolean {
  return value === true;
}

export function list<Item>(value: unknown, read: (item: unknown) => Item): Item[] {
  return Array.isArray(value) ? value.map((item) => read(item)) : [];
}

export function listOrNull<Item>(value: unknown, read: (item: unknown) => Item): Item[] | null {
  return Array.isArray(value) ? list(value, read) : null;
}

/** A moment as the API writes it, ISO 8601 or ms since 1970, as ms since 1970. */
export function moment(value: unknown): number | null {
  if (typeof value === 'number') return numberOrNull(value);
  const at = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : at;
}

export function oneOf<Word extends string>(value: unknown, words: readonly Word[], otherwise: Word): Word {
  return words.find((word) => word === value) ?? otherwise;
}
