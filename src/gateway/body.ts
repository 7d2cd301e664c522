import type { Alarm, Clock } from '../engine/clock.ts';
import type { Fault } from '../engine/fault/fault.ts';
import type { BodyRoom } from './body-room.ts';
import type { Incoming } from './exchange.ts';
import { bodyTooLarge, noRoom, tooSlow } from './limits.ts';

/** What is carried unread is still kept, and so can be sent again, when it is JSON no larger than this. */
const KEPT_JSON_BYTES = 1024 * 1024;

/** What came of reading a body. `gone` means that the caller left, and nobody is there to be told anything. */
export type BodyRead =
  | {
      readonly kind: 'body';
      readonly body: Buffer | null;
      /** What it takes of the room for bodies, in bytes; to be given back when the body is no longer needed. */
      readonly held: number;
    }
  | { readonly kind: 'refused'; readonly fault: Fault }
  | { readonly kind: 'gone' };

export interface BodyLimits {
  readonly bodyBytes: number;
  /** Longest silence within a body, in ms. */
  readonly slowRequestMs: number;
}

/** Smaller bodies are not worth counting: it takes tens of thousands of them to fill a gateway's memory. */
const SMALL_BYTES = 64 * 1024;

/**
 * Reads a whole request body. Calls back rather than promising: a body that came with its headers, as nearly all do,
 * costs one turn less.
 *
 * @param room shared by all bodies; null: nobody counts
 */
export function readBody(
  request: Incoming,
  limits: BodyLimits,
  clock: Clock,
  done: (read: BodyRead) => void,
  room: BodyRoom | null = null,
): void {
  const announced = request.headers['content-length'];
  if (announced !== undefined && Number(announced) > limits.bodyBytes) {
    return done({ kind: 'refused', fault: bodyTooLarge(limits.bodyBytes) });
  }
  const whole = Number(announced);
  let first: Buffer | null = null;
  let rest: Buffer[] | null = null;
  let bytes = 0;
  let held = 0;
  let lastAt = clock.now();
  let alarm: Alarm | null = clock.at(lastAt + limits.slowRequestMs, look);

  request.on('data', take).on('close', closed);
  // A body whose length was told is over with its last byte; to be told so once more takes the event loop another turn.
  if (!(whole > 0)) request.on('end', end);

  function take(chunk: Buffer): void {
    if (alarm === null) return;
    bytes += chunk.length;
    if (bytes > limits.bodyBytes) return finish({ kind: 'refused', fault: bodyTooLarge(limits.bodyBytes) });
    if (room !== null && bytes > SMALL_BYTES) {
      if (!room.take(bytes - held)) return finish({ kind: 'refused', fault: noRoom(room) });
      held = bytes;
    }
    // Nobody waits any more for a body that is all here, and most are with their first piece.
    if (bytes !== whole) lastAt = clock.now();
    if (first === null) first = chunk;
    else (rest ??= [first]).push(chunk);
    if (bytes === whole) end();
  }

  function end(): void {
    finish({ kind: 'body', body: rest === null ? first : joined(rest, bytes), held });
  }

  function closed(): void {
    finish({ kind: 'gone' });
  }

  /** One alarm for the whole body: it looks when the last bytes came, and waits for the rest of the allowance. */
  function look(): void {
    const dueAt = lastAt + limits.slowRequestMs;
    if (dueAt > clock.now()) alarm = clock.at(dueAt, look);
    else finish({ kind: 'refused', fault: tooSlow(limits.slowRequestMs) });
  }

  function finish(read: BodyRead): void {
    if (alarm === null) return;
    alarm.cancel();
    alarm = null;
    // The listeners live as long as the request; the pieces need not.
    first = rest = null;
    if (read.kind !== 'body') room?.give(held);
    done(read);
  }
}

/** Joins the pieces of a body, and gives their memory back at once: left to the collector, large bodies keep it busy. */
function joined(pieces: readonly Buffer[], bytes: number): Buffer {
  const body = Buffer.concat(pieces, bytes);
  // A small piece may be a part of memory that others use; one that has its own was read by node:http for us alone.
  for (const { buffer, byteLength } of pieces) {
    if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
  }
  return body;
}

export function hasBody({ headers }: Incoming): boolean {
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
}

/** Small JSON is kept, so that it can be sent again; uploads are carried without being kept. */
export function keepsBody(request: Incoming): boolean {
  const { 'content-type': type = '', 'content-length': length } = request.headers;
  return length !== undefined && Number(length) <= KEPT_JSON_BYTES && type.includes('json');
}
