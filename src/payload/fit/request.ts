import type { PromptWire } from '../prompt/prompt-wire.ts';
import { isObject, type JsonObject } from '../tokens/json.ts';
import type { Scale } from '../tokens/weigh.ts';
import type { Scales } from './parts.ts';
import type { Talk } from './trim.ts';

/** A request whose prompt is to fit, read. */
export interface FitRequest {
  readonly body: JsonObject;
  readonly talk: Talk;
  /** Tokens that it asks for as its answer; null when it does not say. */
  readonly output: number | null;
  /** It holds what cannot be counted here. */
  readonly uncounted: boolean;
}

/** Integers that JavaScript would round, such as a seed of 64 bits: they are written again as they came. */
const LARGE_INTEGER = /\d{16}/;

/**
 * Reads a request.
 *
 * @throws {SyntaxError} it is not JSON. @throws {TypeError} it is no object.
 */
export function readFitRequest(bytes: Uint8Array, scale: Scale, scales: Scales): FitRequest {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .replace(/^\ufeff/, '');
  const body: unknown = LARGE_INTEGER.test(text) ? JSON.parse(text, keepInteger) : JSON.parse(text);
  if (!isObject(body)) throw new TypeError('the request is no JSON object');
  const { wire } = scales;
  const parts = wire.messagesIn(body).map((message) => scales.weigh(message));
  return {
    body,
    talk: { parts, frameTokens: wire.weighFrame(scale, body).tokens },
    output: wire.outputOf(body),
    uncounted: !wire.isAllText(body),
  };
}

/** The request with other messages in place of its own. */
export function writeFitRequest(body: JsonObject, wire: PromptWire, messages: readonly JsonObject[]): Buffer {
  return Buffer.from(JSON.stringify({ ...body, [wire.member]: wire.joined?.(messages) ?? messages }));
}

/** JSON's own way of keeping a number as it is written, which TypeScript's library does not know yet. */
const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => unknown };

function keepInteger(_: string, value: unknown, context?: { readonly source?: string }): unknown {
  const source = context?.source;
  const rounded = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
  return rounded && source !== undefined && /^-?\d+$/.test(source) ? rawJSON(source) : value;
}
