import type { Call, Headers } from './call.ts';
import type { Follower } from './continuing/ports.ts';
import type { Fault } from './fault/fault.ts';
import type { Loss } from './loss.ts';
import type { CallRecord, Usage } from './record.ts';

/** What the wire pushes to whoever began an exchange: at most one `onHead`, then data, then exactly one end or error. */
export interface Receiver {
  /** Told before it is sent, of what the target's wire has no words for; mostly not at all. */
  onLost?(losses: readonly Loss[]): void;
  /** A connection was had and the request is on its way. */
  onSent(): void;
  onHead(status: number, headers: Headers): void;
  onData(chunk: Buffer): void;
  onEnd(): void;
  onError(error: unknown): void;
}

/**
 * What an endpoint pushes as its error when a call cannot be said on its provider's wire: nothing has been sent, and nothing is
 * known of the target.
 */
export class Unsendable extends Error {
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/** One exchange under way with a provider. */
export interface Exchange {
  /** Stops it at once; nothing more is pushed. */
  abort(): void;
  pause(): void;
  resume(): void;
}

/** A way to one model provider: the engine decides when to use it, others know how. */
export interface Endpoint {
  /** Stable name, used in records, headers and configuration. */
  readonly id: string;
  /** The provider's name, for reading its errors: `openai`, `azure`, ... */
  readonly provider: string;
  /** Sends the call under `model` (null: as the caller wrote it) and pushes the answer. Never throws. */
  open(call: Call, model: string | null, receiver: Receiver): Exchange;
}

/** What one event of a stream means; bits, because one event can be several things. */
export const CONTENT = 1;
export const TERMINAL = 2;
export const FAULTY = 4;
/** The event answers something that the caller did not ask for, and is not meant for it. */
export const UNASKED = 8;

/** Follows one stream of a wire format, event by event. */
export interface StreamReader {
  /** Reads an event, whose data stands between `start` and `end`, and says what it is, in bits. */
  read(bytes: Buffer, start: number, end: number): number;
  /** May the stream end here without anything missing? */
  readonly complete: boolean;
  /** The failure that a FAULTY event told of. */
  readonly fault: Fault | null;
  readonly usage: Usage;
  /** Tokens of the content so far, estimated: no event of content has less than one. */
  readonly sentTokens: number;
  /** Provider state made by this answer that later calls may carry back. */
  readonly pins: readonly string[];
}

/** What a whole answer says besides its bytes. */
export interface WholeReading {
  readonly fault: Fault | null;
  readonly usage: Usage;
  readonly pins: readonly string[];
}

/** One wire format's way of telling content, endings and errors. */
export interface Dialect {
  readWhole(body: unknown): WholeReading;
  /**
   * Reads a whole answer that is as it nearly always is from its bytes, without a parse; null when it has to be parsed.
   *
   * @default none is
   */
  glance?(body: Buffer): WholeReading | null;
  openStream(call: Call): StreamReader;
  /** The bytes that tell the caller, inside an open stream, that it failed. */
  failure(call: Call, fault: Fault): string;
  /** Follows a stream so that it can be gone on with; null for a call whose answer cannot. @default none can */
  follow?(call: Call): Follower | null;
}

/**
 * Looks at a request before it goes anywhere. It may repair `body`, and add to `notes` and `told`; it must not throw.
 *
 * @returns the fault for which the call is refused; null lets it pass.
 */
export type Check = (call: Call) => Fault | null;

/** Receives the one record of every call. Must not throw and must not block. */
export type Emit = (record: CallRecord) => void;

export const NO_USAGE: Usage = Object.freeze({
  inputTokens: null,
  outputTokens: null,
  cachedTokens: null,
  reasoningTokens: null,
});
