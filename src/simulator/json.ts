/** A JSON object whose fields nobody has checked yet. */
export type JsonObject = Readonly<Record<string, unknown>>;

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export function objectAt(source: JsonObject, field: string): JsonObject | null {
  const value = source[field];
  return isObject(value) ? value : null;
}

export function stringAt(source: JsonObject, field: string): string | null {
  const value = source[field];
  return typeof value === 'string' ? value : null;
}

export function numberAt(source: JsonObject, field: string): number | null {
  const value = source[field];
  return typeof value === 'number' ? value : null;
}

export function listAt(source: JsonObject, field: string): readonly unknown[] {
  const value = source[field];
  return Array.isArray(value) ? value : [];
}
