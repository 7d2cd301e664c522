import type { Attempt, AttemptHandler, Outcome } from './attempt.ts';
import type { Headers } from '../call.ts';
import type { Clock } from '../clock.ts';
import { classifyException, classifyResponse, faultOf } from '../fault/index.ts';
import type { Fault } from '../fault/fault.ts';
import { type Loss, tellLost } from '../loss.ts';
import { Guard, type GuardHooks } from './guard.ts';
import { Piped, type PipeHooks } from './piped.ts';
import { type Dialect, type Exchange, type Receiver, Unsendable, type WholeReading } from '../ports.ts';
import { parseJson } from '../parse-json.ts';
import type { AttemptRecord } from '../record.ts';
import type { ReplyStream } from '../reply.ts';
import { Watch, type Waited } from './watch.ts';

/** A whole answer larger than this is refused rather than kept in memory. */
const MAX_WHOLE_BYTES = 256 * 1024 * 1024;

/** As much of a refusal as is read; the longest real ones are HTML pages of some kilobytes. */
const MAX_REFUSAL_BYTES = 1024 * 1024;

/** The end of an attempt's way: sends it over the wire, and records it. */
export function makeAttempt(clock: Clock): AttemptHandler {
  return (attempt, now) => new Promise((resolve) => new Run(attempt, clock, now, resolve).begin());
}

/**
 * - `waiting`: for the head.
 * - `collecting`: a whole body, of an answer or of a refusal.
 * - `guarding`: a stream of events in a known format.
 * - `piping`: bytes that are carried unread.
 * - `over`.
 */
type Body =
  | { readonly name: 'waiting' }
  | { readonly name: 'collecting'; readonly what: 'answer' | 'refusal'; readonly chunks: Buffer[]; bytes: number }
  | { readonly name: 'guarding'; readonly guard: Guard }
  | { readonly name: 'piping'; readonly piped: Piped }
  | { readonly name: 'over' };

const WAITING: Body = { name: 'waiting' };
const OVER: Body = { name: 'over' };
const NO_HEADERS: Headers = {};

/** What the wire tells comes in by its methods, as does what a stream asks of its attempt: every call has one, and no closures. */
class Run implements Receiver, GuardHooks, PipeHooks {
  readonly #attempt: Attempt;
  readonly #clock: Clock;
  readonly #resolve: (outcome: Outcome) => void;
  readonly #watch: Watch;
  readonly #startedAt: number;
  readonly #record: AttemptRecord;
  readonly #leave: () => void = () => this.#cancelled();
  #exchange: Exchange | null = null;
  #body: Body = WAITING;
  #status = 0;
  #headers: Headers = NO_HEADERS;
  /** What the target was not told; null, which is nearly always: nothing. */
  #lost: readonly Loss[] | null = null;

