import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';

// Every test is many requests, and some wait for something to run out.
vi.setConfig({ testTimeout: 60_000 });

type Json = Record<string, unknown>;

interface Reply {
  readonly status: number;
  readonly body: Json;
  readonly headers: Headers;
}

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Record<string, { readonly $ref?: string; readonly content?: Json }>;
}

/** An OpenAPI document, as far as it is looked at here. */
interface Described {
  readonly openapi: string;
  readonly paths: Record<string, Record<string, Operation>>;
  readonly components: { readonly schemas: { readonly Problem: Json } };
}

let simulator: Simulator;
let home: string;
let gateway: RunningGateway;
let root: string;
let admin: string;
let described: Described;
/** Operations that were asked and whose answers fit their description. */
const described_ = new Set<string>();

async function start(config: object = {}): Promise<RunningGateway> {
  const file = join(home, 'holdfast.yaml');
  const targets = { one: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } };
  await writeFile(file, JSON.stringify({ targets, ...config }));
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  return startGateway(await loadConfig({ file, env, cwd: home }));
}

beforeAll(async () => {
  simulator = await startSimulator({ name: 'one' });
  home = await mkdtemp(join(tmpdir(), 'holdfast-admin-'));
  gateway = await start({
    organisations: { declared: {} },
    tenants: { fixed: { organisation: 'declared', workloads: { chat: {} } } },
    server: { trustedProxies: ['127.0.0.0/8', '::1'] },
    capture: { tenants: ['fixed'] },
  });
  root = gateway.baseUrl.replace(/\/v1$/, '/admin/api');
  admin = gateway.firstAdminToken ?? '';
  described = (await call('GET', '/openapi.json')).body as unknown as Described;
});
afterAll(async () => {
  await gateway.stop();
  await simulator.close();
  await rm(home, { recursive: true });
});

interface Asking {
  readonly body?: unknown;
  readonly token?: string | null;
  readonly headers?: Record<string, string>;
}

