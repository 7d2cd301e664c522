import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openDatabase } from '../src/storage/database.ts';
import { createOrganisation, createTenant } from '../src/tenants/groups.ts';
import { createKey, revokeKey } from '../src/tenants/keys.ts';

// Whose jobs these are, and what becomes of them when the gateway stops and starts.

const ACTOR = { via: 'cli', name: 'tester', address: null } as const;
const BODY = JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Tell me of the sea.' }] });

let simulator: Simulator;
let home = '';
let gateway: RunningGateway;
const keys: Record<string, string> = {};
beforeAll(async () => {
  simulator = await startSimulator({ answerTokens: 10, latency: { firstTokenMs: 400 } });
  home = await mkdtemp(join(tmpdir(), 'holdfast-jobs-tenants-'));
  const database = openDatabase({ directory: join(home, 'data') });
  await createOrganisation(database, ACTOR, { id: 'acme' });
  for (const id of ['shop', 'bank']) {
    await createTenant(database, ACTOR, { id, organisation: 'acme' });
    keys[id] = (await createKey(database, ACTOR, { tenant: id })).secret;
  }
  await database.close();
  gateway = await start();
});
afterAll(async () => {
  await gateway.stop();
  await simulator.close();
  await rm(home, { recursive: true });
});

async function start(): Promise<RunningGateway> {
  const file = join(home, 'holdfast.yaml');
  const target = { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' };
  const config = {
    targets: { target },
    keys: { policy: 'off' },
    jobs: { concurrency: 1 },
    server: { limits: { drain: '100ms' } },
  };
  await writeFile(file, JSON.stringify(config));
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  return startGateway(await loadConfig({ file, env, cwd: home }));
}

type Told = Readonly<Record<string, unknown>> & { readonly httpStatus: number };

async function ask(key: string, method: string, path: string, headers: Record<string, string> = {}): Promise<Told> {
  const response = await fetch(`${gateway.baseUrl}${path}`, {
    method,
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json', ...headers },
    ...(path === '/chat/completions' ? { body: BODY } : {}),
  });
  return { ...((await response.json()) as Record<string, unknown>), httpStatus: response.status };
}

const take = async (key: string, headers: Record<string, string> = {}): Promise<string> =>
  String((await ask(key, 'POST', '/chat/completions', { prefer: 'respond-async', ...headers }))['id']);

describe('a tenant', () => {
  test('has its own jobs and no others', async () => {
    const { shop = '', bank = '' } = keys;
    const id = await take(shop);
    expect((await ask(shop, 'GET', `/jobs/${id}?wait=5s`))['status']).toBe('succeeded');
    for (const [method, path] of [
      ['GET', ''],
      ['GET', '/result'],
      ['GET', '/events'],
      ['POST', '/cancel'],
      ['DELETE', ''],
    ]) {
      expect((await ask(bank, method ?? '', `/jobs/${id}${path ?? ''}`)).httpStatus).toBe(404);
    }
    expect((await ask(bank, 'GET', '/jobs'))['data']).toEqual([]);
    expect((await ask('hf_nobody', 'GET', '/jobs')).httpStatus).toBe(401);
  });

  test('has idempotency keys of its own', async () => {
    const { shop = '', bank = '' } = keys;
    const mine = await take(shop, { 'idempotency-key': 'order-7' });
    expect(await take(shop, { 'idempotency-key': 'order-7' })).toBe(mine);
    const other = await take(bank, { 'idempotency-key': 'order-7' });
    expect(other).not.toBe(mine);
    await ask(shop, 'GET', `/jobs/${mine}?wait=5s`);
    await ask(bank, 'GET', `/jobs/${other}?wait=5s`);
  });

  test('gets nothing done with a key that is revoked meanwhile', async () => {
    const database = openDatabase({ directory: join(home, 'data') });
    const { secret, key } = await createKey(database, ACTOR, { tenant: 'shop' });
    const { shop = '' } = keys;
    await expect.poll(async () => (await ask(secret, 'GET', '/jobs')).httpStatus).toBe(200);
    // One at a time: it waits behind the others for longer than a gateway takes to hear of the key.
    for (let count = 0; count < 6; count += 1) await take(shop);
    const id = await take(secret);
    await revokeKey(database, ACTOR, key.id);
    await database.close();
    expect(await ask(shop, 'GET', `/jobs/${id}?wait=15s`)).toMatchObject({
      status: 'failed',
      result: { status: 401 },
      error: { code: 'revoked_api_key' },
    });
  });
});

test('what a gateway has not done when it stops is done after the next start, at its first attempt', async () => {
  const { shop = '' } = keys;
  const ids = [await take(shop), await take(shop), await take(shop)];
  await gateway.stop();
  gateway = await start();
  for (const id of ids) {
    const told = await ask(shop, 'GET', `/jobs/${id}?wait=10s`);
    expect(told).toMatchObject({ status: 'succeeded', attempts: 1 });
  }
});
