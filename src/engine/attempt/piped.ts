import type { Fault } from '../fault/fault.ts';
import { NO_USAGE } from '../ports.ts';
import { Endings, type ReplyStream, type Sink, type StreamEnding } from '../reply.ts';

/** What a pipe asks of the attempt around it. */
export interface PipeHooks {
  over(fault: Fault | null): void;
  pause(): void;
  resume(): void;
}

/**
 * Carries a body of unknown format, unread. It has no words for a failure of its own, so a broken body breaks the
 * caller's connection: nobody takes half of a file for a whole one.
 */
export class Piped implements ReplyStream {
  readonly #hooks: PipeHooks;
  #sink: Sink | null = null;
  #held: Uint8Array[] = [];
  /** Undefined while it flows, then how it ended. */
  #end: Fault | null | undefined = undefined;
  readonly #endings = new Endings();

  constructor(hooks: PipeHooks) {
    this.#hooks = hooks;
  }

  data(chunk: Buffer): void {
    if (this.#end !== undefined) return;
    if (this.#sink === null) this.#held.push(chunk);
    else if (!this.#sink.write(chunk)) this.#hooks.pause();
  }

  end(): void {
    this.#conclude(null);
  }

  broke(fault: Fault): void {
    this.#conclude(fault);
  }

  /** The caller left: nobody is there to be told. */
  abandon(fault: Fault): void {
    this.#end ??= fault;
    this.#finish(fault);
  }

  start(sink: Sink): void {
    this.#sink = sink;
    for (const chunk of this.#held) if (!sink.write(chunk)) this.#hooks.pause();
    this.#held = [];
    if (this.#end !== undefined) this.#tell(sink, this.#end);
  }

  pause(): void {
    this.#hooks.pause();
  }

  resume(): void {
    if (this.#end === undefined) this.#hooks.resume();
  }

  onEnding(listener: (ending: StreamEnding) => void): void {
    this.#endings.listen(listener);
  }

  #conclude(fault: Fault | null): void {
    if (this.#end !== undefined) return;
    this.#end = fault;
    if (this.#sink !== null) this.#tell(this.#sink, fault);
  }

  #tell(sink: Sink, fault: Fault | null): void {
    if (fault === null) sink.end();
    else sink.fail(fault);
    this.#finish(fault);
  }

  #finish(fault: Fault | null): void {
    if (this.#endings.told) return;
    this.#hooks.over(fault);
    this.#endings.tell({ fault, usage: NO_USAGE, sentTokens: 0 });
  }
}
