import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isPublic, urlFault } from './address.ts';
import { deliver } from './deliver.ts';
import { newWebhookSecret, signed } from './sign.ts';

describe('a signature', () => {
  const body = '{"type":"job.succeeded","data":{"text":"Grüße"}}';

  test('is what the library of the specification takes, with each of its secrets', () => {
    const [inForce, replaced] = [newWebhookSecret(), newWebhookSecret()];
    const headers = signed('msg_1', Date.now(), body, [inForce, replaced]);
    expect(new Webhook(inForce).verify(body, { ...headers })).toMatchObject({ type: 'job.succeeded' });
    expect(new Webhook(replaced).verify(body, { ...headers })).toMatchObject({ type: 'job.succeeded' });
  });

  test('is refused for another secret, another body, and after a while', () => {
    const secret = newWebhookSecret();
    const headers = { ...signed('msg_1', Date.now(), body, [secret]) };
    expect(() => new Webhook(newWebhookSecret()).verify(body, headers)).toThrow(/signature/i);
    expect(() => new Webhook(secret).verify(`${body} `, headers)).toThrow(/signature/i);
    const old = { ...signed('msg_1', Date.now() - 3_600_000, body, [secret]) };
    expect(() => new Webhook(secret).verify(body, old)).toThrow(/timestamp/i);
  });
});

describe('an address on the internet', () => {
  test.each(['93.184.216.34', '8.8.8.8', '2606:2800:220:1::1', '::ffff:8.8.8.8', '64:ff9b::8.8.8.8'])(
    '%s',
    (address) => {
      expect(isPublic(address)).toBe(true);
    },
  );

  test.each([
    '127.0.0.1',
    '127.9.9.9',
    '0.0.0.0',
    '10.1.2.3',
    '172.16.0.1',
    '192.168.1.1',
    '169.254.169.254',
    '100.64.0.1',
    '192.0.0.8',
    '198.18.0.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fe80::1',
    'fc00::1',
    'fd00:ec2::254',
    'ff02::1',
    '2001:db8::1',
    '::ffff:127.0.0.1',
    '::7f00:1',
    '::a9fe:a9fe',
    '4000::1',
    '::ffff:a9fe:a9fe',
    '64:ff9b::7f00:1',
    '2002:7f00:1::',
    'no address',
  ])('is not %s', (address) => {
    expect(isPublic(address)).toBe(false);
  });
});

describe('the URL of a webhook', () => {
  test.each(['https://example.com/hook', 'https://example.com:8443/h?a=1', 'https://8.8.8.8/h'])('%s', (url) => {
    expect(urlFault(url, false)).toBeNull();
  });

  test.each([
    ['example.com', /not a URL/],
    ['http://example.com/', /TLS/],
    ['ftp://example.com/', /TLS/],
    ['https://user:pass@example.com/', /credentials/],
    ['https://localhost/', /this machine/],
    ['https://a.localhost./', /this machine/],
    ['https://metadata.google.internal/', /this machine/],
    ['https://127.0.0.1/', /this machine/],
    ['https://2130706433/', /this machine/],
    ['https://0x7f.1/', /this machine/],
    ['https://[::1]/', /this machine/],
    ['https://[::7f00:1]/', /this machine/],
    ['https://[::ffff:10.0.0.1]/', /this machine/],
    ['https://169.254.169.254/latest', /this machine/],
  ])('is not %s', (url, wrong) => {
    expect(urlFault(url, false)?.wrong).toMatch(wrong);
  });

  test('may be anywhere where that is allowed', () => {
    expect(urlFault('http://127.0.0.1:1/hook', true)).toBeNull();
  });
});

describe('a delivery', () => {
  const seen: { url: string; body: string; headers: IncomingMessage['headers'] }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk) => (body += String(chunk)));
    request.on('end', () => {
      const url = request.url ?? '/';
      seen.push({ url, body, headers: request.headers });
      if (url === '/slow') return;
      if (url === '/moved') response.writeHead(302, { location: '/elsewhere' }).end();
      else response.writeHead(Number(url.slice(1))).end('x'.repeat(100_000));
    });
  });
  let base = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => {
    server.closeAllConnections();
    server.close();
  });
  const rules = { allowPrivate: true, timeoutMs: 300 };
  const send = (path: string, more: Partial<typeof rules> = {}): ReturnType<typeof deliver> =>
    deliver({ url: `${base}${path}`, headers: { 'webhook-id': 'msg_1' }, body: '{}' }, { ...rules, ...more });

  test.each([
    ['/200', { kind: 'delivered' }],
    ['/204', { kind: 'delivered' }],
    ['/500', { kind: 'refused', error: 'answered 500', again: true }],
    ['/404', { kind: 'refused', error: 'answered 404', again: true }],
    ['/410', { kind: 'refused', error: 'answered 410', again: false }],
    ['/moved', { kind: 'refused', error: 'answered 302', again: true }],
    ['/slow', { kind: 'refused', error: 'no answer within 300 ms', again: true }],
  ])('to %s', async (path, outcome) => {
    expect(await send(path)).toEqual(outcome);
    expect(seen.at(-1)).toMatchObject({ url: path, body: '{}', headers: { 'webhook-id': 'msg_1' } });
  });

  test('does not leave for a private network, whatever name it goes by', async () => {
    const before = seen.length;
    const byName = { url: 'https://localtest.invalid./', headers: {}, body: '' };
    expect(await deliver(byName, { allowPrivate: false, timeoutMs: 300 })).toMatchObject({
      kind: 'refused',
      again: true,
    });
    expect(await send('/200', { allowPrivate: false })).toMatchObject({ kind: 'refused', again: false });
    expect(seen.length).toBe(before);
  });

  test('to nobody can be tried again', async () => {
    const nobody = { url: 'http://127.0.0.1:9/', headers: {}, body: '' };
    expect(await deliver(nobody, rules)).toMatchObject({ kind: 'refused', again: true });
  });
});
