import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from './config.ts';
import type { RedisConfig } from './counters.ts';
import { configToJson, describeConfig } from './describe.ts';
import type { Environment } from './environment.ts';
import { loadConfig } from './load.ts';
import { ConfigError } from './problem.ts';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'holdfast-counters-'));
});
afterAll(() => rm(cwd, { recursive: true }));

const KEYS = { OPENAI_API_KEY: 'key' };
const PASSWORD = 'p4ssw0rd-of-the-house';

async function load(counters: unknown, env: Environment = {}): Promise<Config> {
  await writeFile(join(cwd, 'c.yaml'), JSON.stringify(counters === undefined ? {} : { counters }));
  return loadConfig({ file: 'c.yaml', env: { ...KEYS, ...env }, cwd });
}

async function redis(counters: unknown, env: Environment = {}): Promise<RedisConfig> {
  const { counters: read } = await load(counters, env);
  if (read.kind !== 'redis') throw new Error('counted in memory');
  return read;
}

async function problem(counters: unknown, env: Environment = {}): Promise<string> {
  const error = await load(counters, env).then(
    () => null,
    (caught: unknown) => caught,
  );
  if (!(error instanceof ConfigError)) throw new Error('there was no problem');
  return error.message;
}

describe('where use is counted', () => {
  test('in memory, unless something is said', async () => {
    expect((await load(undefined)).counters).toEqual({ kind: 'memory' });
    expect((await load('memory')).counters).toEqual({ kind: 'memory' });
  });

  test.each([
    ['redis://127.0.0.1', { host: '127.0.0.1', port: 6379, tls: false, database: 0 }],
    ['redis://localhost:7000/', { host: 'localhost', port: 7000, tls: false, database: 0 }],
    ['rediss://Redis.example.com:6380/3', { host: 'redis.example.com', port: 6380, tls: true, database: 3 }],
    ['redis://[::1]:80/1', { host: '::1', port: 80, tls: false, database: 1 }],
  ])('at %s', async (written, expected) => {
    const plain = { kind: 'redis', username: null, prefix: 'holdfast', deadlineMs: 50, replicas: 1 };
    expect(await redis(written)).toMatchObject({ ...plain, ...expected, password: { kind: 'none' } });
  });

  test('as the environment says before the file', async () => {
    expect((await redis('memory', { HOLDFAST_COUNTERS: 'redis://10.0.0.7' })).host).toBe('10.0.0.7');
    expect((await load('redis://10.0.0.7', { HOLDFAST_COUNTERS: 'memory' })).counters.kind).toBe('memory');
  });

  test('with everything that a section says', async () => {
    const section = { url: 'rediss://r.example.com/2', username: 'hold', password: 'env:REDIS_PASSWORD', prefix: 'eu' };
    const read = await redis({ ...section, deadline: '20ms', replicas: 3 }, { REDIS_PASSWORD: PASSWORD });
    expect(read).toMatchObject({ username: 'hold', prefix: 'eu', deadlineMs: 20, replicas: 3, database: 2 });
    expect(read.password.kind === 'held' && read.password.reveal()).toBe(PASSWORD);
  });

  test('with the password of the variable, where nothing else names one', async () => {
    const { password } = await redis('redis://127.0.0.1', { HOLDFAST_COUNTERS_PASSWORD: PASSWORD });
    expect(password.kind === 'held' && password.reveal()).toBe(PASSWORD);
  });

  test('and shown without the password', async () => {
    const config = await load('redis://127.0.0.1', { HOLDFAST_COUNTERS_PASSWORD: PASSWORD });
    expect(describeConfig(config)).toContain('redis://127.0.0.1:6379/0');
    expect(JSON.stringify(configToJson(config))).toContain('env:HOLDFAST_COUNTERS_PASSWORD');
    expect(describeConfig(config) + JSON.stringify(configToJson(config))).not.toContain(PASSWORD);
  });

  test('with a warning where it is sent in the open to another machine', async () => {
    expect((await load('redis://10.0.0.7')).warnings.join()).toContain('unencrypted');
    expect((await load('rediss://10.0.0.7')).warnings).toEqual([]);
    expect((await load('redis://127.0.0.1')).warnings).toEqual([]);
    expect((await load({ url: 'redis://10.0.0.7', allowInsecure: true })).warnings).toEqual([]);
  });
});

describe('what cannot be used', () => {
  test.each([
    ['redis', 'is not the address of a Redis server'],
    ['http://127.0.0.1:6379', 'is not the address of a Redis server'],
    ['redis://', 'is not the address of a Redis server'],
    [`redis://:${PASSWORD}@127.0.0.1`, 'carries credentials'],
    [`redis://hold:${PASSWORD}@127.0.0.1`, 'counters.password'],
    ['redis://127.0.0.1/zero', 'names a database that is no number'],
    ['redis://127.0.0.1:0', 'has port 0'],
    ['redis://127.0.0.1?db=1', 'carries a query'],
    ['redis://169.254.169.254', 'cloud metadata service'],
    ['redis://2852039166:6379', 'cloud metadata service'],
    ['redis://metadata.google.internal.', 'cloud metadata service'],
    [7, 'must be memory, the address of a Redis server, or a mapping with url'],
  ])('%s', async (written, wrong) => {
    const inFile = await problem(written);
    expect(inFile).toContain('counters');
    expect(inFile).toContain(wrong);
    expect(inFile).not.toContain(PASSWORD);
    if (typeof written !== 'string') return;
    const inEnvironment = await problem(undefined, { HOLDFAST_COUNTERS: written });
    expect(inEnvironment).toContain('environment HOLDFAST_COUNTERS');
    expect(inEnvironment).toContain(wrong);
    expect(inEnvironment).not.toContain(PASSWORD);
  });

  test.each([
    [{ prefix: 'eu' }, 'counters.url', 'is missing'],
    [{ url: 'memory' }, 'counters.url', 'is not the address of a Redis server'],
    [{ url: 'redis://127.0.0.1', password: PASSWORD }, 'counters.password', 'holds the secret itself'],
    [{ url: 'redis://127.0.0.1', password: 'env:NOT_SET' }, 'counters.password', 'NOT_SET'],
    [{ url: 'redis://127.0.0.1', prefix: 'a{b}' }, 'counters.prefix', 'letters, digits'],
    [{ url: 'redis://127.0.0.1', deadline: '-1s' }, 'counters.deadline', 'duration'],
    [{ url: 'redis://127.0.0.1', replicas: 0 }, 'counters.replicas', 'at least 1'],
    [{ url: 'redis://127.0.0.1', passwort: 'env:X' }, 'counters.passwort', 'password'],
  ])('%j', async (section, field, wrong) => {
    const message = await problem(section);
    expect(message).toContain(field);
    expect(message).toContain(wrong);
    expect(message).not.toContain(PASSWORD);
  });
});
