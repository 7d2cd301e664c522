import { tellable } from '../../engine/fault/index.ts';

/** Longest piece of a caller's own words that a message repeats: enough for a name, too little for a prompt. */
const LONGEST_QUOTE = 40;

/** A caller's own word, fit to be repeated in a message: short, on one line, without secrets. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `'${tellable(value, LONGEST_QUOTE)}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return kindOf(value);
}

/** What a value is, as the API says it. */
export function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `'a', 'b', and 'c'`, as the API lists what it takes. */
export function listed(words: readonly string[]): string {
  const all = words.map((word) => `'${word}'`);
  if (all.length < 3) return all.join(' and ');
  return `${all.slice(0, -1).join(', ')}, and ${all.at(-1)}`;
}
