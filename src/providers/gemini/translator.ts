import type { Headers } from '../../engine/call.ts';
import type { Receiver } from '../../engine/ports.ts';
import { isObject } from '../openai/request.ts';
import { type Translation, Translator } from '../translation/translator.ts';
import { ChunkWriter } from './to-chunks.ts';
import { toCompletion } from './to-completion.ts';

export interface TranslatorOptions {
  /** The caller asked for a stream. */
  readonly stream: boolean;
  /** The caller asked for the stream's usage. */
  readonly tellsUsage: boolean;
  /** How many answers were asked for. */
  readonly choices: number;
  /** The caller named texts to stop at: an answer without a word may be meant. */
  readonly mayBeEmpty: boolean;
  /** Milliseconds since 1970. */
  readonly wall: number;
}

/** Puts what comes on the Gemini wire into Chat Completions as it comes. Google tells no limits in the head of an answer. */
export function chatTranslator(receiver: Receiver, options: TranslatorOptions): Translator {
  const { stream, wall } = options;
  const created = Math.floor(wall / 1000);
  const writer = new ChunkWriter({ ...options, created });
  const translation = {
    head: chatHead,
    whole: (body) => toCompletion(body, { ...options, created }),
    event: (data) => writer.write(data),
    end: () => writer.end(),
  } satisfies Translation;
  return new Translator(receiver, translation, stream);
}

/** Google's own id of a request, where its edge tells one, under the name that the engine knows. */
function chatHead(headers: Headers): Record<string, string> {
  const { 'x-request-id': known, 'x-goog-request-id': id } = headers;
  return known === undefined && typeof id === 'string' ? { 'x-request-id': id } : {};
}

/** Puts Google's list of models, or one of them, into OpenAI's form. */
export function modelsTranslator(receiver: Receiver): Translator {
  const translation = {
    head: chatHead,
    whole: (body) => modelsOf(body),
    event: (data) => `data: ${data}\n\n`,
    end: () => '',
  } satisfies Translation;
  return new Translator(receiver, translation, false);
}

function modelsOf(body: unknown): Readonly<Record<string, unknown>> | null {
  if (!isObject(body)) return null;
  const { models, name } = body;
  if (typeof name === 'string') return modelOf(name);
  if (!Array.isArray(models)) return null;
  const names = models.flatMap((model: unknown) =>
    isObject(model) && typeof model['name'] === 'string' ? model['name'] : [],
  );
  return { object: 'list', data: names.map(modelOf) };
}

/** Google does not tell when a model was made. */
function modelOf(name: string): Readonly<Record<string, unknown>> {
  return { id: name.replace(/^models\//, ''), object: 'model', created: 0, owned_by: 'google' };
}
