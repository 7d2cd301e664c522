import { DEEPEST, type Inspection } from './inspection.ts';
import { emptyList, mismatch, missing, outOfRange, problem, tooLong, tooMany, tooShort, wrongType } from './problem.ts';
import { quoted } from './quoted.ts';
import type { Repair } from './repair.ts';
import { slipOf } from './typo.ts';

// The words in which the tables of fields are written. Each makes a check once, at load; a check looks at one value, which
// costs some nanoseconds, and builds text only when something is wrong.

/** Looks at one value, where the inspection stands. */
export type FieldCheck = (value: unknown, on: Inspection) => void;

/** Anything goes: what is inside belongs to the caller, and is only counted. */
export const anything: FieldCheck = countMembers;

/** Text, with bounds where the API has them. */
export function text(
  bounds: { readonly least?: number; readonly most?: number; readonly pattern?: RegExp } = {},
): FieldCheck {
  const { least = 0, most = Number.POSITIVE_INFINITY, pattern } = bounds;
  return (value, on) => {
    if (typeof value !== 'string') on.add(wrongType(on.param(), 'a string', value, null, on.phrases));
    else if (value.length > most) on.add(tooLong(on.param(), most, value.length, null, on.phrases));
    else if (value.length < least) on.add(tooShort(on.param(), least, value.length, on.phrases));
    else if (pattern !== undefined && !pattern.test(value)) on.add(mismatch(on.param(), pattern.source, on.phrases));
    else if (!value.isWellFormed()) on.illFormed = true;
  };
}

export const flag: FieldCheck = (value, on) => {
  if (typeof value !== 'boolean') on.add(wrongType(on.param(), 'a boolean', value, null, on.phrases));
};

/** Bounds of a number. `readable`: text that holds a number may be taken for it, because nothing else depends on it. */
interface NumberBounds {
  readonly least?: number;
  readonly most?: number;
  readonly readable?: boolean;
}

export function whole(bounds: NumberBounds = {}): FieldCheck {
  return number('integer', bounds);
}

export function decimal(bounds: NumberBounds = {}): FieldCheck {
  return number('decimal', bounds);
}

function number(sort: 'integer' | 'decimal', bounds: NumberBounds): FieldCheck {
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY, readable = false } = bounds;
  const expected = sort === 'integer' ? 'an integer' : 'a decimal';
  return (value, on) => {
    if (typeof value !== 'number' || (sort === 'integer' && !Number.isInteger(value) && Number.isFinite(value))) {
      on.add(wrongType(on.param(), expected, value, readable ? numberIn(value, sort, bounds, on) : null, on.phrases));
    } else if (value < least) on.add(outOfRange(on.param(), sort, { least }, value, on.phrases));
    else if (value > most) on.add(outOfRange(on.param(), sort, { most }, value, on.phrases));
  };
}

/** `"0.7"` where a number was asked for, if it is one and within the bounds. */
function numberIn(value: unknown, sort: string, bounds: NumberBounds, on: Inspection): Repair | null {
  if (typeof value !== 'string' || !/^-?(?:0|[1-9]\d{0,14})(?:\.\d{1,15})?$/.test(value)) return null;
  const meant = Number(value);
  const { least = Number.NEGATIVE_INFINITY, most = Number.POSITIVE_INFINITY } = bounds;
  if ((sort === 'integer' && !Number.isInteger(meant)) || meant < least || meant > most) return null;
  return { name: 'number-as-text', path: on.path(), change: 'replace', with: meant };
}

/** One of some words. `open`: the provider adds words from time to time, and one that is not known yet may be right. */
export function oneOf(words: readonly string[], openness: 'open' | 'closed'): FieldCheck {
  const known = new Set(words);
  return (value, on) => {
    if (typeof value !== 'string') on.add(wrongType(on.param(), 'a string', value, null, on.phrases));
    else if (!known.has(value)) unknownWord(value, words, openness, on);
  };
}

function unknownWord(
  value: string,
  words: readonly string[],
  openness: 'open' | 'closed',
  on: Inspection,
  foreign: Readonly<Record<string, string>> = {},
): void {
  const meant = Object.hasOwn(foreign, value) ? (foreign[value] as string) : slipOf(value, words);
  on.add(
    problem({
      rule: 'value',
      param: on.param(),
      code: 'invalid_value',
      message: on.phrases.unknownWord(on.param(), value, words),
      fix: meant === null ? `Use one of the supported values for ${on.param()}.` : `Did you mean '${meant}'?`,
      novel: openness === 'open' && meant === null,
    }),
  );
}

/** What else a field may be: null, as the SDKs send for what was left open. */
export function nullable(check: FieldCheck): FieldCheck {
  return (value, on) => {
    if (value !== null) check(value, on);
  };
}

/** A list of things of one kind. */
export function listOf(
  what: string,
  entry: FieldCheck,
  bounds: { readonly least?: 0 | 1; readonly most?: number } = {},
): FieldCheck {
  const { least = 0, most = Number.POSITIVE_INFINITY } = bounds;
  return (value, on) => {
    if (!Array.isArray(value)) return on.add(wrongType(on.param(), `an array of ${what}`, value, null, on.phrases));
    if (value.length < least) return on.add(emptyList(on.param(), null, on.phrases));
    if (value.length > most) return on.add(tooMany(on.param(), most, value.length, on.phrases));
    const { depth } = on;
    on.depth = depth + 1;
    for (let at = 0; at < value.length && !on.full; at += 1) {
      on.steps[depth] = at;
      entry(value[at], on);
    }
    on.depth = depth;
  };
}

