import type { Headers } from '../../engine/call.ts';
import type { Loss } from './loss.ts';
import type { Translation } from './translator.ts';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What a request is put into chat form for. */
export interface ChatFacts {
  /** The model that will be asked. */
  readonly model: string;
  /** What the target calls the cap on an answer. */
  readonly cap: 'max_tokens' | 'max_completion_tokens';
  /** The caller asked for a stream; on some wires the request itself does not say so. */
  readonly stream: boolean;
}

/** What an answer is told with besides its own words. */
export interface AnswerFacts {
  /** The caller's request, in its own format. */
  readonly request: JsonObject;
  readonly model: string;
  /** Milliseconds since 1970. */
  readonly wall: number;
  /** The call's id, for ids that the chat wire does not tell. */
  readonly callId: string;
}

/** A wire format that callers speak and a target does not: it is put into Chat Completions, and the answer back. */
export interface CallerWire {
  /** The headers that go with a request in chat form. */
  headers(headers: Headers): Headers;
  /**
   * The request as a chat completion.
   *
   * @param losses receives what was left out or changed.
   * @throws {Untranslatable} what cannot be left out without asking something else.
   */
  toChat(request: JsonObject, facts: ChatFacts, losses: Loss[]): JsonObject;
  /** What the caller calls a member of the chat request. */
  fieldOf(field: string): string;
  /** How the chat answer is told to the caller. */
  answer(facts: AnswerFacts): Translation;
}
