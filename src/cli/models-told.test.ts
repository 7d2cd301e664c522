import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { type Simulator, startSimulator } from '../simulator/index.ts';
import { modelsCommand } from './models.ts';

let upstream: Simulator;
let home: string;
let printed: string[] = [];
let complained: string[] = [];

beforeAll(async () => {
  upstream = await startSimulator({ window: 4_000, models: ['gpt-4o', 'of-our-own'] });
  home = await mkdtemp(join(tmpdir(), 'holdfast-models-'));
});
afterAll(async () => {
  await upstream.close();
  await rm(home, { recursive: true });
});
beforeEach(() => {
  printed = [];
  complained = [];
  vi.stubEnv('TARGET_KEY', 'sk-target-0123456789');
  vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
  vi.spyOn(console, 'error').mockImplementation((text: string) => void complained.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
});

async function refreshed(targets: object, ...args: readonly string[]): Promise<string> {
  const file = join(home, 'holdfast.yaml');
  await writeFile(file, JSON.stringify({ data: join(home, 'data'), keys: { policy: 'off' }, targets }));
  const command = modelsCommand()
    .exitOverride()
    .configureOutput({ writeErr: () => undefined });
  await command.parseAsync(['--refresh', '--config', file, ...args], { from: 'user' });
  return printed.join('\n');
}

const at = (provider: string): object => ({ provider, baseUrl: `${upstream.url}/v1`, key: 'env:TARGET_KEY' });

test('shows what targets tell beside the catalogue', async () => {
  const page = await refreshed({ own: at('vllm'), openai: at('openai') });
  expect(page).toMatch(/^TARGET +MODEL +PROMPT +CATALOGUE +ANSWER/);
  expect(page).toMatch(/own +gpt-4o +4000 +128000/);
  expect(page).toMatch(/own +of-our-own +4000/);
  expect(page).toMatch(/Of openai nothing was told; what the catalogue has holds there\.$/);
});

test('tells programs where a figure is from', async () => {
  const [known, own] = JSON.parse(await refreshed({ own: at('vllm') }, '--json')) as object[];
  expect(known).toMatchObject({
    target: 'own',
    model: 'gpt-4o',
    prompt: { tokens: 4_000, from: 'provider', catalogue: 128_000 },
    // An answer longer than the window is none that holds there.
    answer: { tokens: null, from: null, catalogue: 16_384 },
    prices: null,
    cataloguePrices: { input: 2.5, output: 10 },
  });
  expect(own).toMatchObject({
    prompt: { tokens: 4_000, from: 'provider', catalogue: null },
    answer: { tokens: null, from: null, catalogue: null },
    cataloguePrices: null,
  });
});

test('says who did not answer, and fails', async () => {
  const away = { ...at('vllm'), baseUrl: 'http://127.0.0.1:1/v1' };
  await expect(refreshed({ own: at('vllm'), away })).rejects.toThrow('models: 1 target(s) did not answer');
  expect(printed.join('\n')).toMatch(/own +gpt-4o/);
  expect(complained.join('\n')).toMatch(/^holdfast: target away does not tell its models' limits \(.+\)/);
});
