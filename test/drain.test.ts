import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { ask, Heard, SAYING } from './conversation.ts';
import { CALLERS_KEY, storedCalls, until } from './harness.ts';
import { ServeProcess } from './process.ts';

let simulator: Simulator;
let home: string;
let served: ServeProcess;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-drain-'));
  simulator = await startSimulator();
  served = await start();
});
afterEach(async () => {
  served.signal('SIGKILL');
  await served.exited;
  await simulator.close();
  await rm(home, { recursive: true });
});

function start(port = 0): Promise<ServeProcess> {
  return ServeProcess.start({
    OPENAI_API_KEY: 'sk-test-0123456789',
    OPENAI_BASE_URL: `${simulator.url}/v1`,
    HOLDFAST_DATA: home,
    HOLDFAST_PORT: String(port),
  });
}

function sdk({ baseURL }: ServeProcess): OpenAI {
  return new OpenAI({ baseURL, apiKey: CALLERS_KEY, maxRetries: 0 });
}

/** A chat call as plain bytes, so that the refusal can be read with its headers. */
function call({ baseURL }: ServeProcess): Promise<Response> {
  return fetch(`${baseURL}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-4o', messages: [{ role: 'user', content: 'hi' }] }),
  });
}

test('running calls finish, new ones are turned away, and the port is free again', async () => {
  const heard = new Heard();
  const stream = ask(sdk(served), 'chat stream', { model: 'gpt-4o@slow-tokens:75' }, heard);
  const whole = ask(sdk(served), 'chat', { model: 'gpt-4o@slow:1200' });
  await until(() => heard.pieces >= 2 && simulator.stats.openRequests === 2);
  const { port } = served;

  served.signal('SIGTERM');
  await until(() => served.complaints.includes('waiting for 2 running call(s)'));
  const refused = await call(served);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('retry-after')).toBe('1');
  expect(refused.headers.get('connection')).toBe('close');
  // Another replica may take it: this one refusal is worth the SDK's own retry.
  expect(refused.headers.get('x-should-retry')).not.toBe('false');
  expect(await refused.json()).toMatchObject({ error: { holdfast: { fault: 'draining', party: 'gateway' } } });
  const ready = await fetch(served.baseURL.replace('/v1', '/readyz'));
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ status: 'draining', running: 2 });
  expect((await fetch(served.baseURL.replace('/v1', '/healthz'))).status).toBe(200);

  expect(await stream).toMatchObject({ text: SAYING, finish: 'stop' });
  expect(await whole).toMatchObject({ text: SAYING, finish: 'stop' });
  expect(await served.exited).toBe(0);
  expect(storedCalls(home)).toBe(2);

  served = await start(port);
  expect(served.port).toBe(port);
  expect((await call(served)).status).toBe(200);
});

test('with nothing to wait for it stops at once', async () => {
  const since = performance.now();
  served.signal('SIGTERM');
  expect(await served.exited).toBe(0);
  expect(performance.now() - since).toBeLessThan(2_000);
  expect(served.complaints).toContain('SIGTERM, stopping');
});

test('a second signal ends it without waiting', async () => {
  const call = ask(sdk(served), 'chat', { model: 'gpt-4o@hang' });
  await until(() => simulator.stats.openRequests === 1);
  served.signal('SIGINT');
  await until(() => served.complaints.includes('once more to stop now'));
  served.signal('SIGINT');
  await expect(call).rejects.toThrow('Connection error.');
  expect(await served.exited).toBe(130);
});

test('a port that is taken is said plainly', async () => {
  const second = await start(served.port);
  expect(await second.exited).toBe(1);
  expect(second.complaints).toContain(`port ${served.port} on 127.0.0.1 is in use`);
  expect(second.complaints).not.toContain('    at ');
});
