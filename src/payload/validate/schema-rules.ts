import { isObject } from './fields.ts';
import type { Inspection } from './inspection.ts';
import { paramOf } from './param.ts';
import { problem } from './problem.ts';
import type { Step } from './repair.ts';

// The rules that a JSON Schema must keep: a few for every tool, the strict ones for structured outputs and strict tools.
// Source: OpenAI's guide to structured outputs and the wording of its refusals, 2026.

/** Whose schema it is, for the wording and the code of a refusal. */
export interface SchemaOwner {
  readonly noun: 'response_format' | 'function';
  readonly name: unknown;
  /** What the API blames: `response_format`, `tools[0].function.parameters`, ... */
  readonly param: readonly Step[];
}

/** Objects within objects, and members in all of them, that a strict schema may have. */
const MOST_LEVELS = 10;
const MOST_PROPERTIES = 5000;
const MOST_ENUM_VALUES = 1000;
/** Characters in the names of properties and definitions and the values of enums and constants, all together. */
const MOST_CHARACTERS = 120_000;

/** Keywords that strict mode has never taken. What it merely did not take once is left to the provider. */
const NOT_PERMITTED: readonly string[] = [
  'allOf',
  'not',
  'oneOf',
  'if',
  'then',
  'else',
  'dependentRequired',
  'dependentSchemas',
  'patternProperties',
  'propertyNames',
  'unevaluatedProperties',
  'unevaluatedItems',
  'contains',
];

/** Looks at the parameters of a tool that is not strict: an object, its properties named, its lists typed. */
export function checkParameters(schema: unknown, owner: SchemaOwner, on: Inspection): void {
  if (!isObject(schema)) return;
  const rules = new SchemaRules(owner, on);
  if (!rules.rootIsObject(schema)) return;
  if (schema['properties'] === undefined)
    rules.refuse([], 'object schema missing properties.', 'Add "properties": {}.');
  else rules.loose(schema, [], 0);
}

/** Looks at a schema that has to keep the strict rules. */
export function checkStrictSchema(schema: unknown, owner: SchemaOwner, on: Inspection): void {
  if (!isObject(schema)) return;
  const rules = new SchemaRules(owner, on);
  if (!rules.rootIsObject(schema)) return;
  rules.strict(schema, [], 0);
  rules.totals();
}

class SchemaRules {
  readonly #owner: SchemaOwner;
  readonly #on: Inspection;
  #root: Record<string, unknown> = {};
  #properties = 0;
  #enumValues = 0;
  #characters = 0;

  constructor(owner: SchemaOwner, on: Inspection) {
    this.#owner = owner;
    this.#on = on;
  }

