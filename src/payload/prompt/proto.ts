import { isObject, type JsonObject } from '../tokens/json.ts';

/** A member of a protocol buffer in JSON, which may be written in either of two ways: `maxOutputTokens`, `max_output_tokens`. */
export function protoAt(object: JsonObject, name: string): unknown {
  return object[name] ?? object[snakeOf(name)];
}

/** The same where the member is a list, for which one entry may stand by itself; an empty one for anything else. */
export function protoListAt(object: JsonObject, name: string): readonly unknown[] {
  const value = protoAt(object, name);
  return Array.isArray(value) ? value : isObject(value) ? [value] : [];
}

/** `maxOutputTokens` as `max_output_tokens`. */
export function snakeOf(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
