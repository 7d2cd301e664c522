import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { type RunningGateway, startGateway } from '../gateway/start.ts';
import { painter } from './terminal.ts';
import { topCommand } from './top.ts';

let home: string;
let gateway: RunningGateway;
let written = '';

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-top-'));
  const env = { HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  gateway = await startGateway(await loadConfig({ env, cwd: home }));
  vi.stubEnv('HOLDFAST_URL', gateway.baseUrl);
  vi.stubEnv('HOLDFAST_ADMIN_TOKEN', gateway.firstAdminToken ?? '');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await gateway.stop();
  await rm(home, { recursive: true });
});

function run(...args: string[]): Promise<unknown> {
  written = '';
  const terminal = {
    write: (text: string) => void (written += text),
    note: () => undefined,
    width: 80,
    paint: painter(false),
  };
  return topCommand(terminal).exitOverride().parseAsync(args, { from: 'user' });
}

test('with --json it tells once what there is to see', async () => {
  await run('--json');
  const told = JSON.parse(written) as Record<string, unknown>;
  expect(told).toMatchObject({
    verdict: { tone: 'unknown', quiet: true },
    total: { calls: 0 },
    targets: [{ id: 'simulator', breaker: 'closed' }],
  });
});

test('without a screen it writes a line a second, until it is told to stop', async () => {
  const running = run();
  await expect.poll(() => written.split('\n').length, { timeout: 8_000 }).toBeGreaterThan(2);
  process.emit('SIGINT');
  await running;
  for (const line of written.trimEnd().split('\n')) {
    expect(line).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d {2}now {6}0 calls\/s, .*; No calls in the last hour/);
  }
});

test('it says what it needs', async () => {
  vi.stubEnv('HOLDFAST_ADMIN_TOKEN', '');
  await expect(run()).rejects.toThrow('set HOLDFAST_ADMIN_TOKEN');
  vi.stubEnv('HOLDFAST_ADMIN_TOKEN', 'hf_admin_wrong');
  await expect(run()).rejects.toThrow('does not hold');
  await expect(run('--url', 'http://127.0.0.1:1')).rejects.toThrow('no gateway answers');
});
