import { isObject } from '../openai/request.ts';

/** Words of JSON Schema that the wire reads over: what they ask for is not enforced. */
const IGNORED: ReadonlySet<string> = new Set([
  'allOf',
  'contains',
  'else',
  'exclusiveMaximum',
  'exclusiveMinimum',
  'if',
  'maxLength',
  'maxProperties',
  'minLength',
  'minProperties',
  'multipleOf',
  'not',
  'pattern',
  'patternProperties',
  'propertyNames',
  'then',
  'uniqueItems',
]);

/** Members that hold schemas by names that are the caller's own. */
const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);

/** Members that hold one schema, or a list of them. */
const WITHIN: ReadonlySet<string> = new Set(['items', 'prefixItems', 'anyOf', 'oneOf', 'additionalProperties']);

/**
 * A schema as the wire can enforce it: a constant becomes the only one of its choices, and what would be read over is taken
 * out.
 *
 * @param refused receives the name of each word that was taken out.
 */
export function enforceable(schema: unknown, refused: Set<string>): unknown {
  if (Array.isArray(schema)) return schema.map((each) => enforceable(each, refused));
  if (!isObject(schema)) return schema;
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (IGNORED.has(name)) refused.add(name);
    else if (name === 'const') out['enum'] = [value];
    else if (BY_NAME.has(name) && isObject(value)) out[name] = enforceableMembers(value, refused);
    else out[name] = WITHIN.has(name) ? enforceable(value, refused) : value;
  }
  return out;
}

function enforceableMembers(members: Record<string, unknown>, refused: Set<string>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).map(([name, schema]) => [name, enforceable(schema, refused)]));
}
