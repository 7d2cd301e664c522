import type { IncomingMessage } from 'node:http';
import { describe, expect, test } from 'vitest';
import { foreignPageGuard } from './access.ts';

describe('an open gateway on loopback', () => {
  test.each([
    ['127.0.0.1:4141', undefined, true],
    ['localhost:4141', undefined, true],
    ['[::1]:4141', undefined, true],
    [undefined, undefined, true],
    ['localhost:4141', 'http://localhost:3000', true],
    ['127.evil.example:4141', undefined, false],
    ['localhost.evil.example', undefined, false],
    ['rebound.example:4141', undefined, false],
    ['127.0.0.1:4141', 'https://evil.example', false],
    ['127.0.0.1:4141', 'null', false],
  ])('host %s, origin %s: trusted %s', (host, origin, trusted) => {
    const guard = foreignPageGuard();
    const request = { headers: { host, origin } } as IncomingMessage;
    expect(guard(request) === null).toBe(trusted);
    expect(guard({ headers: { host: '127.0.0.1' } } as IncomingMessage)).toBeNull();
    expect(guard(request) === null).toBe(trusted);
  });
});
