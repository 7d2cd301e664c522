import { describe, expect, test } from 'vitest';
import { loadConfig } from './load.ts';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Config } from './config.ts';
import { configToJson, describeConfig } from './describe.ts';

/** The password that a database was given. */
function held({ database }: Pick<Config, 'database'>): string | null {
  return database.kind === 'postgres' && database.password.kind === 'held' ? database.password.reveal() : null;
}

async function loadFile(sections: object, env: Record<string, string> = {}): Promise<Config> {
  const cwd = await mkdtemp(join(tmpdir(), 'holdfast-database-'));
  const file = join(cwd, 'holdfast.yaml');
  await writeFile(file, JSON.stringify({ targets: { openai: { provider: 'openai' } }, ...sections }));
  try {
    return await loadConfig({ file, cwd, env: { OPENAI_API_KEY: 'sk-any-0123456789', ...env } });
  } finally {
    await rm(cwd, { recursive: true });
  }
}

function load(database: unknown, env: Record<string, string> = {}): Promise<Config> {
  return loadFile({ jobs: { database } }, env);
}

describe('where tenants and keys are kept', () => {
  test('in the data directory, unless something is said', async () => {
    expect((await loadFile({})).database).toEqual({ kind: 'sqlite' });
    expect((await loadFile({ database: 'sqlite' })).database).toEqual({ kind: 'sqlite' });
    expect(describeConfig(await loadFile({}))).toContain('database SQLite in the data directory');
  });

  test('where the file says, and jobs with them unless they say otherwise', async () => {
    const { database, jobs } = await loadFile({ database: 'postgres://db.example.com/house' });
    expect(database).toMatchObject({ host: 'db.example.com', port: 5432, database: 'house', user: 'holdfast' });
    expect(jobs.database).toEqual(database);
    const apart = await loadFile({ database: 'postgres://127.0.0.1/house', jobs: { database: 'sqlite' } });
    expect(apart.jobs.database).toEqual({ kind: 'sqlite' });
    expect(describeConfig(apart)).toMatch(/database postgres:\/\/holdfast@127\.0\.0\.1:5432\/house\njobs     SQLite/);
  });

  test('as the environment says before the file, under the password that the file names', async () => {
    const url = 'postgres://127.0.0.1/house';
    const elsewhere = { HOLDFAST_DATABASE: 'postgres://127.0.0.2/other', SECRET: 'one' };
    const config = await loadFile({ database: { url, username: 'house', password: 'env:SECRET' } }, elsewhere);
    expect(config.database).toMatchObject({ host: '127.0.0.2', database: 'other', user: 'house' });
    expect(held(config)).toBe('one');
    const { HOLDFAST_DATABASE } = elsewhere;
    expect(held(await loadFile({}, { HOLDFAST_DATABASE, HOLDFAST_DATABASE_PASSWORD: 'two' }))).toBe('two');
    expect((await loadFile({ database: url }, { HOLDFAST_DATABASE: 'sqlite' })).database.kind).toBe('sqlite');
    await expect(loadFile({}, { HOLDFAST_DATABASE: 'mysql://db' })).rejects.toThrow(
      /HOLDFAST_DATABASE.*not the address/,
    );
    await expect(loadFile({ database: { url, password: 'env:GONE' } })).rejects.toThrow(/database\.password/);
  });

  test('a password is never shown, and what goes unencrypted is told once', async () => {
    const config = await loadFile(
      { database: { url: 'postgres://db.example.com/house', password: 'env:SECRET' } },
      { SECRET: 'p4ss-w0rd' },
    );
    expect(describeConfig(config) + JSON.stringify(configToJson(config))).not.toContain('p4ss-w0rd');
    expect(configToJson(config)).toMatchObject({
      database: { password: 'env:SECRET' },
      jobs: { database: { password: 'env:SECRET' } },
    });
    expect(config.warnings.filter((warning) => warning.includes('unencrypted'))).toHaveLength(1);
  });
});

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
    expect(held((await load(named, { SECRET: 'one' })).jobs)).toBe('one');
    expect(held((await load(named.url, { HOLDFAST_DATABASE_PASSWORD: 'two' })).jobs)).toBe('two');
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
