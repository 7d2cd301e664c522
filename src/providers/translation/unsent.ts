import type { Call } from '../../engine/call.ts';
import { type Exchange, type Receiver, Unsendable } from '../../engine/ports.ts';
import { parse } from '../openai/chat.ts';
import { isObject } from '../openai/request.ts';
import { untranslatable } from './loss.ts';

/** The exchange of a call that never went out. */
export const NOTHING_SENT: Exchange = { abort: () => undefined, pause: () => undefined, resume: () => undefined };

/**
 * Tells that a call cannot be said to a target.
 *
 * @param wire the name of the wire that has no words for it: `Messages`.
 */
export function unsent(receiver: Receiver, wire: string, field: string, why: string): Exchange {
  receiver.onError(new Unsendable(untranslatable(wire, field, why)));
  return NOTHING_SENT;
}

/** The request in a call's body, to be put into other words; null where it is not one JSON object. */
export function requestIn({ body }: Call): Readonly<Record<string, unknown>> | null {
  if (!(body instanceof Uint8Array)) return null;
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  const request = parse(bytes.toString('utf8', bytes[0] === 0xef ? 3 : 0));
  return isObject(request) ? request : null;
}
