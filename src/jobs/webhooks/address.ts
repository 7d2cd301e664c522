import ipaddr from 'ipaddr.js';

/** Why something may not be sent to. */
export interface AddressRefusal {
  readonly wrong: string;
  readonly fix: string;
}

/** Ranges that anybody on the internet could be reached in; every other is somebody's own. */
const PUBLIC_RANGES: ReadonlySet<string> = new Set(['unicast']);

/** All that the internet has of IPv6 (RFC 4291, section 2.4, and IANA's registry of it). */
const GLOBAL_UNICAST: [ipaddr.IPv6, number] = [ipaddr.IPv6.parse('2000::'), 3];

/**
 * Whether an address is on the internet at large. Not so loopback, private, link-local (where clouds hand out credentials),
 * carrier, multicast and reserved ones, nor an IPv6 form of any of these.
 */
export function isPublic(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  if (parsed.kind() === 'ipv6') {
    const inner = embedded(parsed as ipaddr.IPv6);
    if (inner !== null) return isPublic(inner);
    // Outside it nothing has been given to anybody (IANA's registry), and IPv4 addresses hide in what was once meant for them.
    if (!parsed.match(GLOBAL_UNICAST)) return false;
  }
  return PUBLIC_RANGES.has(parsed.range());
}

/** The IPv4 address inside an address of NAT64 (RFC 6052) or 6to4 (RFC 3056), by which a gateway on the way may reach it. */
function embedded(address: ipaddr.IPv6): string | null {
  const range = address.range();
  const bytes = address.toByteArray();
  if (range === 'rfc6052') return bytes.slice(12).join('.');
  if (range === '6to4') return bytes.slice(2, 6).join('.');
  return null;
}

/**
 * Judges the URL of a webhook as it is written; where its name leads is judged when it is sent to.
 * @returns null: nothing is wrong with it
 */
export function urlFault(written: string, allowPrivate: boolean): AddressRefusal | null {
  const url = URL.parse(written);
  if (url === null) return { wrong: 'is not a URL', fix: 'Write it in full: https://example.com/hooks/holdfast.' };
  if (url.protocol !== 'https:' && !(allowPrivate && url.protocol === 'http:')) {
    return { wrong: 'is not reached over TLS', fix: 'Begin it with https://.' };
  }
  if (url.username !== '' || url.password !== '') {
    return { wrong: 'carries credentials', fix: 'Take them out: the signature proves who sends.' };
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '');
  const isLocalName = host === 'localhost' || host.endsWith('.localhost') || host.endsWith('.internal');
  if (allowPrivate || !(isLocalName || (ipaddr.isValid(host) && !isPublic(host)))) return null;
  return {
    wrong: 'points at this machine or a private network',
    fix: 'Name a host on the internet, or have jobs.webhooks.allowPrivate set.',
  };
}
