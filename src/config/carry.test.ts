import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { carryWarnings } from './carry.ts';
import { ToldModels } from './limits/told-models.ts';
import { loadConfig } from './load.ts';

/** What is said of a route with this ladder. */
async function warned(models: string, ladder: string, told?: ToldModels): Promise<readonly string[]> {
  const cwd = await mkdtemp(join(tmpdir(), 'holdfast-carry-'));
  const targets =
    'o: { provider: openai }, c: { provider: anthropic }, g: { provider: gemini }, q: { provider: groq }, v: { provider: vllm }';
  await writeFile(
    join(cwd, 'c.yaml'),
    `targets: { ${targets} }\nroutes: [{ id: r, models: [${models}], ladder: ${ladder} }]\n`,
  );
  const env = { OPENAI_API_KEY: 'k', ANTHROPIC_API_KEY: 'k', GEMINI_API_KEY: 'k', GROQ_API_KEY: 'k' };
  const config = await loadConfig({ file: 'c.yaml', env, cwd });
  await rm(cwd, { recursive: true });
  return carryWarnings(config.routes, config.targets, told);
}

test.each<[models: string, ladder: string, warnings: readonly string[]]>([
  ['gpt-4o', '[o, { target: c, model: claude-sonnet-4-5 }]', []],
  [
    'gpt-4.1',
    '[o, { target: c, model: claude-sonnet-4-5 }]',
    ['route r: target c (claude-sonnet-4-5) takes prompts of 200000 tokens, and gpt-4.1 of 1047576'],
  ],
  [
    "'gpt-*'",
    '[{ target: o, model: gpt-4o }, { target: o, model: gpt-4 }]',
    [
      'route r: target o (gpt-4) takes prompts of 8192 tokens, and gpt-4o of 128000',
      'route r: target o (gpt-4) has no vision, schema, and gpt-4o has',
    ],
  ],
  ['gpt-4o', '[o, { target: v, model: of-our-own }]', []],
  ["'gpt-*'", '[o, c]', []],
  [
    'text-embedding-3-small',
    '[o, g, q, v]',
    [
      'route r: target g (text-embedding-3-small) has no embeddings',
      'route r: target q (text-embedding-3-small) has no embeddings',
    ],
  ],
  ["'text-embedding-*'", '[o, c]', ['route r: target c has no embeddings']],
])('%s by %s', async (models, ladder, warnings) => {
  expect(await warned(models, ladder)).toEqual(warnings);
});

test('what a target tells of its models goes before the catalogue', async () => {
  const told = new ToldModels();
  told.hear('v', new Map([['of-our-own', { window: 32_768, tools: false, inputs: [] }]]));
  told.hear('c', new Map([['claude-sonnet-4-5', { window: 1_000_000, maxOutput: 64_000 }]]));
  expect(await warned('gpt-4o', '[o, { target: v, model: of-our-own }]', told)).toEqual([
    'route r: target v (of-our-own) takes prompts of 32768 tokens, and gpt-4o of 128000',
    'route r: target v (of-our-own) has no tools, vision, and gpt-4o has',
  ]);
  expect(await warned('gpt-5', '[o, { target: c, model: claude-sonnet-4-5 }]', told)).toEqual([]);
  // The same model may be served with a smaller window elsewhere.
  told.hear('v', new Map([['gpt-4o', { window: 8_192 }]]));
  expect(await warned('gpt-4o', '[o, v]', told)).toEqual([
    'route r: target v (gpt-4o) takes prompts of 8192 tokens, and gpt-4o of 128000',
  ]);
});
