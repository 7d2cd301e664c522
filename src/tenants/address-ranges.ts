import { isIP } from 'node:net';

import ipaddr from 'ipaddr.js';

import { Recent } from './recent.ts';

type Address = ReturnType<typeof ipaddr.parse>;

/** An address or CIDR range, read. */
type Range = readonly [base: Address, bits: number];

/** Addresses that are remembered with their judgement. */
const JUDGED = 1000;

/** Tells whether an address, as a socket gives it, is in one of several ranges. */
export type AddressTest = (address: string) => boolean;

/**
 * Reads addresses and CIDR ranges (`10.0.0.0/8`, `2001:db8::/32`, `192.0.2.7`).
 *
 * @returns the index of the first that is none, or the test.
 */
export function addressTest(written: readonly string[]): AddressTest | number {
  const ranges: Range[] = [];
  for (const [index, text] of written.entries()) {
    const range = readRange(text);
    if (range === null) return index;
    ranges.push(range);
  }
  // Reading an address costs a microsecond, and those of one key's callers are few.
  const judged = new Recent<boolean>(JUDGED);
  return (address) => {
    let inside = judged.get(address);
    if (inside === undefined) judged.set(address, (inside = isInside(address, ranges)));
    return inside;
  };
}

function isInside(address: string, ranges: readonly Range[]): boolean {
  // IPv4 callers of a socket that listens on IPv6 come as ::ffff:192.0.2.7, which `process` undoes.
  const found = isIP(address) === 0 ? null : ipaddr.process(address);
  return found !== null && ranges.some(([base, bits]) => found.kind() === base.kind() && found.match(base, bits));
}

/**
 * Where a guess at a key comes from, as far as it can be told apart: an IPv6 customer has a whole /64 to guess from, so that
 * is what is counted.
 */
export function addressOrNetwork(address: string): string {
  if (isIP(address) === 0) return 'unknown';
  const found = ipaddr.process(address);
  if (found.kind() === 'ipv4') return found.toString();
  return `${ipaddr.IPv6.networkAddressFromCIDR(`${found.toNormalizedString()}/64`).toString()}/64`;
}

/** Strict, where the library takes `10.1` and octal numbers for addresses: what looks odd is a slip. */
function readRange(text: string): Range | null {
  const [address = '', bits, ...more] = text.split('/');
  const version = isIP(address);
  if (version === 0 || more.length > 0 || address.includes('%')) return null;
  const most = version === 4 ? 32 : 128;
  const length = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : most + 1;
  return length > most ? null : [ipaddr.parse(address), length];
}
