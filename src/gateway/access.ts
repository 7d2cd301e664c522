import type { IncomingMessage } from 'node:http';
import type { Fault } from '../engine/fault/fault.ts';
import { faultOf } from '../engine/fault/index.ts';

const LOOPBACK_NAMES: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]', '::1']);

/** Is this a host that only this machine can reach? */
export function isLoopback(host: string): boolean {
  return LOOPBACK_NAMES.has(host) || host.startsWith('127.');
}

/**
 * An open gateway on loopback trusts every program of this machine, but not every page that its browser shows. A page
 * gives itself away by an `Origin` from elsewhere, or, having rebound a DNS name to 127.0.0.1, by a foreign `Host`.
 */
export function refuseForeignPages(request: IncomingMessage): Fault | null {
  const { host, origin } = request.headers;
  if (host !== undefined && !isLoopback(nameOf(host))) {
    return foreign(`host ${host}`, 'Use 127.0.0.1 or localhost as the host of the base URL.');
  }
  if (origin !== undefined && !isLoopback(hostOfOrigin(origin))) {
    return foreign(`origin ${origin}`, 'Call the gateway from a server, never from a web page.');
  }
  return null;
}

function nameOf(host: string): string {
  const colon = host.lastIndexOf(':');
  return colon > host.lastIndexOf(']') ? host.slice(0, colon) : host;
}

function hostOfOrigin(origin: string): string {
  return URL.canParse(origin) ? new URL(origin).hostname : origin;
}

function foreign(evidence: string, remedy: string): Fault {
  return faultOf('permission', {
    party: 'caller',
    message: 'this gateway is open to programs of its own machine only',
    remedy,
    evidence: [evidence.slice(0, 200)],
  });
}
