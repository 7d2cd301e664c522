import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { callsCommand } from '../src/cli/calls.ts';
import { costsCommand } from '../src/cli/costs.ts';
import { databaseCommand } from '../src/cli/database.ts';
import { keysCommand } from '../src/cli/keys.ts';
import { tenantsCommand } from '../src/cli/tenants.ts';
import { painter, type Terminal } from '../src/cli/terminal.ts';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { PostgresServer } from '../src/storage/postgres-server.test-support.ts';

/** Until a change made at another gateway has to be in force, ms. */
const IN_FORCE_MS = 2_000;

let server: PostgresServer;
let upstream: Simulator;
let home: string;
beforeAll(async () => {
  [server, upstream] = await Promise.all([PostgresServer.start(), startSimulator({})]);
  home = await mkdtemp(join(tmpdir(), 'holdfast-replicas-'));
}, 240_000);
afterAll(async () => {
  await Promise.all([server.close(), upstream.close()]);
  await rm(home, { recursive: true });
});

let started = 0;

/** A gateway with a data directory of its own. */
async function start(database: object | string = server.url): Promise<RunningGateway> {
  started += 1;
  const file = join(home, `${started}.json`);
  const targets = { one: { provider: 'openai', baseUrl: `${upstream.url}/v1`, key: 'env:TARGET_KEY' } };
  await writeFile(file, JSON.stringify({ keys: { policy: 'off' }, targets, database, data: join(home, `${started}`) }));
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0' };
  return startGateway(await loadConfig({ file, env, cwd: home }), { log: { call: () => {}, event: () => {} } });
}

function writingTo(said: { out: string }): Terminal {
  return {
    write: (text) => void (said.out += text),
    note: () => undefined,
    width: Number.POSITIVE_INFINITY,
    paint: painter(false),
  };
}

interface Told {
  readonly status: number;
  readonly body: unknown;
}

async function ask(
  { baseUrl }: RunningGateway,
  path: string,
  key: string,
  body?: object,
  method?: string,
): Promise<Told> {
  const answer = await fetch(new URL(path, baseUrl), {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { authorization: `Bearer ${key}`, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

/** The status that a call with a key is answered with. */
async function call(gateway: RunningGateway, key: string): Promise<number> {
  const body = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Say: hi' }] };
  return (await ask(gateway, '/v1/chat/completions', key, body)).status;
}

/** A call, by the ids that it has from us, its caller and its provider. */
async function callId(
  { baseUrl }: RunningGateway,
  key: string,
): Promise<{ readonly own: string; readonly theirs: string; readonly upstream: string }> {
  const theirs = `theirs-${crypto.randomUUID()}`;
  const answer = await fetch(new URL('/v1/chat/completions', baseUrl), {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-request-id': theirs },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Say: hi' }] }),
  });
  await answer.text();
  const header = (name: string): string => answer.headers.get(name) ?? '';
  return { own: header('x-request-id'), theirs, upstream: header('x-upstream-request-id') };
}

/** How long it takes until a call is answered so, ms. */
async function until(status: number, asked: () => Promise<number>): Promise<number> {
  const begun = performance.now();
  await expect.poll(asked, { timeout: 15_000, interval: 50 }).toBe(status);
  return performance.now() - begun;
}

async function admin<Body>(gateway: RunningGateway, token: string, path: string, body?: object): Promise<Body> {
  const told = await ask(gateway, `/admin/api${path}`, token, body);
  if (told.status >= 300) throw new Error(`${path}: ${JSON.stringify(told.body)}`);
  return told.body as Body;
}

interface Page {
  readonly data: readonly Record<string, unknown>[];
}

