import type { Headers } from './call.ts';
import type { Fault } from './fault/fault.ts';
import type { Usage } from './record.ts';

/** Where a stream's bytes go. */
export interface Sink {
  /** Takes a chunk; false means "enough for now", until {@link ReplyStream.resume}. */
  write(chunk: Uint8Array): boolean;
  end(): void;
  /** The body broke and its format has no words for that: break the connection, so that nobody takes it for whole. */
  fail(fault: Fault): void;
}

/** How a stream ended, told exactly once. */
export interface StreamEnding {
  readonly fault: Fault | null;
  readonly usage: Usage;
}

/** A body that is still arriving. Bytes are pushed; nobody polls. */
export interface ReplyStream {
  /** Starts the flow, what was held back first. Called once. */
  start(sink: Sink): void;
  pause(): void;
  resume(): void;
  /** Told once, when the last byte has been given or the stream has failed. */
  onEnding(listener: (ending: StreamEnding) => void): void;
}

/** What the engine gives back for a call. */
export type Reply =
  | {
      readonly kind: 'whole';
      readonly status: number;
      readonly headers: Headers;
      readonly body: Uint8Array;
      readonly usage: Usage;
      /** Set when the answer is a provider's refusal handed on unchanged. */
      readonly fault: Fault | null;
    }
  | { readonly kind: 'stream'; readonly status: number; readonly headers: Headers; readonly stream: ReplyStream }
  | { readonly kind: 'failed'; readonly fault: Fault; readonly retryAfterMs: number | null };
