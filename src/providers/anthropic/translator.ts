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
  /** Headers that tell the caller what was done to its request. */
  readonly told: Readonly<Record<string, string>>;
}

/** Puts what comes on the Messages wire into Chat Completions as it comes. */
export function chatTranslator(receiver: Receiver, options: TranslatorOptions): Translator {
  const { stream, tellsUsage, wall, told } = options;
  const created = Math.floor(wall / 1000);
  const writer = new ChunkWriter({ created, tellsUsage });
  const translation = {
    head: (headers) => ({
      ...(typeof headers['request-id'] === 'string' ? { 'x-request-id': headers['request-id'] } : {}),
      ...rateHeaders(headers, wall),
      ...told,
    }),
    whole: (body) => toCompletion(body, created),
    event: (data) => writer.write(data),
    // `message_stop` has ended it.
    end: () => '',
  } satisfies Translation;
  return new Translator(receiver, translation, stream);
}