  constructor(attempt: Attempt, clock: Clock, now: number, resolve: (outcome: Outcome) => void) {
    this.#attempt = attempt;
    this.#clock = clock;
    this.#resolve = resolve;
    this.#startedAt = now;
    this.#record = recordOf(attempt, now);
    attempt.record = this.#record;
    attempt.call.attempts.push(this.#record);
    this.#watch = new Watch(clock, attempt.timeouts, attempt.deadlineAt, now, this);
  }

  begin(): void {
    const { call, model, target, body } = this.#attempt;
    call.cancellation.listen(this.#leave);
    if (this.#isOver()) return;
    const exchange = target.endpoint.open(body === null ? call : { ...call, body }, model, this);
    // A wire may push an error before it returns; then there is nothing left to hold on to.
    if (this.#isOver()) exchange.abort();
    else this.#exchange = exchange;
  }

  // Receiver -----------------------------------------------------------------------------------------------------

  onLost(losses: readonly Loss[]): void {
    this.#lost = this.#lost === null ? losses : [...this.#lost, ...losses];
  }

  onSent(): void {
    // Nearly always over a connection that stood ready, and so in the moment in which the attempt began.
    this.#watch.sent(this.#exchange === null ? this.#startedAt : this.#clock.now());
  }

  onHead(status: number, headers: Headers): void {
    const now = this.#clock.now();
    this.#status = status;
    this.#headers = headers;
    this.#record.status = status;
    this.#attempt.hasHead(status, headers, now);
    this.#record.upstreamId = header(headers, 'x-request-id') ?? header(headers, 'apim-request-id') ?? null;
    if (this.#attempt.dialect === null && status < 400) return this.#pipe(now);
    if (status < 200 || status >= 300) return this.#collect('refusal', now);
    if (this.#attempt.call.stream && !(header(headers, 'content-type') ?? '').includes('json')) return this.#guard();
    this.#collect('answer', now);
  }

  onData(chunk: Buffer): void {
    const body = this.#body;
    switch (body.name) {
      case 'guarding':
        if (this.#record.firstContentMs !== null) this.#watch.touch(this.#clock.now());
        return body.guard.data(chunk);
      case 'piping':
        this.#watch.touch(this.#clock.now());
        return body.piped.data(chunk);
      case 'collecting':
        if (body.what === 'answer' && body.bytes === 0 && this.#isEventful(chunk)) {
          this.#guard();
          return this.onData(chunk);
        }
        this.#watch.touch(this.#clock.now());
        body.chunks.push(chunk);
        body.bytes += chunk.length;
        if (body.what === 'refusal' && body.bytes > MAX_REFUSAL_BYTES) this.#refused(body.chunks);
        else if (body.bytes > MAX_WHOLE_BYTES) this.#fail(tooLarge(body.bytes));
        return;
      case 'waiting':
      case 'over':
    }
  }

  onEnd(): void {
    const body = this.#body;
    this.#exchange = null;
    switch (body.name) {
      case 'guarding':
        return body.guard.end();
      case 'piping':
        return body.piped.end();
      case 'collecting':
        return body.what === 'answer' ? this.#answered(body.chunks, body.bytes) : this.#refused(body.chunks);
      case 'waiting':
        return this.#fail(faultOf('partial-response', { message: 'the provider closed without an answer' }));
      case 'over':
    }
  }

  onError(error: unknown): void {
    this.#exchange = null;
    if (error instanceof Unsendable) return this.#unsent(error.fault);
    const fault = classifyException(error, { provider: this.#attempt.target.endpoint.provider });
    this.#broke(this.#body.name === 'waiting' ? fault : cutShort(fault, this.#status));
  }

  // What may happen from outside ---------------------------------------------------------------------------------

  expired(which: Waited): void {
    const ms = this.#clock.now() - this.#startedAt;
    this.#broke(faultOf('timeout', { detail: which, evidence: [`${which} timer ran out after ${ms} ms`] }));
  }

  #cancelled(): void {
    const fault = faultOf('cancelled', { message: this.#attempt.call.cancellation.reason ?? 'the caller left' });
    const body = this.#body;
    if (body.name === 'guarding' && this.#record.firstContentMs !== null) body.guard.abandon(fault);
    else if (body.name === 'piping') body.piped.abandon(fault);
    else this.#fail(fault);
  }

  #broke(fault: Fault): void {
    const body = this.#body;
    if (body.name === 'guarding') body.guard.broke(fault);
    else if (body.name === 'piping') body.piped.broke(fault);
    else this.#fail(fault);
  }

  // Bodies -------------------------------------------------------------------------------------------------------

  #collect(what: 'answer' | 'refusal', now: number): void {
    this.#body = { name: 'collecting', what, chunks: [], bytes: 0 };
    this.#watch.touch(now);
  }

  /** Some servers call an event stream JSON: the caller asked for events, and what came begins like one. */
  #isEventful(chunk: Buffer): boolean {
    return (
      this.#attempt.call.stream &&
      this.#attempt.dialect !== null &&
      /^(?:data|event|id|retry)?:/.test(chunk.toString('latin1', 0, 6))
    );
  }

  #guard(): void {
    const { call, dialect } = this.#attempt;
    if (dialect === null) return;
    this.#body = { name: 'guarding', guard: new Guard(call, dialect, this) };
    this.#watch.awaitContent();
  }

  #pipe(now: number): void {
    const piped = new Piped(this);
    this.#body = { name: 'piping', piped };
    this.#streams(piped, now);
  }

  #streams(stream: ReplyStream, now: number): void {
    this.#contentCame(now);
    this.#watch.touch(now);
    this.#resolve({ kind: 'reply', reply: { kind: 'stream', status: this.#status, headers: this.#headers, stream } });
  }

  // What a stream asks -------------------------------------------------------------------------------------------

  committed(guard: Guard): void {
    this.#streams(guard, this.#clock.now());
  }

  failedBeforeContent(fault: Fault): void {
    this.#fail(fault);
  }

  over(fault: Fault | null): void {
    const body = this.#body;
    this.#settle(fault, body.name === 'guarding' ? body.guard.reader.pins : NO_PINS, this.#clock.now());
  }

  pause(): void {
    this.#watch.hold();
    this.#exchange?.pause();
  }

  resume(): void {
    this.#watch.touch(this.#clock.now());
    this.#exchange?.resume();
  }

  // Whole bodies -------------------------------------------------------------------------------------------------

  /** A whole answer is in: is it one? */
  #answered(chunks: Buffer[], bytes: number): void {
    const { dialect } = this.#attempt;
    const body = chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks, bytes);
    const reading = dialect === null ? null : (dialect.glance?.(body) ?? readWhole(dialect, body));
    if (reading === null) return this.#fail(this.#classify(body));
    if (reading.fault !== null) return this.#fail(reading.fault);
    const now = this.#clock.now();
    this.#contentCame(now);
    this.#settle(null, reading.pins, now);
    this.#resolve({
      kind: 'reply',
      reply: { kind: 'whole', status: this.#status, headers: this.#headers, body, usage: reading.usage, fault: null },
    });
  }

  #refused(chunks: Buffer[]): void {
    const body = Buffer.concat(chunks);
    this.#fail(this.#classify(body), { status: this.#status, headers: this.#headers, body });
  }

  #classify(body: Buffer): Fault {
    const { provider } = this.#attempt.target.endpoint;
    return classifyResponse({ status: this.#status, headers: this.#headers, body, wall: this.#clock.wall(), provider });
  }

  // The one end --------------------------------------------------------------------------------------------------

  #fail(fault: Fault, refusal: (Outcome & { kind: 'fault' })['refusal'] = null): void {
    if (this.#isOver()) return;
    const now = this.#clock.now();
    this.#attempt.call.upstreamMs += now - this.#startedAt;
    this.#settle(fault, NO_PINS, now);
    this.#resolve({ kind: 'fault', fault, refusal });
  }

  /** The target cannot be asked this, which says nothing of how it does. */
  #unsent(fault: Fault): void {
    if (this.#isOver()) return;
    this.#attempt.made = false;
    this.#settle(fault, NO_PINS, this.#clock.now());
    this.#resolve({ kind: 'fault', fault, refusal: null, untried: 'unsayable' });
  }

  #settle(fault: Fault | null, pins: readonly string[], now: number): void {
    if (this.#isOver()) return;
    this.#body = OVER;
    this.#watch.stop();
    this.#attempt.call.cancellation.forget(this.#leave);
    this.#record.durationMs = now - this.#startedAt;
    this.#record.fault = fault;
    this.#exchange?.abort();
    this.#exchange = null;
    this.#attempt.pins = pins;
    this.#attempt.settle(fault, now);
  }

  #contentCame(now: number): void {
    const { call } = this.#attempt;
    this.#record.firstContentMs = now - call.startedAt;
    call.upstreamMs += now - this.#startedAt;
    if (this.#lost !== null) tellLost(call, this.#lost);
    this.#attempt.hasContent(now);
  }

  #isOver(): boolean {
    return this.#body.name === 'over';
  }
}

const NO_PINS: readonly string[] = [];

function header(headers: Headers, name: string): string | undefined {
  const value = headers[name];
  return typeof value === 'string' ? value : value?.[0];
}

/** Null when the bytes are no JSON. */
function readWhole(dialect: Dialect, body: Buffer): WholeReading | null {
  // As Latin-1, which leaves JSON's structure intact: one letter outside ASCII makes a parse of UTF-8 cost twice as much.
  const parsed = jsonIn(body.toString('latin1'));
  if (parsed === undefined) return null;
  const reading = dialect.readWhole(parsed);
  // What is told to people is read with its letters.
  return reading.fault === null ? reading : dialect.readWhole(jsonIn(body.toString('utf8')));
}

function jsonIn(text: string): unknown {
  try {
    return parseJson(text);
  } catch {
    return undefined;
  }
}

function recordOf({ call, target, model, waitedMs, reason }: Attempt, now: number): AttemptRecord {
  return {
    target: target.id,
    model: model ?? call.model,
    startedMs: now - call.startedAt,
    waitedMs,
    durationMs: 0,
    firstContentMs: null,
    status: null,
    upstreamId: null,
    fault: null,
    reason,
  };
}

/** The connection broke after the head came: what matters to the caller is that the answer is not whole. */
function cutShort(cause: Fault, status: number): Fault {
  return faultOf('partial-response', {
    message: `the answer was cut short: ${cause.message}`,
    evidence: [`status ${status}`, ...cause.evidence],
    status,
  });
}

function tooLarge(bytes: number): Fault {
  return faultOf('malformed-response', { message: `the answer is larger than can be kept (${bytes} bytes)` });
}
