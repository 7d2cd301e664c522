import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';

// What somebody tries who has no browser to hold them back.

let home: string;
let gateway: RunningGateway;
let root: string;

beforeAll(async () => {
  const cwd = join(import.meta.dirname, '..');
  execFileSync('sh', ['-c', '. scripts/ready.sh; holdfast_web .'], { cwd, stdio: 'inherit' });
  home = await mkdtemp(join(tmpdir(), 'holdfast-dashboard-'));
  gateway = await startGateway(
    await loadConfig({ env: { HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') }, cwd: home }),
  );
  root = gateway.baseUrl.replace(/\/v1$/, '');
}, 120_000);
afterAll(async () => {
  await gateway.stop();
  await rm(home, { recursive: true });
});

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/** Sends a path as it stands: `fetch` would tidy it up before. */
function send(path: string, headers: Record<string, string> = {}, method = 'GET', body = ''): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(root);
    const sent = request({ host: '127.0.0.1', port, path, method, headers }, (response) => {
      let text = '';
      response.on('data', (chunk) => (text += String(chunk)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }));
    });
    sent.once('error', reject).end(body);
  });
}

const JSON_OF_PAGE = { 'content-type': 'application/json', 'x-holdfast-page': '1' };

async function signIn(token: string): Promise<string> {
  const { headers } = await send('/admin/api/session', JSON_OF_PAGE, 'POST', JSON.stringify({ token }));
  return String(headers['set-cookie']).split(';', 1)[0] ?? '';
}

/** Listens to what happens; resolves once that has begun. */
function listen(headers: Record<string, string>): Promise<Response> {
  return fetch(`${root}/admin/api/live`, { headers });
}

async function assets(): Promise<string[]> {
  const { body } = await send('/');
  return [...body.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path ?? '');
}

test('every page is the same document, and its parts are kept by browsers for good', async () => {
  const index = await send('/');
  expect(index).toMatchObject({ status: 200, headers: { 'cache-control': 'no-store' } });
  for (const path of ['/calls', '/calls/hf-1?range=6h', '/tenants/shop', '/sign-in']) {
    expect(await send(path)).toMatchObject({ status: 200, body: index.body });
  }
  const parts = await assets();
  expect(parts.length).toBeGreaterThanOrEqual(2);
  for (const path of parts) {
    const part = await send(path);
    expect(part).toMatchObject({ status: 200, headers: { 'cache-control': 'public, max-age=31536000, immutable' } });
    expect(part.headers['content-type']).toMatch(/^text\/(?:javascript|css); charset=utf-8$/);
  }
  expect((await send('/', { 'accept-encoding': 'gzip, br' })).headers['content-encoding']).toBe('gzip');
  expect(await send('/', {}, 'HEAD')).toMatchObject({ status: 200, body: '' });
});

test('nothing may frame a page, run in it or be reached from it but what the gateway serves itself', async () => {
  const [script = ''] = await assets();
  for (const path of ['/', '/calls', script]) {
    const { headers } = await send(path);
    expect(headers).toMatchObject({
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
    });
    const policy = String(headers['content-security-policy']).split('; ');
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
      ]),
    );
    expect(policy.join(' ')).not.toMatch(/unsafe|\*|https?:/);
    expect(headers['access-control-allow-origin']).toBeUndefined();
  }
  const { body } = await send('/');
  // The policy forbids both, so neither may be needed; and the page must work without any network but the gateway.
  expect(body).not.toMatch(/<script(?![^>]*\ssrc="\/assets\/)|<style|\sstyle=|\son\w+=|https?:\/\//);
});

test.each([
  '/assets/../../package.json',
  '/assets/..%2f..%2fpackage.json',
  '/assets/%2e%2e/%2e%2e/package.json',
  '/assets/....//....//package.json',
  String.raw`/assets/..\..\package.json`,
  '/assets//etc/passwd',
  '/assets/.built',
  '/assets/',
  '/assets',
  '/.built',
  '/index.html',
  '/../package.json',
  '//etc/passwd',
  '/%00',
  '/assets/__proto__',
  '/constructor',
  '/package.json',
  '/holdfast.db',
])('%s leads nowhere', async (path) => {
  const { status, body } = await send(path);
  expect(status).toBe(404);
  expect(JSON.parse(body)).toMatchObject({ error: { code: 'unknown_url' } });
});

test('pages answer to reading alone, and to names of this machine alone', async () => {
  for (const method of ['POST', 'PUT', 'DELETE']) expect((await send('/', {}, method)).status).toBe(404);
  expect((await send('/', { host: 'rebound.example' })).status).toBe(403);
  expect((await send('/admin/api/session', { host: 'rebound.example' })).status).toBe(403);
  expect((await send('/', { origin: 'https://evil.example' })).status).toBe(403);
});

