import { renameSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { until } from './harness.ts';
import { ServeProcess } from './process.ts';

// What operators see of keys that are not in order, and callers of keys that are replaced: nothing.

const GOOD = 'sk-proj-good-0123456789abcd';

let home = '';
let provider: Simulator;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'holdfast-keys-'));
  provider = await startSimulator({ keys: [GOOD] });
});

afterAll(async () => {
  await provider.close();
  await rm(home, { recursive: true, force: true });
});

let serve: ServeProcess | null = null;
afterEach(async () => {
  serve?.signal('SIGTERM');
  await serve?.exited;
  serve = null;
  provider.acceptKeys([GOOD]);
});

interface Readiness {
  readonly status: string;
  readonly keys: Readonly<Record<string, { readonly status: string; readonly problems: readonly string[] }>>;
}

interface Given {
  readonly policy?: string;
  /** What the gateway is for. */
  readonly environment?: string;
  /** What the key is for. */
  readonly keyFor?: string;
  readonly key?: string;
  readonly model?: string;
}

/** Starts a gateway with one target. */
async function start(
  { policy, environment, keyFor, key = 'env:TARGET_KEY', model = '*' }: Given,
  env: Readonly<Record<string, string>> = {},
): Promise<ServeProcess> {
  const file = join(home, 'holdfast.yaml');
  const target = { provider: 'openai', baseUrl: `${provider.url}/v1`, key, environment: keyFor };
  await writeFile(
    file,
    JSON.stringify({
      environment,
      keys: policy === undefined ? undefined : { policy },
      targets: { openai: target },
      routes: [{ models: [model], ladder: ['openai'] }],
    }),
  );
  serve = await ServeProcess.start({ HOLDFAST_DATA: join(home, 'data'), ...env }, ['--config', file]);
  return serve;
}

async function ready({ port }: ServeProcess): Promise<{ readonly http: number } & Readiness> {
  const response = await fetch(`http://127.0.0.1:${port}/readyz`);
  return { http: response.status, ...((await response.json()) as Readiness) };
}

describe('at the start', () => {
  const unusable = [
    ['no key', {}, 'TARGET_KEY, which is not set'],
    ['a line break at the end', { TARGET_KEY: `${GOOD}\n` }, 'line break'],
    ['quotation marks', { TARGET_KEY: `"${GOOD}"` }, 'quotation marks'],
    ['the word undefined', { TARGET_KEY: 'undefined' }, 'a placeholder'],
  ] as const;

  it.each(unusable)('%s stops it, by default and under require', async (_, env, said) => {
    for (const policy of [undefined, 'require']) {
      const stopped = await start(policy === undefined ? {} : { policy }, env);
      expect(await stopped.exited).toBe(1);
      expect(stopped.complaints).toContain(said);
      expect(stopped.complaints).not.toContain('good-0123');
    }
  });

  it.each(unusable)('%s is told under warn, and the gateway is not ready', async (_, env, said) => {
    const started = await start({ policy: 'warn' }, env);
    await until(
      () => started.complaints.includes(said),
      () => started.complaints,
    );
    expect(started.complaints.split('\n').filter((line) => line.includes('key'))).toHaveLength(1);
    const { http, keys } = await ready(started);
    expect([http, keys['openai']?.status]).toEqual([503, 'missing']);
    expect(keys['openai']?.problems.join()).toContain(said);
  });

  const refused: readonly (readonly [string, key: string, Given, said: string])[] = [
    ["another vendor's key", 'sk-ant-api03-0123456789abcd', {}, 'looks like a key of Anthropic'],
    ['a revoked key', 'sk-proj-gone-0123456789wxyz', {}, 'is refused by its provider (status 401'],
    [
      'a development key in production',
      GOOD,
      { environment: 'production', keyFor: 'development' },
      'is a key for development, and this gateway is for production',
    ],
    ['a key without the model of its route', GOOD, { model: 'gpt-0' }, 'may not ask for gpt-0'],
  ];

  it.each(refused)('%s is told in one line, and in /readyz', async (_, key, given, said) => {
    const started = await start(given, { TARGET_KEY: key });
    await until(
      () => started.complaints.includes(said),
      () => started.complaints,
    );
    expect(started.complaints).not.toContain('0123456789');
    const { keys } = await ready(started);
    expect(keys['openai']?.problems.join()).toContain(said);
    expect(JSON.stringify(keys)).not.toMatch(/abcd|wxyz/);
  });

  it.each(refused)('%s stops it under require', async (_, key, given, said) => {
    const stopped = await start({ ...given, policy: 'require' }, { TARGET_KEY: key });
    expect(await stopped.exited).toBe(1);
    expect(stopped.complaints).toContain(said);
  });

  it('a provider that is down does not', async () => {
    provider.setFault('server-error');
    const started = await start({ policy: 'require' }, { TARGET_KEY: GOOD });
    provider.setFault(null);
    expect((await ready(started)).keys['openai']).toEqual({ status: 'unchecked', problems: [] });
  });
});

