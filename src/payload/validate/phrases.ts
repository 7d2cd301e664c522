import { snakeOf } from '../prompt/proto.ts';
import { paramOf } from './param.ts';
import { kindOf, listed, quoted } from './quoted.ts';
import type { Step } from './repair.ts';

/** A bound that a number has to keep. */
export type Bound = { readonly least: number } | { readonly most: number };

/** What a table of fields can find wrong, in the words of the API whose table it is. */
export interface Phrases {
  /** How the API names a field. */
  place(path: readonly Step[]): string;
  missing(param: string): string;
  wrongType(param: string, expected: string, value: unknown): string;
  tooLong(param: string, most: number, length: number): string;
  tooShort(param: string, least: number, length: number): string;
  tooMany(param: string, most: number, length: number): string;
  emptyList(param: string): string;
  outOfRange(param: string, sort: 'integer' | 'decimal', bound: Bound, value: number): string;
  mismatch(param: string, pattern: string): string;
  unknownWord(param: string, value: string, words: readonly string[]): string;
  unknownField(param: string): string;
  /** A field of another API, which is called otherwise here. */
  movedField(param: string, place: string): string;
}

/** OpenAI's words, as its APIs answered in 2026. */
export const OPENAI: Phrases = {
  place: paramOf,
  missing: (param) => `Missing required parameter: '${param}'.`,
  wrongType: (param, expected, value) =>
    `Invalid type for '${param}': expected ${expected}, but got ${kindOf(value)} instead.`,
  tooLong: (param, most, length) =>
    `Invalid '${param}': string too long. Expected a string with maximum length ${most}, ` +
    `but got a string with length ${length} instead.`,
  tooShort: (param, least, length) =>
    `Invalid '${param}': string too short. Expected a string with minimum length ${least}, ` +
    `but got ${length === 0 ? 'an empty string' : `a string with length ${length}`} instead.`,
  tooMany: (param, most, length) =>
    `Invalid '${param}': array too long. Expected an array with maximum length ${most}, ` +
    `but got an array with length ${length} instead.`,
  emptyList: (param) =>
    `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
  outOfRange(param, sort, bound, value) {
    const below = 'least' in bound;
    return (
      `Invalid '${param}': ${sort} ${below ? 'below minimum' : 'above maximum'} value. ` +
      `Expected a value ${below ? `>= ${bound.least}` : `<= ${bound.most}`}, but got ${value} instead.`
    );
  },
  mismatch: (param, pattern) =>
    `Invalid '${param}': string does not match pattern. Expected a string that matches the pattern '${pattern}'.`,
  unknownWord: (_, value, words) => `Invalid value: ${quoted(value)}. Supported values are: ${listed(words)}.`,
  unknownField: (param) => `Unknown parameter: '${param}'.`,
  movedField: (param, place) => `Unsupported parameter: '${param}'. Here this parameter is called '${place}'.`,
};

/** What Anthropic calls the types of values. */
const ANTHROPICS_TYPES: Readonly<Record<string, string>> = {
  'a string': 'string',
  'an integer': 'integer',
  'a decimal': 'number',
  'a boolean': 'boolean',
  'an object': 'dictionary',
};

function anthropicsType(expected: string): string {
  const known = ANTHROPICS_TYPES[expected];
  if (known !== undefined) return known;
  return expected.startsWith('an array') ? 'list' : expected.replace(/^one of an? /, '');
}

/** Anthropic's words, which are those of the library that reads its requests: the field first, then what it should be. */
export const ANTHROPIC: Phrases = {
  place: (path) => path.join('.'),
  missing: (param) => `${param}: Field required`,
  wrongType: (param, expected) => `${param}: Input should be a valid ${anthropicsType(expected)}`,
  tooLong: (param, most) => `${param}: String should have at most ${most} characters`,
  tooShort: (param, least) => `${param}: String should have at least ${least} character${least === 1 ? '' : 's'}`,
  tooMany: (param, most, length) => `${param}: List should have at most ${most} items after validation, not ${length}`,
  emptyList: (param) =>
    param === 'messages'
      ? 'messages: at least one message is required'
      : `${param}: List should have at least 1 item after validation, not 0`,
  outOfRange: (param, _, bound) =>
    'least' in bound
      ? `${param}: Input should be greater than or equal to ${bound.least}`
      : `${param}: Input should be less than or equal to ${bound.most}`,
  mismatch: (param, pattern) => `${param}: String should match pattern '${pattern}'`,
  unknownWord: (param, _, words) => `${param}: Input should be ${orOf(words)}`,
  unknownField: (param) => `${param}: Extra inputs are not permitted`,
  movedField: (param) => `${param}: Extra inputs are not permitted`,
};

function orOf(words: readonly string[]): string {
  const all = words.map((word) => `'${word}'`);
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)}`;
}

/** What Google calls the types of values. */
const GOOGLES_TYPES: Readonly<Record<string, string>> = {
  'a string': ' (TYPE_STRING)',
  'an integer': ' (TYPE_INT32)',
  'a decimal': ' (TYPE_FLOAT)',
  'a boolean': ' (TYPE_BOOL)',
};

const ofRequest = (param: string, what: string): string => `* GenerateContentRequest.${param}: ${what}`;

/** Google's words: a field is named as in the protocol buffer, and one that is unknown by where it stands. */
export const GOOGLE: Phrases = {
  place: (path) => paramOf(path.map((step) => (typeof step === 'number' ? step : snakeOf(step)))),
  missing: (param) => ofRequest(param, `${leafOf(param)} is not specified`),
  wrongType: (param, expected, value) =>
    `Invalid value at '${param}'${GOOGLES_TYPES[expected] ?? `: expected ${expected}`}, ${shownAsJson(value)}`,
  tooLong: (param, most) => ofRequest(param, `${leafOf(param)} must have at most ${most} characters.`),
  tooShort: (param) => ofRequest(param, `${leafOf(param)} cannot be empty.`),
  tooMany: (param, most) => ofRequest(param, `the number of entries must be at most ${most}.`),
  emptyList: (param) =>
    param === 'contents'
      ? ofRequest(param, 'contents is not specified')
      : ofRequest(param, `${param.replace(/\[\d+\]/g, '')} must not be empty.`),
  outOfRange: (param, _, bound) =>
    ofRequest(
      param,
      'least' in bound
        ? `${leafOf(param)} must be at least ${bound.least}.`
        : `${leafOf(param)} must be at most ${bound.most}.`,
    ),
  mismatch: (param) => ofRequest(param, `Invalid ${leafOf(param)}.`),
  unknownWord: (param, value) => `Invalid value at '${param}': ${shownAsJson(value)}`,
  unknownField,
  movedField: unknownField,
};

function unknownField(param: string): string {
  const leaf = leafOf(param);
  const at = param.slice(0, -leaf.length).replace(/\.$/, '');
  return `Invalid JSON payload received. Unknown name "${leaf}"${at === '' ? '' : ` at '${at}'`}: Cannot find field.`;
}

function leafOf(param: string): string {
  return /[^.]*$/.exec(param)?.[0] ?? param;
}

function shownAsJson(value: unknown): string {
  return typeof value === 'string' ? `"${quoted(value).slice(1, -1)}"` : quoted(value);
}