describe('the admin API from a browser', () => {
  test('asks for a session, and tells the page of none without a fuss', async () => {
    expect((await send('/admin/api/overview')).status).toBe(401);
    expect((await send('/admin/api/live')).status).toBe(401);
    expect(await send('/admin/api/session')).toMatchObject({ status: 200, body: '{"signedIn":false}' });
    const made_up = `holdfast-session-${new URL(root).port}=${'A'.repeat(43)}`;
    expect((await send('/admin/api/overview', { cookie: made_up })).status).toBe(401);
  });

  test('behind https the cookie is bound to its host and never sent in the clear', async () => {
    const token = gateway.firstAdminToken ?? '';
    const headers = { ...JSON_OF_PAGE, host: '127.0.0.1', origin: 'https://127.0.0.1' };
    const { headers: told } = await send('/admin/api/session', headers, 'POST', JSON.stringify({ token }));
    expect(String(told['set-cookie'])).toMatch(
      /^__Host-holdfast-session=[\w-]{43}; Path=\/; .*HttpOnly; SameSite=Strict; Secure$/,
    );
    const [cookie = ''] = String(told['set-cookie']).split(';', 1);
    expect((await send('/admin/api/whoami', { cookie })).status).toBe(200);
  });

  test("a viewer's stolen cookie changes nothing", async () => {
    const admin = await signIn(gateway.firstAdminToken ?? '');
    const making = { cookie: admin, ...JSON_OF_PAGE };
    const made = await send('/admin/api/admin-tokens', making, 'POST', JSON.stringify({ name: 'v', role: 'viewer' }));
    const cookie = await signIn((JSON.parse(made.body) as { secret: string }).secret);
    const attempts = [
      ['POST', '/admin/api/tenants', '{"id":"mine"}'],
      ['POST', '/admin/api/admin-tokens', '{"name":"mine","role":"admin"}'],
      ['POST', '/admin/api/keys', '{"tenant":"mine"}'],
      ['GET', '/admin/api/admin-tokens', ''],
    ] as const;
    for (const [method, path, body] of attempts) {
      const answer = await send(path, { cookie, ...JSON_OF_PAGE }, method, body);
      expect(answer.status).toBe(403);
      expect(JSON.parse(answer.body)).toMatchObject({ code: 'role' });
    }
    expect((await send('/admin/api/tenants', { cookie })).status).toBe(200);
  });

  test('a form or a script of another page cannot use a session', async () => {
    const cookie = await signIn(gateway.firstAdminToken ?? '');
    const form = { cookie, 'content-type': 'application/x-www-form-urlencoded', 'sec-fetch-site': 'cross-site' };
    expect((await send('/admin/api/tenants', form, 'POST', 'id=forged')).status).toBe(403);
    const plain = { cookie, 'content-type': 'text/plain' };
    expect((await send('/admin/api/tenants', plain, 'POST', '{"id":"forged"}')).status).toBe(403);
    const neighbour = { cookie, ...JSON_OF_PAGE, origin: 'http://127.0.0.1:1' };
    expect((await send('/admin/api/tenants', neighbour, 'POST', '{"id":"forged"}')).status).toBe(403);
    const preflight = { origin: 'https://evil.example', 'access-control-request-headers': 'x-holdfast-page' };
    const asked = await send('/admin/api/tenants', preflight, 'OPTIONS');
    expect(asked.status).toBe(403);
    expect(asked.headers['access-control-allow-headers']).toBeUndefined();
    expect((await send('/admin/api/tenants/forged', { cookie })).status).toBe(404);
  });

  test('who listens hears nothing more when the token is revoked, or the session signed out', async () => {
    const making = { cookie: await signIn(gateway.firstAdminToken ?? ''), ...JSON_OF_PAGE };
    const made = await send('/admin/api/admin-tokens', making, 'POST', '{"name":"l","role":"viewer"}');
    const { secret, token } = JSON.parse(made.body) as { secret: string; token: { id: string } };
    const [one, other] = [await signIn(secret), await signIn(secret)];
    const listening = [
      await listen({ cookie: one }),
      await listen({ cookie: other }),
      await listen({ authorization: `Bearer ${secret}` }),
    ];
    for (const { status } of listening) expect(status).toBe(200);
    await send('/admin/api/session', { cookie: one, 'x-holdfast-page': '1' }, 'DELETE');
    expect(await listening[0]?.text()).toContain('retry:');
    await send(`/admin/api/admin-tokens/${token.id}/revoke`, making, 'POST');
    // Each of them comes to its end.
    await Promise.all(listening.slice(1).map((response) => response.text()));
  });

  test('a cookie says nothing to the doors that calls come through', async () => {
    const cookie = await signIn(gateway.firstAdminToken ?? '');
    await send('/admin/api/tenants', { cookie, ...JSON_OF_PAGE }, 'POST', '{"id":"closed"}');
    expect((await send('/v1/models', { cookie })).status).toBe(401);
  });

  test('guessing the token is throttled, told of, and locks nobody out', async () => {
    const guess = (turn: number): Promise<Answer> =>
      send('/admin/api/session', JSON_OF_PAGE, 'POST', JSON.stringify({ token: `hf_admin_guess${turn}` }));
    const begunAt = Date.now();
    let [answer, guesses] = [await guess(0), 1];
    for (; answer.status === 401; guesses += 1) answer = await guess(guesses);
    expect(answer).toMatchObject({
      status: 429,
      headers: { 'retry-after': expect.stringMatching(/^[123]$/) as string },
    });
    // Twenty, one more for every three seconds that it took, and the one that was refused.
    expect(guesses).toBeLessThanOrEqual(22 + (Date.now() - begunAt) / 3_000);
    const cookie = await signIn(gateway.firstAdminToken ?? '');
    await expect
      .poll(async () => (await send('/admin/api/events?kind=wrong-admin-tokens', { cookie })).body)
      .toContain('too many wrong admin tokens came from 127.0.0.1');
  });
});

test('what is no HTTP gets no page', async () => {
  const { port } = new URL(root);
  const answer = await new Promise<string>((resolve) => {
    const socket = connect(Number(port), '127.0.0.1', () => socket.write('GET / \0 HTTP/9\r\n\r\n'));
    let text = '';
    socket.on('data', (chunk) => (text += String(chunk)));
    socket.on('close', () => resolve(text));
  });
  expect(answer).toMatch(/^HTTP\/1\.1 400 /);
});
