import { isLoopback } from '../config/addresses.ts';
import type { Fault } from '../engine/fault/fault.ts';
import { faultOf } from '../engine/fault/index.ts';
import type { Incoming } from './exchange.ts';

/**
 * An open gateway on loopback trusts every program of this machine, but not every page that its browser shows. A page
 * gives itself away by an `Origin` from elsewhere, or, having rebound a DNS name to 127.0.0.1, by a foreign `Host`.
 */
export function foreignPageGuard(): (request: Incoming) => Fault | null {
  // Callers name the gateway the same way every time; one that has been looked at need not be again.
  let trusted: string | undefined;
  return ({ headers: { host, origin } }) => {
    if (origin === undefined && (host === trusted || host === undefined)) return null;
    const fault = judge(host, origin);
    if (fault === null) trusted = host;
    return fault;
  };
}

function judge(host: string | undefined, origin: string | undefined): Fault | null {
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
