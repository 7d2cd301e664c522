import type { Headers } from '../../engine/call.ts';
import { type Receiver, Unsendable } from '../../engine/ports.ts';
import type { Loss } from '../../engine/loss.ts';
import { type EventVisitor, SseScanner } from '../../engine/attempt/sse.ts';
import { parse } from '../openai/chat.ts';

/** An event or an answer larger than this is none: the longest of answers are some megabytes. */
const MOST_BYTES = 64 * 1024 * 1024;

/** Errors are shorter. */
const MOST_BARE_BYTES = 64 * 1024;

/** How what comes on one wire is said on another. */
export interface Translation {
  /** Headers of the answer that the other wire has under names of its own; they are added to those that came. */
  head(headers: Headers): Readonly<Record<string, string>>;
  /** A whole answer; null for what is none, which is better judged as it came. */
  whole(body: unknown): Readonly<Record<string, unknown>> | null;
  /** What one event of a stream comes to: whole events, none or many. What is no event of the wire is handed on as it is. */
  event(data: string): string;
  /** What is still to be said when the stream has ended as it should. */
  end(): string;
}

/**
 * - `unread`: handed on as it comes, a refusal above all: the fault is read from the provider's own words.
 * - `collecting`: a whole answer, translated when it is all here.
 * - `writing`: a stream, translated event by event.
 * - `bare`: JSON in the midst of a stream, as some servers break off with: an event as soon as it is whole.
 */
type State =
  | { readonly name: 'unread' }
  | { readonly name: 'collecting'; readonly chunks: Buffer[]; bytes: number }
  | { readonly name: 'writing'; readonly scanner: SseScanner }
  | { readonly name: 'bare'; readonly scanner: SseScanner; body: Buffer };

const UNREAD: State = { name: 'unread' };

/** Stands between a target and the engine, and puts what comes on the target's wire into another as it comes. */
export class Translator implements Receiver, EventVisitor {
  readonly unwanted = false;
  readonly #receiver: Receiver;
  readonly #translation: Translation;
  /** The caller asked for a stream. */
  readonly #stream: boolean;
  readonly #fieldOf: ((field: string) => string) | null;
  #state: State = UNREAD;
  /** What has been written of the chunk at hand. */
  #written = '';
  /** The body is over: what is left of it may be half an event. */
  #ending = false;

  /** @param fieldOf what the other wire calls a member of a request. @default the same */
  constructor(
    receiver: Receiver,
    translation: Translation,
    stream: boolean,
    fieldOf: ((field: string) => string) | null = null,
  ) {
    this.#receiver = receiver;
    this.#translation = translation;
    this.#stream = stream;
    this.#fieldOf = fieldOf;
  }

  // Receiver -----------------------------------------------------------------------------------------------------

