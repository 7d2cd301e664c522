import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AuthenticationError, BadRequestError, OpenAI, PermissionDeniedError, RateLimitError } from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { type Database, openDatabase } from '../src/storage/database.ts';
import type { Actor } from '../src/tenants/entities.ts';
import { createTenant, createWorkload } from '../src/tenants/groups.ts';
import { changeKey, createKey, type NewKey, revokeKey, rotateKey } from '../src/tenants/keys.ts';
import { makeSecret } from '../src/tenants/secret.ts';
import { listCalls } from '../src/observe/calls.ts';
import { openGateway } from './harness.ts';
import { ServeProcess } from './process.ts';

const ACTOR: Actor = { via: 'cli', name: 'tester', address: null };

/** Until a change made elsewhere has to be in force. */
const IN_FORCE_MS = 2_000;

let one: Simulator;
beforeAll(async () => {
  one = await startSimulator({ name: 'one' });
});
afterAll(() => one.close());

interface Opened {
  readonly door: Awaited<ReturnType<typeof openGateway>>;
  /** As another process sees it. */
  readonly database: Database;
  readonly close: () => Promise<void>;
}

async function open(config: object = {}): Promise<Opened> {
  const targets = { one: { provider: 'openai', baseUrl: `${one.url}/v1`, key: 'env:TARGET_KEY' } };
  // Every call can come from an address of its own, so that wrong keys of one case do not throttle the next.
  const door = await openGateway({ targets, server: { trustedProxies: ['127.0.0.0/8', '::1'] }, ...config });
  const database = openDatabase({ directory: door.data });
  return {
    door,
    database,
    async close() {
      await database.close();
      settle(door);
      await door.close();
    },
  };
}

/** Takes into account the calls that were made only to find out how things stand. */
function settle(door: Opened['door']): void {
  door.owe(door.records.length - door.calls);
}

let addresses = 0;

/** The official SDK with a key, as an application would make it, but without retries of its own. */
function sdk({ baseURL, fetch }: Opened['door'], apiKey: string, headers: Record<string, string> = {}): OpenAI {
  addresses += 1;
  const own = { 'x-forwarded-for': `10.9.${addresses >> 8}.${addresses & 255}` };
  return new OpenAI({ baseURL, apiKey, fetch, maxRetries: 0, defaultHeaders: { ...own, ...headers } });
}

function say(client: OpenAI, facts: { model?: string; user?: string } = {}): Promise<string> {
  const messages = [{ role: 'user' as const, content: 'Say: hi' }];
  return client.chat.completions
    .create({ model: 'gpt-4o', messages, ...facts })
    .then(({ choices }) => choices[0]?.message.content ?? '');
}

function works(door: Opened['door'], key: string, headers: Record<string, string> = {}): Promise<boolean> {
  return say(sdk(door, key, headers)).then(
    () => true,
    () => false,
  );
}

/** Waits until a key, and all that was changed before it was made, is in force; the time that took. */
async function inForce(door: Opened['door'], key: string, headers: Record<string, string> = {}): Promise<number> {
  return soon(async () => !(await works(door, 'nobody')) && (await works(door, key, headers)));
}

