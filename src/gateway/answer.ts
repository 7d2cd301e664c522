import type { Call, Headers } from '../engine/call.ts';
import type { Alarm, Clock } from '../engine/clock.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { envelope } from '../engine/fault/index.ts';
import { decisive } from '../engine/hedge/overtaken.ts';
import { overhead } from '../engine/recorder.ts';
import type { Reply, ReplyStream, Sink } from '../engine/reply.ts';
import { latin1 } from '../http1/latin1.ts';
import { nativeWireAt, nativeWireOf } from '../providers/native-wires.ts';
import type { Outgoing } from './exchange.ts';

/**
 * A provider's headers that stay here: those of its own connection, and what would speak to the caller about another
 * host (cookies, transport security, alternative services).
 */
const KEPT_BACK: ReadonlySet<string> = new Set([
  'alt-svc',
  'connection',
  'date',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'set-cookie',
  'strict-transport-security',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
  'x-should-retry',
]);

/** Writes the line's reply to a caller, and keeps it honest to the last byte. */
export function answer(response: Outgoing, call: Call, reply: Reply, clock: Clock, slowReaderMs: number): void {
  if (response.destroyed) {
    if (reply.kind === 'stream') reply.stream.start(NOWHERE);
    return;
  }
  switch (reply.kind) {
    case 'whole': {
      const headers = headersOf(call, reply.headers, clock);
      headers.push('content-length', String(reply.body.length));
      response.writeHead(reply.status, headers);
      endWith(response, reply.body);
      if (response.writableLength > 0) dropIfUnread(response, clock, slowReaderMs);
      return;
    }
    case 'stream': {
      const headers = headersOf(call, reply.headers, clock);
      const length = reply.headers['content-length'];
      const framed = length === undefined && response.req.httpVersion === '1.1' && response.req.method !== 'HEAD';
      if (typeof length === 'string') headers.push('content-length', length);
      if (framed) headers.push('transfer-encoding', 'chunked');
      response.writeHead(reply.status, headers);
      // From here on the sink frames the chunks itself: node:http writes each in four pieces, which costs more than a copy.
      if (framed) response.chunkedEncoding = false;
      reply.stream.start(new ResponseSink(response, reply.stream, { clock, slowReaderMs, framed }));
      return;
    }
    case 'failed':
      refuse(response, call, reply.fault, reply.retryAfterMs, clock);
  }
}

/** Says in the envelope of the caller's own wire what went wrong. */
export function refuse(
  response: Outgoing,
  call: Pick<Call, 'id' | 'attempts'> & Partial<Call>,
  fault: Fault,
  retryAfterMs: number | null,
  clock: Clock,
): void {
  const { status, headers, body } = refusalOf(call, fault, retryAfterMs, clock, response.req.url ?? '');
  response.writeHead(status, [...headers, 'content-length', String(body.length)]);
  response.end(body);
}

/**
 * A refusal as it is sent, but for the length of its body; headers are names and values in turn.
 *
 * @param url that was called: its beginning names the wire that the caller speaks
 */
export function refusalOf(
  call: Pick<Call, 'id' | 'attempts'> & Partial<Call>,
  fault: Fault,
  retryAfterMs: number | null,
  clock: Clock,
  url: string,
): { readonly status: number; readonly headers: readonly string[]; readonly body: Buffer } {
  const facts = { requestId: call.id, attempts: call.attempts.length };
  const wire = nativeWireAt(url);
  const { status, body } = wire === null ? envelope(fault, facts) : wire.envelope(fault, facts);
  const headers = ['content-type', 'application/json; charset=utf-8'];
  ownHeaders(headers, call, clock);
  // Another replica may take what this one must turn away; everything else has been tried as far as it makes sense.
  if (fault.kind !== 'draining') headers.push('x-should-retry', 'false');
  if (retryAfterMs !== null) {
    headers.push(
      'retry-after',
      String(Math.ceil(retryAfterMs / 1000)),
      'retry-after-ms',
      String(Math.ceil(retryAfterMs)),
    );
  }
  const limited = (call.caller?.quotas.length ?? 0) > 0;
  const head = wire === null ? headers : wire.head(headers, { requestId: call.id, wall: clock.wall(), limited });
  return { status, headers: head, body: Buffer.from(JSON.stringify(body)) };
}

/** Bodies up to this size are copied into one piece with their headers: two pieces cost more to write than the copy. */
const ONE_PIECE_BYTES = 16 * 1024;

