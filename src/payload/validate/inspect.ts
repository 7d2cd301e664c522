import { isAscii, isUtf8 } from 'node:buffer';
import { chatRequest } from './chat-fields.ts';
import { checkChatRules } from './chat-rules.ts';
import { checkModelNamed } from './common-fields.ts';
import type { FieldCheck } from './fields.ts';
import { generateRequest } from './generate-fields.ts';
import { checkGenerateModel, checkGenerateRules } from './generate-rules.ts';
import { Inspection } from './inspection.ts';
import { hasMark, MARK_BYTES, membersIn, notUtf8, readJson, repeatedNames, textOf } from './json-text.ts';
import { messagesRequest } from './messages-fields.ts';
import { checkMessagesModel, checkMessagesRules } from './messages-rules.ts';
import { checkChatModel, checkResponsesModel, type ModelFacts } from './model-rules.ts';
import { embeddingsRequest, imageRequest, moderationRequest, speechRequest } from './other-fields.ts';
import { ANTHROPIC, GOOGLE, OPENAI, type Phrases } from './phrases.ts';
import { type Problem, problem } from './problem.ts';
import type { Step } from './repair.ts';
import { responsesRequest } from './responses-fields.ts';
import { checkResponsesRules } from './responses-rules.ts';

type Request = Readonly<Record<string, unknown>>;

/** How the requests of one endpoint are looked at. */
interface Endpoint {
  /** The words of the API that it belongs to. */
  readonly phrases: Phrases;
  readonly fields: FieldCheck;
  readonly rules: ((request: Request, on: Inspection) => void) | null;
  readonly model: ((request: Request, facts: ModelFacts, on: Inspection) => void) | null;
}

/** The endpoints whose requests are known, by their path below the API's root. */
const ENDPOINTS: ReadonlyMap<string, Endpoint> = new Map<string, Endpoint>([
  ['/chat/completions', { phrases: OPENAI, fields: chatRequest, rules: checkChatRules, model: checkChatModel }],
  ['/responses', { phrases: OPENAI, fields: responsesRequest, rules: checkResponsesRules, model: checkResponsesModel }],
  ['/messages', { phrases: ANTHROPIC, fields: messagesRequest, rules: checkMessagesRules, model: checkMessagesModel }],
  ['/embeddings', { phrases: OPENAI, fields: embeddingsRequest, rules: checkModelNamed, model: null }],
  ['/moderations', { phrases: OPENAI, fields: moderationRequest, rules: null, model: null }],
  ['/images/generations', { phrases: OPENAI, fields: imageRequest, rules: null, model: null }],
  ['/audio/speech', { phrases: OPENAI, fields: speechRequest, rules: null, model: null }],
]);

/** Google's, whose path names the model. */
const GENERATE: Endpoint = {
  phrases: GOOGLE,
  fields: generateRequest,
  rules: checkGenerateRules,
  model: checkGenerateModel,
};
const GENERATE_PATH = /^\/models\/[^/]+:(?:generateContent|streamGenerateContent)$/;

/** A path below the API's root without its query, if its requests are known here. */
export function knownEndpoint(path: string): Endpoint | null {
  const query = path.indexOf('?');
  const bare = query < 0 ? path : path.slice(0, query);
  return ENDPOINTS.get(bare) ?? (bare.startsWith('/models/') && GENERATE_PATH.test(bare) ? GENERATE : null);
}

/**
 * A larger body is passed on unparsed: a parse would hold up every other call for longer than a provider takes to refuse
 * this one. Hardly anything but images is as large, and what is wrong with them is for the provider to say.
 */
export const MOST_PARSED_BYTES: number = 1024 * 1024;

/** What an inspection came to. */
export interface Findings {
  /** In the order in which the request was read; what concerns its bytes first. */
  readonly problems: readonly Problem[];
  /** The request; null when it is none. */
  readonly parsed: Request | null;
}

// A look is over before anything else runs, so one inspection serves them all.
const inspection = new Inspection();

/**
 * Looks at one request, all of it.
 *
 * Nearly all requests are well, and are looked at as Latin-1: a parse of UTF-8 costs twice as much as soon as one letter is
 * outside ASCII, and no rule is kept by fewer letters. Only where something seems wrong is it read with its letters.
 *
 * @param parsed what the bytes hold, if somebody has parsed them already, as Latin-1 or UTF-8.
 */
export function inspect(endpoint: Endpoint, bytes: Buffer, parsed: Request | null, facts: ModelFacts | null): Findings {
  const text = bytes.toString('latin1', hasMark(bytes) ? MARK_BYTES : 0);
  const first = look(endpoint, bytes, { text, parsed }, facts);
  if (first.problems.length === 0 || (isAscii(bytes) && first.parsed !== null)) return first;
  return look(endpoint, bytes, { text: textOf(bytes), parsed: null }, facts);
}

interface Seen {
  readonly text: string;
  readonly parsed: Request | null;
}

function look(endpoint: Endpoint, bytes: Buffer, { text, parsed }: Seen, facts: ModelFacts | null): Findings {
  let request = parsed;
  if (request === null) {
    const reading = readJson(bytes, text);
    if (reading.kind === 'broken') return { problems: [reading.problem], parsed: null };
    request = reading.value;
  }
  const on = inspection;
  on.reset(endpoint.phrases);
  if (hasMark(bytes)) on.add(markProblem());
  if (!isUtf8(bytes)) on.add(notUtf8(bytes));
  endpoint.fields(request, on);
  endpoint.rules?.(request, on);
  if (facts !== null) endpoint.model?.(request, facts, on);
  if (on.illFormed) for (const half of loneSurrogates(request, endpoint.phrases)) on.add(half);
  // A walk that was cut short has not counted.
  if (!on.full && membersIn(text) !== on.members) for (const each of repeatedNames(text)) on.add(each);
  return { problems: on.problems, parsed: request };
}

function markProblem(): Problem {
  return problem({
    rule: 'byte-order-mark',
    param: null,
    message: 'We could not parse the JSON body of your request: it begins with a byte order mark.',
    fix: 'Send UTF-8 without a byte order mark (in Python: utf-8, not utf-8-sig).',
    repair: { name: 'byte-order-mark', path: [], change: 'unmark' },
  });
}

/** Texts with half of a character in them, mostly cut in the middle of an emoji. */
function loneSurrogates(request: Request, phrases: Phrases): Problem[] {
  const problems: Problem[] = [];
  visit(request, []);
  return problems;

  function visit(value: unknown, path: readonly Step[]): void {
    if (problems.length >= 10) return;
    if (typeof value === 'string') {
      if (!value.isWellFormed()) problems.push(loneSurrogate(phrases.place(path)));
    } else if (Array.isArray(value)) value.forEach((entry, index) => visit(entry, [...path, index]));
    else if (typeof value === 'object' && value !== null) {
      for (const [name, member] of Object.entries(value)) visit(member, [...path, name]);
    }
  }
}

function loneSurrogate(place: string): Problem {
  const param = place.slice(0, 200);
  return problem({
    rule: 'lone-surrogates',
    param,
    code: 'invalid_value',
    message: `Invalid '${param}': it holds half of a character (a lone surrogate), which UTF-8 cannot carry.`,
    fix: 'Cut texts between characters, not between UTF-16 units; in JavaScript text.toWellFormed() helps.',
    repair: { name: 'lone-surrogates', path: [], change: 'well-formed' },
  });
}