/** Asks until it goes as wanted; the time that took. */
async function soon(wanted: () => Promise<boolean>): Promise<number> {
  const begun = performance.now();
  while (!(await wanted())) {
    if (performance.now() - begun > 10_000) throw new Error('not within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return performance.now() - begun;
}

test('without a tenant a gateway on loopback is open; the first tenant ends that within two seconds', async () => {
  const { door, database, close } = await open();
  expect(await say(sdk(door, 'whatever'))).toBe('hi');
  await createTenant(database, ACTOR, { id: 'shop' });
  expect(await soon(async () => !(await works(door, 'whatever')))).toBeLessThan(IN_FORCE_MS);
  await expect(say(sdk(door, 'whatever'))).rejects.toBeInstanceOf(AuthenticationError);
  const { secret } = await createKey(database, ACTOR, { tenant: 'shop' });
  expect(await inForce(door, secret)).toBeLessThan(IN_FORCE_MS);
  await close();
});

describe('a gateway that others can reach', () => {
  // Loopback all the same, by a name that does not say so.
  const env = { OPENAI_API_KEY: 'sk-0123456789', HOLDFAST_HOST: '::ffff:127.0.0.1', HOLDFAST_PORT: '0' };

  test('does not start before there is a key, and then asks everybody for one', async () => {
    const home = await mkdtemp(join(tmpdir(), 'holdfast-tenants-'));
    const config = await loadConfig({ env: { ...env, OPENAI_BASE_URL: `${one.url}/v1`, HOLDFAST_DATA: home } });
    await expect(startGateway(config)).rejects.toThrow(/no key to ask them for.*holdfast keys create/s);
    const database = openDatabase({ directory: home });
    await createTenant(database, ACTOR, { id: 'shop' });
    await expect(startGateway(config)).rejects.toThrow(/no key to ask them for/);
    const { secret, key } = await createKey(database, ACTOR, { tenant: 'shop' });
    const gateway = await startGateway(config);
    expect(gateway.open()).toBe(false);
    const baseURL = gateway.baseUrl;
    expect(await say(new OpenAI({ baseURL, apiKey: secret, maxRetries: 0 }))).toBe('hi');
    await expect(say(new OpenAI({ baseURL, apiKey: 'sk-x', maxRetries: 0 }))).rejects.toBeInstanceOf(
      AuthenticationError,
    );
    // Nor does it become open when its last key goes.
    await revokeKey(database, ACTOR, key.id);
    await expect(startGateway(config)).rejects.toThrow(/no key to ask them for/);
    await gateway.stop();
    await database.close();
    await rm(home, { recursive: true });
  });
});

describe('who is turned away', () => {
  let opened: Opened;
  const secrets = new Map<string, string>();

  beforeAll(async () => {
    opened = await open({
      routes: [
        { id: 'main', models: ['gpt-*'], ladder: ['one'] },
        { id: 'rest', models: ['*'], ladder: ['one'] },
      ],
    });
    const { database } = opened;
    await createTenant(database, ACTOR, { id: 'shop' });
    await createWorkload(database, ACTOR, { tenant: 'shop', id: 'chat' });
    const make = async (name: string, wanted: Partial<NewKey> = {}): Promise<string> => {
      const { secret, key } = await createKey(database, ACTOR, { tenant: 'shop', ...wanted });
      secrets.set(name, secret);
      return key.id;
    };
    await make('good');
    await revokeKey(database, ACTOR, await make('revoked'));
    await changeKey(database, ACTOR, await make('expired'), { expiresAt: Date.now() - 1000 });
    await rotateKey(database, ACTOR, await make('replaced'), 0);
    await make('held to models', { models: ['gpt-4o'] });
    await make('held to a route', { routes: ['rest'] });
    await make('held to an address', { addresses: ['192.0.2.0/24', '2001:db8::/32'] });
    await make('for the background', { interactive: false });
    await make('without passthrough', { passthrough: false });
    secrets.set('unknown', makeSecret('key'));
    secrets.set('mistyped', `${makeSecret('key').slice(0, -1)}-`);
    secrets.set('cut short', makeSecret('key').slice(0, 20));
    secrets.set('of the provider', 'sk-proj-0123456789abcdefghijklmnop');
    secrets.set('for admins', makeSecret('admin-token'));
    await inForce(opened.door, secrets.get('without passthrough') ?? '');
    settle(opened.door);
  });
  afterAll(() => opened.close());

  /** The one call's failure, with its record, which must not tell the key either. */
  async function refused(name: string, headers: Record<string, string> = {}, facts: { model?: string } = {}) {
    const secret = secrets.get(name) ?? '';
    const { error, record } = await opened.door.watch(() => say(sdk(opened.door, secret, headers), facts));
    if (!(error instanceof OpenAI.APIError)) throw new Error(`${name}: let in`);
    for (const text of [error.message, JSON.stringify(error.error), JSON.stringify(record)]) {
      expect(text).not.toContain(secret.slice(9));
      expect(text).toContain(secret.startsWith('hf_') && !secret.startsWith('hf_admin') ? secret.slice(0, 8) : '');
    }
    expect(record).toMatchObject({ outcome: 'failed', attempts: [], fault: { party: 'caller' } });
    return { error, record };
  }

  test.each([
    ['unknown', 'invalid_api_key', /unknown here/],
    ['mistyped', 'invalid_api_key', /mistyped or cut short/],
    ['cut short', 'invalid_api_key', /mistyped or cut short/],
    ['of the provider', 'invalid_api_key', /sk-proj-\.\.\. is none of this gateway's/],
    ['for admins', 'invalid_api_key', /admin token/],
    ['revoked', 'revoked_api_key', /was revoked at 20/],
    ['expired', 'expired_api_key', /expired at 20/],
    ['replaced', 'expired_api_key', /was replaced, and stopped working at 20/],
  ])('a key that is %s', async (name, code, message) => {
    const { error, record } = await refused(name);
    expect(error).toBeInstanceOf(AuthenticationError);
    expect(error).toMatchObject({ status: 401, code, message: expect.stringMatching(message) });
    expect(error.headers?.get('x-should-retry')).toBe('false');
    expect(record).toMatchObject({ status: 401, fault: { kind: 'authentication', code } });
    // Whose it was is known of keys that were good once.
    expect(record.tenant).toBe(['revoked', 'expired', 'replaced'].includes(name) ? 'shop' : null);
  });

  test('no key at all', async () => {
    const { value, record } = await opened.door.watch(() =>
      opened.door.fetch(`${opened.door.baseURL}/chat/completions`, { method: 'POST', body: '{}' }),
    );
    expect(value?.status).toBe(401);
    expect(await value?.json()).toMatchObject({ error: { code: 'missing_api_key', type: 'invalid_request_error' } });
    expect(record.fault).toMatchObject({ kind: 'authentication', code: 'missing_api_key' });
  });

  test.each<[string, Record<string, string>, string, string, RegExp]>([
    ['held to models', {}, 'o3', 'model_not_allowed', /may not use the model "o3"/],
    ['held to a route', {}, 'gpt-4o', 'route_not_allowed', /the route "main"/],
    ['held to an address', {}, 'gpt-4o', 'address_not_allowed', /from 10\.9\.\d+\.\d+/],
    [
      'held to an address',
      { 'x-forwarded-for': '192.0.2.7, 203.0.113.9' },
      'gpt-4o',
      'address_not_allowed',
      /from 203/,
    ],
    ['for the background', { 'x-holdfast-lane': 'interactive' }, 'gpt-4o', 'lane_not_allowed', /interactive lane/],
  ])('a key %s (%j)', async (name, headers, model, code, message) => {
    const { error, record } = await refused(name, headers, { model });
    expect(error).toBeInstanceOf(PermissionDeniedError);
    expect(error).toMatchObject({ status: 403, code, message: expect.stringMatching(message) });
    expect(record).toMatchObject({ status: 403, tenant: 'shop', fault: { kind: 'permission' } });
  });

  test('a key that may not use paths carried unread', async () => {
    const { error } = await opened.door.watch(() =>
      sdk(opened.door, secrets.get('without passthrough') ?? '').files.list(),
    );
    expect(error).toBeInstanceOf(PermissionDeniedError);
    expect(error).toMatchObject({ code: 'path_not_allowed', message: expect.stringContaining('"/files"') });
  });

  test.each([
    ['x-holdfast-workload', 'nightly', /no workload of the tenant shop.*chat/s],
    ['x-holdfast-workload', '../../etc', /cannot be used/],
    ['x-holdfast-lane', 'fast', /no such lane/],
    ['x-holdfast-deadline', 'soon', /no length of time/],
    ['x-holdfast-wait', '-1', /no length of time/],
  ])('a good key whose call says %s: %s', async (header, value, message) => {
    const { error, record } = await opened.door.watch(() =>
      say(sdk(opened.door, secrets.get('good') ?? '', { [header]: value })),
    );
    expect(error).toBeInstanceOf(BadRequestError);
    expect(error).toMatchObject({ param: header, code: 'invalid_header', message: expect.stringMatching(message) });
    expect(record).toMatchObject({ status: 400, tenant: 'shop', attempts: [] });
  });

  test.each([4, 40_000])(
    'a key held to models, whose call of %d letters writes another in escapes',
    async (letters) => {
      const { door } = opened;
      const authorization = `Bearer ${secrets.get('held to models') ?? ''}`;
      const asked = one.stats.requests;
      const body = `{"model":"gpt-4o","messages":[{"role":"user","content":"${'x'.repeat(letters)}"}],"mod\\u0065l":"o3"}`;
      const headers = { authorization, 'content-type': 'application/json' };
      const { value } = await door.watch(() =>
        door.fetch(`${door.baseURL}/chat/completions`, { method: 'POST', headers, body }),
      );
      expect(await value?.json()).toMatchObject({ error: { code: 'model_not_allowed' } });
      expect(one.stats.requests).toBe(asked);
    },
  );

  test('and what a restricted key may do, it does', async () => {
    const { door } = opened;
    for (const [name, headers, model] of [
      ['held to models', {}, 'gpt-4o'],
      ['held to a route', {}, 'o3'],
      ['held to an address', { 'x-forwarded-for': '203.0.113.9, 192.0.2.7' }, 'gpt-4o'],
      ['for the background', {}, 'gpt-4o'],
      [
        'good',
        { 'x-holdfast-workload': 'chat', 'x-holdfast-lane': 'background', 'x-holdfast-deadline': '20s' },
        'gpt-4o',
      ],
    ] as const) {
      expect(await say(sdk(door, secrets.get(name) ?? '', headers), { model })).toBe('hi');
    }
    expect(door.records.at(-1)).toMatchObject({ tenant: 'shop', workload: 'chat', lane: 'background' });
    expect(door.records.at(-2)).toMatchObject({ lane: 'background' });
  });

  test('the body of a stranger is not read', async () => {
    const sent = { bytes: 0 };
    const answered = await new Promise<number>((resolve, reject) => {
      const call = request(`${opened.door.baseURL}/chat/completions`, { method: 'POST' }, (response) => {
        response.resume().once('close', () => resolve(response.statusCode ?? 0));
        call.destroy();
      });
      call.once('error', reject);
      const piece = Buffer.alloc(64 * 1024);
      const more = (): void => {
        while (!call.destroyed && sent.bytes < 60_000_000 && call.write(piece)) sent.bytes += piece.length;
      };
      call.on('drain', more);
      more();
    });
    opened.door.owe(1);
    expect(answered).toBe(401);
    expect(sent.bytes).toBeLessThan(20_000_000);
  });
});

test('a rotated key works under both secrets until its grace period ends, and a revoked one ends within two seconds', async () => {
  const { door, database, close } = await open();
  await createTenant(database, ACTOR, { id: 'shop' });
  const first = await createKey(database, ACTOR, { tenant: 'shop' });
  await inForce(door, first.secret);
  const second = await rotateKey(database, ACTOR, first.key.id, 2_500);
  const rotatedAt = performance.now();
  await inForce(door, second.secret);
  expect(await works(door, first.secret)).toBe(true);
  await soon(async () => !(await works(door, first.secret)));
  expect(performance.now() - rotatedAt).toBeGreaterThan(2_400);
  expect(await works(door, second.secret)).toBe(true);
  await revokeKey(database, ACTOR, first.key.id);
  expect(await soon(async () => !(await works(door, second.secret)))).toBeLessThan(IN_FORCE_MS);
  await expect(say(sdk(door, second.secret))).rejects.toMatchObject({ code: 'revoked_api_key' });
  await close();
});

test('records tell for whom each call was made, and can be listed by it', async () => {
  const { door, database, close } = await open({ tenants: { shop: { perUser: { requestsPerMinute: 100 } }, lab: {} } });
  const shop = await createKey(database, ACTOR, { tenant: 'shop' });
  const lab = await createKey(database, ACTOR, { tenant: 'lab' });
  await inForce(door, lab.secret);
  await say(sdk(door, shop.secret), { user: 'alice@example.com' });
  await say(sdk(door, shop.secret), { user: 'bob@example.com' });
  await say(sdk(door, lab.secret), { user: 'alice@example.com' });
  const [alice, bob, other] = door.records.slice(-3);
  expect(alice).toMatchObject({ organisation: 'default', tenant: 'shop', keyId: shop.key.id, lane: 'interactive' });
  expect(alice?.endUser).toMatch(/^u_[0-9a-f]{16}$/);
  expect(bob?.endUser).not.toBe(alice?.endUser);
  expect(other).toMatchObject({ tenant: 'lab', endUser: null });
  await soon(async () => (await listCalls(database, { tenant: 'shop' })).calls.length === 2);
  const { calls } = await listCalls(database, { tenant: 'shop', endUser: alice?.endUser ?? '' });
  expect(calls.map(({ id }) => id)).toEqual([alice?.id]);
  expect(JSON.stringify(calls)).not.toContain('alice');
  await close();
});

test('a key of ours never goes upstream; the caller’s own, sent beside it, does where the target takes it', async () => {
  const targets = { one: { provider: 'openai', baseUrl: `${one.url}/v1`, key: 'caller' } };
  const { door, database, close } = await open({ targets });
  await createTenant(database, ACTOR, { id: 'shop' });
  const { secret } = await createKey(database, ACTOR, { tenant: 'shop' });
  await inForce(door, 'sk-the-callers-own', { 'x-api-key': secret });
  const from = one.requests.length;
  await works(door, secret);
  await works(door, secret, { 'x-api-key': secret, 'api-key': secret });
  expect(await say(sdk(door, 'sk-the-callers-own', { 'x-api-key': secret }))).toBe('hi');
  const seen = one.requests.slice(from).map(({ headers }) => headers);
  expect(seen.length).toBeGreaterThan(0);
  expect(JSON.stringify(seen)).not.toContain('hf_');
  expect(seen.at(-1)?.authorization).toBe('Bearer sk-the-callers-own');
  await close();
});

test('guessing is throttled per address and told of, and right keys are served meanwhile', async () => {
  const { door, database, close } = await open();
  await createTenant(database, ACTOR, { id: 'shop' });
  const { secret } = await createKey(database, ACTOR, { tenant: 'shop' });
  await inForce(door, secret);
  settle(door);
  const before = door.records.length;
  // Not counted, because most of it leaves no record.
  const guesser = new OpenAI({ baseURL: door.baseURL, apiKey: makeSecret('key'), maxRetries: 0 });
  const failures: unknown[] = [];
  for (let guess = 0; guess < 40; guess += 1) failures.push(await say(guesser).catch((error: unknown) => error));
  const throttled = failures.filter((error) => error instanceof RateLimitError);
  expect(throttled.length).toBeGreaterThanOrEqual(18);
  expect(throttled[0]).toMatchObject({ status: 429, code: 'too_many_wrong_keys' });
  expect(Number((throttled[0] as RateLimitError).headers.get('retry-after'))).toBeGreaterThan(0);
  door.owe(door.records.length - before);
  expect(door.records.length - before).toBe(40 - throttled.length);
  expect(await say(sdk(door, secret))).toBe('hi');
  await close();
});

test('nobody is believed about addresses unless the configuration says so', async () => {
  const { door, database, close } = await open({ server: {} });
  await createTenant(database, ACTOR, { id: 'shop' });
  const held = await createKey(database, ACTOR, { tenant: 'shop', addresses: ['192.0.2.0/24'] });
  const { secret } = await createKey(database, ACTOR, { tenant: 'shop' });
  await inForce(door, secret);
  const spoofed = sdk(door, held.secret, { 'x-forwarded-for': '192.0.2.7' });
  await expect(say(spoofed)).rejects.toMatchObject({ code: 'address_not_allowed' });
  await close();
});

test('what a file declares goes before the database, and stays when it is taken out', async () => {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-declared-'));
  const start = async (config: object): ReturnType<typeof startGateway> => {
    const file = join(home, 'holdfast.yaml');
    await writeFile(file, JSON.stringify(config));
    const env = {
      OPENAI_API_KEY: 'sk-0123456789',
      OPENAI_BASE_URL: `${one.url}/v1`,
      HOLDFAST_PORT: '0',
      HOLDFAST_DATA: home,
    };
    return startGateway(await loadConfig({ file, env, cwd: home }));
  };
  const first = await start({ tenants: { shop: { weight: 2, workloads: { chat: {} } } } });
  const database = openDatabase({ directory: home });
  const { secret } = await createKey(database, ACTOR, { tenant: 'shop' });
  await first.stop();
  const second = await start({});
  expect(second.open()).toBe(false);
  expect(await say(new OpenAI({ baseURL: second.baseUrl, apiKey: secret, maxRetries: 0 }))).toBe('hi');
  expect(await database.query.selectFrom('tenants').select(['id', 'weight', 'declared']).execute()).toEqual([
    { id: 'shop', weight: 2, declared: 0 },
  ]);
  await second.stop();
  await database.close();
  await rm(home, { recursive: true });
});

test('the first start shows an admin token once, on stderr, and says that the gateway is open', async () => {
  const home = await mkdtemp(join(tmpdir(), 'holdfast-first-'));
  const env = { OPENAI_API_KEY: 'sk-0123456789', OPENAI_BASE_URL: `${one.url}/v1`, HOLDFAST_DATA: home };
  const first = await ServeProcess.start(env);
  await soon(() => Promise.resolve(first.complaints.includes('hf_admin_')));
  const [token = ''] = /hf_admin_[0-9A-Za-z]{38}/.exec(first.complaints) ?? [];
  const headers = { authorization: `Bearer ${token}` };
  const root = first.baseURL.replace(/\/v1$/, '/admin/api');
  expect(await (await fetch(`${root}/whoami`, { headers })).json()).toMatchObject({ name: 'first', role: 'admin' });
  first.signal('SIGTERM');
  expect(await first.exited).toBe(0);
  const second = await ServeProcess.start(env);
  second.signal('SIGTERM');
  expect(await second.exited).toBe(0);
  expect(second.complaints).not.toContain('hf_admin_');
  await rm(home, { recursive: true });
}, 60_000);
