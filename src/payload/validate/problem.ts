import type { FaultKind } from '../../engine/fault/fault.ts';
import { type Bound, OPENAI, type Phrases } from './phrases.ts';
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

export function missing(param: string, phrases: Phrases = OPENAI): Problem {
  return problem({
    rule: 'missing',
    param,
    code: 'missing_required_parameter',
    message: phrases.missing(param),
    fix: `Add ${param}: a request is nothing without it.`,
  });
}

export function wrongType(
  param: string,
  expected: string,
  value: unknown,
  repair: Repair | null = null,
  phrases: Phrases = OPENAI,
): Problem {
  return problem({
    rule: 'type',
    param,
    code: 'invalid_type',
    message: phrases.wrongType(param, expected, value),
    fix: value === null ? `Leave ${param} out, or send ${expected}.` : `Send ${expected} as ${param}.`,
    repair,
  });
}

export function tooLong(
  param: string,
  most: number,
  length: number,
  repair: Repair | null = null,
  phrases: Phrases = OPENAI,
): Problem {
  return problem({
    rule: 'length',
    param,
    code: 'string_above_max_length',
    message: phrases.tooLong(param, most, length),
    fix: `Shorten ${param} to ${most} characters.`,
    repair,
  });
}

export function tooShort(param: string, least: number, length: number, phrases: Phrases = OPENAI): Problem {
  return problem({
    rule: 'length',
    param,
    code: 'string_below_min_length',
    message: phrases.tooShort(param, least, length),
    fix: `Put something in ${param}, or leave it out.`,
  });
}

export function tooMany(param: string, most: number, length: number, phrases: Phrases = OPENAI): Problem {
  return problem({
    rule: 'length',
    param,
    code: 'array_above_max_length',
    message: phrases.tooMany(param, most, length),
    fix: `Send at most ${most} entries in ${param}; split the request if there are more.`,
  });
}

export function emptyList(param: string, repair: Repair | null = null, phrases: Phrases = OPENAI): Problem {
  return problem({
    rule: 'empty',
    param,
    code: 'empty_array',
    message: phrases.emptyList(param),
    fix: `Put an entry in ${param}, or leave it out.`,
    repair,
  });
}

export function outOfRange(
  param: string,
  sort: 'integer' | 'decimal',
  bound: Bound,
  value: number,
  phrases: Phrases = OPENAI,
): Problem {
  const below = 'least' in bound;
  const expected = below ? `>= ${bound.least}` : `<= ${bound.most}`;
  return problem({
    rule: 'range',
    param,
    code: `${sort}_${below ? 'below_min' : 'above_max'}_value`,
    message: phrases.outOfRange(param, sort, bound, value),
    fix: `Send a value ${expected} as ${param}.`,
  });
}

export function mismatch(param: string, pattern: string, phrases: Phrases = OPENAI): Problem {
  return problem({
    rule: 'value',
    param,
    code: 'invalid_value',
    message: phrases.mismatch(param, pattern),
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
