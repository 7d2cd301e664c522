import type { Usage } from '../../engine/record.ts';
import { chatUsage, parse } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import type { JsonObject } from './caller-wire.ts';

/** Who puts a chat stream on another wire; each thing that it hears comes to whole events there, none or many. */
export interface ChatListener {
  /** @param usage what the chunk tells of it; null: nothing. */
  onChunk(chunk: JsonObject, choices: readonly JsonObject[], usage: Usage | null): string;
  /** `[DONE]`: nothing follows. */
  onDone(): string;
  /** OpenRouter's way to end a stream that failed, for when it comes without an error object. */
  onFailure(): string;
}

/** Reads the data of one event of a chat stream to whoever puts it on another wire. */
export function readChatEvent(data: string, listener: ChatListener): string {
  if (data === '[DONE]') return listener.onDone();
  const chunk = parse(data);
  // What is no event, or tells of an error, is for whoever guards the stream to judge.
  if (!isObject(chunk) || chunk['error']) return `data: ${data}\n\n`;
  const { choices: given, usage } = chunk;
  const choices = Array.isArray(given) ? given.filter(isObject) : NO_CHOICES;
  for (const { finish_reason: reason } of choices) if (reason === 'error') return listener.onFailure();
  return listener.onChunk(chunk, choices, isObject(usage) ? chatUsage(usage) : null);
}

const NO_CHOICES: readonly JsonObject[] = [];
