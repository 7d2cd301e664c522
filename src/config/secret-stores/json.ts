import { parseJson } from '../../engine/parse-json.ts';
import type { SecretFault, SecretReading } from './store.ts';
import { secretValueFault } from './text.ts';

/** `path#field`: the secret is a JSON object, and one field of it is meant. */
export function splitField(name: string): { path: string; field: string | null } {
  const hash = name.lastIndexOf('#');
  return hash < 0 ? { path: name, field: null } : { path: name.slice(0, hash), field: name.slice(hash + 1) };
}

/** A field of an unknown object; undefined where there is none. */
export function member(value: unknown, ...path: readonly string[]): unknown {
  let found = value;
  for (const name of path) {
    if (typeof found !== 'object' || found === null || !Object.hasOwn(found, name)) return undefined;
    found = (found as Record<string, unknown>)[name];
  }
  return found;
}

/** A moment as stores write it: ISO 8601, or seconds since 1970; null where it is neither. */
export function moment(written: unknown): number | null {
  const ms = typeof written === 'number' ? written * 1000 : Date.parse(String(written));
  return Number.isFinite(ms) ? ms : null;
}

/** The key inside what a store keeps: the text itself, or one field of the JSON object that it is. */
export function keyIn(text: string, field: string | null, since: number | null): SecretReading | SecretFault {
  const found = field === null ? text : fieldOf(text, field);
  if (typeof found !== 'string') return found;
  const value = found.trim();
  const fault = secretValueFault(value);
  if (fault === null) return { value, since };
  const what = field === null ? 'content' : `field ${field}`;
  return { wrong: `names a secret whose ${what} ${fault}`, fix: 'Store the bare key, as plain text.' };
}

function fieldOf(text: string, field: string): string | SecretFault {
  let json: unknown;
  try {
    json = parseJson(text);
  } catch {
    return { wrong: `names the field ${field} of a secret that is no JSON object`, fix: 'Leave out the #field.' };
  }
  const value = member(json, field);
  if (typeof value === 'string') return value;
  const fix = `Store it under ${field}, or name the field that holds the key after the #.`;
  return { wrong: `names the field ${field}, which the secret does not have as text`, fix };
}
