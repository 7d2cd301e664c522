import { isObject, listAt, type JsonObject, stringAt } from './json.ts';

// Providers show a model its tools as declarations in a language much like TypeScript. OpenAI has not published the
// rendering; this is the one that people found by comparing counts, and that gpt-tokenizer counts by.

/** Tokens around the declarations. */
export const DECLARATIONS_OVERHEAD = 9;

/** Only this deep do descriptions of properties get a line. */
const DESCRIBED_DEPTH = 2;

/** One function as a request declares it, whichever API's shape it has. */
export interface FunctionTool {
  readonly name: string;
  readonly description: string | null;
  readonly parameters: JsonObject | null;
}

/** The functions among the tools; everything else (custom tools, tools that the provider runs) is given back as it is. */
export function functionsOf(body: JsonObject): { readonly functions: FunctionTool[]; readonly others: JsonObject[] } {
  const functions: FunctionTool[] = [];
  const others: JsonObject[] = [];
  for (const tool of [...listAt(body, 'tools'), ...listAt(body, 'functions').map((each) => ({ function: each }))]) {
    if (!isObject(tool)) continue;
    const declared = isObject(tool['function']) ? tool['function'] : tool['type'] === 'function' ? tool : null;
    const name = declared === null ? null : stringAt(declared, 'name');
    if (declared === null || name === null) {
      others.push(tool);
      continue;
    }
    const { parameters } = declared;
    functions.push({
      name,
      description: stringAt(declared, 'description'),
      parameters: isObject(parameters) ? parameters : null,
    });
  }
  return { functions, others };
}

/** The functions as the model is shown them. */
export function declare(functions: readonly FunctionTool[]): string {
  const lines = ['namespace functions {', ''];
  for (const { name, description, parameters } of functions) {
    if (description) lines.push(`// ${description}`);
    const properties = parameters === null ? null : parameters['properties'];
    if (parameters === null || !isObject(properties) || Object.keys(properties).length === 0) {
      lines.push(`type ${name} = () => any;`);
    } else {
      lines.push(`type ${name} = (_: {`, declareProperties(parameters, properties, 0), '}) => any;');
    }
    lines.push('');
  }
  lines.push('} // namespace functions');
  return lines.join('\n');
}

function declareProperties(schema: JsonObject, properties: JsonObject, indent: number): string {
  const required = new Set(listAt(schema, 'required'));
  const margin = ' '.repeat(indent);
  const lines: string[] = [];
  for (const [name, property] of Object.entries(properties)) {
    const described = isObject(property) ? stringAt(property, 'description') : null;
    if (described && indent < DESCRIBED_DEPTH) lines.push(`${margin}// ${described}`);
    lines.push(`${margin}${name}${required.has(name) ? '' : '?'}: ${typeOf(property, indent)},`);
  }
  return lines.join('\n');
}

function typeOf(schema: unknown, indent: number): string {
  if (!isObject(schema)) return 'any';
  const { type, enum: values, items, properties } = schema;
  // Google's older form of a schema shouts its types.
  switch (typeof type === 'string' ? type.toLowerCase() : type) {
    case 'string':
      return Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(' | ') : 'string';
    case 'integer':
    case 'number':
      return Array.isArray(values) ? values.map(String).join(' | ') : 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return items === undefined ? 'any[]' : `${typeOf(items, indent)}[]`;
    case 'object': {
      const inner = isObject(properties) ? declareProperties(schema, properties, indent + 2) : '';
      return `{\n${inner}\n${' '.repeat(indent)}}`;
    }
    default:
      return 'any';
  }
}
