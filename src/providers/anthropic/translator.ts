import type { Headers } from '../../engine/call.ts';
import type { Receiver } from '../../engine/ports.ts';
import { type Translation, Translator } from '../translation/translator.ts';
import { rateHeaders } from './rate-headers.ts';
import { ChunkWriter } from './to-chunks.ts';
import { toCompletion } from './to-completion.ts';

export interface TranslatorOptions {
  /** The caller asked for a stream. */
  readonly stream: boolean;
  /** The caller asked for the stream's usage. */
  readonly tellsUsage: boolean;
  /** Milliseconds since 1970. */
  readonly wall: number;
}

/** What Anthropic tells in the head of an answer, under the names that the engine and callers of OpenAI's wire know. */
export function chatHead(headers: Headers, wall: number): Record<string, string> {
  const { 'request-id': id } = headers;
  return { ...(typeof id === 'string' ? { 'x-request-id': id } : {}), ...rateHeaders(headers, wall) };
}

/** Puts what comes on the Messages wire into Chat Completions as it comes. */
export function chatTranslator(receiver: Receiver, options: TranslatorOptions): Translator {
  const { stream, tellsUsage, wall } = options;
  const created = Math.floor(wall / 1000);
  const writer = new ChunkWriter({ created, tellsUsage });
  const translation = {
    head: (headers) => chatHead(headers, wall),
    whole: (body) => toCompletion(body, created),
    event: (data) => writer.write(data),
    // `message_stop` has ended it.
    end: () => '',
  } satisfies Translation;
  return new Translator(receiver, translation, stream);
}
