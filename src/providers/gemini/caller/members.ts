import { isObject } from '../../openai/request.ts';

/** Google's servers read every member by two names: `systemInstruction` and `system_instruction`. */
export function memberOf(object: Readonly<Record<string, unknown>>, name: string): unknown {
  return object[name] ?? object[name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
}

/** The same where an object should stand; null where none does. */
export function objectIn(object: Readonly<Record<string, unknown>>, name: string): Record<string, unknown> | null {
  const value = memberOf(object, name);
  return isObject(value) ? value : null;
}

/** A member's name as it is mostly written. */
export function usualName(name: string): string {
  return name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}
