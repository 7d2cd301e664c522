import type { Call } from '../call.ts';
import { faultOf } from '../fault/index.ts';
import type { Fault } from '../fault/fault.ts';
import { type Dialect, NO_USAGE } from '../ports.ts';
import type { Usage } from '../record.ts';
import { Endings, type ReplyStream, type Sink, type StreamEnding } from '../reply.ts';
import type { ContinuationStyle, Follower, Joint } from './ports.ts';

/** A stream that goes on with the answer. */
export interface Continuation {
  readonly stream: ReplyStream;
  readonly style: ContinuationStyle;
  /** Stops it: it does not go on where the answer broke off, or its caller has left. */
  readonly stop: () => void;
}

export interface ContinuedFacts {
  readonly call: Call;
  readonly dialect: Dialect;
  readonly follower: Follower;
  /** Finds somebody to go on after this fault; a fault when there is nobody. */
  readonly resume: (fault: Fault, sentTokens: number) => Promise<Continuation | Fault>;
}

/** What a stream that broke off, or was the last, has used. */
type Part = Pick<StreamEnding, 'usage' | 'sentTokens'>;

/**
 * An answer of several streams: where one breaks off, the next goes on, and the caller reads one answer. Where nobody goes on,
 * it fails in the open, as it would have done without.
 */
export class ContinuedStream implements ReplyStream {
  readonly #facts: ContinuedFacts;
  readonly #endings = new Endings();
  readonly #parts: Part[] = [];
  /** The stream that is being given. */
  #current: ReplyStream;
  #stop: (() => void) | null = null;
  #sink: Sink | null = null;
  /** The current stream has broken off with this, and somebody is to go on. */
  #cut: Fault | null = null;
  readonly #left = (): void => this.#stop?.();

  constructor(first: ReplyStream, facts: ContinuedFacts) {
    this.#facts = facts;
    this.#current = first;
    this.#watch(first);
  }

  start(sink: Sink): void {
    const { follower } = this.#facts;
    this.#sink = sink;
    this.#current.start({
      write: (chunk) => {
        follower.gave(chunk);
        return sink.write(chunk);
      },
      end: () => sink.end(),
      fail: (fault) => sink.fail(fault),
      cut: (fault) => this.#takeOver(fault),
    });
  }

  pause(): void {
    this.#current.pause();
  }

  resume(): void {
    this.#current.resume();
  }

  onEnding(listener: (ending: StreamEnding) => void): void {
    this.#endings.listen(listener);
  }

  #takeOver(fault: Fault): boolean {
    const { call, follower } = this.#facts;
    if (!follower.continuable || call.cancellation.cancelled) return false;
    this.#cut = fault;
    return true;
  }

  #watch(stream: ReplyStream): void {
    stream.onEnding(({ fault, usage, sentTokens }) => {
      // One that was stopped has been left behind already.
      if (stream !== this.#current) return;
      this.#parts.push({ usage, sentTokens });
      const cut = this.#cut;
      this.#cut = null;
      if (cut === null) this.#end(fault);
      else void this.#goOn(cut);
    });
  }

  async #goOn(fault: Fault): Promise<void> {
    const { call, follower } = this.#facts;
    call.cancellation.forget(this.#left);
    const found = await this.#facts.resume(fault, this.#sentTokens);
    // What broke it says more than why nobody could go on.
    if (!('stream' in found)) return this.#failOpen(found.kind === 'cancelled' ? found : fault);
    const { stream, style, stop } = found;
    this.#current = stream;
    this.#stop = stop;
    call.cancellation.listen(this.#left);
    this.#watch(stream);
    const at = follower.length;
    let joined = false;
    const joint = follower.join(style, this.#sentTokens);
    stream.start({
      write: (chunk) => {
        // After it was stopped there may still be a rest.
        if (this.#current !== stream) return true;
        const given = this.#take(joint, chunk);
        if (given === null) {
          this.#refuse(stream, stop);
          return true;
        }
        if (given.length === 0) return true;
        if (!joined) call.notes = [...call.notes, `continued: at=${at}`];
        joined = true;
        return this.#sink?.write(given) ?? true;
      },
      end: () => {
        if (this.#current === stream) this.#sink?.end();
      },
      fail: (failure) => this.#sink?.fail(failure),
      cut: (failure) => this.#takeOver(failure),
    });
  }

  #take(joint: Joint, chunk: Uint8Array): Uint8Array | null {
    const given = joint.push(chunk);
    if (given !== null && given.length > 0) this.#facts.follower.gave(given);
    return given;
  }

  /** What came does not go on where the answer broke off: somebody else may. */
  #refuse(stream: ReplyStream, stop: () => void): void {
    this.#current = NOBODY;
    // The caller has been given nothing of it.
    stream.onEnding(({ usage }) => this.#parts.push({ usage, sentTokens: 0 }));
    stop();
    void this.#goOn(
      faultOf('malformed-response', {
        message: 'the continuation does not go on where the answer broke off',
        evidence: ['no overlap with what had been given'],
      }),
    );
  }

  #failOpen(fault: Fault): void {
    const { call, dialect } = this.#facts;
    if (fault.kind !== 'cancelled') {
      this.#sink?.write(Buffer.from(dialect.failure(call, fault)));
      this.#sink?.end();
    }
    this.#end(fault);
  }

  #end(fault: Fault | null): void {
    this.#facts.call.cancellation.forget(this.#left);
    const parts = this.#parts.length;
    this.#endings.tell({ fault, usage: this.#usage(), sentTokens: this.#sentTokens, parts });
  }

  get #sentTokens(): number {
    return this.#parts.reduce((sum, { sentTokens }) => sum + sentTokens, 0);
  }

  /** Of all parts together; of those that broke off, which tell none, what was seen of them. */
  #usage(): Usage {
    const last = this.#parts.at(-1)?.usage ?? NO_USAGE;
    if (this.#parts.length === 1 || last.inputTokens === null) return last;
    let input = last.inputTokens;
    let output = last.outputTokens ?? 0;
    let before = 0;
    const prompt = last.inputTokens - (this.#sentTokens - (this.#parts.at(-1)?.sentTokens ?? 0));
    for (const { usage, sentTokens } of this.#parts.slice(0, -1)) {
      input += usage.inputTokens ?? Math.max(0, prompt) + before;
      // What it told may be from before most of it was said.
      output += Math.max(usage.outputTokens ?? 0, sentTokens);
      before += sentTokens;
    }
    return { ...last, inputTokens: input, outputTokens: output };
  }
}

/** While nobody gives. */
const NOBODY: ReplyStream = {
  start: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  onEnding: () => undefined,
};