  onLost(losses: readonly Loss[]): void {
    const fieldOf = this.#fieldOf;
    this.#receiver.onLost?.(
      fieldOf === null ? losses : losses.map((loss) => ({ ...loss, field: fieldOf(loss.field) })),
    );
  }

  onSent(): void {
    this.#receiver.onSent();
  }

  onHead(status: number, headers: Headers): void {
    const isAnswer = status >= 200 && status < 300;
    const { 'content-length': length, ...rest } = headers;
    const translated: Headers = {
      ...rest,
      // A refusal is handed on byte for byte.
      ...(isAnswer || length === undefined ? {} : { 'content-length': length }),
      ...this.#translation.head(headers),
    };
    if (isAnswer)
      this.#state = this.#stream && !isJson(headers) ? this.#writing() : { name: 'collecting', chunks: [], bytes: 0 };
    this.#receiver.onHead(status, translated);
  }

  onData(chunk: Buffer): void {
    const state = this.#state;
    switch (state.name) {
      case 'unread':
        return this.#receiver.onData(chunk);
      case 'collecting':
        if (this.#stream && state.bytes === 0 && isEventful(chunk)) {
          this.#state = this.#writing();
          return this.onData(chunk);
        }
        state.chunks.push(chunk);
        state.bytes += chunk.length;
        if (state.bytes > MOST_BYTES) this.#giveUp(state.chunks);
        // The timers of the attempt have to see that more is coming.
        else this.#receiver.onData(NOTHING);
        return;
      case 'bare':
        state.body = Buffer.concat([state.body, chunk]);
        return this.#readBare(state.body, state.scanner);
      case 'writing':
        if (isBare(chunk) && state.scanner.carriedBytes === 0) {
          this.#state = { name: 'bare', scanner: state.scanner, body: chunk };
          return this.#readBare(chunk, state.scanner);
        }
        state.scanner.push(chunk);
        if (state.scanner.overflowed) {
          this.#state = UNREAD;
          this.#written += 'data: an event that never ends\n\n';
        }
        // The timers of the attempt have to see that more is coming.
        if (this.#written === '') this.#receiver.onData(NOTHING);
        else this.#flush();
    }
  }

  onEnd(): void {
    const state = this.#state;
    this.#ending = true;
    if (state.name === 'collecting') this.#receiver.onData(this.#translated(Buffer.concat(state.chunks)));
    else if (state.name === 'bare') this.#receiver.onData(state.body);
    else if (state.name === 'writing') {
      state.scanner.finish();
      this.#written += this.#translation.end();
      this.#flush();
    }
    this.#receiver.onEnd();
  }

  onError(error: unknown): void {
    this.#receiver.onError(error instanceof Unsendable ? this.#renamed(error) : error);
  }

  // EventVisitor -------------------------------------------------------------------------------------------------

  onEvent(bytes: Buffer, start: number, end: number): boolean {
    const data = bytes.toString('utf8', start, end);
    // Half an event at the end of a body is missing bytes, not a word that is wrong.
    if (!this.#ending || parse(data) !== undefined) this.#written += this.#translation.event(data);
    return true;
  }

  /** A line that is no event, such as an error page: handed on, for whoever guards the stream to see. */
  onStray(line: Buffer): boolean {
    this.#flush();
    this.#receiver.onData(Buffer.concat([line, LINE_END]));
    return true;
  }

  // Inside -------------------------------------------------------------------------------------------------------

  #writing(): State {
    return { name: 'writing', scanner: new SseScanner(this, MOST_BYTES) };
  }

  #readBare(body: Buffer, scanner: SseScanner): void {
    const event = parse(body.toString('utf8'));
    if (event !== undefined) {
      this.#state = { name: 'writing', scanner };
      this.#written += this.#translation.event(JSON.stringify(event));
      this.#flush();
    } else if (body.length > MOST_BARE_BYTES) this.#giveUp([body]);
    else this.#receiver.onData(NOTHING);
  }

  /** The caller knows what cannot be said by a name of its own. */
  #renamed(error: Unsendable): Unsendable {
    const { fault } = error;
    const { param, message } = fault;
    if (this.#fieldOf === null || param === null) return error;
    const field = this.#fieldOf(param);
    return new Unsendable({ ...fault, param: field, message: message.replace(param, () => field) });
  }

  #flush(): void {
    if (this.#written === '') return;
    const bytes = Buffer.from(this.#written);
    this.#written = '';
    this.#receiver.onData(bytes);
  }

  /** Whatever it is, it is judged as it comes. */
  #giveUp(chunks: readonly Buffer[]): void {
    this.#state = UNREAD;
    for (const chunk of chunks) this.#receiver.onData(chunk);
  }

  #translated(body: Buffer): Buffer {
    const answer = this.#translation.whole(parse(body.toString('utf8')));
    return answer === null ? body : Buffer.from(JSON.stringify(answer));
  }
}

function isJson(headers: Headers): boolean {
  return String(headers['content-type'] ?? '').includes('json');
}

/** JSON that is not framed as an event. */
function isBare(chunk: Buffer): boolean {
  return chunk[0] === 0x7b || chunk[0] === 0x5b;
}

const LINE_END = Buffer.from('\n');
const NOTHING = Buffer.alloc(0);

/** Some servers call an event stream JSON. */
function isEventful(chunk: Buffer): boolean {
  return /^(?:data|event|id|retry)?:/.test(chunk.toString('latin1', 0, 6));
}
