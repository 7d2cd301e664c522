import type { IncomingMessage } from 'node:http';
import { expect, test } from 'vitest';
import { peerAddress } from './peer.ts';

test.each([
  [[], '192.0.2.9', '203.0.113.1', '192.0.2.9'],
  [['10.0.0.0/8'], '192.0.2.9', '203.0.113.1', '192.0.2.9'],
  [['10.0.0.0/8'], '10.0.0.1', '203.0.113.1', '203.0.113.1'],
  [['10.0.0.0/8'], '::ffff:10.0.0.1', '6.6.6.6, 203.0.113.1, 10.0.0.2', '203.0.113.1'],
  [['10.0.0.0/8'], '10.0.0.1', undefined, '10.0.0.1'],
  [['10.0.0.0/8'], '10.0.0.1', ' , ', '10.0.0.1'],
])('with proxies %j, a connection from %s for %s is from %s', (proxies, remoteAddress, forwarded, expected) => {
  const request = { socket: { remoteAddress }, headers: { 'x-forwarded-for': forwarded } };
  expect(peerAddress(proxies)(request as unknown as IncomingMessage)).toBe(expected);
});
