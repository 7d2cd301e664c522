import {
  anything,
  either,
  flag,
  listOf,
  mapping,
  nullable,
  object,
  oneOf,
  text,
  whole,
  type FieldCheck,
} from './fields.ts';
import type { Inspection } from './inspection.ts';
import { problem, tooLong } from './problem.ts';

// Fields that several endpoints share. Limits and words are those of OpenAI's published specification and of its SDK of
// November 2026.

/** What a function, a tool or a schema may be called. */
const NAME: RegExp = /^[a-zA-Z0-9_-]+$/;
export const toolName: FieldCheck = text({ least: 1, most: 64, pattern: NAME });

export const EFFORTS: readonly string[] = ['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'];

export const schemaName: FieldCheck = text({ least: 1, most: 64, pattern: NAME });

/** A JSON Schema; whether it keeps the strict rules is looked at where it is known to be strict. */
export const jsonSchema: FieldCheck = mapping('an object', anything);

/** Labels of the caller's own: at most 16, names to 64 and values to 512 characters. */
const metadata: FieldCheck = (() => {
  const labels = mapping('an object', text({ most: 512 }));
  return (value: unknown, on: Inspection): void => {
    labels(value, on);
    if (typeof value !== 'object' || value === null) return;
    const names = Object.keys(value);
    if (names.length > 16) {
      on.add(
        problem({
          rule: 'length',
          param: on.param(),
          code: 'object_above_max_properties',
          message:
            `Invalid '${on.param()}': too many properties. Expected an object with at most 16 properties, ` +
            `but got an object with ${names.length} properties instead.`,
          fix: 'Keep at most 16 labels; put the rest where you keep your own records.',
        }),
      );
    }
    for (const name of names) {
      if (name.length <= 64) continue;
      on.add(
        problem({
          rule: 'length',
          param: on.param(),
          code: 'property_name_above_max_length',
          message: `Invalid property name in '${on.param()}': expected at most 64 characters, but got ${name.length}.`,
          fix: 'Shorten the name of the label to 64 characters.',
        }),
      );
    }
  };
})();

/** Names an end user or a cache; too long a one can be hashed, because nobody reads it. */
function identifier(most: number): FieldCheck {
  const other = text();
  return (value, on) => {
    if (typeof value !== 'string' || value.length <= most) return other(value, on);
    on.add(tooLong(on.param(), most, value.length, { name: 'long-identifier', path: on.path(), change: 'hash' }));
  };
}

const cacheKey = identifier(64);

/** The limit of `safety_identifier` is 64 in the specification and 128 in the SDK; the larger one refuses nothing valid. */
const safetyIdentifier = identifier(128);

const moderation = object({
  required: { model: text() },
  optional: {
    policy: nullable(
      object({
        optional: {
          input: nullable(object({ required: { mode: oneOf(['score', 'block'], 'open') } })),
          output: nullable(object({ required: { mode: oneOf(['score', 'block'], 'open') } })),
        },
      }),
    ),
  },
});

/** Fields of the same name and meaning in Chat Completions and Responses. */
export const sharedOptions: Readonly<Record<string, FieldCheck>> = {
  metadata: nullable(metadata),
  moderation: nullable(moderation),
  parallel_tool_calls: nullable(flag),
  prompt_cache_key: nullable(cacheKey),
  prompt_cache_retention: nullable(oneOf(['in_memory', 'in-memory', '24h'], 'open')),
  safety_identifier: nullable(safetyIdentifier),
  store: nullable(flag),
  stream: nullable(flag),
  user: nullable(cacheKey),
};

export const cacheBreakpoint: FieldCheck = nullable(
  object({ required: { mode: oneOf(['explicit'], 'open') }, optional: { ttl: oneOf(['30m', '12h'], 'open') } }),
);

/** Where an image or a file is: an address, or the data itself. */
export const imageUrl: FieldCheck = (value, on) => {
  if (typeof value === 'string' && /^(?:https?:\/\/|data:)/i.test(value.slice(0, 8))) {
    if (value.length > 20_971_520) on.add(tooLong(on.param(), 20_971_520, value.length));
    return;
  }
  if (typeof value !== 'string') return text()(value, on);
  on.add(
    problem({
      rule: 'value',
      param: on.param(),
      code: 'invalid_value',
      message: `Invalid '${on.param()}'. Expected a valid URL, but got a value with an invalid format.`,
      fix: 'Send an http(s) address, or the image itself as data:image/png;base64,...',
    }),
  );
};

export const IMAGE_DETAILS: readonly string[] = ['auto', 'low', 'high', 'original'];

export const grammarFormats: Readonly<Record<string, FieldCheck>> = {
  text: object({ required: { type: text() } }),
};

/** `{type:"allowed_tools"}`: tools that may be used of those declared. */
export const allowedTools: Readonly<Record<string, FieldCheck>> = {
  mode: oneOf(['auto', 'required'], 'open'),
  tools: listOf('objects', jsonSchema),
};

export const topLogprobs: FieldCheck = whole({ least: 0, most: 20, readable: true });

/** `{id}` of something made earlier, or its name. */
export const nameOrId: FieldCheck = either('one of a string or an object', {
  string: text({ least: 1 }),
  object: object({ required: { id: text() } }),
});

/** Says that no model was named, as the API says it: without a field. */
export function checkModelNamed(request: Readonly<Record<string, unknown>>, on: Inspection): void {
  const { model } = request;
  if (model !== undefined && model !== '') return;
  on.add(
    problem({
      rule: 'model',
      param: null,
      message: 'you must provide a model parameter',
      fix: 'Name the model: "model": "gpt-4o-mini", for example.',
    }),
  );
}
