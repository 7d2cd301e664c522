import type { Call } from '../call.ts';

/** What a call may take, as far as its request tells. */
export interface Demand {
  /** Tokens of the prompt: an estimate on the high side, because nothing is counted on the way of a call. */
  readonly promptTokens: number;
  /** The member that the prompt stands in, for messages to people; null where there is none. */
  readonly promptMember: string | null;
  /** The prompt goes on from what the provider keeps (a previous response), and is longer than what can be seen. */
  readonly continues: boolean;
  /** Output tokens that the request allows each of its choices; null when it does not say. */
  readonly outputTokens: number | null;
  /** The member that says so. */
  readonly outputMember: string | null;
  /** The answer is made in the background: what comes back tells nothing of it, and nobody hears of its end. */
  readonly unattended: boolean;
  /** A stream that would not tell its usage, and can be made to. */
  readonly hidesUsage: boolean;
  /** It costs money, and nobody reads how much. */
  readonly costsUnread: boolean;
  /** Whether the operation gives tokens at all that a cap could bound. */
  readonly generates: boolean;
}

/** Reads requests for what they may take, and bounds it. Others know how a request is written. */
export interface Demands {
  read(call: Call): Demand;
  /** Writes into the body, which says nothing of it, how many tokens each choice may have at most. */
  cap(call: Call, outputTokens: number): Uint8Array;
  /** Writes into the body that the stream is to tell its usage. */
  askUsage(call: Call): Uint8Array;
  /** Most output tokens that a model gives; null when nobody knows. */
  mostOutput(model: string | null): number | null;
  /** Whether a model is known to think, unseen, before it answers. */
  thinks(model: string | null): boolean;
}
