import { formatSize } from '../config/units.ts';
import type { BodyRoom } from './body-room.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { faultOf } from '../engine/fault/index.ts';

export function bodyTooLarge(limit: number): Fault {
  return faultOf('payload-too-large', {
    party: 'caller',
    message: `the request's body is larger than this gateway takes (${formatSize(limit)})`,
    remedy: 'Send less at once, or raise server.limits.bodyBytes.',
    evidence: [`body over ${limit} bytes`],
  });
}

/** Bodies are small when most calls are: it is soon over. */
const ROOM_AFTER_MS = 2_000;

export function noRoom({ held, most }: BodyRoom): Fault {
  return faultOf('shed', {
    message: `this gateway holds as many bytes of requests as it may at a time (${formatSize(most)})`,
    remedy:
      'Try again in a moment, or send smaller requests; whoever runs the gateway may raise server.limits.heldBytes.',
    evidence: [`${held} bytes held`],
    here: true,
    afterMs: ROOM_AFTER_MS,
  });
}

export function headersTooLarge(limit: number): Fault {
  return faultOf('headers-too-large', {
    message: `the request's headers are larger than this gateway takes (${(limit / 1024).toFixed(0)} KiB)`,
    evidence: [`headers over ${limit} bytes`],
  });
}

export function tooSlow(limitMs: number): Fault {
  return faultOf('slow-caller', {
    message: `the request did not arrive: nothing came for ${(limitMs / 1000).toFixed(0)} s`,
    evidence: [`no bytes for ${limitMs} ms`],
  });
}

export function draining(): Fault {
  return faultOf('draining', { message: 'this gateway is stopping and takes no new calls', afterMs: 1000 });
}
