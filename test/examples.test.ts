import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { loadConfig } from '../src/config/load.ts';

// Every example runs as it stands, and says what it promises.

const directory = join(import.meta.dirname, '..', 'examples');

const PROMISED: Readonly<Record<string, readonly string[]>> = {
  'openai-sdk.ts': ['still standing', '2 attempts'],
  'fallback.ts': ['answered by second after unavailable', 'from the second'],
  'streaming.ts': ['whole: one two three four five six seven eight', 'cut after "one two three four"'],
  'vercel-ai.ts': ['still standing'],
  'langchain.ts': ['still standing'],
  'gateway.ts': ['through the gateway'],
  'jobs.ts': ['without choices: 0', 'later: worth the wait', 'through a job: worth the wait'],
};

it('every example is looked at here', () => {
  const programs = readdirSync(directory).filter((name) => name.endsWith('.ts'));
  expect(programs.toSorted()).toEqual(Object.keys(PROMISED).toSorted());
});

it.each(Object.entries(PROMISED))('%s', async (name, promised) => {
  const { stdout } = await promisify(execFile)(process.execPath, [join(directory, name)], { timeout: 60_000 });
  for (const line of promised) expect(stdout).toContain(line);
});

it('the configuration file loads', async () => {
  const env = { OPENAI_API_KEY: 'sk-any-0123456789abcdef', AZURE_OPENAI_API_KEY: '0123456789abcdef' };
  const { routes } = await loadConfig({ file: join(directory, 'holdfast.yaml'), env });
  expect(routes).toHaveLength(1);
});
