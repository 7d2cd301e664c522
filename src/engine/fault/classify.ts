import type { Headers } from '../call.ts';
import type { Fault, FaultKind } from './fault.ts';
import { findErrorInBody } from './find-error.ts';
import { type Dimension, durationMs, exhaustedDimension, header, waitHint } from './hints.ts';
import { faultOf } from './fault-of.ts';
import { KINDS } from './kinds.ts';
import type { Ground, Meaning } from './meaning.ts';
import { dimensionOf, groundOf, meaningOf, normalise } from './names.ts';
import { parse, readParsed, readSaid, type Said } from './said.ts';
import { eventData } from './event-data.ts';
import { readStatus, type StatusReading } from './status.ts';
import { tellable } from './tellable.ts';
import { asksMoreThanLimit, readWording } from './wording.ts';

/** A failed answer, as it came over the wire. */
export interface ResponseFailure {
  readonly status: number;
  readonly headers: Headers;
  /** The body or its beginning: some 64 KiB are plenty. Any form: JSON, HTML, text, nothing. */
  readonly body: string | Uint8Array | null;
  /** Milliseconds since 1970, to read dates by. */
  readonly wall: number;
  /** Who answered. No rule needs it: the dialects are told apart by their words alone. */
  readonly provider?: string;
}

/** An error inside a stream whose HTTP status was 200. */
export interface EventFailure {
  /** The event's data: parsed, or its text with or without the `event:` and `data:` lines around it. */
  readonly data: unknown;
  /** Milliseconds since 1970; only a broker's copied headers need it. Without it such dates are ignored. */
  readonly wall?: number;
  readonly provider?: string;
}

/**
 * Names the fault of a failed answer, or of a 200 whose body is an error. Codes count first, then types, then wording on
 * the ground that status and type have set, and the bare status last. Never throws and never calls anything healthy.
 */
export function classifyResponse(failure: ResponseFailure): Fault {
  const { status, headers, wall } = failure;
  const said = readSaid(failure.body);
  const evidence = [`status ${status}`];
  const base = readStatus(status);
  const case_ = { said, status, headers, wall, evidence };
  if (base !== null) return decide({ ...case_, base });
  if (isUnfinished(said)) return unread('partial-response', said, evidence, status);
  const silent = said.form !== 'json' || isSilent(said);
  if (silent) return unread('malformed-response', said, evidence, status);
  return decide({ ...case_, base: said.status === null ? null : readStatus(said.status) });
}

/** Names the fault of an error event in a stream. Same rules, without an HTTP status. */
export function classifyEvent(failure: EventFailure): Fault {
  const evidence = ['error event in a stream'];
  const data = typeof failure.data === 'string' ? eventData(failure.data).data : failure.data;
  const parsed = typeof data === 'string' ? parse(data) : data;
  const said = parsed === undefined ? readSaid(typeof data === 'string' ? data : null) : readParsed(parsed);
  if (parsed === undefined && said.form !== 'text') {
    return unread(isUnfinished(said) ? 'partial-response' : 'malformed-response', said, evidence, null);
  }
  if (parsed !== undefined && isSilent(said) && !findErrorInBody(parsed))
    return unread('malformed-response', said, evidence, null);
  const base = parsed === undefined ? UNREADABLE : said.status === null ? null : readStatus(said.status);
  return decide({ said, status: null, headers: {}, wall: failure.wall ?? Number.NaN, evidence, base });
}

/** Bare text where an event's JSON should be: its words may still tell, else it is no event at all. */
const UNREADABLE: StatusReading = { ground: 'unknown', meaning: { kind: 'malformed-response' } };

interface Case {
  readonly said: Said;
  /** HTTP status; null in a stream. */
  readonly status: number | null;
  readonly headers: Headers;
  readonly wall: number;
  readonly evidence: string[];
  /** What the status says, the body's own included; null when there is none. */
  readonly base: StatusReading | null;
}

function isUnfinished({ form }: Said): boolean {
  return form === 'empty' || form === 'cut';
}

function isSilent(said: Said): boolean {
  return (
    said.message === '' && said.type === null && said.code === null && said.status === null && said.reasons.length === 0
  );
}

/** An answer that is no API answer at all. */
function unread(kind: FaultKind, said: Said, evidence: readonly string[], status: number | null): Fault {
  const page = said.form === 'html' ? 'an HTML page' : said.form === 'empty' ? 'an empty body' : `a ${said.form} body`;
  return faultOf(kind, {
    status,
    evidence: [...evidence, page],
    ...(said.message === '' ? {} : { message: tellable(`The answer is ${page}: ${said.message}`) }),
  });
}