describe('two gateways on one PostgreSQL', () => {
  let gateways: readonly [RunningGateway, RunningGateway];
  let token: string;
  beforeEach(async () => {
    gateways = await Promise.all([start(), start()]);
    token = gateways.map(({ firstAdminToken }) => firstAdminToken).find((one) => one !== null) ?? token;
  }, 60_000);
  afterEach(() => Promise.all(gateways.map((gateway) => gateway.stop())));

  test('share tenants, keys, admin tokens and what was done to them', async () => {
    const [one, other] = gateways;
    expect(gateways.filter(({ firstAdminToken }) => firstAdminToken !== null)).toHaveLength(1);
    await admin(one, token, '/tenants', { id: 'shop' });
    const { secret, key } = await admin<{ secret: string; key: { id: string } }>(one, token, '/keys', {
      tenant: 'shop',
    });
    expect(await call(one, secret)).toBe(200);
    expect(await until(200, () => call(other, secret))).toBeLessThan(IN_FORCE_MS);

    expect((await ask(other, `/admin/api/tenants`, token, { id: 'shop' })).status).toBe(409);
    expect(
      (await ask(other, `/admin/api/tenants/shop`, token, { limits: { requestsPerDay: 1 } }, 'PATCH')).status,
    ).toBe(200);
    expect(await until(429, () => call(one, secret))).toBeLessThan(IN_FORCE_MS);
    expect((await ask(one, `/admin/api/tenants/shop`, token, { limits: {} }, 'PATCH')).status).toBe(200);
    await until(200, () => call(other, secret));

    await admin(other, token, `/keys/${key.id}/revoke`, {});
    expect(await call(other, secret)).toBe(401);
    expect(await until(401, () => call(one, secret))).toBeLessThan(IN_FORCE_MS);
    const { data } = await admin<Page>(one, token, '/audit?limit=3');
    expect(data.map(({ action }) => action)).toEqual(['revoke', 'change', 'change']);
  });

  test('are administered from the command line, too', async () => {
    process.env['HOLDFAST_DATABASE'] = server.url;
    try {
      const said = { out: '' };
      const terminal = writingTo(said);
      await tenantsCommand(terminal).exitOverride().parseAsync(['create', 'typed'], { from: 'user' });
      await keysCommand(terminal).exitOverride().parseAsync(['create', 'typed'], { from: 'user' });
      const secret = said.out.trim();
      expect(secret).toMatch(/^hf_/);
      for (const gateway of gateways) await until(200, () => call(gateway, secret));
      // Records of both are read in the same way.
      const lines = async (): Promise<number> => {
        const told = { out: '' };
        const args = ['--tenant', 'typed', '--json', '--limit', '100'];
        await callsCommand(writingTo(told)).exitOverride().parseAsync(args, { from: 'user' });
        return told.out.split('\n').length - 1;
      };
      await expect.poll(lines, { timeout: 15_000 }).toBe(2);
      const costs = { out: '' };
      await costsCommand(writingTo(costs)).exitOverride().parseAsync(['--tenant', 'typed', '--json'], { from: 'user' });
      expect(JSON.parse(costs.out)).toMatchObject({ total: { calls: 2 } });
    } finally {
      delete process.env['HOLDFAST_DATABASE'];
    }
  });

  test('show the calls of both, and find each by any of its ids', async () => {
    const [one, other] = gateways;
    await admin(one, token, '/tenants', { id: 'seen' });
    const { secret } = await admin<{ secret: string }>(one, token, '/keys', { tenant: 'seen' });
    await until(200, () => call(other, secret));
    await until(200, () => call(one, secret));
    const ids = await Promise.all(gateways.map((gateway) => callId(gateway, secret)));
    // Both say the same of both, once each has written what it made.
    const calls = async (gateway: RunningGateway): Promise<unknown> =>
      (await admin<{ total: { calls: number } }>(gateway, token, '/overview?tenant=seen')).total.calls;
    const inTime = { timeout: 30_000, interval: 100 };
    await expect.poll(() => Promise.all(gateways.map(calls)), inTime).toEqual([4, 4]);
    for (const gateway of gateways) {
      for (const { own, theirs, upstream: provider } of ids) {
        for (const id of [own, theirs, provider]) {
          const { data } = await admin<Page>(gateway, token, `/calls?id=${id}`);
          expect(data.map((found) => found['id'])).toEqual([own]);
        }
        expect(await admin(gateway, token, `/calls/${own}`)).toMatchObject({ id: own, tenant: 'seen' });
      }
      const { data: costs } = await admin<Page>(gateway, token, '/costs?by=tenant');
      expect(costs).toContainEqual(expect.objectContaining({ id: 'seen', calls: 4 }));
    }
  }, 60_000);

  test('hear of what happens at the other, and serve on while the server is away', async () => {
    const [one, other] = gateways;
    await admin(one, token, '/tenants', { id: 'away' });
    const { secret } = await admin<{ secret: string }>(one, token, '/keys', { tenant: 'away' });
    await until(200, () => call(other, secret));
    await server.stop();
    expect([await call(one, secret), await call(other, secret)]).toEqual([200, 200]);
    const refused = await ask(one, '/admin/api/tenants', token);
    expect(refused).toMatchObject({ status: 503, body: { code: 'database' } });
    expect(JSON.stringify(refused.body)).toContain(`127.0.0.1:${server.port}`);
    // Guesses are told of, and the telling waits.
    for (let guess = 0; guess < 40; guess += 1) await call(one, 'nobody');
    await server.restart();
    await until(200, async () => (await ask(one, '/admin/api/tenants', token)).status);
    const kinds = async (): Promise<unknown[]> =>
      (await admin<Page>(other, token, '/events')).data.map(({ kind }) => kind);
    await expect.poll(kinds, { timeout: 15_000 }).toContain('wrong-keys');
    const later = await admin<{ secret: string }>(other, token, '/keys', { tenant: 'away' });
    await until(200, () => call(other, later.secret));
  }, 60_000);
});

