import type { Operation } from '../../engine/call.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';
import { startOfText } from './json-bytes.ts';
import { Glance } from './json-glance.ts';
import { parseJson } from '../../engine/parse-json.ts';
import { generates } from '../gemini/path.ts';
import { readGenerate } from '../gemini/read.ts';

/** What the line needs to know of a request, read from its one parse. */
interface RequestReading {
  readonly model: string | null;
  readonly stream: boolean;
  readonly choices: number;
  readonly pins: readonly string[];
  /** The caller's own user, as the request names one; null where it names none. */
  readonly user: string | null;
}

/** A reading, and what was found wrong while reading. */
export interface ReadRequest {
  readonly reading: RequestReading;
  readonly problem: Fault | null;
  /** The whole request, its texts as Latin-1, where reading it took a parse; null where it was skimmed or not read. */
  readonly parsed: Readonly<Record<string, unknown>> | null;
}

const NOTHING: RequestReading = { model: null, stream: false, choices: 1, pins: [], user: null };

/** The operation behind a method and a path below the API's root (`/chat/completions`), its query taken off. */
export function operationOf(method: string, path: string): Operation {
  if (method === 'POST') {
    if (path === '/chat/completions') return 'chat';
    if (path === '/responses') return 'responses';
    if (path === '/messages') return 'messages';
    if (path.startsWith('/models/') && generates(path)) return 'generate';
    if (path === '/embeddings') return 'embeddings';
  } else if (method === 'GET' && (path === '/models' || path.startsWith('/models/'))) return 'models';
  return 'passthrough';
}

/**
 * Reads a request's body; the path names provider state for those that carry none.
 *
 * @param parsedUpTo bodies up to this size are parsed, in bytes; larger ones are skimmed for what is needed.
 */
export function readRequest(
  operation: Operation,
  path: string,
  body: Uint8Array | null,
  parsedUpTo: number = SKIMMED_BYTES,
): ReadRequest {
  if (operation === 'models') return READ_NOTHING;
  if (operation === 'passthrough') {
    const pins = pinsOfPath(path);
    return pins.length === 0 ? READ_NOTHING : { reading: { ...NOTHING, pins }, problem: null, parsed: null };
  }
  if (body === null || body.length === 0) return unreadable('the request has no body; a JSON object is needed');
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const read = (bytes.length > parsedUpTo ? skim(operation, bytes) : null) ?? parseRequest(operation, bytes);
  return operation === 'generate' ? { ...read, reading: { ...read.reading, ...readGenerate(path, bytes) } } : read;
}

/** Where nobody wants more of a request than its reading, none is so small that a parse of it would cost less than a glance. */
export const SKIMMED_BYTES = 0;

/** What the members of a request say that the line reads. */
type Members = Readonly<
  Record<
    | 'model'
    | 'stream'
    | 'n'
    | 'previous_response_id'
    | 'conversation'
    | 'input'
    | 'user'
    | 'safety_identifier'
    | 'metadata',
    unknown
  >
>;

const ASKED = new Glance(['model', 'stream', 'n', 'previous_response_id', 'conversation', 'user', 'safety_identifier']);

/** Anthropic's wire names the caller's user within `metadata`, which on OpenAI's is the caller's own affair. */
const ASKED_OF_MESSAGES = new Glance(['model', 'stream', 'metadata']);

/** Words without which no item of the input can belong to one provider only. */
const PINNING_WORDS = ['"encrypted_content"', '"item_reference"'] as const;

/**
 * Reads a body without parsing the conversation in it. Null when that does not do: there is something unusual about it, or its
 * input may carry provider state.
 */
function skim(operation: Operation, bytes: Buffer): ReadRequest | null {
  if (operation === 'responses' && PINNING_WORDS.some((word) => bytes.includes(word))) return null;
  try {
    const members = operation === 'messages' ? glanceAtMessages(bytes) : glance(bytes);
    return members === null ? null : { reading: readingOf(operation, members), problem: null, parsed: null };
  } catch {
    return null;
  }
}

function glance(bytes: Buffer): Partial<Members> | null {
  if (!ASKED.at(bytes)) return null;
  return {
    model: ASKED.value(bytes, 'model'),
    stream: ASKED.value(bytes, 'stream'),
    n: ASKED.value(bytes, 'n'),
    previous_response_id: ASKED.value(bytes, 'previous_response_id'),
    conversation: ASKED.value(bytes, 'conversation'),
    user: ASKED.value(bytes, 'user'),
    safety_identifier: ASKED.value(bytes, 'safety_identifier'),
  };
}