function endWith(response: Outgoing, body: Uint8Array): void {
  if (body.length > ONE_PIECE_BYTES) response.end(body);
  else response.end(latin1(body), 'latin1');
}

/** A caller that does not read holds memory here, and a connection. */
function dropIfUnread(response: Outgoing, clock: Clock, slowReaderMs: number): void {
  const alarm = clock.after(slowReaderMs, () => response.destroy());
  response.once('close', () => alarm.cancel());
  response.once('finish', () => alarm.cancel());
}

/** The headers of an answer, names and values in turn, without those that frame its body. */
export function headersOf(call: Call, from: Headers, clock: Clock): string[] {
  const headers: string[] = [];
  // Where the caller has limits of its own, those of the account behind them would only mislead it.
  const limited = call.caller.quotas.length > 0;
  for (const name in from) {
    if (name === 'content-length' || KEPT_BACK.has(name)) continue;
    if (limited && name.startsWith('x-ratelimit-')) continue;
    const value = from[name];
    if (typeof value === 'string') headers.push(name, value);
    else if (value !== undefined) for (const each of value) headers.push(name, each);
  }
  const upstreamId = from['x-request-id'];
  if (typeof upstreamId === 'string') headers.push('x-upstream-request-id', upstreamId);
  ownHeaders(headers, call, clock);
  const wire = nativeWireOf(call);
  return wire === null ? headers : wire.head(headers, { requestId: call.id, wall: clock.wall(), limited });
}

function ownHeaders(headers: string[], call: Pick<Call, 'id' | 'attempts'> & Partial<Call>, clock: Clock): void {
  headers.push('x-request-id', call.id, 'x-holdfast-attempts', String(call.attempts.length));
  const last = decisive(call.attempts);
  if (last !== undefined) headers.push('x-holdfast-target', last.target);
  if (call.told !== undefined) for (const word of call.told) headers.push(word);
  if (call.startedAt !== undefined) {
    headers.push('x-holdfast-overhead-ms', overhead(call as Call, clock).toFixed(2));
  }
}

/** Passes a stream on at the caller's pace, and gives up on callers who stop reading. */
class ResponseSink implements Sink {
  readonly #response: Outgoing;
  readonly #stream: ReplyStream;
  readonly #clock: Clock;
  readonly #slowReaderMs: number;
  /** Frames the body as HTTP/1.1 chunks (RFC 9112, section 7.1). */
  readonly #framed: boolean;
  #alarm: Alarm | null = null;

  constructor(
    response: Outgoing,
    stream: ReplyStream,
    options: { readonly clock: Clock; readonly slowReaderMs: number; readonly framed: boolean },
  ) {
    this.#response = response;
    this.#stream = stream;
    this.#clock = options.clock;
    this.#slowReaderMs = options.slowReaderMs;
    this.#framed = options.framed;
  }

  write(chunk: Uint8Array): boolean {
    if (this.#framed ? this.#writeFrame(chunk) : this.#response.write(chunk)) return true;
    if (this.#alarm === null) {
      // Destroying the response cancels the call, as a caller that hangs up does.
      this.#alarm = this.#clock.after(this.#slowReaderMs, () => this.#response.destroy());
      this.#response.once('drain', () => this.#drained());
    }
    return false;
  }

  end(): void {
    this.#alarm?.cancel();
    if (this.#framed) this.#response.end('0\r\n\r\n', 'latin1');
    else this.#response.end();
    if (this.#response.writableLength > 0) dropIfUnread(this.#response, this.#clock, this.#slowReaderMs);
  }

  fail(): void {
    this.#alarm?.cancel();
    this.#response.destroy();
  }

  #writeFrame(chunk: Uint8Array): boolean {
    // An empty chunk would end the body.
    if (chunk.length === 0) return true;
    const size = chunk.length.toString(16);
    if (chunk.length <= ONE_PIECE_BYTES) return this.#response.write(`${size}\r\n${latin1(chunk)}\r\n`, 'latin1');
    this.#response.write(`${size}\r\n`, 'latin1');
    this.#response.write(chunk);
    return this.#response.write('\r\n', 'latin1');
  }

  #drained(): void {
    this.#alarm?.cancel();
    this.#alarm = null;
    this.#stream.resume();
  }
}

/** For a caller that has left between the reply and its first byte. */
const NOWHERE: Sink = { write: () => true, end: () => undefined, fail: () => undefined };