describe('a store that is away', () => {
  // Nothing listens there.
  const vault = { VAULT_ADDR: 'http://127.0.0.1:2', VAULT_TOKEN: 'hvs.test' };

  it.each([undefined, 'require'])('stops the start where the policy is %s', async (policy) => {
    const given = { key: 'vault:secret/data/openai#key', ...(policy === undefined ? {} : { policy }) };
    const stopped = await start(given, vault);
    expect(await stopped.exited).toBe(1);
    expect(stopped.complaints).toContain('targets.openai.key: cannot be read: Vault at 127.0.0.1:2 gave no answer');
  });

  it('is waited for under warn, and missed by nobody when it goes again', async () => {
    const path = join(home, 'late-key');
    const started = await start({ key: `file:${path}`, policy: 'warn' });
    expect(await ready(started)).toMatchObject({ http: 503, keys: { openai: { status: 'missing' } } });
    await writeFile(path, GOOD);
    await until(
      () => started.complaints.includes('…abcd) is in use'),
      () => started.complaints,
      30_000,
    );
    expect((await ready(started)).http).toBe(200);
    await rm(path);
    const said = (): number => started.complaints.split('\n').filter((line) => line.includes('cannot be read')).length;
    const before = said();
    await until(
      () => said() > before,
      () => started.complaints,
      30_000,
    );
    const client = new OpenAI({ baseURL: started.baseURL, apiKey: 'any', maxRetries: 0 });
    const messages = [{ role: 'user' as const, content: 'Hello' }];
    await expect(client.chat.completions.create({ model: 'gpt-4o', messages })).resolves.toHaveProperty('choices');
  }, 90_000);
});

it('a key is replaced three times under load, once by a bad one, and no call fails', async () => {
  const path = join(home, 'key');
  await writeFile(path, GOOD);
  const started = await start({ key: `file:${path}` });
  const client = new OpenAI({ baseURL: started.baseURL, apiKey: 'any', maxRetries: 0 });
  const ask = { model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] } as const;
  let failed = 0;
  let answered = 0;
  let sent = 0;
  const begunAt = performance.now();
  // Two hundred a second, whenever the timer comes to it.
  const load = setInterval(() => {
    for (; sent * 5 < performance.now() - begunAt; sent += 1) {
      void client.chat.completions.create({ ...ask, messages: [...ask.messages] }).then(
        () => (answered += 1),
        () => (failed += 1),
      );
    }
  }, 5);
  const second = 'sk-proj-second-0123456789ab';
  const third = 'sk-proj-third-0123456789abc';
  // The first rotation leaves no overlap at all: the old key dies in the moment that the new one is in its place. Both in one
  // turn of events: while a slow disk still writes, no key would be good.
  await writeFile(`${path}.new`, second);
  provider.acceptKeys([second]);
  renameSync(`${path}.new`, path);
  await until(
    () => started.complaints.includes('…89ab) is in use'),
    () => started.complaints,
    10_000,
  );
  await writeFile(path, 'sk-proj-mistyped-0123456789');
  await until(
    () => started.complaints.includes('the old one stays in use'),
    () => started.complaints,
    10_000,
  );
  provider.acceptKeys([second, third]);
  await writeFile(path, third);
  await until(
    () => started.complaints.includes('…9abc) is in use'),
    () => started.complaints,
    10_000,
  );
  provider.acceptKeys([third]);
  const before = answered;
  await until(() => answered > before + 20);
  clearInterval(load);
  expect(failed).toBe(0);
}, 40_000);