test('keys and tokens go on working when a gateway moves from its data directory', async () => {
  const client = new Client({ connectionString: server.url });
  await client.connect();
  await client.query('create database moved');
  await client.end();
  const url = new URL('/moved', server.url).href;
  const before = await start('sqlite');
  const token = before.firstAdminToken ?? '';
  await admin(before, token, '/tenants', { id: 'shop' });
  const { secret } = await admin<{ secret: string }>(before, token, '/keys', { tenant: 'shop' });
  await before.stop();
  process.env['HOLDFAST_DATABASE'] = url;
  try {
    const said = { out: '' };
    const moving = ['copy', '--data', before.config.data];
    await databaseCommand(writingTo(said)).exitOverride().parseAsync(moving, { from: 'user' });
    expect(said.out).toContain('copied 1 tenants, 1 keys, 1 admin tokens and 4 changes');
    const again = databaseCommand(writingTo(said)).exitOverride().parseAsync(moving, { from: 'user' });
    await expect(again).rejects.toThrow(/in use already/);
  } finally {
    delete process.env['HOLDFAST_DATABASE'];
  }
  const after = await start(url);
  expect(after.firstAdminToken).toBeNull();
  expect(await call(after, secret)).toBe(200);
  expect((await admin<Page>(after, token, '/keys')).data).toHaveLength(1);
  await after.stop();
});

describe('a start', () => {
  test('without the server fails and says where it was looked for', async () => {
    await expect(start('postgres://holdfast@127.0.0.1:9/none')).rejects.toThrow(/127\.0\.0\.1:9.*cannot be reached/);
  });

  test('without the database, or as nobody it knows, says what to do', async () => {
    const { port } = server;
    await expect(start(`postgres://holdfast@127.0.0.1:${port}/none`)).rejects.toThrow(/no such database.*Create it/s);
    await expect(start(`postgres://nobody@127.0.0.1:${port}/postgres`)).rejects.toThrow(/refuses this user/);
  });
});
