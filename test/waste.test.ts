import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { expect, test } from 'vitest';
import { loadConfig, startGateway } from '../src/gateway/index.ts';
import { startSimulator } from '../src/simulator/index.ts';

type Json = Record<string, unknown>;

test('what races cost that were lost is told apart from what failed attempts cost', async () => {
  const slow = await startSimulator({ name: 'slow', latency: { firstTokenMs: 3_000 } });
  const quick = await startSimulator({ name: 'quick', speed: 0.02 });
  const home = await mkdtemp(join(tmpdir(), 'holdfast-waste-'));
  const file = join(home, 'holdfast.yaml');
  const target = (url: string): Json => ({ provider: 'openai', baseUrl: `${url}/v1`, key: 'env:TARGET_KEY' });
  // The slow one goes first for certain: a share of a millionth is none.
  const rung = [
    { target: 'slow', weight: 1_000_000 },
    { target: 'quick', weight: 0.001 },
  ];
  const routes = [
    { id: 'raced', models: ['gpt-4o'], ladder: [rung], hedge: { after: '100ms' } },
    { id: 'retried', models: ['*'], ladder: ['quick'], retry: { attempts: 2 } },
  ];
  const targets = { slow: target(slow.url), quick: target(quick.url) };
  await writeFile(file, JSON.stringify({ keys: { policy: 'off' }, targets, routes }));
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  const gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
  const admin = async (path: string, body?: Json): Promise<Json> => {
    const response = await fetch(gateway.baseUrl.replace(/\/v1$/, `/admin/api${path}`), {
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${gateway.firstAdminToken}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return (await response.json()) as Json;
  };
  try {
    await admin('/tenants', { id: 'shop', limits: { budgetPerMonth: 100 } });
    const apiKey = (await admin('/keys', { tenant: 'shop' }))['secret'] as string;
    const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey, maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'Say: kelp' }];
    const streamed = { model: 'gpt-4o', messages, stream: true, stream_options: { include_usage: true } } as const;
    for await (const _ of await client.chat.completions.create(streamed));
    quick.nextFaults(['malformed-json']);
    await client.chat.completions.create({ model: 'gpt-4o-mini', messages });

    const waste = async (model: string): Promise<Json> => {
      const { total } = (await admin(`/costs?model=${model}`)) as { total: { waste: Json } };
      return total.waste;
    };
    await expect.poll(async () => (await waste('gpt-4o'))['hedges']).toBeGreaterThan(0);
    await expect.poll(async () => (await waste('gpt-4o-mini'))['failedAttempts']).toBeGreaterThan(0);
    const [raced, retried] = [await waste('gpt-4o'), await waste('gpt-4o-mini')];
    expect(raced).toMatchObject({ failedAttempts: 0, total: raced['hedges'] });
    expect(retried).toMatchObject({ hedges: 0, total: retried['failedAttempts'] });
    const { data } = (await admin('/calls?model=gpt-4o')) as { data: { id: string }[] };
    const { notes } = await admin(`/calls/${data[0]?.id}`);
    expect(notes).toContainEqual(expect.stringMatching(/^raced: \$0\.\d{9}$/));
  } finally {
    await gateway.stop();
    await Promise.all([slow.close(), quick.close()]);
    await rm(home, { recursive: true });
  }
}, 60_000);
