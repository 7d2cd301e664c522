import { addressTest, type AddressTest } from '../tenants/address-ranges.ts';
import type { Incoming } from './exchange.ts';

/**
 * Gives the address that a request comes from: the connection's own, or, where that is a proxy of ours, the last one in
 * `X-Forwarded-For` that is none. What stands further left anybody could have written.
 *
 * @param proxies addresses and ranges whose word is taken; they have been checked before.
 */
export function peerAddress(proxies: readonly string[]): (request: Incoming) => string {
  const isProxy = addressTest(proxies);
  if (proxies.length === 0 || typeof isProxy === 'number') return ({ socket }) => socket.remoteAddress ?? '';
  return (request) => behind(request, isProxy);
}

function behind({ socket, headers }: Incoming, isProxy: AddressTest): string {
  const nearest = socket.remoteAddress ?? '';
  if (!isProxy(nearest)) return nearest;
  const said = headers['x-forwarded-for'];
  const hops = (Array.isArray(said) ? said.join(',') : (said ?? '')).split(',').map((hop) => hop.trim());
  return hops.findLast((hop) => hop !== '' && !isProxy(hop)) ?? nearest;
}