  rootIsObject(schema: Record<string, unknown>): boolean {
    this.#root = schema;
    if (schema['type'] === 'object') return true;
    const rooted = schema['type'] === undefined && typeof schema['$ref'] === 'string';
    if (rooted) return true;
    const type =
      schema['type'] === undefined ? 'None' : JSON.stringify(schema['type']).slice(0, 40).replaceAll('"', '');
    this.#add(
      `schema must be a JSON Schema of 'type: "object"', got 'type: "${type}"'.`,
      'Make the root an object: {"type": "object", "properties": {...}}; wrap a list or a choice in a property of it.',
    );
    return false;
  }

  /** What holds for every tool's parameters: a list says what is in it. */
  loose(schema: Record<string, unknown>, at: readonly Step[], level: number): void {
    if (level > MOST_LEVELS * 3) return;
    if (schema['type'] === 'array' && schema['items'] === undefined && schema['prefixItems'] === undefined) {
      this.refuse(at, 'array schema missing items.', 'Add "items": {...}.');
    }
    for (const [name, step, inner] of innerSchemas(schema)) this.loose(inner, inside(at, name, step), level + 1);
  }

  strict(schema: Record<string, unknown>, at: readonly Step[], level: number): void {
    if (level > MOST_LEVELS * 3) return;
    for (const keyword of NOT_PERMITTED) {
      if (schema[keyword] !== undefined) this.#notPermitted(keyword, at);
    }
    this.#reference(schema, at);
    const { type } = schema;
    if (type === 'object' || (Array.isArray(type) && type.includes('object'))) this.#object(schema, at);
    else if (type === 'array' && schema['items'] === undefined)
      this.refuse(at, 'array schema missing items.', 'Add "items": {...}.');
    else if (type === undefined && !isTyped(schema)) {
      this.refuse(at, "schema must have a 'type' key.", 'Say what it is: {"type": "string"}, for example.');
    }
    this.#count(schema);
    for (const [name, step, inner] of innerSchemas(schema)) {
      const nested = name === 'properties' || name === 'items' ? level + 1 : level;
      if (nested === MOST_LEVELS + 1 && level === MOST_LEVELS && hasProperties(inner)) {
        this.refuse(
          at,
          `it is nested more than ${MOST_LEVELS} levels deep.`,
          'Flatten the schema, or move parts to $defs.',
        );
      } else this.strict(inner, inside(at, name, step), nested);
    }
  }

  totals(): void {
    if (this.#properties > MOST_PROPERTIES) {
      this.#add(
        `it has ${this.#properties} properties in all, and at most ${MOST_PROPERTIES} are allowed.`,
        'Ask for less at a time.',
      );
    }
    if (this.#enumValues > MOST_ENUM_VALUES) {
      this.#add(
        `it has ${this.#enumValues} enum values in all, and at most ${MOST_ENUM_VALUES} are allowed.`,
        'Use a plain string for the longest enum, and check it afterwards.',
      );
    }
    if (this.#characters > MOST_CHARACTERS) {
      this.#add(
        `its names and enum values take ${this.#characters} characters, and at most ${MOST_CHARACTERS} are allowed.`,
        'Shorten names and enums.',
      );
    }
  }

  refuse(at: readonly Step[], wrong: string, fix: string): void {
    this.#add(`In context=${context(at)}, ${wrong}`, fix);
  }

  #object(schema: Record<string, unknown>, at: readonly Step[]): void {
    if (schema['additionalProperties'] !== false) {
      this.refuse(
        at,
        "'additionalProperties' is required to be supplied and to be false.",
        `Add "additionalProperties": false${at.length === 0 ? '' : ` at ${paramOf(at)}`}.`,
      );
    }
    const properties = isObject(schema['properties']) ? Object.keys(schema['properties']) : [];
    const known = new Set(properties);
    const required = Array.isArray(schema['required']) ? new Set<unknown>(schema['required']) : null;
    const left = properties.find((name) => required?.has(name) !== true);
    if (left !== undefined) {
      this.refuse(
        at,
        "'required' is required to be supplied and to be an array including every key in properties. " +
          `Missing '${left.slice(0, 64)}'.`,
        'List every property in "required"; make one optional with "type": ["string", "null"].',
      );
    }
    const extra = [...(required ?? [])].find((name) => typeof name === 'string' && !known.has(name));
    if (typeof extra === 'string' && left === undefined) {
      this.refuse(
        at,
        "'required' is required to be supplied and to be an array including every key in properties. " +
          `Extra required key '${extra.slice(0, 64)}' supplied.`,
        'Name only properties that are there in "required".',
      );
    }
  }

  #notPermitted(keyword: string, at: readonly Step[]): void {
    this.refuse(
      at,
      `'${keyword}' is not permitted.`,
      keyword === 'oneOf' ? 'Use anyOf.' : `Remove ${keyword}, or leave strict out.`,
    );
  }

  /** A reference has to lead somewhere in this schema. */
  #reference(schema: Record<string, unknown>, at: readonly Step[]): void {
    const { $ref: reference } = schema;
    if (typeof reference !== 'string' || !reference.startsWith('#/')) return;
    let place: unknown = this.#root;
    for (const step of reference.slice(2).split('/')) {
      const name = step.replaceAll('~1', '/').replaceAll('~0', '~');
      place =
        isObject(place) && Object.hasOwn(place, name)
          ? place[name]
          : Array.isArray(place)
            ? place[Number(name)]
            : undefined;
    }
    if (place === undefined) {
      this.refuse(
        at,
        `reference to component '${reference.slice(0, 80)}' which was not found in the schema.`,
        'Define it in $defs.',
      );
    }
  }

  #count(schema: Record<string, unknown>): void {
    if (isObject(schema['properties'])) {
      const names = Object.keys(schema['properties']);
      this.#properties += names.length;
      for (const name of names) this.#characters += name.length;
    }
    if (!Array.isArray(schema['enum'])) return;
    this.#enumValues += schema['enum'].length;
    for (const value of schema['enum']) if (typeof value === 'string') this.#characters += value.length;
  }

  #add(wrong: string, fix: string): void {
    const { noun, name, param } = this.#owner;
    const whose = typeof name === 'string' ? ` '${name.slice(0, 64)}'` : '';
    this.#on.add(
      problem({
        rule: 'schema',
        param: paramOf(param),
        code: noun === 'function' ? 'invalid_function_parameters' : 'invalid_json_schema',
        message: `Invalid schema for ${noun}${whose}: ${wrong}`,
        fix,
      }),
    );
  }
}

function hasProperties(schema: Record<string, unknown>): boolean {
  return schema['properties'] !== undefined || schema['items'] !== undefined;
}

/** Something other than `type` says what a value is. */
function isTyped(schema: Record<string, unknown>): boolean {
  return ['anyOf', '$ref', 'enum', 'const', ...NOT_PERMITTED].some((keyword) => schema[keyword] !== undefined);
}

/** The schemas within a schema: the keyword they are under, their place there, and they themselves. */
function* innerSchemas(
  schema: Record<string, unknown>,
): Generator<readonly [string, Step | null, Record<string, unknown>]> {
  for (const keyword of ['properties', '$defs', 'definitions'] as const) {
    const members = schema[keyword];
    if (!isObject(members)) continue;
    for (const name of Object.keys(members)) {
      const inner = members[name];
      if (isObject(inner)) yield [keyword, name, inner];
    }
  }
  if (isObject(schema['items'])) yield ['items', null, schema['items']];
  if (Array.isArray(schema['anyOf'])) {
    for (const [index, inner] of schema['anyOf'].entries()) if (isObject(inner)) yield ['anyOf', index, inner];
  }
}

function inside(at: readonly Step[], keyword: string, step: Step | null): Step[] {
  return step === null ? [...at, keyword] : [...at, keyword, step];
}

/** Where in a schema something is, as the API writes it: a tuple of Python. */
function context(at: readonly Step[]): string {
  const steps = at.map((step) => `'${String(step).slice(0, 64)}'`);
  return steps.length === 1 ? `(${steps[0]},)` : `(${steps.join(', ')})`;
}
