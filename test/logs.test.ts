import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';

const MAIN = new URL('../src/cli/main.ts', import.meta.url).pathname;
const cleanups: (() => void)[] = [];
afterEach(() => {
  for (const cleanup of cleanups.splice(0)) cleanup();
});

/** A gateway in a process of its own, with the simulator behind it. */
async function serve(
  env: Record<string, string>,
): Promise<{ url: string; stdout: () => string; stop(): Promise<void> }> {
  const data = mkdtempSync(join(tmpdir(), 'holdfast-logs-'));
  const child = spawn(process.execPath, [MAIN, 'serve', '--json'], {
    env: { PATH: process.env['PATH'], HOLDFAST_DATA: data, HOLDFAST_PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  cleanups.push(() => {
    child.kill('SIGKILL');
    rmSync(data, { recursive: true, force: true });
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  const exited = once(child, 'close').then(() => Promise.reject(new Error('the gateway did not start')));
  exited.catch(() => undefined);
  while (!stdout.includes('\n')) await Promise.race([once(child.stdout, 'data'), exited]);
  const { baseUrl } = JSON.parse(stdout) as { baseUrl: string };
  return {
    url: baseUrl,
    stdout: () => stdout,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'close');
    },
  };
}

async function ask(url: string, model: string, id: string): Promise<Response> {
  return fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': id, 'x-stainless-timeout': '5' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'a prompt that nobody logs' }] }),
  });
}

test(
  'a gateway tells each call in one line of JSON on standard output, prompts left out',
  { timeout: 30_000 },
  async () => {
    const gateway = await serve({});
    const replies = [
      await ask(gateway.url, 'gpt-4o-mini', 'mine-1'),
      await ask(gateway.url, 'gpt-4o@insufficient-quota', 'mine-2'),
    ];
    await gateway.stop();
    const lines = gateway.stdout().trimEnd().split('\n').slice(1);
    const told = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(told.map((line) => [line['id'], line['caller_id'], line['status']])).toEqual(
      replies.map((reply, index) => [reply.headers.get('x-request-id'), `mine-${index + 1}`, reply.status]),
    );
    expect(told[0]).toMatchObject({ level: 'info', outcome: 'answered', target: 'simulator' });
    expect(told[0]?.['upstream_id']).toBe(replies[0]?.headers.get('x-upstream-request-id'));
    expect(told[1]).toMatchObject({
      level: 'error',
      outcome: 'failed',
      fault_kind: 'quota-exhausted',
      fault_party: 'account',
    });
    expect(gateway.stdout()).not.toContain('nobody logs');
  },
);

test('for people it is one short sentence', { timeout: 30_000 }, async () => {
  const gateway = await serve({ HOLDFAST_LOG_FORMAT: 'pretty' });
  const reply = await ask(gateway.url, 'gpt-4o-mini', 'mine-1');
  await gateway.stop();
  const [line = ''] = gateway.stdout().split('\n').slice(1);
  expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: chat gpt-4o-mini answered 200 by simulator in \d+ ms/);
  expect(line).toContain(reply.headers.get('x-request-id') ?? 'no id');
});

test('whoever wants none gets none', { timeout: 30_000 }, async () => {
  const gateway = await serve({ HOLDFAST_LOG_LEVEL: 'silent' });
  await ask(gateway.url, 'gpt-4o@server-error', 'mine-1');
  await gateway.stop();
  expect(gateway.stdout().trimEnd().split('\n')).toHaveLength(1);
});
