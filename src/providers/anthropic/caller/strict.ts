import { isObject } from '../../openai/request.ts';

/** Words whose members are schemas by name, and words that hold one schema or a list of them. */
const BY_NAME = ['properties', '$defs', 'definitions'] as const;
const WITHIN = ['items', 'anyOf'] as const;

/**
 * Whether OpenAI would enforce a schema: it takes only closed objects all of whose members are required. Any other is sent as
 * one that the answer should follow, since it would be refused otherwise.
 */
export function canBeStrict(schema: unknown): boolean {
  if (!isObject(schema)) return false;
  const { properties, required, additionalProperties } = schema;
  if (schema['type'] === 'object' || isObject(properties)) {
    const names = isObject(properties) ? Object.keys(properties) : [];
    const needed: readonly unknown[] = Array.isArray(required) ? required : [];
    if (additionalProperties !== false || !names.every((name) => needed.includes(name))) return false;
  }
  const named = BY_NAME.flatMap((word) => (isObject(schema[word]) ? Object.values(schema[word]) : []));
  const within = WITHIN.flatMap((word) => schema[word] ?? []);
  return [...named, ...within].every(canBeStrict);
}
