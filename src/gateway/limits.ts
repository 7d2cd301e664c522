import { formatSize } from '../config/units.ts';
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