async function call(method: string, path: string, { body, token = admin, headers = {} }: Asking = {}): Promise<Reply> {
  const response = await fetch(root + path, {
    method,
    headers: {
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  const reply = {
    status: response.status,
    headers: response.headers,
    body: text === '' ? {} : (JSON.parse(text) as Json),
  };
  if (described !== undefined) checkDescribed(method, path, reply, text);
  return reply;
}

/** Compares an answer with what the OpenAPI document says of it. */
function checkDescribed(method: string, path: string, { status, body }: Reply, text: string): void {
  const [bare = ''] = path.split('?', 1);
  const template = Object.keys(described.paths).find((one) =>
    new RegExp(`^${one.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(bare),
  );
  const operation = described.paths[template ?? '']?.[method.toLowerCase()];
  if (operation === undefined) return;
  const said = operation.responses[status];
  expect(said, `${method} ${path} answers ${status}, which is not described`).toBeDefined();
  if (said?.$ref !== undefined) {
    expect(fits(described.components.schemas.Problem, body)).toEqual([]);
    return;
  }
  const content = said?.content as { 'application/json': { schema: Json } } | undefined;
  if (content === undefined) expect(text).toBe('');
  else expect(fits(content['application/json'].schema, body), `${method} ${path}`).toEqual([]);
  described_.add(`${method} ${template}`);
}

function fits(schema: Json, value: unknown): unknown[] {
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]).safeParse(value).error?.issues ?? [];
}

async function tokenOf(role: 'viewer' | 'operator' | 'admin'): Promise<string> {
  const { body } = await call('POST', '/admin-tokens', { body: { name: `a ${role}`, role } });
  return String(body['secret']);
}

function data({ body }: Reply): Json[] {
  return body['data'] as Json[];
}

function say(key: string): Promise<string> {
  const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: key, maxRetries: 0 });
  return client.chat.completions
    .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say: hi' }] })
    .then(({ choices }) => choices[0]?.message.content ?? '');
}

test('organisations, tenants, workloads and keys are created, listed, changed and deleted', async () => {
  expect((await call('POST', '/organisations', { body: { id: 'acme', limits: { budgetPerMonth: 50 } } })).status).toBe(
    201,
  );
  const tenant = {
    id: 'shop',
    organisation: 'acme',
    name: '<b>Shop</b>',
    limits: { requestsPerMinute: 100 },
    weight: 2,
  };
  expect((await call('POST', '/tenants', { body: tenant })).body).toMatchObject({ ...tenant, declared: false });
  expect((await call('POST', '/tenants/shop/workloads', { body: { id: 'nightly', lane: 'background' } })).status).toBe(
    201,
  );
  const made = await call('POST', '/keys', {
    body: { tenant: 'shop', name: 'ci', models: ['gpt-*'], limits: { concurrentCalls: 3 } },
  });
  expect(made.status).toBe(201);
  const { secret, key } = made.body as { secret: string; key: { id: string; secrets: { prefix: string }[] } };
  expect(key.secrets[0]?.prefix).toBe(secret.slice(0, 9));
  // In force before the answer was given.
  expect(await say(secret)).toBe('hi');

  expect(data(await call('GET', '/tenants')).map(({ id }) => id)).toEqual(['fixed', 'shop']);
  expect(data(await call('GET', '/organisations')).map(({ id }) => id)).toEqual(['acme', 'declared']);
  expect(data(await call('GET', '/tenants/shop/workloads')).map(({ id }) => id)).toEqual(['nightly']);
  expect(data(await call('GET', '/keys?tenant=shop'))).toMatchObject([{ id: key.id, status: 'working' }]);
  expect((await call('GET', '/tenants/shop')).body).toMatchObject(tenant);
  expect((await call('GET', '/organisations/acme')).body).toMatchObject({ limits: { budgetPerMonth: 50 } });
  expect((await call('GET', '/tenants/shop/workloads/nightly')).body).toMatchObject({ lane: 'background' });

  const changed = await call('PATCH', '/tenants/shop', {
    body: { limits: { requestsPerMinute: 1 }, lane: 'background' },
  });
  expect(changed.body).toMatchObject({
    limits: { requestsPerMinute: 1 },
    lane: 'background',
    weight: 2,
    name: '<b>Shop</b>',
  });
  await expect(say(secret)).rejects.toMatchObject({ status: 429, code: 'rate_limit_exceeded' });
  await call('PATCH', '/tenants/shop', { body: { limits: {} } });
  expect(await say(secret)).toBe('hi');
  expect((await call('PATCH', '/organisations/acme', { body: { name: 'Acme Inc.' } })).body).toMatchObject({
    name: 'Acme Inc.',
  });
  expect((await call('PATCH', '/tenants/shop/workloads/nightly', { body: { weight: 3 } })).body).toMatchObject({
    weight: 3,
  });

  expect((await call('DELETE', '/tenants/shop')).body).toMatchObject({
    code: 'in_use',
    detail: expect.stringContaining(key.id),
  });
  expect((await call('POST', `/keys/${key.id}/revoke`)).body).toMatchObject({ status: 'revoked' });
  await expect(say(secret)).rejects.toMatchObject({ status: 401, code: 'revoked_api_key' });
  expect((await call('DELETE', '/tenants/shop/workloads/nightly')).status).toBe(204);
  expect((await call('DELETE', '/organisations/acme')).body).toMatchObject({ code: 'in_use' });
  expect((await call('DELETE', '/tenants/shop')).status).toBe(204);
  expect((await call('DELETE', '/organisations/acme')).status).toBe(204);
  expect((await call('GET', '/tenants/shop')).body).toMatchObject({ status: 404, code: 'unknown' });
});

test('a key is rotated, held back, expired and brought back', async () => {
  const made = (await call('POST', '/keys', { body: { tenant: 'fixed' } })).body as {
    secret: string;
    key: { id: string };
  };
  const path = `/keys/${made.key.id}`;
  const rotated = (await call('POST', `${path}/rotate`, { body: { graceSeconds: 600 } })).body as {
    secret: string;
    key: Json;
  };
  expect(rotated.key['secrets']).toHaveLength(2);
  expect([await say(made.secret), await say(rotated.secret)]).toEqual(['hi', 'hi']);
  await call('PATCH', path, { body: { addresses: ['192.0.2.0/24'] } });
  await expect(say(rotated.secret)).rejects.toMatchObject({ status: 403, code: 'address_not_allowed' });
  await call('PATCH', path, { body: { addresses: null } });
  expect((await call('POST', `${path}/expire`)).body).toMatchObject({ status: 'expired' });
  await expect(say(rotated.secret)).rejects.toMatchObject({ status: 401, code: 'expired_api_key' });
  await call('PATCH', path, { body: { expiresAt: new Date(Date.now() + 600_000).toISOString() } });
  expect(await say(rotated.secret)).toBe('hi');
  const again = (await call('POST', `${path}/rotate`, { body: { graceSeconds: 1 } })).body as { secret: string };
  const said = (secret: string): Promise<string> => say(secret).catch(({ code }: { code: string }) => code);
  await expect.poll(() => said(rotated.secret)).toBe('expired_api_key');
  // An earlier promise of a grace period is kept.
  expect([await said(made.secret), await said(again.secret)]).toEqual(['hi', 'hi']);
  expect((await call('GET', path)).body).toMatchObject({ status: 'working' });
});

test('every change is in the audit log, with before and after and without secrets; reading is not', async () => {
  const operator = await tokenOf('operator');
  const made = (await call('POST', '/keys', { token: operator, body: { tenant: 'fixed', name: 'audited' } })).body as {
    secret: string;
    key: { id: string };
  };
  await call('PATCH', `/keys/${made.key.id}`, { token: operator, body: { name: 'renamed' } });
  await call('GET', `/keys/${made.key.id}`, { token: operator });
  const [change, creation, ...more] = data(await call('GET', `/audit?subject=key&subjectId=${made.key.id}`));
  expect(more).toEqual([]);
  expect(creation).toMatchObject({ action: 'create', before: null, after: { name: 'audited', tenant: 'fixed' } });
  expect(change).toMatchObject({ action: 'change', before: { name: 'audited' }, after: { name: 'renamed' } });
  expect(change?.['actor']).toMatchObject({
    via: 'api',
    name: expect.stringMatching(/^token_\w+ \(a operator\)$/),
    address: '127.0.0.1',
  });
  const all = JSON.stringify(data(await call('GET', '/audit?limit=500')));
  for (const secret of [made.secret, operator, admin]) expect(all).not.toContain(secret.slice(15));
  expect(all).toContain('"action":"declare"');
});

test.each([
  ['GET', '/tenants', undefined, 'viewer'],
  ['GET', '/audit', undefined, 'viewer'],
  ['GET', '/whoami', undefined, 'viewer'],
  ['GET', '/targets', undefined, 'viewer'],
  ['POST', '/tenants', { id: 'by-role' }, 'operator'],
  ['PATCH', '/tenants/by-role', { weight: 2 }, 'operator'],
  ['DELETE', '/tenants/by-role', undefined, 'operator'],
  ['GET', '/admin-tokens', undefined, 'admin'],
  ['POST', '/admin-tokens', { name: 'another', role: 'viewer' }, 'admin'],
])('%s %s takes a role', async (method, path, body, least) => {
  const roles = ['viewer', 'operator', 'admin'] as const;
  const outcomes: string[] = [];
  for (const role of roles) {
    const token = await tokenOf(role);
    const { status, body: answer } = await call(method, path, { token, ...(body === undefined ? {} : { body }) });
    outcomes.push(status < 300 ? 'answered' : `${status} ${String(answer['detail']).split(',')[0]}`);
    // Once it is created or deleted, the next role would find it so.
    if (status < 300) break;
  }
  const refusals = roles.slice(0, roles.indexOf(least as 'viewer')).map(() => `403 this needs the role ${least}`);
  expect(outcomes).toEqual([...refusals, 'answered']);
});

test('a browser signs in, is who its token is, and signs out; a token that ends takes its sessions with it', async () => {
  const own = { 'x-holdfast-page': '1' };
  const secret = await tokenOf('viewer');
  const begun = await call('POST', '/session', { token: null, body: { token: secret }, headers: own });
  expect(begun.body).toMatchObject({ signedIn: true, role: 'viewer', name: 'a viewer' });
  const set = begun.headers.get('set-cookie') ?? '';
  expect(set).toMatch(/^holdfast-session-\d+=[\w-]{43}; Path=\/; Max-Age=86400; HttpOnly; SameSite=Strict$/);
  expect(set).not.toContain(secret.slice(9));
  const cookie = set.split(';', 1)[0] ?? '';
  const held = { token: null, headers: { cookie } };
  expect((await call('GET', '/session', held)).body).toMatchObject({ signedIn: true, token: begun.body['token'] });
  expect((await call('GET', '/whoami', held)).body).toMatchObject({ role: 'viewer' });
  const change = { token: null, body: { id: 'by-session' }, headers: { cookie, ...own } };
  expect((await call('POST', '/tenants', change)).body).toMatchObject({ status: 403, code: 'role' });
  // Signing in again never goes on with an id that was there before.
  const again = { token: null, body: { token: secret }, headers: { cookie, ...own } };
  const other = ((await call('POST', '/session', again)).headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  expect(other).not.toBe(cookie);
  expect((await call('GET', '/whoami', held)).body).toMatchObject({ status: 401, code: 'session_ended' });
  expect((await call('GET', '/session', held)).body).toEqual({ signedIn: false });
  const signedOut = await call('DELETE', '/session', { token: null, headers: { cookie: other, ...own } });
  expect([signedOut.status, signedOut.headers.get('set-cookie')]).toEqual([204, expect.stringContaining('Max-Age=0')]);
  expect((await call('GET', '/whoami', { token: null, headers: { cookie: other } })).status).toBe(401);

  const last = await call('POST', '/session', { token: null, body: { token: secret }, headers: own });
  const lives = { token: null, headers: { cookie: (last.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '' } };
  expect((await call('GET', '/whoami', lives)).status).toBe(200);
  await call('POST', `/admin-tokens/${String(last.body['token'])}/revoke`);
  expect((await call('GET', '/whoami', lives)).body).toMatchObject({ status: 401, code: 'session_ended' });
});

test('a session is of no use to other pages', async () => {
  const own = { 'x-holdfast-page': '1' };
  const token = await tokenOf('operator');
  const begun = await call('POST', '/session', { token: null, body: { token }, headers: own });
  const cookie = (begun.headers.get('set-cookie') ?? '').split(';', 1)[0] ?? '';
  const attempts: readonly (readonly [string, string, Record<string, string>])[] = [
    ['POST', '/tenants', {}],
    ['POST', '/tenants', { ...own, 'sec-fetch-site': 'cross-site' }],
    ['POST', '/tenants', { ...own, 'sec-fetch-site': 'same-site' }],
    ['POST', '/tenants', { ...own, origin: 'https://evil.example' }],
    ['POST', '/session', { 'sec-fetch-site': 'same-origin' }],
    ['DELETE', '/session', {}],
    ['GET', '/tenants', { 'sec-fetch-site': 'cross-site' }],
  ];
  for (const [method, path, headers] of attempts) {
    const body = method === 'POST' ? { body: path === '/session' ? { token } : { id: 'forged' } } : {};
    const { body: told } = await call(method, path, { token: null, ...body, headers: { cookie, ...headers } });
    expect(told).toMatchObject({
      status: 403,
      code: expect.stringMatching(/^foreign_(?:page|origin)$/),
    });
  }
  expect(data(await call('GET', '/tenants')).map(({ id }) => id)).not.toContain('forged');
  const good = {
    token: null,
    body: { id: 'by-session' },
    headers: { cookie, ...own, 'sec-fetch-site': 'same-origin' },
  };
  expect((await call('POST', '/tenants', good)).status).toBe(201);
  expect((await call('DELETE', '/tenants/by-session', good)).status).toBe(204);
});

describe('what is refused', () => {
  test('every field that is wrong is named, with how to put it right', async () => {
    const body = {
      id: 'a b',
      limits: { requestsPerMinute: -1, budgetPerDay: { warn: 5, refuse: 1 }, tokenPerDay: 3, outputTokens: 0 },
      lane: 'fast',
      key: 'hf_0123456789abcdef',
    };
    const reply = await call('POST', '/tenants', { body });
    expect(reply.status).toBe(400);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.body).toMatchObject({ code: 'invalid_fields', title: 'Bad Request' });
    const fields = (reply.body['problems'] as { field: string; fix: string }[]).map(({ field }) => field);
    expect(new Set(fields)).toEqual(
      new Set([
        'id',
        'limits.requestsPerMinute',
        'limits.budgetPerDay.warn',
        'limits.tokenPerDay',
        'limits.outputTokens',
        'lane',
        'key',
      ]),
    );
    expect(JSON.stringify(reply.body)).not.toContain('0123456789abcdef');
  });

  test.each<[string, string, Asking, number, string]>([
    ['POST', '/tenants', { body: { id: 'fixed' } }, 409, 'exists'],
    ['PATCH', '/tenants/fixed', { body: { weight: 2 } }, 409, 'declared'],
    ['DELETE', '/tenants/fixed', {}, 409, 'declared'],
    ['PATCH', '/organisations/declared', { body: { name: 'x' } }, 409, 'declared'],
    ['DELETE', '/tenants/fixed/workloads/chat', {}, 409, 'declared'],
    ['POST', '/tenants', { body: { id: 'x', organisation: 'nowhere' } }, 404, 'unknown'],
    ['POST', '/keys', { body: { tenant: 'nobody' } }, 404, 'unknown'],
    ['POST', '/keys', { body: { tenant: 'fixed', workload: 'none' } }, 404, 'unknown'],
    ['POST', '/keys', { body: { tenant: 'fixed', routes: ['none'] } }, 400, 'invalid_fields'],
    ['POST', '/keys', { body: { tenant: 'fixed', addresses: ['office'] } }, 400, 'invalid_fields'],
    ['POST', '/keys', { body: { tenant: 'fixed', models: [] } }, 400, 'invalid_fields'],
    ['POST', '/keys', { body: { tenant: 'fixed', expiresAt: '2020-01-01T00:00:00Z' } }, 400, 'invalid'],
    ['POST', '/keys', { body: { tenant: 'fixed', expiresAt: 'tomorrow' } }, 400, 'invalid_fields'],
    ['POST', '/keys', { body: { tenant: 'fixed', lane: 'interactive', interactive: false } }, 400, 'invalid'],
    ['GET', '/keys?limit=0', {}, 400, 'invalid_fields'],
    ['GET', '/keys?after=x', {}, 400, 'invalid_fields'],
    ['GET', '/audit?after=-1', {}, 400, 'invalid_fields'],
    ['GET', '/tenants?organisation=x', {}, 400, 'invalid_fields'],
    ['GET', '/whoami?x=1', {}, 400, 'invalid_fields'],
    ['GET', '/keys/key_none', {}, 404, 'unknown'],
    ['GET', '/nothing', {}, 404, 'unknown'],
    ['GET', '/tenants/..%2Fkeys', {}, 404, 'unknown'],
    ['PUT', '/tenants/fixed', { body: {} }, 405, 'method'],
    ['OPTIONS', '/tenants', {}, 405, 'method'],
    ['POST', '/tenants', { body: '{"id":' }, 400, 'no_json'],
    ['POST', '/tenants', { body: '[]' }, 400, 'invalid_fields'],
    ['POST', '/tenants', { body: { id: 'x', name: 'x'.repeat(70_000) } }, 413, 'too_large'],
    [
      'POST',
      '/tenants',
      { body: 'id=x', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      415,
      'media_type',
    ],
    ['GET', '/tenants', { headers: { origin: 'https://evil.example' } }, 403, 'foreign_origin'],
    ['GET', '/tenants', { headers: { origin: 'null' } }, 403, 'foreign_origin'],
    ['GET', '/tenants', { headers: { origin: 'http://127.0.0.1:1' } }, 403, 'foreign_origin'],
  ])('%s %s %.60j', async (method, path, asking, status, code) => {
    const reply = await call(method, path, asking);
    expect(reply.body).toMatchObject({ status, code });
    expect(reply.status).toBe(status);
    for (const name of ['access-control-allow-origin', 'access-control-allow-headers'])
      expect(reply.headers.get(name)).toBeNull();
    expect(reply.headers.get('cache-control')).toBe('no-store');
    expect(reply.headers.get('x-content-type-options')).toBe('nosniff');
    expect(reply.headers.get('content-security-policy')).toContain("frame-ancestors 'none'");
  });

  test('a host by another name', async () => {
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { host: 'rebound.example', authorization: `Bearer ${admin}` };
      request(`${root}/tenants`, { headers }, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .once('error', reject)
        .end();
    });
    expect(status).toBe(403);
  });

  test.each<[string, string | null]>([
    ['no token', null],
    ['an empty one', ''],
    ['a mistyped one', 'hf_admin_0123456789'],
    ['a key of a caller', 'hf_0123456789'],
  ])('%s', async (_, token) => {
    for (const path of ['/tenants', '/openapi.json', '/nothing']) {
      const headers = { 'x-forwarded-for': `198.51.100.${Math.floor(Math.random() * 250)}` };
      const { body, headers: told } = await call('GET', path, { token, headers });
      expect(body).toMatchObject({ status: 401, code: 'unauthorized' });
      expect(told.get('www-authenticate')).toContain('Bearer');
    }
  });

  test('guessing, which is throttled, told of, and locks nobody out', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.50' };
    /** Guesses until it is told to wait. @returns how often that took */
    const throttled = async (guess: () => Promise<Reply>): Promise<[tries: number, refusal: Reply]> => {
      for (let tries = 1; ; tries += 1) {
        const reply = await guess();
        if (reply.status !== 401) return [tries, reply];
      }
    };
    const begunAt = Date.now();
    const [tries, refusal] = await throttled(() => call('GET', '/tenants', { token: 'guess', headers }));
    expect(refusal.status).toBe(429);
    expect(refusal.headers.get('retry-after')).toMatch(/^[123]$/);
    // Twenty, one more for every three seconds that it took, and the one that was refused.
    expect(tries).toBeGreaterThan(20);
    expect(tries).toBeLessThanOrEqual(22 + (Date.now() - begunAt) / 3_000);
    expect((await call('GET', '/tenants', { headers })).status).toBe(200);
    const signIn = { token: null, body: { token: 'hf_admin_guess' }, headers: { ...headers, 'x-holdfast-page': '1' } };
    const [, refused] = await throttled(() => call('POST', '/session', signIn));
    expect(refused.body).toMatchObject({ status: 429, code: 'too_many_wrong_tokens' });
    await expect
      .poll(async () => data(await call('GET', '/events?kind=wrong-admin-tokens')))
      .toMatchObject([{ message: expect.stringContaining('203.0.113.50') }]);
  });
});

test('admin tokens expire, are revoked, and the last lasting admin cannot be', async () => {
  const { body: mine } = await call('GET', '/whoami');
  const others = data(await call('GET', '/admin-tokens')).filter(
    ({ id, revokedAt }) => id !== mine['id'] && revokedAt === null,
  );
  for (const { id } of others) await call('POST', `/admin-tokens/${String(id)}/revoke`);
  expect((await call('POST', `/admin-tokens/${String(mine['id'])}/revoke`)).body).toMatchObject({ code: 'in_use' });
  const lasting = async (ms: number): Promise<string> => {
    const expiresAt = new Date(Date.now() + ms).toISOString();
    const { body } = await call('POST', '/admin-tokens', { body: { name: 'short', role: 'viewer', expiresAt } });
    return body['secret'] as string;
  };
  const [minute, moment] = [await lasting(60_000), await lasting(2_000)];
  expect((await call('GET', '/whoami', { token: minute })).body).toMatchObject({ name: 'short', role: 'viewer' });
  await expect.poll(async () => (await call('GET', '/whoami', { token: moment })).status).toBe(401);
  const other = (await call('POST', '/admin-tokens', { body: { name: 'other', role: 'viewer' } })).body as {
    secret: string;
    token: { id: string };
  };
  expect((await call('POST', `/admin-tokens/${other.token.id}/revoke`)).status).toBe(200);
  expect((await call('GET', '/whoami', { token: other.secret })).status).toBe(401);
});

test('lists come in pages that miss nothing and repeat nothing', async () => {
  const ids = Array.from({ length: 7 }, (_, index) => `page-${index}`);
  for (const id of ids) await call('POST', '/tenants', { body: { id } });
  for (const id of ids) await call('POST', '/keys', { body: { tenant: id, name: id } });
  for (const [path, name] of [
    ['/tenants', 'id'],
    ['/keys', 'id'],
    ['/audit', 'seq'],
  ] as const) {
    const seen: unknown[] = [];
    let next: string | null = '';
    while (next !== null) {
      const reply = await call('GET', `${path}?limit=3${next === '' ? '' : `&after=${next}`}`);
      expect(data(reply).length).toBeLessThanOrEqual(3);
      seen.push(...data(reply).map((one) => one[name]));
      next = reply.body['next'] as string | null;
    }
    const whole = data(await call('GET', `${path}?limit=500`)).map((one) => one[name]);
    expect(seen).toEqual(whole);
    expect(new Set(seen).size).toBe(seen.length);
  }
});

test('use is told against limits, and a budget that runs out is an event', async () => {
  const limits = { budgetPerDay: 0.000_02, requestsPerDay: 100, concurrentCalls: 9 };
  await call('POST', '/tenants', { body: { id: 'spender', limits } });
  const { secret } = (
    await call('POST', '/keys', { body: { tenant: 'spender', limits: { tokensPerMinute: 100_000 } } })
  ).body as { secret: string };
  const outcomes: string[] = [];
  for (let turn = 0; turn < 5; turn += 1)
    outcomes.push(await say(secret).catch((error: { code: string }) => error.code));
  expect(outcomes.at(-1)).toBe('insufficient_quota');
  const use = data(await call('GET', '/tenants/spender/use'));
  expect(use.map(({ quota }) => quota)).toEqual([
    'tenant:spender calls/moment',
    'tenant:spender requests/day',
    'tenant:spender money/day',
    expect.stringMatching(/^key:key_\w+ tokens\/minute$/),
  ]);
  expect(use[2]).toMatchObject({ measure: 'money', limit: 0.000_02, warnAt: 0.000_016, refuses: true });
  expect(data(await call('GET', '/organisations/default/use')).map(({ holder }) => holder)).toContain('spender');
  await expect
    .poll(async () => data(await call('GET', '/events?tenant=spender')).map(({ kind }) => kind))
    .toContain('budget-exhausted');
});

test('who waits is told, tenant by tenant', async () => {
  await call('POST', '/tenants', { body: { id: 'patient', limits: { concurrentCalls: 1 } } });
  const { secret } = (await call('POST', '/keys', { body: { tenant: 'patient' } })).body as { secret: string };
  expect((await call('GET', '/queue')).body).toEqual({ waiting: 0, data: [] });
  simulator.setFault('hang');
  const leaving = new AbortController();
  const ask = (): Promise<unknown> =>
    fetch(`${gateway.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${secret}`, 'content-type': 'application/json', prefer: 'wait=60' },
      body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }] }),
      signal: leaving.signal,
    }).catch(() => null);
  const asked = [ask(), ask(), ask()];
  await expect
    .poll(async () => (await call('GET', '/queue')).body)
    .toMatchObject({
      waiting: 2,
      data: [{ tenant: 'patient', waiting: 2, atTargets: 0, atLimits: 2, background: 0 }],
    });
  leaving.abort();
  simulator.setFault(null);
  await Promise.all(asked);
  await expect.poll(async () => (await call('GET', '/queue')).body['waiting']).toBe(0);
});

test('a soft threshold that is passed is an event, and nothing is refused', async () => {
  await call('POST', '/tenants', { body: { id: 'careful', limits: { budgetPerDay: { warn: 0.000_01, refuse: 1 } } } });
  const { secret } = (await call('POST', '/keys', { body: { tenant: 'careful' } })).body as { secret: string };
  expect([await say(secret), await say(secret)]).toEqual(['hi', 'hi']);
  const events = (): Promise<Json[]> => call('GET', '/events?tenant=careful').then(data);
  await expect.poll(events).toHaveLength(1);
  expect(await events()).toMatchObject([
    {
      kind: 'budget-warned',
      level: 'tenant',
      holder: 'careful',
      organisation: 'default',
      detail: { warnAt: 0.000_01 },
      message: expect.stringMatching(
        /^the budget of tenant careful, \$1\.00 a day, is nearly used up: \$0\.000\d+ are used$/,
      ),
    },
  ]);
});

test('targets tell how they stand', async () => {
  expect(data(await call('GET', '/targets'))).toMatchObject([
    {
      id: 'one',
      provider: 'openai',
      breaker: 'closed',
      health: { openByHand: false, since: null, reason: null, suspect: false },
      key: { reference: 'env:TARGET_KEY', ending: '6789', refusals: [] },
    },
  ]);
  expect((await call('GET', '/targets/one')).body).toMatchObject({ id: 'one', account: 'one' });
  expect(await call('GET', '/targets/two')).toMatchObject({ status: 404, body: { code: 'unknown' } });
});

test('a target is taken out by hand, and let back in', async () => {
  const { secret } = (await call('POST', '/keys', { body: { tenant: 'fixed' } })).body as { readonly secret: string };
  const ask = async (): Promise<number> => {
    const body = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hi' }] });
    const headers = { authorization: `Bearer ${secret}`, 'content-type': 'application/json' };
    return (await fetch(`${gateway.baseUrl}/chat/completions`, { method: 'POST', headers, body })).status;
  };
  const turn = (state: string): Promise<Reply> => call('POST', '/targets/one/breaker', { body: { state } });

  expect((await turn('open')).body).toMatchObject({
    breaker: 'open',
    health: { openByHand: true, probedAt: null, reason: 'taken out by hand' },
  });
  expect(await ask()).toBe(503);
  expect((await turn('auto')).body).toMatchObject({ breaker: 'open', health: { openByHand: false } });
  expect(await ask()).toBe(200);
  expect((await turn('open')).body).toMatchObject({ breaker: 'open' });
  expect((await turn('closed')).body).toMatchObject({ breaker: 'closed', health: { openByHand: false, since: null } });
  expect(await ask()).toBe(200);
  expect(await turn('ajar')).toMatchObject({ status: 400, body: { problems: [{ field: 'state' }] } });
  expect(
    await call('POST', '/targets/one/breaker', { body: { state: 'open' }, token: await tokenOf('viewer') }),
  ).toMatchObject({ status: 403 });
  expect((await call('POST', '/targets/one/clear')).body).toMatchObject({ id: 'one', key: { refusals: [] } });
  await expect
    .poll(async () => data(await call('GET', '/events')).map(({ message }) => message))
    .toEqual(
      expect.arrayContaining([
        'target one was taken out by hand',
        expect.stringMatching(/^target one is back after \d+ s: its breaker is closed$/),
      ]),
    );
  const noted = data(await call('GET', '/audit?subject=target&subjectId=one'));
  expect(noted.map(({ after }) => after)).toEqual([
    { refusals: [] },
    { breaker: 'closed', byHand: false },
    { breaker: 'open', byHand: true },
    { breaker: 'open', byHand: false },
    { breaker: 'open', byHand: true },
  ]);
});

interface Told {
  readonly event: string;
  readonly data: Json;
}

/** The events of a stream, as they come. */
async function* eventsOf(response: Response): AsyncGenerator<Told> {
  let text = '';
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const [, event, data] = /^event: (\w+)\ndata: (.+)$/s.exec(text.slice(0, end)) ?? [];
      text = text.slice(end + 2);
      if (event !== undefined && data !== undefined) yield { event, data: JSON.parse(data) as Json };
    }
  }
}

test('what the calls came to can be asked in every way, and listened to', async () => {
  const { key, secret } = (await call('POST', '/keys', { body: { tenant: 'fixed' } })).body as {
    readonly key: { readonly id: string };
    readonly secret: string;
  };
  const leaving = new AbortController();
  const headers = { authorization: `Bearer ${admin}` };
  const live = await fetch(`${root}/live?tail=1&tenant=fixed`, { headers, signal: leaving.signal });
  expect(live.headers.get('content-type')).toBe('text/event-stream');
  const events = eventsOf(live);
  expect((await events.next()).value).toMatchObject({ event: 'frame', data: { calls: 0, firstContentMs: null } });
  const client = new OpenAI({ apiKey: secret, baseURL: gateway.baseUrl });
  const { response } = await client.chat.completions
    .create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] })
    .withResponse();
  const id = response.headers.get('x-request-id') ?? '';
  /** The next event that is of interest: frames come every second, whatever happens. */
  const next = async (which: (one: Told) => boolean): Promise<Told> => {
    for (let one = await events.next(); one.done !== true; one = await events.next())
      if (which(one.value)) return one.value;
    throw new Error('the stream has ended');
  };
  const told = await next(({ event }) => event === 'call');
  expect(told).toMatchObject({ event: 'call', data: { id, tenant: 'fixed', keyId: key.id, outcome: 'answered' } });
  expect(await next(({ data: frame }) => frame['calls'] === 1)).toMatchObject({
    event: 'frame',
    data: { answered: 1, skipped: 0 },
  });
  leaving.abort();
  await expect.poll(async () => (await call('GET', `/calls/${id}`)).status).toBe(200);
  expect(data(await call('GET', `/calls?id=${id}`))).toMatchObject([
    { id, tenant: 'fixed', keyId: key.id, outcome: 'answered', outputTokens: told.data['outputTokens'] },
  ]);
  for (const path of [
    '/overview',
    '/matrix',
    '/faults',
    '/costs',
    '/costs?by=user',
    '/timeline',
    '/verdict',
    '/calls',
  ]) {
    expect({ path, ...(await call('GET', path)) }).toMatchObject({ status: 200 });
  }
  expect(data(await call('GET', '/timeline'))[0]).toMatchObject({
    kind: 'change',
    summary: expect.stringContaining(`create key ${key.id}`) as string,
  });
  expect((await call('GET', '/calls/hf-nothing')).status).toBe(404);
  await expect.poll(async () => (await call('GET', `/calls/${id}/content`)).status).toBe(200);
  for (const [path, field] of [
    ['/overview?step=7s', 'step'],
    ['/overview?from=yesterday', 'from'],
    ['/overview?from=1h&to=2h', 'from'],
    ['/overview?from=2026-01-02&to=2026-01-01', 'from'],
    ['/overview?from=2026-01-02&to=2026-01-02', 'from'],
    ['/overview?from=2999-01-01', 'from'],
    ['/overview?from=0001-01-01', 'from'],
    ['/overview?to=2999-01-01', 'to'],
    ['/matrix?from=1h&to=2h', 'from'],
    ['/faults?from=1h&to=2h', 'from'],
    ['/timeline?from=1h&to=2h', 'from'],
    ['/costs?from=1h&to=2h', 'from'],
    ['/calls?from=1h&to=2h', 'from'],
    ['/costs?by=moon', 'by'],
    ['/calls?status=999', 'status'],
  ]) {
    const refusal = { status: 400, body: { code: 'invalid_fields', problems: [{ field }] } };
    expect({ path, ...(await call('GET', path ?? '')) }).toMatchObject(refusal);
  }
});

test('the description is OpenAPI 3.1, and every operation has answered as it says', () => {
  expect(described.openapi).toBe('3.1.0');
  const ids = Object.values(described.paths).flatMap((methods) =>
    Object.values(methods).map(({ operationId }) => operationId),
  );
  expect(new Set(ids).size).toBe(ids.length);
  for (const [path, methods] of Object.entries(described.paths)) {
    for (const { parameters = [] } of Object.values(methods)) {
      const places = parameters.filter((parameter) => parameter.in === 'path').map(({ name }) => `{${name}}`);
      expect([...path.matchAll(/\{\w+\}/g)].map(([place]) => place)).toEqual(places);
    }
  }
  const operations = Object.entries(described.paths).flatMap(([path, methods]) =>
    Object.entries(methods)
      .filter(([, { responses }]) => responses['200']?.content?.['text/event-stream'] === undefined)
      .map(([method]) => `${method.toUpperCase()} ${path}`),
  );
  expect(operations.filter((operation) => !described_.has(operation))).toEqual([]);
  expect(operations.length).toBeGreaterThan(25);
});

test('a token is made at the first start alone', async () => {
  await gateway.stop();
  const again = await start();
  expect(again.firstAdminToken).toBeNull();
  gateway = again;
  root = gateway.baseUrl.replace(/\/v1$/, '/admin/api');
  expect((await call('GET', '/whoami')).status).toBe(200);
  // Taken out of the file, it can be changed here.
  expect((await call('PATCH', '/tenants/fixed', { body: { weight: 5 } })).body).toMatchObject({
    weight: 5,
    declared: false,
  });
});
