import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadConfig } from './load.ts';

const ENV = { OPENAI_API_KEY: 'sk-a', ANTHROPIC_API_KEY: 'sk-ant-b' };

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'holdfast-models-'));
});
afterAll(() => rm(cwd, { recursive: true }));

async function load(config: object): ReturnType<typeof loadConfig> {
  await writeFile(join(cwd, 'c.yaml'), JSON.stringify(config));
  return loadConfig({ file: 'c.yaml', env: ENV, cwd });
}

const OPENAI = { provider: 'openai' };
const CLAUDE = { provider: 'anthropic' };

describe('an Anthropic target', () => {
  test('needs nothing but its provider', async () => {
    const { targets } = await load({ targets: { claude: CLAUDE } });
    expect(targets[0]).toMatchObject({
      provider: 'anthropic',
      baseUrl: 'https://api.anthropic.com/v1',
      key: { reference: 'env:ANTHROPIC_API_KEY' },
      losses: 'tell',
    });
  });

  test('may be reached through a proxy', async () => {
    const { targets } = await load({ targets: { claude: { ...CLAUDE, baseUrl: 'https://proxy.test/' } } });
    expect(targets[0]?.baseUrl).toBe('https://proxy.test/v1');
  });

  test('is told of a key that is not there', async () => {
    await writeFile(join(cwd, 'c.yaml'), JSON.stringify({ targets: { claude: CLAUDE } }));
    await expect(loadConfig({ file: 'c.yaml', env: {}, cwd })).rejects.toThrow('ANTHROPIC_API_KEY');
  });

  test.each([
    ['losses: maybe', { losses: 'maybe' }, '"maybe" is not known here'],
    ['organization', { organization: 'x' }, 'Only targets with provider: openai have it.'],
    ['responses', { responses: 'translate' }, 'Only targets with provider: openai-compatible have it.'],
  ])('does not take %s', async (_, more, said) => {
    await expect(load({ targets: { claude: { ...CLAUDE, ...more } } })).rejects.toThrow(said);
  });

  test('is no rung that somebody has not asked for', async () => {
    const { targets } = await loadConfig({ env: ENV, cwd });
    expect(targets.map(({ id }) => id)).toEqual(['openai']);
  });
});

describe('without routes', () => {
  const ladders = async (targets: object) =>
    (await load({ targets })).routes.map(({ models, ladder }) => [
      models.join(),
      ladder.map((rung) => rung.targets.map(({ target }) => target).join()),
    ]);

  test('each model goes to who has it', async () => {
    expect(await ladders({ openai: OPENAI, claude: CLAUDE, other: { ...OPENAI, key: 'env:OPENAI_API_KEY' } })).toEqual([
      ['claude-*', ['claude']],
      ['*', ['openai', 'other']],
    ]);
  });

  test('the only target takes all', async () => {
    expect(await ladders({ claude: CLAUDE })).toEqual([['*', ['claude']]]);
    expect(await ladders({ openai: OPENAI })).toEqual([['*', ['openai']]]);
  });
});

describe("a rung for another maker's model", () => {
  const warnings = async (models: string[], ladder: unknown[]) =>
    (await load({ targets: { openai: OPENAI, claude: CLAUDE }, routes: [{ models, ladder }] })).warnings;

  test('is told of', async () => {
    expect(await warnings(['gpt-*'], ['openai', 'claude'])).toEqual([
      expect.stringContaining('such as { target: claude, model: NAME }'),
    ]);
    expect(await warnings(['claude-*'], ['claude', 'openai'])).toHaveLength(1);
  });

  test('is as it should be with a name', async () => {
    expect(await warnings(['gpt-*'], ['openai', { target: 'claude', model: 'claude-sonnet-5' }])).toEqual([]);
    expect(await warnings(['claude-*'], ['claude'])).toEqual([]);
  });
});

test('the examples of docs/providers.md load', async () => {
  const page = await readFile(new URL('../../docs/providers.md', import.meta.url), 'utf8');
  const examples = [...page.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml ?? '');
  expect(examples.length).toBeGreaterThan(1);
  const keys = Object.fromEntries(['GEMINI_API_KEY', 'GROQ_API_KEY'].map((name) => [name, 'key']));
  for (const yaml of examples) {
    await writeFile(join(cwd, 'example.yaml'), yaml);
    const { warnings } = await loadConfig({ file: 'example.yaml', env: { ...ENV, ...keys }, cwd });
    expect(warnings).toEqual([]);
  }
});