function glanceAtMessages(bytes: Buffer): Partial<Members> | null {
  if (!ASKED_OF_MESSAGES.at(bytes)) return null;
  return {
    model: ASKED_OF_MESSAGES.value(bytes, 'model'),
    stream: ASKED_OF_MESSAGES.value(bytes, 'stream'),
    metadata: ASKED_OF_MESSAGES.value(bytes, 'metadata'),
  };
}

/**
 * Parses a body as Latin-1: JSON's structure is ASCII, and one letter outside of it makes a parse of UTF-8 cost more than
 * twice as much. What of its texts is read here is hardly ever more than ASCII; then it is parsed again, as is what is broken.
 */
function parseRequest(operation: Operation, bytes: Buffer): ReadRequest {
  try {
    const parsed = parseAs('latin1', bytes);
    if (!isObject(parsed)) return unreadable('the request must be a JSON object');
    const reading = readingOf(operation, parsed);
    if (hasPlainTexts(reading)) return { reading, problem: null, parsed };
    return { reading: readingOf(operation, parseAs('utf8', bytes) as Partial<Members>), problem: null, parsed };
  } catch {
    return unreadable(`the request's body is not JSON: ${whyUnreadable(bytes)}`);
  }
}

function parseAs(encoding: 'latin1' | 'utf8', bytes: Buffer): unknown {
  return parseJson(bytes.toString(encoding, startOfText(bytes)));
}

function whyUnreadable(bytes: Buffer): string {
  try {
    parseAs('utf8', bytes);
    return 'it cannot be read';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function hasPlainTexts({ model, user, pins }: RequestReading): boolean {
  return (model === null || isPlain(model)) && (user === null || isPlain(user)) && pins.every(isPlain);
}

function isPlain(text: string): boolean {
  for (let at = 0; at < text.length; at += 1) if (text.charCodeAt(at) >= 0x80) return false;
  return true;
}

/** Far beyond what any provider gives; but JSON can hold numbers (`1e400`) that nobody could reckon with. */
const MOST_CHOICES = 1_000_000;

function readingOf(operation: Operation, members: Partial<Members>): RequestReading {
  const { model, stream, n, user, safety_identifier: identifier = user } = members;
  if (operation === 'messages') return readingOfMessages(members);
  return {
    model: typeof model === 'string' && model !== '' ? model : null,
    stream: stream === true,
    choices: typeof n === 'number' && n > 1 ? Math.min(Math.ceil(n), MOST_CHOICES) : 1,
    pins: operation === 'responses' ? pinsOf(members) : NOTHING.pins,
    user: typeof identifier === 'string' && identifier !== '' ? identifier : null,
  };
}

function readingOfMessages({ model, stream, metadata }: Partial<Members>): RequestReading {
  const user = isObject(metadata) ? metadata['user_id'] : undefined;
  return {
    model: typeof model === 'string' && model !== '' ? model : null,
    stream: stream === true,
    choices: 1,
    pins: NOTHING.pins,
    user: typeof user === 'string' && user !== '' ? user : null,
  };
}

const READ_NOTHING: ReadRequest = { reading: NOTHING, problem: null, parsed: null };

function unreadable(message: string): ReadRequest {
  const fault = faultOf('invalid-request', { message, remedy: 'Send one JSON object, as the API reference shows it.' });
  return { reading: NOTHING, problem: fault, parsed: null };
}

/** `/responses/resp_1/cancel` belongs to whoever made `resp_1`. */
function pinsOfPath(path: string): readonly string[] {
  const [, collection, id] = path.split(/[/?]/, 3);
  return (collection === 'responses' || collection === 'conversations') && id !== undefined && id !== '' ? [id] : [];
}

/** Provider state that a Responses request carries: a previous response, a conversation, items kept or encrypted. */
function pinsOf(request: Partial<Members>): readonly string[] {
  const pins: string[] = [];
  const { previous_response_id: previous, conversation, input } = request;
  if (typeof previous === 'string') pins.push(previous);
  if (typeof conversation === 'string') pins.push(conversation);
  else if (isObject(conversation) && typeof conversation['id'] === 'string') pins.push(conversation['id']);
  if (Array.isArray(input)) {
    for (const item of input) {
      const pin = isObject(item) ? pinOfItem(item) : null;
      if (pin !== null) pins.push(pin);
    }
  }
  return pins;
}

/** The name under which an item is known that only its maker can read; null for items that anyone can. */
export function pinOfItem(item: Record<string, unknown>): string | null {
  const { type, id, encrypted_content: encrypted } = item;
  if (typeof encrypted === 'string' && encrypted !== '') return typeof id === 'string' ? id : encrypted.slice(0, 64);
  return type === 'item_reference' && typeof id === 'string' ? id : null;
}

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
