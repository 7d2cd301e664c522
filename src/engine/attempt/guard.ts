import type { Call } from '../call.ts';
import { faultOf } from '../fault/index.ts';
import type { Fault } from '../fault/fault.ts';
import { CONTENT, FAULTY, TERMINAL, UNASKED, type Dialect, type StreamReader } from '../ports.ts';
import { Endings, type ReplyStream, type Sink, type StreamEnding } from '../reply.ts';
import { type EventVisitor, SseScanner } from './sse.ts';

/** An event larger than this is no event: the largest real ones are images in Base64, of some megabytes. */
const MAX_EVENT_BYTES = 64 * 1024 * 1024;

/** What the guard asks of the attempt around it. */
export interface GuardHooks {
  /** First content is here: the attempt is the answer now, and can no longer be replaced. */
  committed(guard: Guard): void;
  /** It failed while nothing had been given away: another attempt may take its place. */
  failedBeforeContent(fault: Fault): void;
  /** The last byte was given, or it failed in the open. */
  over(fault: Fault | null): void;
  pause(): void;
  resume(): void;
}

/**
 * - `holding`: nothing given yet; everything may still be replaced by another attempt.
 * - `committed`: content is here, and the caller's sink is not.
 * - `flowing`: bytes go straight through.
 * - `over`: nothing more will be given.
 */
type State =
  | { readonly name: 'holding' }
  | { readonly name: 'committed'; readonly ended: Ended | null }
  | { readonly name: 'flowing'; readonly sink: Sink }
  | { readonly name: 'over' };

type Ended = { readonly fault: Fault | null };

/**
 * Owns the commit point of a stream. Holds what arrives until the first content, so that a failure before it can be
 * answered by another attempt without a byte repeated; after it, passes whole events through and makes sure that the
 * caller hears of a failure: a stream that ends without its terminal event is never made to look finished.
 */
export class Guard implements ReplyStream, EventVisitor {
  readonly #call: Call;
  readonly #dialect: Dialect;
  readonly #reader: StreamReader;
  readonly #hooks: GuardHooks;
  readonly #scanner: SseScanner;
  #state: State = { name: 'holding' };
  #held: Uint8Array[] = [];
  #sawContent = false;
  #fault: Fault | null = null;
  /** The body has ended: an event cut short by that is missing bytes, not malformed. */
  #finishing = false;
  readonly #endings = new Endings();
  unwanted = false;

  constructor(call: Call, dialect: Dialect, hooks: GuardHooks) {
    this.#call = call;
    this.#dialect = dialect;
    this.#reader = dialect.openStream(call);
    this.#hooks = hooks;
    this.#scanner = new SseScanner(this, MAX_EVENT_BYTES);
  }

  get reader(): StreamReader {
    return this.#reader;
  }