function decide(case_: Case): Fault {
  const { said, evidence, base } = case_;
  if (said.status !== null && said.status !== case_.status) evidence.push(`status in body ${said.status}`);
  const meaning =
    challenged(case_) ??
    brokenGoogleLimit(case_) ??
    named(case_) ??
    onGround(case_) ??
    base?.meaning ??
    ({ kind: 'server-error' } as const);
  return tell(adjust(meaning, case_), case_);
}

/** Every name the answer carries, most telling first, with the place it was read from. */
function namesOf({ said, headers }: Case): readonly (readonly [place: string, name: string])[] {
  const names: [string, string | null][] = [
    ...said.reasons.map((reason): [string, string] => ['error detail', reason]),
    ['error.code', said.code],
    ['error.type', said.type],
    ['error.status', said.word],
    ['header x-amzn-errortype', header(headers, 'x-amzn-errortype')],
    ['header x-ms-error-code', header(headers, 'x-ms-error-code')],
  ];
  return names.filter((pair): pair is [string, string] => pair[1] !== null);
}

/** Cloudflare holds back what it takes for a bot: the provider has not seen the request. */
function challenged({ said, headers, status, evidence }: Case): Meaning | null {
  const page =
    said.form === 'html' &&
    (status === 403 || status === 503 || status === 429) &&
    /^(?:just a moment|attention required)/i.test(said.message);
  if (header(headers, 'cf-mitigated') !== 'challenge' && !page) return null;
  evidence.push(page ? 'challenge page' : 'header cf-mitigated: challenge');
  return {
    kind: 'permission',
    party: 'network',
    remedy:
      "Leave the VPN or shared egress address: the provider's edge takes this traffic for a bot and never passed the request on.",
  };
}

/** Google calls every limit a quota; only these are gone for longer than anyone can wait. */
function brokenGoogleLimit({ said, status, evidence }: Case): Meaning | null {
  const limited = status === 429 || said.word === 'RESOURCE_EXHAUSTED';
  if (!limited || (said.word === null && said.quotas.length === 0)) return null;
  const daily = said.quotas.find((quota) => /perday|daily/i.test(quota));
  const none = /\blimit:\s*0(?!\.?\d)/i.test(said.message);
  const delay = said.retryDelay === null ? null : durationMs(said.retryDelay);
  const long = delay !== null && delay > 300_000;
  if (daily === undefined && !none && !long) return null;
  evidence.push(daily !== undefined ? `quota ${daily}` : none ? 'message: limit: 0' : `retry delay ${said.retryDelay}`);
  return { kind: 'quota-exhausted' };
}

function named(case_: Case): Meaning | null {
  for (const [place, name] of namesOf(case_)) {
    const meaning = meaningOf(name);
    if (meaning === null) continue;
    case_.evidence.push(`${place} ${tellable(name, 120)}`);
    return meaning;
  }
  return null;
}

/** Reads the wording on the ground that the names, or else the status, have set. */
function onGround(case_: Case): Meaning | null {
  const { said, base, status, evidence } = case_;
  const grounds = namesOf(case_).map(([place, name]) => ({ place, name, ground: groundOf(name) }));
  // A rate limit or a refusal is one under any status that leaves room for it; "invalid request" and "server error" are
  // said under every status, and so say nothing.
  const settled = base?.ground === 'settled';
  const firm = grounds.find(({ ground }) => !settled && (ground === 'rate' || ground === 'forbidden'));
  const soft = base === null ? grounds.find(({ ground }) => ground !== null) : undefined;
  const used = firm ?? soft;
  if (used !== undefined) evidence.push(`${used.place} ${tellable(used.name, 120)}`);
  const ground: Ground = used?.ground ?? base?.ground ?? 'unknown';
  const wording = readWording({
    ground,
    message: said.message,
    namedRate: firm?.ground === 'rate',
    google: said.word === 'RESOURCE_EXHAUSTED',
  });
  if (wording !== null) {
    evidence.push(`message: ${wording.name}`);
    return wording.meaning;
  }
  if (ground === 'request') return parameterAlone(case_);
  if (ground === 'rate') return { kind: tooLarge(said, status) ? 'too-large-for-limit' : 'rate-limit-requests' };
  if (used === undefined) return null;
  return GROUND_DEFAULTS[ground] ?? null;
}

