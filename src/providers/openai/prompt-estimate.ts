import type { Span } from './json-bytes.ts';
import { estimateTokens, SAMPLING_MARGIN, sampleTokens } from './token-estimate.ts';

/** What frames a message: its role, and where it begins and ends. */
const OBJECT_TOKENS = 4;

/**
 * A picture of the largest size at the finest setting of most models. The smallest GPT-4o counts pictures at 33 times the
 * rate of its words; what a model really takes for them is learnt from its usage.
 */
const PICTURE_TOKENS = 1_500;
const PICTURE_TYPES: ReadonlySet<unknown> = new Set(['image_url', 'input_image']);

/** Sound runs at ten tokens a second and no less than 4 kB; a file is some bytes of compressed text for each token. */
const BYTES_PER_MEDIA_TOKEN = 100;
const MEDIA_MEMBERS: ReadonlySet<string> = new Set(['data', 'file_data']);

/** Deeper than this no provider reads. */
const DEEPEST = 16;

/**
 * Tokens of a conversation that has been parsed: of every text in it, and a few for each message around them. The names of
 * members are not part of the prompt. Token arrays, as embeddings take them, count one for each number.
 */
export function estimateValue(value: unknown, depth = 0): number {
  if (typeof value === 'string') return sampleTokens(value);
  if (typeof value === 'number') return 1;
  if (typeof value !== 'object' || value === null || depth > DEEPEST) return 0;
  let tokens = 0;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) tokens += estimateValue(value[index], depth + 1);
    return tokens;
  }
  for (const name in value) tokens += memberTokens(name, (value as Readonly<Record<string, unknown>>)[name], depth);
  return tokens + OBJECT_TOKENS;
}

function memberTokens(name: string, value: unknown, depth: number): number {
  // Its tokens stand with the object.
  if (name === 'role') return 0;
  if (typeof value !== 'string') return estimateValue(value, depth + 1);
  if (name === 'type') return PICTURE_TYPES.has(value) ? PICTURE_TOKENS : 0;
  // A picture on Google's wire says what it is, and brings its bytes beside that.
  if (name === 'mimeType') return value.startsWith('image/') ? PICTURE_TOKENS : 0;
  if (value.startsWith('data:image/')) return 0;
  if (MEDIA_MEMBERS.has(name) || value.startsWith('data:')) return value.length / BYTES_PER_MEDIA_TOKEN;
  return sampleTokens(value);
}

/** Pieces taken of a conversation that is too long to be parsed, and the bytes of each. */
const PIECES = 8;
const PIECE_BYTES = 128;

/** What stands between one text and the next in a conversation; the model sees a token or so for each. */
const FRAME = /[{}[\]",:]{2,}(?:role|content|type|text|user|assistant|system|tool)?/g;

/**
 * How a body shows that there is more in it than text. Short, and with a first character that prose seldom has: such a
 * search runs twenty times as fast.
 */
const BASE64_TAIL = Buffer.from('64,');
const BASE64 = Buffer.from(';base64,');
const PICTURE_TAILS: readonly Buffer[] = ['_url"', '_image"'].map((tail) => Buffer.from(tail));

/**
 * The same for a part of a body that nobody has parsed, in the time that a look at some of its pieces takes. What is written in Base64 is no text, and is counted apart.
 */
export function estimateSpan(bytes: Buffer, span: Span): number {
  const blobs = blobsIn(bytes, span);
  let tokens = picturesIn(bytes, span) * PICTURE_TOKENS;
  let textBytes = span.end - span.start;
  for (const blob of blobs) {
    textBytes -= blob.end - blob.start;
    if (!blob.picture) tokens += (blob.end - blob.start) / BYTES_PER_MEDIA_TOKEN;
  }
  return tokens + sampledTokens(bytes, span, blobs, textBytes);
}

interface Blob extends Span {
  readonly picture: boolean;
}

const QUOTE = 0x22;
const IMAGE = Buffer.from('"data:image/');

function blobsIn(bytes: Buffer, { start, end }: Span): readonly Blob[] {
  const blobs: Blob[] = [];
  for (let tail = nextTail(bytes, start); tail >= 0 && tail < end;) {
    const begun = tail - BASE64.length + BASE64_TAIL.length;
    const closing = bytes.indexOf(QUOTE, tail);
    if (isAt(bytes, begun, BASE64) && closing > 0) {
      const opening = bytes.lastIndexOf(QUOTE, begun);
      blobs.push({ start: opening, end: closing, picture: isAt(bytes, opening, IMAGE) });
      tail = nextTail(bytes, closing);
    } else tail = nextTail(bytes, tail + 1);
  }
  return blobs;
}

function nextTail(bytes: Buffer, from: number): number {
  return bytes.indexOf(BASE64_TAIL, from);
}

function isAt(bytes: Buffer, at: number, wanted: Buffer): boolean {
  return at >= 0 && bytes.compare(wanted, 0, wanted.length, at, Math.min(bytes.length, at + wanted.length)) === 0;
}

function picturesIn(bytes: Buffer, { start, end }: Span): number {
  let names = 0;
  for (const tail of PICTURE_TAILS) {
    for (let at = bytes.indexOf(tail, start); at >= 0 && at < end; at = bytes.indexOf(tail, at + 1)) names += 1;
  }
  // The name stands twice with each picture, as its type and as a member.
  return Math.ceil(names / 2);
}

/** Reads pieces of what is no blob, and takes them for the whole. */
function sampledTokens(bytes: Buffer, span: Span, blobs: readonly Blob[], textBytes: number): number {
  if (textBytes <= 0) return 0;
  const step = Math.max(0, textBytes - PIECE_BYTES) / (PIECES - 1);
  let tokens = 0;
  let read = 0;
  for (let piece = 0; piece < PIECES; piece += 1) {
    const from = placeOf(Math.floor(piece * step), span, blobs);
    const to = Math.min(span.end, from + PIECE_BYTES);
    tokens += estimateTokens(bytes.toString('latin1', from, to).replace(FRAME, ','));
    read += to - from;
  }
  return (tokens / Math.max(1, read)) * textBytes * SAMPLING_MARGIN;
}

/** Where the text's `offset`th byte stands when blobs are passed over. */
function placeOf(offset: number, span: Span, blobs: readonly Blob[]): number {
  let at = span.start + offset;
  for (const { start, end } of blobs) if (start <= at) at += end - start;
  return at;
}
