import { parseJson } from '../parse-json.ts';

/** What a provider said about a failure, whatever the dialect, in one form. */
export interface Said {
  /** How the body was written. `cut` is JSON that stops before its end, `garbled` JSON that is wrong within. */
  readonly form: 'json' | 'cut' | 'garbled' | 'html' | 'text' | 'empty';
  /** Empty when nothing was said. */
  readonly message: string;
  readonly type: string | null;
  /** The code as a word; codes that are only an HTTP status are in {@link Said.status}. */
  readonly code: string | null;
  readonly param: string | null;
  /** Google's canonical status word. */
  readonly word: string | null;
  /** An HTTP status that stands in the body. */
  readonly status: number | null;
  /** Narrower codes from `details`, `innererror` or `metadata`: they tell more than the code does. */
  readonly reasons: readonly string[];
  /** Names of the limits that Google says were broken. */
  readonly quotas: readonly string[];
  /** How long to wait, where the body has a field for it. */
  readonly retryDelay: string | null;
  /** Headers of the provider behind a broker, which the broker put into the body. */
  readonly headers: Readonly<Record<string, string>>;
}

type Draft = { -readonly [K in keyof Said]: Said[K] } & {
  reasons: string[];
  quotas: string[];
  headers: Record<string, string>;
};

type Fields = Readonly<Record<string, unknown>>;

/** Enough for any error body; what lies beyond is an echo of the request. */
const LONGEST_BODY = 262_144;
const LONGEST_TEXT = 8192;
/** A broker that wraps a provider that wraps a provider: deeper nesting is an attack, not an answer. */
const DEEPEST = 6;

