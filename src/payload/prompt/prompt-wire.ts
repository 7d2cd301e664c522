import type { JsonObject } from '../tokens/json.ts';
import type { Count } from '../tokens/tokenizer.ts';
import type { Scale } from '../tokens/weigh.ts';

/** The wires whose requests have a conversation in them. */
export type PromptOperation = 'chat' | 'responses' | 'messages' | 'generate';

/**
 * What a message is to its conversation. `guide`: instructions of the application, never touched. `state`: it stands for what
 * the provider keeps, so nobody here knows what depends on it.
 */
export type Role = 'guide' | 'user' | 'assistant' | 'result' | 'state';

/** Where something stands in a message. */
export type Path = readonly (string | number)[];

/** What has to be known of a message to leave it out or make it smaller. */
export interface MessageReading {
  readonly role: Role;
  /** Calls of tools that it makes. */
  readonly calls: readonly string[];
  /** The calls whose results it has. */
  readonly answers: readonly string[];
  /** It may not stand without the message after it, as an item of reasoning may not without what it led to. */
  readonly leads: boolean;
  /** It opens with thoughts, without which the calls that follow in the same turn are not taken. */
  readonly thinks: boolean;
  /** Where it says something that may be shortened: what people paste and tools put out. */
  readonly texts: readonly { readonly path: Path; readonly text: string }[];
  readonly pictures: readonly { readonly path: Path; readonly picture: JsonObject }[];
}

/** How a wire format holds a prompt. Nothing but this knows what its requests look like; all of it is pure. */
export interface PromptWire {
  /** The member that holds the conversation, by which a refusal names it. */
  readonly member: 'messages' | 'input' | 'contents';
  /** Fewest bytes in which a request can name a picture, its comma included. */
  readonly pictureBytes: number;
  /** What every request that shows a picture has in its bytes. */
  readonly pictureWords: readonly Buffer[];
  /** The messages of a request's conversation; instructions that stand beside it belong to the frame. */
  messagesIn(request: JsonObject): readonly JsonObject[];
  read(message: JsonObject): MessageReading;
  weigh(scale: Scale, message: JsonObject): Count;
  weighPicture(scale: Scale, picture: JsonObject): number;
  /** Everything that is not the conversation: instructions beside it, tools, the form of the answer. */
  weighFrame(scale: Scale, request: JsonObject): Count;
  /** What a message says, for whoever sums it up. */
  told(message: JsonObject): string;
  /** A text as a message of the user. */
  userMessage(text: string): JsonObject;
  /** Puts a conversation right whose sides no longer take turns, because something between them is gone. @default it may stay so */
  joined?(messages: readonly JsonObject[]): readonly JsonObject[];
  /** A text in the place of a picture. */
  note(text: string): JsonObject;
  /** Tokens that a request asks for as its answer; null when it does not say. */
  outputOf(request: JsonObject): number | null;
  /** Whether a request shows pictures (or sounds, or files), which can have more tokens than bytes. Looks only at what somebody has parsed. */
  showsPictures(request: JsonObject): boolean;
  /** Whether all of a request's prompt can be seen and is text, so that nothing but the tokenizer can be wrong about it. */
  isAllText(request: JsonObject): boolean;
}

/** Texts below this many characters are not worth being shortened. */
export const SHORT_TEXT = 256;

/** A positive number in a member; null for anything else. */
export function positiveAt(object: JsonObject, name: string): number | null {
  const value = object[name];
  return typeof value === 'number' && value > 0 ? value : null;
}

/** A message with something else in one place; all other places stay the very same. */
export function replacedAt(value: unknown, [step, ...rest]: Path, by: unknown): unknown {
  if (step === undefined) return by;
  if (Array.isArray(value)) return value.with(Number(step), replacedAt(value[Number(step)], rest, by));
  const object = value as JsonObject;
  return { ...object, [step]: replacedAt(object[step], rest, by) };
}
