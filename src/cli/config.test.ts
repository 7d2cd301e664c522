import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { configCommand } from './config.ts';

const KEY = 'sk-proj-0123456789abcdefghij';

let directory = '';
let printed = '';
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'holdfast-cli-config-'));
  printed = '';
  vi.stubEnv('OPENAI_API_KEY', KEY);
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk);
    return true;
  });
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  await rm(directory, { recursive: true });
});

async function run(yaml: string, ...options: string[]): Promise<void> {
  const file = join(directory, 'holdfast.yaml');
  await writeFile(file, yaml);
  await configCommand().parseAsync(['check', file, ...options], { from: 'user' });
}

const GOOD = `
targets:
  openai: { provider: openai }
  local: { provider: openai-compatible, baseUrl: http://127.0.0.1:8000/v1, key: none }
routes:
  - { models: ["gpt-*"], ladder: [openai, { target: local, model: llama }] }
`;

describe('holdfast config check', () => {
  it('prints what a good file comes to, without secrets', async () => {
    await run(GOOD);
    expect(printed).toContain('holdfast.yaml is good');
    expect(printed).toContain('openai  openai  https://api.openai.com/v1  key env:OPENAI_API_KEY');
    expect(printed).toContain('gpt-*: gpt-*\n    1. openai\n    2. local as llama\n');
    expect(printed).toContain('falls back on: rate-limit-requests, ');
    expect(printed).not.toContain('sk-');
  });

  it('prints JSON', async () => {
    await run(GOOD, '--json');
    expect(JSON.parse(printed)).toMatchObject({
      valid: true,
      config: {
        targets: [{ id: 'openai', key: 'env:OPENAI_API_KEY' }, { key: 'none' }],
        routes: [
          { ladder: [{ targets: [{ target: 'openai' }] }, {}], fallbackOn: expect.arrayContaining(['timeout']) },
        ],
      },
    });
    expect(printed).not.toContain('sk-');
  });

  it('fails on a bad file, with the problems as JSON when asked', async () => {
    await expect(run('server: { prot: 1 }', '--json')).rejects.toThrow('Did you mean "port"?');
    expect(JSON.parse(printed)).toMatchObject({
      valid: false,
      problems: [{ place: { line: 1, column: 11 }, field: 'server.prot', fix: 'Did you mean "port"?' }],
    });
  });

  it('can leave secrets unread', async () => {
    const yaml = 'targets: { a: { provider: openai, key: env:HOLDFAST_TEST_UNSET } }';
    await expect(run(yaml)).rejects.toThrow('not set');
    await run(yaml, '--skip-secrets');
    expect(printed).toContain('key env:HOLDFAST_TEST_UNSET');
  });

  it('checks the environment when no file is named', async () => {
    await configCommand().parseAsync(['check'], { from: 'user' });
    expect(printed).toContain('the environment is good');
  });
});

describe('holdfast config schema', () => {
  it('prints a JSON Schema', async () => {
    await configCommand().parseAsync(['schema'], { from: 'user' });
    expect(JSON.parse(printed)).toMatchObject({ $schema: expect.stringContaining('json-schema.org'), type: 'object' });
  });
});
