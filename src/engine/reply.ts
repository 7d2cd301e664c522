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
  /**
   * The stream broke off amid its content. True: somebody goes on with it, and will end what is behind this sink; nothing more is
   * written here. Asked before the caller is told of the failure. @default nobody does
   */
  cut?(fault: Fault): boolean;
}

/** How a stream ended, told exactly once. */
export interface StreamEnding {
  readonly fault: Fault | null;
  readonly usage: Usage;
  /** Tokens of content that were given, estimated: for when the provider tells no usage. */
  readonly sentTokens: number;
  /** Attempts that gave a part of it, each of which was sent the prompt. @default 1 */
  readonly parts?: number;
}

/** A body that is still arriving. Bytes are pushed; nobody polls. */
export interface ReplyStream {
  /** Starts the flow, what was held back first. Called once. */
  start(sink: Sink): void;
  pause(): void;
  resume(): void;
  /** Tells each listener once, when the last byte has been given or the stream has failed; at once if that has been. */
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
      /** No provider has worked for it: nobody is charged. @default it has cost what its usage says */
      readonly free?: true;
    }
  | {
      readonly kind: 'stream';
      readonly status: number;
      readonly headers: Headers;
      readonly stream: ReplyStream;
      readonly free?: true;
    }
  | { readonly kind: 'failed'; readonly fault: Fault; readonly retryAfterMs: number | null };

/** The listeners to a stream's ending, which comes once and may come before they do. */
export class Endings {
  readonly #listeners: ((ending: StreamEnding) => void)[] = [];
  #ending: StreamEnding | null = null;

  get told(): boolean {
    return this.#ending !== null;
  }

  listen(listener: (ending: StreamEnding) => void): void {
    if (this.#ending === null) this.#listeners.push(listener);
    else listener(this.#ending);
  }

  tell(ending: StreamEnding): void {
    if (this.#ending !== null) return;
    this.#ending = ending;
    for (const listener of this.#listeners) listener(ending);
  }
}