/** Reads the body of a failed answer. Never throws. */
export function readSaid(body: string | Uint8Array | null): Said {
  const text = textOf(body).trim();
  if (text === '') return draft('empty');
  if (text.startsWith('<')) return { ...draft('html'), message: htmlTitle(text) };
  if (!/^[[{"]/.test(text)) return { ...draft('text'), message: text.slice(0, LONGEST_TEXT) };
  const parsed = parse(text);
  return parsed === undefined ? salvage(text) : readParsed(parsed);
}

/** Reads an error that is already parsed: an event of a stream, or a 200 body that holds one. Never throws. */
export function readParsed(value: unknown): Said {
  const said = draft('json');
  absorb(value, said, 0);
  return said;
}

function draft(form: Said['form']): Draft {
  return {
    form,
    message: '',
    type: null,
    code: null,
    param: null,
    word: null,
    status: null,
    reasons: [],
    quotas: [],
    retryDelay: null,
    headers: {},
  };
}

function textOf(body: string | Uint8Array | null): string {
  if (body === null) return '';
  if (typeof body === 'string') return body.slice(0, LONGEST_BODY).replace(/^\uFEFF/, '');
  return new TextDecoder().decode(body.subarray(0, LONGEST_BODY));
}

/** Undefined when it is not JSON. */
export function parse(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

/** A broken JSON error still has its first fields in plain sight. */
function salvage(text: string): Said {
  const pick = (key: string): string | null => {
    const found = new RegExp(`"${key}"\\s*:\\s*(?:"((?:[^"\\\\]|\\\\.)*)|(\\d+))`).exec(
      text.slice(0, LONGEST_TEXT * 4),
    );
    return found?.[1] ?? found?.[2] ?? null;
  };
  const said = draft(stopsShort(text) ? 'cut' : 'garbled');
  const message = pick('message') ?? pick('detail') ?? pick('error');
  const whole = message === null ? undefined : parse(`"${message}"`);
  said.message = (typeof whole === 'string' ? whole : (message ?? text)).slice(0, LONGEST_TEXT);
  absorbNames({ type: pick('type'), code: pick('code'), param: pick('param'), status: pick('status') }, said);
  return said;
}

/** Whether a string, an object or an array is still open where the text ends. */
function stopsShort(text: string): boolean {
  let depth = 0;
  let quoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === '"') quoted = !quoted;
    else if (quoted) at += char === '\\' ? 1 : 0;
    else if (char === '{' || char === '[') depth += 1;
    else if (char === '}' || char === ']') depth -= 1;
  }
  return quoted || depth > 0;
}

function htmlTitle(text: string): string {
  const head = text.slice(0, LONGEST_TEXT);
  const title = /<title[^>]*>([^<]*)/i.exec(head)?.[1]?.trim();
  const heading = /<h1[^>]*>([^<]*)/i.exec(head)?.[1]?.trim();
  // An XML error (a cloud's storage or API edge) has its words in plain elements.
  const words = title || heading || head.replace(/<(?:style|script)[\s\S]*?<\/(?:style|script)>|<[^>]*>/gi, ' ').trim();
  return words.replace(/\s+/g, ' ').slice(0, LONGEST_TEXT);
}

function absorb(value: unknown, said: Draft, depth: number): void {
  if (depth > DEEPEST) return;
  if (typeof value === 'string') return absorbText(value, said, depth);
  if (Array.isArray(value)) return absorb(value[0], said, depth + 1);
  if (!isFields(value)) return;
  absorbNames(value, said);
  absorbMessage(value, said, depth);
  absorbDetails(value, said, depth);
  absorbException(value, said, depth);
  for (const inner of [value['response'], firstError(value['choices']), value['errors'], value['error']]) {
    if (inner !== undefined && inner !== null) absorb(inner, said, depth + 1);
  }
}

/** Some brokers send the provider's whole error, JSON and all, as the text of their own. */
function absorbText(text: string, said: Draft, depth: number): void {
  const trimmed = text.trim();
  if (trimmed === '') return;
  const inner = /^[[{]/.test(trimmed) ? parse(trimmed) : undefined;
  if (typeof inner === 'object' && inner !== null) {
    const before = said.message;
    absorb(inner, said, depth + 1);
    if (said.message !== before) return;
  }
  said.message = trimmed.slice(0, LONGEST_TEXT);
}

const HOLLOW = new Set(['', 'none', 'null', 'undefined', 'error', 'response.failed', 'about:blank']);

function absorbNames(fields: Fields, said: Draft): void {
  said.type =
    word(fields['type']) ??
    word(fields['error_type']) ??
    word(fields['__type']) ??
    word(fields['errorType']) ??
    said.type;
  said.param = word(fields['param']) ?? said.param;
  for (const key of ['code', 'error_code', 'errorCode', 'statusCode', 'status_code', 'status']) {
    const value = fields[key];
    const status = httpStatus(value);
    if (status !== null) said.status ??= status;
    else if (key === 'status') said.word = word(value) ?? said.word;
    else if (key !== 'statusCode' && key !== 'status_code') said.code = codeWord(value) ?? said.code;
  }
}

function absorbMessage(fields: Fields, said: Draft, depth: number): void {
  for (const key of [
    'message',
    'Message',
    'error_message',
    'errorMessage',
    'detail',
    'msg',
    'error_description',
    'title',
  ]) {
    const value = fields[key];
    if (typeof value === 'string' && value.trim() !== '') return absorbText(value, said, depth);
    if (Array.isArray(value) && value.length > 0) {
      said.message = value.slice(0, 5).map(complaint).join('; ').slice(0, LONGEST_TEXT);
      return;
    }
    if (isFields(value)) return absorb(value, said, depth + 1);
  }
}

/** One entry of a validation list, as FastAPI servers send it. */
function complaint(entry: unknown): string {
  if (!isFields(entry)) return typeof entry === 'string' ? entry : '';
  const where = Array.isArray(entry['loc']) ? entry['loc'].filter((part) => typeof part !== 'object').join('.') : '';
  const what = word(entry['msg']) ?? word(entry['message']) ?? '';
  return where === '' ? what : `${where}: ${what}`;
}

function absorbDetails(fields: Fields, said: Draft, depth: number): void {
  const { details, innererror, metadata, promptFeedback } = fields;
  for (const detail of Array.isArray(details) ? details.slice(0, 20) : [details]) absorbDetail(detail, said);
  if (isFields(innererror)) pushReason(innererror['code'], said);
  if (isFields(metadata)) absorbMetadata(metadata, said, depth);
  if (isFields(promptFeedback) && word(promptFeedback['blockReason']) !== null) {
    said.reasons.push('content_filter');
    said.message ||= `The prompt was blocked: ${word(promptFeedback['blockReason']) ?? ''}`;
  }
  const seconds = fields['resets_in_seconds'] ?? fields['estimated_time'] ?? fields['retry_after'];
  if (typeof seconds === 'number' && Number.isFinite(seconds)) said.retryDelay ??= `${seconds}s`;
}

function absorbDetail(detail: unknown, said: Draft): void {
  if (!isFields(detail)) return;
  pushReason(detail['error_code'], said);
  pushReason(detail['reason'], said);
  said.retryDelay ??= word(detail['retryDelay']);
  if (!Array.isArray(detail['violations'])) return;
  for (const violation of detail['violations'].slice(0, 20)) {
    if (!isFields(violation)) continue;
    for (const key of ['quotaId', 'quotaMetric']) {
      const name = word(violation[key]);
      if (name !== null) said.quotas.push(name);
    }
  }
}

/** What a broker adds: the provider's raw words, its headers, or that moderation flagged the input. */
function absorbMetadata(metadata: Fields, said: Draft, depth: number): void {
  const { raw, headers } = metadata;
  if (metadata['flagged_input'] !== undefined) said.reasons.push('content_filter');
  pushReason(metadata['error_type'], said);
  if (isFields(headers)) {
    for (const [name, value] of Object.entries(headers).slice(0, 50)) {
      if (typeof value === 'string' || typeof value === 'number') said.headers[name.toLowerCase()] = String(value);
    }
  }
  if (typeof raw === 'string' && !/^\s*[[{]/.test(raw)) {
    said.message = [said.message, raw.trim()].filter(Boolean).join(': ').slice(0, LONGEST_TEXT);
  } else if (raw !== undefined && raw !== null) {
    absorb(raw, said, depth + 1);
  }
}

/** AWS event streams name the failure by the key: `{"throttlingException": {"message": …}}`. */
function absorbException(fields: Fields, said: Draft, depth: number): void {
  for (const key in fields) {
    if (!key.endsWith('Exception') || !isFields(fields[key])) continue;
    absorb(fields[key], said, depth + 1);
    said.type = key;
    return;
  }
}

function firstError(choices: unknown): unknown {
  const first: unknown = Array.isArray(choices) ? choices[0] : undefined;
  return isFields(first) ? first['error'] : undefined;
}

function pushReason(value: unknown, said: Draft): void {
  const name = word(value);
  if (name !== null && said.reasons.length < 20) said.reasons.push(name);
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function word(value: unknown): string | null {
  if (typeof value !== 'string') return null;
  const trimmed = value.trim();
  return HOLLOW.has(trimmed.toLowerCase()) ? null : trimmed.slice(0, 200);
}

/** A number too big or small for a status can still be a code of its own: some providers number their errors. */
function codeWord(value: unknown): string | null {
  return typeof value === 'number' && Number.isFinite(value) ? String(value) : word(value);
}

function httpStatus(value: unknown): number | null {
  const number = typeof value === 'string' && /^\d{3}$/.test(value.trim()) ? Number(value) : value;
  return typeof number === 'number' && Number.isInteger(number) && number >= 400 && number <= 599 ? number : null;
}
