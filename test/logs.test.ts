import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ServeProcess } from './process.ts';

/** A gateway in a process of its own, with the simulator behind it. */
async function serve(env: Readonly<Record<string, string>>): Promise<ServeProcess> {
  const data = await mkdtemp(join(tmpdir(), 'holdfast-logs-'));
  const gateway = await ServeProcess.start({ HOLDFAST_DATA: data, ...env });
  onTestFinished(async () => {
    gateway.signal('SIGKILL');
    await gateway.exited;
    await rm(data, { recursive: true });
  });
  return gateway;
}

/** Stops it, and gives the lines that it logged. */
async function stopped(gateway: ServeProcess): Promise<readonly string[]> {
  gateway.signal('SIGTERM');
  await gateway.exited;
  return gateway.log;
}

async function ask(url: string, model: string, id: string): Promise<Response> {
  const response = await fetch(`${url}/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': id, 'x-stainless-timeout': '5' },
    body: JSON.stringify({ model, messages: [{ role: 'user', content: 'a prompt that nobody logs' }] }),
  });
  // A call is told when its last byte has gone.
  await response.arrayBuffer();
  return response;
}

test(
  'a gateway tells each call in one line of JSON on standard output, prompts left out',
  { timeout: 30_000 },
  async () => {
    const gateway = await serve({});
    const replies = [
      await ask(gateway.baseURL, 'gpt-4o-mini', 'mine-1'),
      await ask(gateway.baseURL, 'gpt-4o@insufficient-quota', 'mine-2'),
    ];
    const lines = await stopped(gateway);
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
    expect(lines.join()).not.toContain('nobody logs');
  },
);

test('for people it is one short sentence', { timeout: 30_000 }, async () => {
  const gateway = await serve({ HOLDFAST_LOG_FORMAT: 'pretty' });
  const reply = await ask(gateway.baseURL, 'gpt-4o-mini', 'mine-1');
  const [line = ''] = await stopped(gateway);
  expect(line).toMatch(/^\[\d\d:\d\d:\d\d\] INFO: chat gpt-4o-mini answered 200 by simulator in \d+ ms/);
  expect(line).toContain(reply.headers.get('x-request-id') ?? 'no id');
});

test('whoever wants none gets none', { timeout: 30_000 }, async () => {
  const gateway = await serve({ HOLDFAST_LOG_LEVEL: 'silent' });
  await ask(gateway.baseURL, 'gpt-4o@server-error', 'mine-1');
  expect(await stopped(gateway)).toEqual([]);
});

test('it stops all the same when nobody reads its log', { timeout: 60_000 }, async () => {
  const gateway = await serve({});
  gateway.stopReading();
  const id = 'x'.repeat(128);
  // More than fits into a pipe and into what is read ahead of whoever reads it.
  for (let round = 0; round < 30; round += 1) {
    await Promise.all(Array.from({ length: 10 }, () => ask(gateway.baseURL, 'gpt-4o@insufficient-quota', id)));
  }
  gateway.signal('SIGTERM');
  expect(await gateway.exited).toBe(0);
});
