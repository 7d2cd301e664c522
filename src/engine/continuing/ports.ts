/**
 * How a model is brought to go on with an answer that broke off. `prefill`: the text so far is the last message, the
 * assistant's own; `prefix` marks that message so, and `continue-final-message` asks for it beside the messages, where a server
 * wants that. `instruction`: the model is told to go on, and to begin with the last words, so that the seam can be checked.
 */
export type ContinuationStyle = 'instruction' | 'prefill' | 'prefix' | 'continue-final-message';

/** Follows a stream as it is given to the caller, so that another can go on where it breaks off. */
export interface Follower {
  /** Whole events have been given to the caller. */
  gave(events: Uint8Array): void;
  /** Whether what was given can be gone on with: only text can. */
  readonly continuable: boolean;
  /** Characters of text given so far. */
  readonly length: number;
  /**
   * What to ask for the rest with.
   *
   * @param body the request that asked for the beginning
   * @returns null where this style cannot bring it
   */
  request(body: Uint8Array, style: ContinuationStyle, sentTokens: number): Uint8Array | null;
  /** Begins to join a stream that goes on. */
  join(style: ContinuationStyle, sentTokens: number): Joint;
}

/** Joins a continuation to what has been given: as one answer, without a character twice or missing. */
export interface Joint {
  /**
   * Takes whole events of the continuation.
   *
   * @returns what to give of them, which may be nothing yet; null when it does not go on where the answer broke off
   */
  push(events: Uint8Array): Uint8Array | null;
}
