import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { DatabaseSync } from 'node:sqlite';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { startSimulator, type Simulator } from '../src/simulator/index.ts';

interface Content {
  readonly request: { readonly body: string; readonly headers: Record<string, string> };
  readonly reply: { readonly body: string; readonly status: number };
}

let provider: Simulator;
let gateway: RunningGateway;
let home = '';
let file = '';
let token = '';
const env = { TARGET_KEY: 'sk-target', CAPTURE_KEY: 'what-they-are-encrypted-with', HOLDFAST_PORT: '0' };

beforeAll(async () => {
  provider = await startSimulator();
  home = await mkdtemp(join(tmpdir(), 'holdfast-capture-'));
  file = join(home, 'holdfast.yaml');
  const at = { provider: 'openai', baseUrl: `${provider.url}/v1`, key: 'env:TARGET_KEY' };
  const config = {
    data: join(home, 'data'),
    keys: { policy: 'off' },
    targets: { primary: at },
    routes: [
      { id: 'watched', models: ['gpt-4o*'], ladder: [{ target: 'primary' }], retry: { attempts: 1 } },
      { id: 'rest', models: ['*'], ladder: [{ target: 'primary' }] },
    ],
    capture: { routes: ['watched'], key: 'env:CAPTURE_KEY', body: '1KB' },
  };
  await writeFile(file, JSON.stringify(config));
  gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
  token = gateway.firstAdminToken ?? '';
});
afterAll(async () => {
  await gateway.stop();
  await provider.close();
  await rm(home, { recursive: true });
});

async function ask(model: string, content: string, stream = false): Promise<{ id: string; text: string }> {
  const response = await fetch(`${gateway.baseUrl}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: 'Bearer sk-callers-own-0123456789abcdef' },
    body: JSON.stringify({ model, stream, messages: [{ role: 'user', content }] }),
  });
  return { id: response.headers.get('x-request-id') ?? '', text: await response.text() };
}

function look(id: string, bearer = token): Promise<Response> {
  const url = `${gateway.baseUrl.replace('/v1', '')}/admin/api/calls/${id}/content`;
  return fetch(url, { headers: { authorization: `Bearer ${bearer}` } });
}

/** What is kept is written a moment after the answer. */
async function contentOf(id: string): Promise<Content> {
  const response = await vi.waitFor(async () => {
    const found = await look(id);
    expect(found.status).toBe(200);
    return found;
  });
  return (await response.json()) as Content;
}

test('keeps what was asked and answered on a route that says so, redacted, streams too', async () => {
  const whole = await ask('gpt-4o', 'Write to jane.doe@example.com about sk-proj-0123456789abcdefghijklmnop');
  const kept = await contentOf(whole.id);
  expect(kept.request.body).toContain('Write to [email:');
  expect(kept.request.body).not.toContain('sk-proj');
  expect(JSON.stringify(kept.request.headers)).not.toContain('callers-own');
  expect(kept.reply).toMatchObject({ status: 200, body: whole.text });

  const stream = await ask('gpt-4o', 'Say: so it is', true);
  const { reply } = await contentOf(stream.id);
  expect(stream.text).toContain(reply.body.slice(0, 500));
});

test('keeps refusals as what the caller was told, and of long bodies the beginning', async () => {
  const failed = await ask('gpt-4o@server-error', 'x'.repeat(5_000));
  const kept = await contentOf(failed.id);
  expect(kept.reply).toMatchObject({ status: null, body: expect.stringContaining('server-error') as string });
  expect(kept.request).toMatchObject({ truncated: true, bytes: expect.any(Number) as number });
  expect(kept.request.body.length).toBeLessThanOrEqual(1_000);
});

test('keeps nothing of other routes', async () => {
  const { id } = await ask('o3', 'Nobody keeps this');
  expect((await look(id)).status).toBe(404);
});

test('only admins see it, and every look is written down', async () => {
  const { id } = await ask('gpt-4o', 'Say: so it is');
  await contentOf(id);
  const root = gateway.baseUrl.replace('/v1', '');
  const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
  const made = await fetch(`${root}/admin/api/admin-tokens`, {
    method: 'POST',
    headers,
    body: JSON.stringify({ name: 'looker', role: 'operator' }),
  });
  const { secret } = (await made.json()) as { secret: string };
  expect((await look(id, secret)).status).toBe(403);
  expect((await look(id, 'nonsense')).status).toBe(401);
  const audit = await fetch(`${root}/admin/api/audit?subject=capture`, { headers });
  const { data } = (await audit.json()) as { data: { action: string; subjectId: string }[] };
  expect(data[0]).toMatchObject({ action: 'view', subjectId: id });
});

test('the machine itself shows it to whoever has the key', async () => {
  const { id } = await ask('gpt-4o', 'Say: so it is');
  await contentOf(id);
  const main = join(import.meta.dirname, '..', 'src', 'cli', 'main.ts');
  const run = (args: readonly string[]): Promise<{ readonly stdout: string }> =>
    promisify(execFile)(process.execPath, [main, 'calls', 'content', id, ...args], { env: { ...process.env, ...env } });
  const { stdout } = await run(['--config', file]);
  expect(stdout).toContain('POST /v1/chat/completions');
  expect(stdout).toContain('answered 200');
  await expect(run(['--data', join(home, 'data')])).rejects.toThrow(/another key/);
  const bytes = new DatabaseSync(join(home, 'data', 'captures.db'), { readOnly: true });
  expect(Number(bytes.prepare('select count(*) as kept from captures').get()?.['kept'])).toBeGreaterThan(0);
  bytes.close();
});
