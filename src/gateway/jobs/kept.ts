import type { Outgoing } from '../exchange.ts';
import type { Call } from '../../engine/call.ts';
import type { Clock } from '../../engine/clock.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';
import type { Reply, Sink } from '../../engine/reply.ts';
import type { KeptAnswer, KeptRequest } from '../../jobs/job.ts';
import type { Attempted } from '../../jobs/outcome.ts';
import { headersOf, refusalOf } from '../answer.ts';

/** Headers that are about one exchange and not about the request. */
const OF_THE_EXCHANGE: ReadonlySet<string> = new Set([
  'accept-encoding',
  'connection',
  'content-length',
  'expect',
  'host',
  'idempotency-key',
  'keep-alive',
  'prefer',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-holdfast-deadline',
  'x-holdfast-placeholder-after',
  'x-holdfast-wait',
  'x-stainless-read-timeout',
  'x-stainless-retry-count',
  'x-stainless-timeout',
]);

/** Headers that may carry a credential: none of them is ever kept. */
const MAY_BE_SECRET = /auth|cookie|credential|key|password|secret|session|signature|token/;

/** A request as it may be kept: what it says, without what proves who says it. */
export function keptRequest(
  { method, path, headers }: Pick<Call, 'method' | 'path' | 'headers'>,
  body: Uint8Array,
): KeptRequest {
  const kept: Record<string, string | readonly string[]> = {};
  for (const [name, value] of Object.entries(headers)) {
    if (value === undefined || OF_THE_EXCHANGE.has(name) || MAY_BE_SECRET.test(name)) continue;
    kept[name] = value;
  }
  return { method, path, headers: kept, body };
}

/** What a reply came to, as its caller would have had it. Follows a stream to its end. */
export function keepReply(call: Call, reply: Reply, clock: Clock, mostBytes: number): Promise<Attempted> {
  const attempted = (answer: KeptAnswer, fault: Fault | null, retryAfterMs: number | null = null): Attempted =>
    answer.body.length <= mostBytes
      ? { answer, fault, retryAfterMs, callId: call.id, sent: call.attempts.length > 0 }
      : tooLarge(call, answer.body.length, mostBytes, clock);
  switch (reply.kind) {
    case 'whole': {
      const headers = headersOf(call, reply.headers, clock);
      return Promise.resolve(attempted({ status: reply.status, headers, body: reply.body }, reply.fault));
    }
    case 'failed': {
      const { fault, retryAfterMs } = reply;
      return Promise.resolve(
        attempted(refusalOf(call, fault, retryAfterMs, clock, `/v1${call.path}`), fault, retryAfterMs),
      );
    }
    case 'stream': {
      const headers = headersOf(call, reply.headers, clock);
      return new Promise((resolve) => {
        const body = new Collected(mostBytes);
        // The sink is ended before the ending is told.
        reply.stream.onEnding(({ fault }) =>
          resolve(attempted({ status: reply.status, headers, body: body.all() }, fault)),
        );
        reply.stream.start(body);
      });
    }
  }
}

/** What an attempt comes to that hit a defect of our own. */
export function defective(call: Call, error: unknown, clock: Clock): Attempted {
  console.error(`holdfast: call ${call.id} of a job hit a defect:`, error);
  const fault = faultOf('internal', { message: error instanceof Error ? error.message : String(error) });
  const answer = refusalOf(call, fault, null, clock, `/v1${call.path}`);
  return { answer, fault, retryAfterMs: null, callId: call.id, sent: true };
}

/** Takes a stream's bytes, and no more of them than are kept. */
export class Collected implements Sink {
  readonly #mostBytes: number;
  #pieces: Uint8Array[] = [];
  #bytes = 0;

  constructor(mostBytes: number) {
    this.#mostBytes = mostBytes;
  }

  write(chunk: Uint8Array): boolean {
    this.#bytes += chunk.length;
    // Beyond the bound only the length counts, and one byte too many is enough to tell.
    if (this.#bytes <= this.#mostBytes) this.#pieces.push(chunk);
    return true;
  }

  end(): void {}

  fail(): void {}

  get tooLarge(): boolean {
    return this.#bytes > this.#mostBytes;
  }

  /** What came; one byte more than may be kept where more came. */
  all(): Uint8Array {
    return this.tooLarge ? new Uint8Array(this.#mostBytes + 1) : Buffer.concat(this.#pieces);
  }
}

function tooLarge(call: Call, bytes: number, mostBytes: number, clock: Clock): Attempted {
  const fault = faultOf('payload-too-large', {
    message: `the answer is larger than ${mostBytes} bytes (${bytes} and more), and cannot be kept`,
    remedy: 'Ask for less, make the call directly, or raise jobs.limits.answer.',
    party: 'gateway',
  });
  return {
    answer: refusalOf(call, fault, null, clock, `/v1${call.path}`),
    fault,
    retryAfterMs: null,
    callId: call.id,
    sent: true,
  };
}

/** Headers that frame a body, or belong to the exchange that a kept answer came by. */
const FRAMING: ReadonlySet<string> = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'date',
]);

/** Gives a kept answer, with what is to be told about it. */
export function giveKept(response: Outgoing, { status, headers, body }: KeptAnswer, told: readonly string[]): void {
  if (response.destroyed) return;
  const sent: string[] = [...told];
  for (let at = 0; at + 1 < headers.length; at += 2) {
    const name = headers[at] as string;
    if (!FRAMING.has(name.toLowerCase())) sent.push(name, headers[at + 1] as string);
  }
  response.writeHead(status, [...sent, 'content-length', String(body.length)]).end(body);
}

/** One header of a kept answer. */
export function headerOf({ headers }: KeptAnswer, name: string): string | null {
  for (let at = 0; at + 1 < headers.length; at += 2)
    if (headers[at]?.toLowerCase() === name) return headers[at + 1] ?? null;
  return null;
}