/** An object's fields: those it must have, and those it may. */
interface ObjectFields {
  readonly required?: Readonly<Record<string, FieldCheck>>;
  readonly optional?: Readonly<Record<string, FieldCheck>>;
  /** Fields of the same meaning elsewhere, and where they went: `messages` is `input` in Responses. */
  readonly moved?: Readonly<Record<string, string>>;
}

export function object({ required = {}, optional = {}, moved = {} }: ObjectFields): FieldCheck {
  const needed = Object.keys(required);
  const known = [...needed, ...Object.keys(optional)];
  const table = new Map<string, FieldCheck>(Object.entries({ ...required, ...optional }));
  return (value, on) => {
    if (!isObject(value)) return on.add(wrongType(on.param(), 'an object', value, null, on.phrases));
    const { depth } = on;
    on.depth = depth + 1;
    for (const key in value) {
      if (on.full) break;
      on.members += 1;
      on.steps[depth] = key;
      const check = table.get(key);
      if (check === undefined) unknownField(key, value[key], { known, moved }, on);
      else check(value[key], on);
    }
    on.depth = depth;
    for (const key of needed) if (value[key] === undefined) on.add(missing(on.param(key), on.phrases));
  };
}

function unknownField(
  key: string,
  value: unknown,
  { known, moved }: { known: readonly string[]; moved: Readonly<Record<string, string>> },
  on: Inspection,
): void {
  countMembers(value, on);
  const param = tellableParam(on);
  const place = Object.hasOwn(moved, key) ? moved[key] : undefined;
  if (place !== undefined) {
    return on.add(
      problem({
        rule: 'moved-field',
        kind: 'unsupported-parameter',
        param,
        code: 'unsupported_parameter',
        message: on.phrases.movedField(param, place),
        fix: `Send it as ${place}.`,
      }),
    );
  }
  const meant = slipOf(key, known);
  on.add(
    problem({
      rule: 'unknown-field',
      kind: 'unsupported-parameter',
      param,
      code: 'unknown_parameter',
      message: on.phrases.unknownField(param),
      fix: meant === null ? `Remove ${param}: this API does not know it.` : `Did you mean '${meant}'?`,
      novel: meant === null,
    }),
  );
}

/** Callers choose their field names freely, so they are shown as other people's words are. */
function tellableParam(on: Inspection): string {
  const key = on.steps[on.depth - 1];
  if (typeof key !== 'string') return on.param();
  const path = on.path();
  path[path.length - 1] = quoted(key).slice(1, -1);
  return on.phrases.place(path);
}

/** A mapping whose names are the caller's own. */
export function mapping(what: string, entry: FieldCheck): FieldCheck {
  return (value, on) => {
    if (!isObject(value)) return on.add(wrongType(on.param(), what, value, null, on.phrases));
    const { depth } = on;
    on.depth = depth + 1;
    for (const key in value) {
      if (on.full) break;
      on.members += 1;
      on.steps[depth] = key;
      entry(value[key], on);
    }
    on.depth = depth;
  };
}

/**
 * Objects told apart by a word of theirs, such as `type`. A word that is not known may be tomorrow's, unless it is another
 * endpoint's word for one of these: `foreign` says which it stands for.
 */
export function variants(
  by: string,
  shapes: Readonly<Record<string, FieldCheck>>,
  {
    openness = 'open',
    foreign = {},
  }: { readonly openness?: 'open' | 'closed'; readonly foreign?: Readonly<Record<string, string>> } = {},
): FieldCheck {
  const table = new Map(Object.entries(shapes));
  const words = Object.keys(shapes);
  return (value, on) => {
    if (!isObject(value)) return on.add(wrongType(on.param(), 'an object', value, null, on.phrases));
    const word = value[by];
    const shape = typeof word === 'string' ? table.get(word) : undefined;
    if (shape !== undefined) return shape(value, on);
    countMembers(value, on);
    if (word === undefined) return on.add(missing(on.param(by), on.phrases));
    on.steps[on.depth] = by;
    on.depth += 1;
    if (typeof word === 'string') unknownWord(word, words, openness, on, foreign);
    else on.add(wrongType(on.param(), 'a string', word, null, on.phrases));
    on.depth -= 1;
  };
}

/** A value that may be of several types; whichever it is, its own check looks at it. */
export function either(
  expected: string,
  checks: { readonly string?: FieldCheck; readonly list?: FieldCheck; readonly object?: FieldCheck },
): FieldCheck {
  return (value, on) => {
    const check =
      typeof value === 'string'
        ? checks.string
        : Array.isArray(value)
          ? checks.list
          : isObject(value)
            ? checks.object
            : undefined;
    if (check === undefined) on.add(wrongType(on.param(), expected, value, null, on.phrases));
    else check(value, on);
  };
}

/** Counts what is in a value that nobody looks into, as deep as anybody would go. */
function countMembers(value: unknown, on: Inspection): void {
  on.members += membersOf(value, on, on.depth);
}

function membersOf(value: unknown, on: Inspection, depth: number): number {
  if (typeof value === 'string') {
    if (!value.isWellFormed()) on.illFormed = true;
    return 0;
  }
  if (typeof value !== 'object' || value === null) return 0;
  if (depth > DEEPEST) {
    on.tooDeep();
    return 0;
  }
  let members = 0;
  if (Array.isArray(value)) {
    for (const entry of value) members += membersOf(entry, on, depth + 1);
    return members;
  }
  for (const key in value) members += 1 + membersOf((value as Record<string, unknown>)[key], on, depth + 1);
  return members;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
