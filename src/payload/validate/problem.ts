import type { FaultKind } from '../../engine/fault/fault.ts';
import { tellable } from '../../engine/fault/index.ts';
import type { Repair } from './repair.ts';

/** What a caller did wrong, by name: it stands in records and, for repairs, in `x-holdfast-repaired`. */
type Rule =
  | 'json'
  | 'byte-order-mark'
  | 'utf-8'
  | 'duplicate-keys'
  | 'depth'
  | 'lone-surrogates'
  | 'missing'
  | 'type'
  | 'value'
  | 'range'
  | 'length'
  | 'empty'
  | 'unknown-field'
  | 'moved-field'
  | 'tool-pairs'
  | 'tool-choice'
  | 'tool-calls'
  | 'null-content'
  | 'schema'
  | 'only-with'
  | 'not-both'
  | 'json-word'
  | 'max-tokens'
  | 'sampling'
  | 'effort'
  | 'modality'
  | 'output-cap'
  | 'model';

/** The kinds of fault that a request can be refused for before it is sent. */
type RequestFault = Extract<FaultKind, 'invalid-request' | 'unsupported-parameter' | 'output-cap'>;

/** One thing that is wrong with a request, in the API's own words, with the way to put it right. */
export interface Problem {
  readonly rule: Rule;
  readonly kind: RequestFault;
  /** The field as the real API names it; null where it names none. */
  readonly param: string | null;
  /** `error.code` of the real API; null where it gives none. */
  readonly code: string | null;
  readonly message: string;
  /** One sentence that says what to send instead. */
  readonly fix: string;
  /**
   * The provider may have learnt this word since the table was written: only `strict` refuses it. False for what is wrong
   * today and will be tomorrow, and for what looks like a slip of the pen.
   */
  readonly novel: boolean;
  /** How to put it right without changing what was meant; null where nobody can know what was meant. */
  readonly repair: Repair | null;
}

type Facts = Pick<Problem, 'rule' | 'param' | 'message' | 'fix'> & Partial<Problem>;

export function problem(facts: Facts): Problem {
  return { kind: 'invalid-request', code: null, novel: false, repair: null, ...facts };
}

/** Longest piece of a caller's own words that a message repeats: enough for a name, too little for a prompt. */
const LONGEST_QUOTE = 40;

/** A caller's own word, fit to be repeated in a message: short, on one line, without secrets. */
export function quoted(value: unknown): string {
  if (typeof value === 'string') return `'${tellable(value, LONGEST_QUOTE)}'`;
  if (typeof value === 'number' || typeof value === 'boolean' || value === null) return String(value);
  return kindOf(value);
}

/** What a value is, as the API says it. */
function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'an integer' : 'a decimal';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** `'a', 'b', and 'c'`, as the API lists what it takes. */
export function listed(words: readonly string[]): string {
  const all = words.map((word) => `'${word}'`);
  if (all.length < 3) return all.join(' and ');
  return `${all.slice(0, -1).join(', ')}, and ${all.at(-1)}`;
}

export function missing(param: string): Problem {
  return problem({
    rule: 'missing',
    param,
    code: 'missing_required_parameter',
    message: `Missing required parameter: '${param}'.`,
    fix: `Add ${param}: a request is nothing without it.`,
  });
}

export function wrongType(param: string, expected: string, value: unknown, repair: Repair | null = null): Problem {
  return problem({
    rule: 'type',
    param,
    code: 'invalid_type',
    message: `Invalid type for '${param}': expected ${expected}, but got ${kindOf(value)} instead.`,
    fix: value === null ? `Leave ${param} out, or send ${expected}.` : `Send ${expected} as ${param}.`,
    repair,
  });
}

export function tooLong(param: string, most: number, length: number, repair: Repair | null = null): Problem {
  return problem({
    rule: 'length',
    param,
    code: 'string_above_max_length',
    message:
      `Invalid '${param}': string too long. Expected a string with maximum length ${most}, ` +
      `but got a string with length ${length} instead.`,
    fix: `Shorten ${param} to ${most} characters.`,
    repair,
  });
}

export function tooShort(param: string, least: number, length: number): Problem {
  return problem({
    rule: 'length',
    param,
    code: 'string_below_min_length',
    message:
      `Invalid '${param}': string too short. Expected a string with minimum length ${least}, ` +
      `but got ${length === 0 ? 'an empty string' : `a string with length ${length}`} instead.`,
    fix: `Put something in ${param}, or leave it out.`,
  });
}

export function tooMany(param: string, most: number, length: number): Problem {
  return problem({
    rule: 'length',
    param,
    code: 'array_above_max_length',
    message:
      `Invalid '${param}': array too long. Expected an array with maximum length ${most}, ` +
      `but got an array with length ${length} instead.`,
    fix: `Send at most ${most} entries in ${param}; split the request if there are more.`,
  });
}

export function emptyList(param: string, repair: Repair | null = null): Problem {
  return problem({
    rule: 'empty',
    param,
    code: 'empty_array',
    message: `Invalid '${param}': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
    fix: `Put an entry in ${param}, or leave it out.`,
    repair,
  });
}

export function outOfRange(
  param: string,
  sort: 'integer' | 'decimal',
  bound: { readonly least: number } | { readonly most: number },
  value: number,
): Problem {
  const below = 'least' in bound;
  const expected = below ? `>= ${bound.least}` : `<= ${bound.most}`;
  return problem({
    rule: 'range',
    param,
    code: `${sort}_${below ? 'below_min' : 'above_max'}_value`,
    message:
      `Invalid '${param}': ${sort} ${below ? 'below minimum' : 'above maximum'} value. ` +
      `Expected a value ${expected}, but got ${value} instead.`,
    fix: `Send a value ${expected} as ${param}.`,
  });
}

export function mismatch(param: string, pattern: string): Problem {
  return problem({
    rule: 'value',
    param,
    code: 'invalid_value',
    message:
      `Invalid '${param}': string does not match pattern. ` +
      `Expected a string that matches the pattern '${pattern}'.`,
    fix: `Write ${param} so that it matches ${pattern}.`,
  });
}

export function unsupportedParameter(param: string, instead: string | null, repair: Repair | null): Problem {
  return problem({
    rule: instead === null ? 'sampling' : 'max-tokens',
    kind: 'unsupported-parameter',
    param,
    code: 'unsupported_parameter',
    message: `Unsupported parameter: '${param}' is not supported with this model.${instead === null ? '' : ` Use '${instead}' instead.`}`,
    fix: instead === null ? `Leave ${param} out: this model does not take it.` : `Send ${instead} instead of ${param}.`,
    repair,
  });
}

/** Something that is only allowed when something else is there. */
export function onlyWith(param: string, message: string, fix: string, repair: Repair | null = null): Problem {
  return problem({ rule: 'only-with', param, message, fix, repair });
}
