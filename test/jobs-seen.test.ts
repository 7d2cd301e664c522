import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';

// For its caller a job is one call, however often it is attempted; and every door says so.

// Jobs rest for seconds between their attempts.
vi.setConfig({ testTimeout: 60_000 });

type Json = Record<string, unknown>;

const ASKED = {
  endpoint: '/v1/chat/completions',
  body: { model: 'gpt-4o', messages: [{ role: 'user', content: 'Say: kelp' }] },
};

let simulator: Simulator;
let home: string;
let gateway: RunningGateway;

beforeAll(async () => {
  simulator = await startSimulator({ name: 'one', speed: 0.02 });
  home = await mkdtemp(join(tmpdir(), 'holdfast-jobs-seen-'));
  const file = join(home, 'holdfast.yaml');
  const unlearnt = {
    breaker: { enabled: false },
    adaptive: { suspicion: false, throttle: false, concurrency: false, keys: false },
    pacing: { enabled: false },
  };
  const one = { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY', ...unlearnt };
  const defaults = { retry: { attempts: 1 } };
  const routes = [
    { models: ['frail-*'], ladder: ['one', { job: { retryAfter: '1s' } }] },
    { models: ['*'], ladder: ['one'] },
  ];
  await writeFile(file, JSON.stringify({ keys: { policy: 'off' }, targets: { one }, defaults, routes }));
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
});
afterAll(async () => {
  await gateway.stop();
  await simulator.close();
  await rm(home, { recursive: true });
});

async function ask(method: string, path: string, body?: object): Promise<Json> {
  const response = await fetch(gateway.baseUrl.replace(/\/v1$/, '') + path, {
    method,
    headers: { authorization: `Bearer ${gateway.firstAdminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.ok, `${path} ${response.status}`).toBe(true);
  return (await response.json()) as Json;
}

/** Asks for a job whose first attempts fail. @returns how it ended */
async function job(failures: number, wishes: object = {}): Promise<Json> {
  simulator.nextFaults(Array.from({ length: failures }, () => 'server-error' as const));
  const { id } = await ask('POST', '/v1/jobs', { ...ASKED, ...wishes });
  return ended(String(id));
}

async function ended(id: string): Promise<Json> {
  for (;;) {
    const told = await ask('GET', `/v1/jobs/${id}?wait=30s`);
    if (!['queued', 'running'].includes(String(told['status']))) return told;
  }
}

/** What `/metrics` has counted, by the labels asked for. */
async function metric(name: string, labels: RegExp): Promise<number> {
  const page = await fetch(gateway.baseUrl.replace('/v1', '/metrics'));
  const lines = [...(await page.text()).matchAll(/^(\w+)\{(.*)\} (\S+)$/gm)];
  return lines
    .filter(([, named, text = '']) => named === name && labels.test(text))
    .reduce((sum, [, , , value]) => sum + Number(value), 0);
}

test('a job is one call, in the overview, in the metrics and in the list', async () => {
  expect(await job(2)).toMatchObject({ status: 'succeeded', attempts: 3 });
  expect(await job(2, { attempts: 2 })).toMatchObject({ status: 'dead', attempts: 2 });
  // It would rest for half a second at the least, and by then nobody wants it.
  expect(await job(1, { deadline: '400ms' })).toMatchObject({ status: 'expired', attempts: 1 });
  expect(await ask('POST', '/v1/chat/completions', ASKED.body)).toHaveProperty('choices');
  // One that becomes a job because nobody answers it.
  simulator.nextFaults(['server-error']);
  const placeholder = await ask('POST', '/v1/chat/completions', { ...ASKED.body, model: 'frail-1' });
  expect(await ended(String(placeholder['id']))).toMatchObject({ status: 'succeeded', origin: 'ladder' });

  const wanted = { calls: 5, answered: 3, failed: 2, interrupted: 0, cancelled: 0, attempts: 9, wastedAttempts: 6 };
  await expect.poll(async () => (await ask('GET', '/admin/api/overview'))['total']).toMatchObject(wanted);
  const { total } = (await ask('GET', '/admin/api/overview')) as { total: Json };
  expect(total['faults']).toEqual([{ kind: 'server-error', party: 'provider', calls: 2, attempts: 6 }]);

  expect(await metric('holdfast_calls_total', /./)).toBe(wanted.calls);
  expect(await metric('holdfast_calls_total', /outcome="answered"/)).toBe(wanted.answered);
  expect(await metric('holdfast_calls_total', /outcome="failed",fault="server-error"/)).toBe(wanted.failed);
  expect(await metric('holdfast_attempts_total', /./)).toBe(wanted.attempts);
  expect(await metric('holdfast_attempts_total', /fault="server-error"/)).toBe(wanted.wastedAttempts);
  expect(await metric('holdfast_call_duration_seconds_count', /./)).toBe(wanted.calls);
  expect(simulator.stats.requests).toBe(wanted.attempts);
  for (const [status, jobs] of Object.entries({ succeeded: 2, dead: 1, expired: 1, failed: 0, cancelled: 0 })) {
    expect([status, await metric('holdfast_jobs_ended_total', new RegExp(`status="${status}"`))]).toEqual([
      status,
      jobs,
    ]);
  }
  // They are counted every few seconds.
  await expect.poll(() => metric('holdfast_jobs', /status="dead"/), { timeout: 30_000 }).toBe(1);
  expect(await metric('holdfast_jobs', /status="(?:queued|running)"/)).toBe(0);

  const found = async (outcome: string): Promise<number> =>
    ((await ask('GET', `/admin/api/calls?outcome=${outcome}`))['data'] as Json[]).length;
  expect([await found('answered'), await found('failed'), await found('retried')]).toEqual([3, 2, 4]);
  // The target is in trouble; two calls of five that failed are no pattern yet, as six would have been.
  expect(await ask('GET', '/admin/api/verdict')).toMatchObject({
    tone: 'worn',
    sentence: expect.stringMatching(/^one degraded/) as string,
    detail: expect.stringMatching(
      /one: 6 of 9 attempts failed .* 5 calls in the last hour, 60 % answered\.$/,
    ) as string,
  });
});
