import { isObject } from '../../openai/request.ts';

/** Members that hold schemas by names that are the caller's own. */
const BY_NAME: ReadonlySet<string> = new Set(['properties', '$defs', 'definitions']);

/** Counts that Google's own schemas write as texts. */
const COUNTS: ReadonlySet<string> = new Set([
  'maxItems',
  'maxLength',
  'maxProperties',
  'minItems',
  'minLength',
  'minProperties',
]);

/** One of Google's own schemas (`parameters`, `responseSchema`) as JSON Schema; JSON Schema itself stays what it is. */
export function jsonSchemaOf(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(jsonSchemaOf);
  if (!isObject(schema)) return schema;
  const out: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(schema)) {
    if (name === 'nullable' || name === 'propertyOrdering' || name === 'example') continue;
    if (name === 'type' && typeof value === 'string') out['type'] = typeOf(value, schema['nullable'] === true);
    else if (COUNTS.has(name) && typeof value === 'string') out[name] = Number(value);
    else if (BY_NAME.has(name) && isObject(value)) {
      out[name] = Object.fromEntries(Object.entries(value).map(([own, each]) => [own, jsonSchemaOf(each)]));
    } else out[name] = name === 'enum' || name === 'default' ? value : jsonSchemaOf(value);
  }
  return out;
}

function typeOf(type: string, nullable: boolean): unknown {
  return nullable ? [type.toLowerCase(), 'null'] : type.toLowerCase();
}