  /** It has ended, though the caller may not have been told yet: whatever still arrives is too late. */
  get #deaf(): boolean {
    return this.#state.name === 'over' || (this.#state.name === 'committed' && this.#state.ended !== null);
  }

  // From the wire ------------------------------------------------------------------------------------------------

  data(chunk: Buffer): void {
    if (this.#deaf) return;
    const bytes = this.#scanner.push(chunk);
    if (this.#scanner.overflowed) this.#fault ??= malformed('an event that never ends', this.#scanner.carriedBytes);
    this.#advance(bytes);
  }

  end(): void {
    if (this.#deaf) return;
    this.#finishing = true;
    const bytes = this.#scanner.finish();
    this.#advance(bytes);
    if (this.#fault === null) this.#conclude(this.#reader.complete ? null : this.#cutShort('the body ended'));
  }

  /** The connection broke, or a timer ran out. What had already been completed stays complete. */
  broke(fault: Fault): void {
    if (this.#deaf) return;
    this.#conclude(this.#reader.complete ? null : fault);
  }

  /** The caller left: nobody is there to be told. Who leaves on the terminal event (as SDKs do) has got it all. */
  abandon(fault: Fault): void {
    const { name } = this.#state;
    if (name === 'over') return;
    this.#finish(name === 'flowing' && this.#reader.complete ? null : fault);
  }

  onEvent(bytes: Buffer, start: number, end: number): boolean {
    const seen = this.#reader.read(bytes, start, end);
    if ((seen & FAULTY) !== 0) {
      const fault = this.#reader.fault ?? malformed('an event that could not be read', end - start);
      if (!this.#finishing || fault.kind !== 'malformed-response') this.#fault = fault;
      // Half an event behind the end, such as a chat's [DONE], takes nothing from the answer.
      else if (!this.#reader.complete) this.#fault = this.#cutShort('an event was cut in half');
      return false;
    }
    if ((seen & (CONTENT | TERMINAL)) !== 0) this.#sawContent = true;
    this.unwanted = (seen & UNASKED) !== 0;
    return true;
  }

  onStray(line: Buffer): boolean {
    this.#fault = malformed(`a line that is no event: ${line.toString('utf8', 0, 80)}`, line.length);
    return false;
  }

  // To the caller ------------------------------------------------------------------------------------------------

  start(sink: Sink): void {
    const state = this.#state;
    if (state.name !== 'committed') return;
    this.#state = { name: 'flowing', sink };
    const held = this.#held;
    this.#held = [];
    for (const bytes of held) this.#give(sink, bytes);
    if (state.ended !== null) this.#conclude(state.ended.fault);
  }

  pause(): void {
    this.#hooks.pause();
  }

  resume(): void {
    if (this.#state.name === 'flowing') this.#hooks.resume();
  }

  onEnding(listener: (ending: StreamEnding) => void): void {
    this.#endings.listen(listener);
  }

  // Inside -------------------------------------------------------------------------------------------------------

  /** Gives or holds the whole events that came, then acts on what they said. */
  #advance(bytes: Uint8Array | null): void {
    const state = this.#state;
    if (bytes !== null) {
      if (state.name === 'flowing') this.#give(state.sink, bytes);
      else this.#held.push(bytes);
    }
    if (this.#fault !== null) this.#conclude(this.#fault);
    else if (state.name === 'holding' && this.#sawContent) {
      this.#state = { name: 'committed', ended: null };
      this.#hooks.committed(this);
    }
  }

  #give(sink: Sink, bytes: Uint8Array): void {
    if (!sink.write(bytes)) this.#hooks.pause();
  }

  #conclude(fault: Fault | null): void {
    const state = this.#state;
    switch (state.name) {
      case 'holding':
        // Complete without content (an empty completion) commits on its terminal event, so this is a failure.
        this.#state = { name: 'over' };
        this.#hooks.failedBeforeContent(fault ?? this.#cutShort('the body ended'));
        return;
      case 'committed':
        this.#state = { name: 'committed', ended: { fault } };
        return;
      case 'flowing':
        if (fault === null || state.sink.cut?.(fault) !== true) {
          if (fault !== null) state.sink.write(Buffer.from(this.#dialect.failure(this.#call, fault)));
          state.sink.end();
        }
        this.#finish(fault);
        return;
      case 'over':
    }
  }

  #finish(fault: Fault | null): void {
    this.#state = { name: 'over' };
    this.#held = [];
    this.#hooks.over(fault);
    this.#endings.tell({ fault, usage: this.#reader.usage, sentTokens: this.#reader.sentTokens });
  }

  #cutShort(how: string): Fault {
    const evidence = [`${how} before the terminal event`];
    return faultOf('partial-response', { message: 'the stream stopped before it was complete', evidence });
  }
}

function malformed(what: string, bytes: number): Fault {
  return faultOf('malformed-response', {
    message: `the stream held ${what}`,
    evidence: [`unreadable stream event of ${bytes} bytes`],
  });
}
