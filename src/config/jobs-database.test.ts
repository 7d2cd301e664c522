import { describe, expect, test } from 'vitest';
import { loadConfig } from './load.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';

async function load(database: unknown, env: Record<string, string> = {}): Promise<Config> {
  const cwd = await mkdtemp(join(tmpdir(), 'holdfast-database-'));
  const file = join(cwd, 'holdfast.yaml');
  await writeFile(file, JSON.stringify({ targets: { openai: { provider: 'openai' } }, jobs: { database } }));
  try {
    return await loadConfig({ file, cwd, env: { OPENAI_API_KEY: 'sk-any-0123456789', ...env } });
  } finally {
    await rm(cwd, { recursive: true });
  }
}

describe('where jobs are kept', () => {
  test('an address says it all', async () => {
    const { jobs } = await load('postgres://hold%40fast@[::1]:5433/jobs');
    expect(jobs.database).toMatchObject({
      kind: 'postgres',
      host: '::1',
      port: 5433,
      database: 'jobs',
      user: 'hold@fast',
      tls: false,
      password: { kind: 'none' },
    });
  });

  test('the password is where the file or the environment says', async () => {
    const named = { url: 'postgresql://h@db.example.com/jobs', password: 'env:SECRET', tls: true };
    const held = (config: Config): string | null => {
      const { database } = config.jobs;
      return database.kind === 'postgres' && database.password.kind === 'held' ? database.password.reveal() : null;
    };
    expect(held(await load(named, { SECRET: 'one' }))).toBe('one');
    expect(held(await load(named.url, { HOLDFAST_DATABASE_PASSWORD: 'two' }))).toBe('two');
    expect((await load(named, { SECRET: 'one' })).jobs.database).toMatchObject({ port: 5432, tls: true });
    await expect(load(named)).rejects.toThrow(/jobs\.database\.password/);
  });

  test('what goes unencrypted through a network is told', async () => {
    const far = 'postgres://h@db.example.com/jobs';
    expect((await load(far)).warnings.join()).toContain('jobs.database');
    expect((await load({ url: far, allowInsecure: true })).warnings.join()).not.toContain('jobs.database');
    expect((await load('postgres://h@127.0.0.1/jobs')).warnings.join()).not.toContain('jobs.database');
  });

  test.each([
    ['mysql://h@db/jobs', /not the address/],
    ['postgres://h:secret@db/jobs', /carries a password/],
    ['postgres://db/jobs', /names no user/],
    ['postgres://h@db', /names no database/],
    ['postgres://h@db/jobs?sslmode=require', /query/],
    ['postgres://h@db:0/jobs', /port 0/],
    ['postgres://h@169.254.169.254/jobs', /metadata/],
  ])('%s is refused', async (database, wrong) => {
    const refused = load(database);
    await expect(refused).rejects.toThrow(wrong);
    await expect(refused).rejects.not.toThrow(/secret/);
  });
});
