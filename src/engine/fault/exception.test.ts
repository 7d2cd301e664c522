import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { request } from 'undici';
import { classifyException } from './index.ts';

function coded(code: string, message = 'm', more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

const ROWS: readonly (readonly [what: string, error: unknown, expected: string])[] = [
  ['connect timeout', coded('UND_ERR_CONNECT_TIMEOUT'), 'timeout/connect/network true'],
  ['headers timeout', coded('UND_ERR_HEADERS_TIMEOUT'), 'timeout/headers/provider true'],
  ['body timeout', coded('UND_ERR_BODY_TIMEOUT'), 'timeout/idle/provider true'],
  ['no route in time', coded('ETIMEDOUT', 'm', { syscall: 'connect' }), 'timeout/connect/network true'],
  ['a dead connection', coded('ETIMEDOUT', 'm', { syscall: 'read' }), 'timeout/idle/provider true'],
  ['socket closed', coded('UND_ERR_SOCKET', 'other side closed'), 'network/reset/network true'],
  ['reset', coded('ECONNRESET'), 'network/reset/network true'],
  ['broken pipe', coded('EPIPE'), 'network/reset/network true'],
  ['HTTP/2', coded('ERR_HTTP2_STREAM_ERROR'), 'network/reset/network true'],
  ['refused', coded('ECONNREFUSED'), 'network/refused/network true'],
  ['no such host', coded('ENOTFOUND'), 'network/dns/network true'],
  ['resolver asleep', coded('EAI_AGAIN'), 'network/dns/network true'],
  ['expired certificate', coded('CERT_HAS_EXPIRED'), 'network/tls/network false'],
  ['unknown issuer', coded('UNABLE_TO_GET_ISSUER_CERT_LOCALLY'), 'network/tls/network false'],
  ['self-signed', coded('SELF_SIGNED_CERT_IN_CHAIN'), 'network/tls/network false'],
  ['wrong name', coded('ERR_TLS_CERT_ALTNAME_INVALID'), 'network/tls/network false'],
  ['handshake', coded('ERR_SSL_WRONG_VERSION_NUMBER'), 'network/tls/network false'],
  ['unreachable', coded('EHOSTUNREACH'), 'network/other/network true'],
  ['no files left', coded('EMFILE'), 'network/other/gateway true'],
  ['not HTTP', coded('HPE_INVALID_CONSTANT'), 'malformed-response/-/provider true'],
  ['a body too short', coded('UND_ERR_RES_CONTENT_LENGTH_MISMATCH'), 'partial-response/-/provider true'],
  ['gzip cut', coded('Z_BUF_ERROR'), 'partial-response/-/provider true'],
  ['gzip broken', coded('Z_DATA_ERROR'), 'malformed-response/-/provider true'],
  ['not JSON', new SyntaxError('Unexpected token'), 'malformed-response/-/provider true'],
  ['aborted', new DOMException('Aborted', 'AbortError'), 'cancelled/-/caller false'],
  ['aborted by undici', coded('UND_ERR_ABORTED'), 'cancelled/-/caller false'],
  ['timed out signal', new DOMException('Too slow', 'TimeoutError'), 'timeout/total/provider true'],
  ['a wrapped cause', new TypeError('fetch failed', { cause: coded('ECONNREFUSED') }), 'network/refused/network true'],
  ['a wrapped cut', new TypeError('terminated', { cause: coded('UND_ERR_SOCKET') }), 'network/reset/network true'],
  ['a bare fetch failure', new TypeError('fetch failed'), 'network/other/network true'],
  ['no code at all', new Error('socket hang up'), 'network/reset/network true'],
  [
    'both families refused',
    new AggregateError([coded('ECONNREFUSED'), coded('ENETUNREACH')], ''),
    'network/refused/network true',
  ],
  ['an unlisted code of the transport', coded('UND_ERR_TOMORROW'), 'network/other/network true'],
  ['an unlisted code', coded('EWEIRD'), 'network/other/network true'],
  ['a defect', new TypeError('x is not a function'), 'internal/-/gateway false'],
  ['a thrown string', 'boom', 'internal/-/gateway false'],
  ['undefined', undefined, 'internal/-/gateway false'],
  ['null', null, 'internal/-/gateway false'],
];

describe('transport exceptions', () => {
  it.each(ROWS)('%s', (_, error, expected) => {
    const { kind, detail, party, retry, evidence, message } = classifyException(error);
    expect(`${kind}/${detail ?? '-'}/${party} ${retry.here}`).toBe(expected);
    expect(evidence.length).toBeGreaterThan(0);
    expect(message).not.toBe('');
  });

  it('ends on a cause that goes in a circle, and on one that throws', () => {
    const circle = new Error('round');
    circle.cause = circle;
    expect(classifyException(circle).kind).toBe('internal');
    const trap = Object.defineProperty(new Error('trap'), 'cause', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(classifyException(trap).kind).toBe('internal');
  });

  it('names the provider and hides its key', () => {
    const error = coded('ENOTFOUND', `getaddrinfo ENOTFOUND https://u:pa55word@h/?key=${'k'.repeat(30)}`);
    const fault = classifyException(error, { provider: 'openai' });
    expect(fault.evidence).toEqual(['exception code ENOTFOUND', 'while calling openai']);
    expect(fault.message).not.toMatch(/pa55word|kkkk/);
  });

  it('knows what undici really throws', async () => {
    const server = createTcpServer((socket) => socket.once('data', () => socket.end('SSH-2.0-hello\r\n')));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const garbled = await request(`http://127.0.0.1:${port}/`).catch(classifyException);
    await new Promise((resolve) => server.close(resolve));
    const refused = await request(`http://127.0.0.1:${port}/`).catch(classifyException);
    expect([garbled, refused]).toMatchObject([
      { kind: 'malformed-response' },
      { kind: 'network', detail: 'refused', evidence: ['exception code ECONNREFUSED'] },
    ]);
  });
});
