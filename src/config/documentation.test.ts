import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_FALLBACK_ON } from '../engine/policy.ts';
import { parse } from 'yaml';
import * as z from 'zod';
import { loadConfig } from './load.ts';
import { configSchemaJson } from './schema.ts';

const PAGE = await readFile(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
const EXAMPLES = [...PAGE.matchAll(/```yaml\n(.*?)```/gs)].map(([, yaml]) => yaml ?? '');
const ENV = {
  OPENAI_API_KEY: 'key',
  AZURE_KEY: 'key',
  REDIS_PASSWORD: 'key',
  CAPTURE_KEY: 'key',
  DATABASE_PASSWORD: 'key',
};

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'holdfast-docs-'));
});
afterAll(() => rm(cwd, { recursive: true }));

async function load(yaml: string): ReturnType<typeof loadConfig> {
  await writeFile(join(cwd, 'c.yaml'), yaml);
  return loadConfig({ file: 'c.yaml', env: ENV, cwd });
}

describe('docs/configuration.md', () => {
  it('has examples', () => {
    expect(EXAMPLES.length).toBeGreaterThanOrEqual(4);
  });

  it.each(EXAMPLES)('has an example that loads:\n%s', async (yaml) => {
    await expect(load(yaml)).resolves.toHaveProperty('needsSimulator', false);
  });

  it('shows the defaults where it says so', async () => {
    const [last = ''] = EXAMPLES.slice(-1);
    const built = await loadConfig({ env: ENV, cwd });
    expect(await load(last)).toEqual(built);
  });

  it('shows the default policies', async () => {
    const built = await loadConfig({ env: ENV, cwd });
    const target = (await load(EXAMPLES.find((yaml) => yaml.includes('halfOpenProbes')) ?? '')).targets[0];
    expect(target?.budget).toEqual(built.defaults.budget);
    expect(target?.breaker).toEqual(built.defaults.breaker);
    const route = (await load(EXAMPLES.find((yaml) => yaml.includes('maxWait')) ?? '')).routes[0];
    expect(route?.retry).toEqual(built.defaults.retry);
    expect(route?.timeouts).toEqual(built.defaults.timeouts);
  });

  it('names every kind that falls back by default', () => {
    const paragraph = /By default the next rung.*?Not after/s.exec(PAGE)?.[0] ?? '';
    expect([...paragraph.matchAll(/`([\w-]+)`/g)].map(([, kind]) => kind)).toEqual([...DEFAULT_FALLBACK_ON]);
  });

  it('mentions every field of the schema', () => {
    const missing = [...fieldsOf(configSchemaJson())].filter((field) => !new RegExp(`\\b${field}\\b`).test(PAGE));
    expect(missing).toEqual([]);
  });
});

/** Every field name in a JSON Schema, wherever it stands. */
function fieldsOf(schema: unknown): Set<string> {
  if (typeof schema !== 'object' || schema === null) return new Set();
  const own =
    'properties' in schema && typeof schema.properties === 'object' ? Object.keys(schema.properties ?? {}) : [];
  return new Set([...own, ...Object.values(schema).flatMap((inner: unknown) => [...fieldsOf(inner)])]);
}

describe('the JSON Schema', () => {
  const schema = z.fromJSONSchema(configSchemaJson() as Parameters<typeof z.fromJSONSchema>[0]);

  it.each(EXAMPLES)('takes the example:\n%s', (yaml) => {
    expect(schema.safeParse(parse(yaml)).error?.issues ?? []).toEqual([]);
  });

  it.each([{ servr: {} }, { server: { port: -1 } }, { targets: { a: { provider: 'azure' } } }, { data: ' ' }])(
    'refuses %j',
    (file) => {
      expect(schema.safeParse(file).success).toBe(false);
    },
  );

  it('is strict, so that editors show a slip at once', () => {
    expect(configSchemaJson()).toMatchObject({
      type: 'object',
      title: 'Holdfast configuration',
      additionalProperties: false,
      properties: {
        server: { additionalProperties: false, properties: { port: { type: 'integer', maximum: 65_535 } } },
      },
    });
  });
});
