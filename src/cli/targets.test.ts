import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig } from '../config/load.ts';
import { type RunningGateway, startGateway } from '../gateway/start.ts';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import { targetsCommand } from './targets.ts';
import { painter, type Terminal } from './terminal.ts';

let home: string;
let simulator: Simulator;
let gateway: RunningGateway;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-targets-'));
  simulator = await startSimulator({ name: 'one' });
  const file = join(home, 'holdfast.yaml');
  await writeFile(
    file,
    JSON.stringify({ targets: { one: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } } }),
  );
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
  vi.stubEnv('HOLDFAST_ADMIN_TOKEN', gateway.firstAdminToken ?? '');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await gateway.stop();
  await simulator.close();
  await rm(home, { recursive: true });
});

/** What the command prints. */
async function run(...args: string[]): Promise<string> {
  let printed = '';
  const write = (text: string): void => void (printed += text);
  const terminal: Terminal = { write, note: write, width: Number.POSITIVE_INFINITY, paint: painter(false) };
  const url = args.includes('--url') ? [] : ['--url', gateway.baseUrl];
  await targetsCommand(terminal).parseAsync([...args, ...url], { from: 'user' });
  return printed;
}

test('targets are listed, as a table and as JSON', async () => {
  expect(await run('list')).toMatch(/^target .*breaker.*\none +openai +closed +- .*…6789/);
  expect(await run()).toContain('one');
  expect(JSON.parse(await run('list', '--json'))).toMatchObject({ id: 'one', key: { reference: 'env:TARGET_KEY' } });
});

test('a target is taken out and let back in, and its key cleared', async () => {
  expect(await run('breaker', 'one', 'open')).toBe(
    'the breaker of one is open: no call goes there until it is let back in\n',
  );
  expect(await run('list')).toContain('taken out by hand');
  expect(await run('breaker', 'one', 'closed')).toContain('calls go there at once');
  expect(await run('clear', 'one')).toBe('the key of one is tried again with the next call\n');
});

test.each([
  [['clear', 'two'], 'there is no target two; there are one'],
  [['breaker', 'one', 'ajar'], 'state: '],
  [['list', '--url', 'http://127.0.0.1:1'], 'no gateway answers at http://127.0.0.1:1; start it'],
  [['list', '--url', 'gopher:one'], 'is no address'],
])('%j says what is wrong', async (args, message) => {
  await expect(run(...args)).rejects.toThrow(message);
});

test('without a token it says where to get one', async () => {
  vi.stubEnv('HOLDFAST_ADMIN_TOKEN', '');
  await expect(run('list')).rejects.toThrow('set HOLDFAST_ADMIN_TOKEN');
});