const GROUND_DEFAULTS: Readonly<Partial<Record<Ground, Meaning>>> = {
  forbidden: { kind: 'permission' },
  server: { kind: 'server-error' },
  unavailable: { kind: 'unavailable' },
};

function tooLarge(said: Said, status: number | null): boolean {
  return status === 413 || asksMoreThanLimit(said.message);
}

const CAP_CODES = new Set(['integerabovemaxvalue', 'invalidvalue']);

/** What the named parameter says when neither code nor wording does. */
function parameterAlone({ said, evidence }: Case): Meaning {
  const { param, code, message } = said;
  if (param !== null) evidence.push(`error.param ${tellable(param, 120)}`);
  if (param === 'input_tokens') return { kind: 'context-length' };
  if (param === 'service_tier')
    return { kind: 'unsupported-parameter', remedy: 'Remove service_tier: this project does not have that tier.' };
  const capped =
    param !== null && /^max_(?:completion_|output_)?tokens$/.test(param) && CAP_CODES.has(normalise(code ?? ''));
  return { kind: capped && !/below|minimum|at least/i.test(message) ? 'output-cap' : 'invalid-request' };
}

/** Where two facts together mean something else than either alone. */
function adjust(meaning: Meaning, { said, status }: Case): Meaning {
  const { kind } = meaning;
  if (kind === 'not-found' && status === 403) {
    return { kind: 'permission', remedy: 'Give the project access to this model, or use a model it has.' };
  }
  if (kind === 'not-found' && meaning.elsewhere === undefined) {
    if (said.form === 'html')
      return {
        ...meaning,
        remedy: 'Check the base URL (a doubled or missing /v1?): a web server answered, not the API.',
      };
    if (said.param === 'input' || said.param === 'previous_response_id') return { ...meaning, elsewhere: false };
  }
  if (kind === 'payload-too-large' && said.form === 'html') {
    return {
      ...meaning,
      remedy: "Send fewer bytes or raise the body limit of the proxy that answered: it isn't the provider's API.",
    };
  }
  return meaning;
}

function tell(meaning: Meaning, case_: Case): Fault {
  const { said, status, wall, evidence } = case_;
  const headers: Headers = { ...said.headers, ...case_.headers };
  const dimension =
    meaning.kind === 'rate-limit-requests' || meaning.kind === 'rate-limit-tokens'
      ? limitedDimension(case_, headers)
      : null;
  const kind: FaultKind = dimension === 'tokens' ? 'rate-limit-tokens' : meaning.kind;
  const waits = (meaning.here ?? KINDS[kind].here) || kind === 'quota-exhausted';
  const hint = waits
    ? waitHint({ headers, retryDelay: said.retryDelay, message: said.message, dimension, wall })
    : null;
  if (hint !== null) evidence.push(tellable(hint.source, 120));
  if (said.form === 'html') evidence.push('an HTML page');
  if (said.form === 'empty') evidence.push('an empty body');
  const { kind: _, ...changes } = meaning;
  return faultOf(kind, {
    ...changes,
    ...(said.message === '' ? {} : { message: tellable(said.message) }),
    evidence: [...new Set(evidence)],
    afterMs: hint?.ms ?? null,
    status,
    type: short(said.type ?? said.word),
    code: short(said.code),
    param: short(said.param),
  });
}

function short(text: string | null): string | null {
  return text === null ? null : tellable(text, 120);
}

/** Requests or tokens: names first, then Google's limits, the words, and the headers. Requests when nobody says. */
function limitedDimension(case_: Case, headers: Headers): Dimension {
  const { said, evidence } = case_;
  for (const [place, name] of namesOf(case_)) {
    const dimension = dimensionOf(name);
    if (dimension === null) continue;
    evidence.push(`${place} ${tellable(name, 120)}`);
    return dimension;
  }
  const quota = said.quotas.find((name) => /token|request/i.test(name));
  if (quota !== undefined) {
    evidence.push(`quota ${tellable(quota, 120)}`);
    return /token/i.test(quota) ? 'tokens' : 'requests';
  }
  if (/requests? per|\brp[mds]\b|concurren|number of requests|too many requests/i.test(said.message)) return 'requests';
  if (/\btokens?\b|_token_count|\btp[md]\b/i.test(said.message)) return 'tokens';
  const empty = exhaustedDimension(headers);
  if (empty !== null) evidence.push(`header: no ${empty} remaining`);
  return empty ?? 'requests';
}
