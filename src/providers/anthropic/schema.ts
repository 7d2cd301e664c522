import { isObject } from '../openai/request.ts';

/** Words of JSON Schema that the wire refuses in a schema it enforces: it checks shapes, not sizes. */
const REFUSED: ReadonlySet<string> = new Set([
  'minimum',
  'maximum',
  'exclusiveMinimum',
  'exclusiveMaximum',
  'multipleOf',
  'minLength',
  'maxLength',
  'maxItems',
  'uniqueItems',
]);

/** Members that hold schemas by names that are the caller's own. */
const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);

/** Members that hold one schema, or a list of them. */
const WITHIN: ReadonlySet<string> = new Set(['items', 'anyOf', 'allOf', 'additionalProperties']);

/**
 * A schema as the wire can enforce it: bounds on numbers, lengths and counts are taken out, and objects are closed.
 *
 * @param refused receives the name of each word that was taken out.
 */
export function enforceable(schema: unknown, refused: Set<string>): unknown {
  if (Array.isArray(schema)) return schema.map((each) => enforceable(each, refused));
  if (!isObject(schema)) return schema;
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (REFUSED.has(name) || (name === 'minItems' && typeof value === 'number' && value > 1)) refused.add(name);
    else if (BY_NAME.has(name) && isObject(value)) out[name] = enforceableMembers(value, refused);
    else out[name] = WITHIN.has(name) ? enforceable(value, refused) : value;
  }
  if (isObject(out['properties']) || out['type'] === 'object') {
    if ((out['additionalProperties'] ?? false) !== false) refused.add('additionalProperties');
    out['additionalProperties'] = false;
  }
  return out;
}

function enforceableMembers(members: Record<string, unknown>, refused: Set<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, enforceable(schema, refused)]));
}
