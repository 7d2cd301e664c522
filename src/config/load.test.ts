import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  DEFAULT_BREAKER,
  DEFAULT_BUDGET,
  DEFAULT_FALLBACK_ON,
  DEFAULT_RETRY,
  DEFAULT_TIMEOUTS,
} from '../engine/policy.ts';
import { withTarget } from './config.ts';
import type { Config } from './config.ts';
import { loadConfig } from './load.ts';
import { ConfigError } from './problem.ts';

const KEY = 'sk-proj-0123456789abcdefghij';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'holdfast-load-'));
});
afterAll(() => rm(cwd, { recursive: true }));

async function load(yaml: string, env: Record<string, string> = {}): Promise<Config> {
  await writeFile(join(cwd, 'c.yaml'), yaml);
  return loadConfig({ file: 'c.yaml', env, cwd });
}

function revealed({ targets }: Config): (string | null)[] {
  return targets.map(({ key }) => (key.kind === 'held' ? key.reveal() : key.kind));
}

describe('the environment alone', () => {
  it('with a key is one target and one route for everything', async () => {
    const config = await loadConfig({ env: { OPENAI_API_KEY: KEY }, cwd });
    expect(config).toMatchObject({
      server: { host: '127.0.0.1', port: 4141, open: false },
      data: join(cwd, 'data'),
      records: { retention: { ageMs: 2_592_000_000, sizeBytes: 1_073_741_824 } },
      targets: [{ id: 'openai', provider: 'openai', baseUrl: 'https://api.openai.com/v1' }],
      needsSimulator: false,
      warnings: [],
    });
    expect(revealed(config)).toEqual([KEY]);
    expect(config.targets[0]?.budget).toEqual(DEFAULT_BUDGET);
    expect(config.targets[0]?.breaker).toEqual(DEFAULT_BREAKER);
    expect(config.routes).toEqual([
      {
        id: 'default',
        models: ['*'],
        ladder: [{ targets: [{ target: 'openai', weight: 1, model: null }] }],
        timeouts: DEFAULT_TIMEOUTS.stream,
        wholeTimeouts: DEFAULT_TIMEOUTS.whole,
        retry: DEFAULT_RETRY,
        fallbackOn: DEFAULT_FALLBACK_ON,
        validate: 'sample',
        hedge: null,
        cache: null,
        continues: false,
        stick: 'call',
        fit: null,
      },
    ]);
  });

  it('without a key asks for the simulator, whose target then gets the route', async () => {
    const config = await loadConfig({ env: { OPENAI_API_KEY: '' }, cwd });
    expect(config).toMatchObject({ targets: [], routes: [], needsSimulator: true });

    const simulated = withTarget(config, {
      id: 'simulator',
      provider: 'openai-compatible',
      baseUrl: 'http://127.0.0.1:4142/v1',
    });
    expect(simulated).toMatchObject({
      targets: [{ id: 'simulator', key: { kind: 'none' }, budget: DEFAULT_BUDGET, deployment: null }],
      routes: [{ id: 'default', models: ['*'], ladder: [{ targets: [{ target: 'simulator' }] }] }],
      needsSimulator: false,
    });
    expect(config.targets).toEqual([]);
    expect(() => withTarget(simulated, { id: 'simulator', provider: 'openai', baseUrl: 'x' })).toThrow('already');
  });

  it('may name another upstream', async () => {
    const env = { OPENAI_API_KEY: KEY, OPENAI_BASE_URL: 'https://eu.example.com/' };
    expect((await loadConfig({ env, cwd })).targets[0]?.baseUrl).toBe('https://eu.example.com/v1');
  });

  it('with an upstream but no key lets the callers bring theirs', async () => {
    const config = await loadConfig({ env: { OPENAI_BASE_URL: 'http://127.0.0.1:8000/v1/' }, cwd });
    expect(config).toMatchObject({ needsSimulator: false, targets: [{ baseUrl: 'http://127.0.0.1:8000/v1' }] });
    expect(revealed(config)).toEqual(['caller']);
  });

  it('says where to listen and keep records, before a file', async () => {
    const env = { HOLDFAST_HOST: '::1', HOLDFAST_PORT: '0', HOLDFAST_DATA: 'elsewhere' };
    const config = await load('server: { host: 10.0.0.1, port: 80 }\ndata: here', env);
    expect(config).toMatchObject({ server: { host: '::1', port: 0 }, data: join(cwd, 'elsewhere') });
    expect((await load('server: { port: 80 }\ndata: here')).data).toBe(join(cwd, 'here'));
  });

  it.each([
    ['HOLDFAST_PORT', 'abc', '"abc" is not a port'],
    ['HOLDFAST_PORT', '70000', '"70000" is not a port'],
    ['HOLDFAST_PORT', '-1', 'is not a port'],
    ['HOLDFAST_PORT', '80.5', 'is not a port'],
    ['HOLDFAST_PORT', ' 80', 'is not a port'],
    ['HOLDFAST_HOST', 'http://localhost', 'is not a host name'],
    ['OPENAI_BASE_URL', 'api.openai.com', 'is not a URL'],
    ['OPENAI_BASE_URL', 'https://u:hunter2@x/v1', 'carries credentials'],
    ['OPENAI_BASE_URL', 'http://10.0.0.1/v1', 'unencrypted'],
    ['OPENAI_BASE_URL', 'http://169.254.169.254/', 'metadata'],
    ['OPENAI_BASE_URL', 'http://localhost:4141/v1', 'points back at this gateway'],
    ['OPENAI_API_KEY', `${KEY} `, 'ends with white space'],
    ['OPENAI_API_KEY', ' ', 'white space'],
    ['OPENAI_API_KEY', `"${KEY}"`, 'quotation marks'],
    ['OPENAI_API_KEY', 'undefined', 'is a placeholder'],
    ['OPENAI_API_KEY', 'sk-...', 'is a placeholder'],
    ['OPENAI_API_KEY', `${KEY}\u200B`, 'characters'],
  ])('%s=%j is refused', async (name, value, reason) => {
    const failure = await loadConfig({ env: { [name]: value }, cwd }).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ConfigError);
    const { message, problems } = failure as ConfigError;
    expect(problems).toHaveLength(1);
    expect(message).toContain(`environment ${name}: `);
    expect(message).toContain(reason);
    expect(message).not.toMatch(/sk-|hunter2/);
  });
});

describe('a file', () => {
  it('says everything that can be said', async () => {
    const config = await load(
      `
server: { host: 127.0.0.1, port: 5000, open: true, trustedProxies: [10.0.0.0/8, "::1"], limits: { bodyBytes: 1MB, heldBytes: 8MB, headerBytes: 8KiB, slowRequest: 1s, slowReader: 2s, drain: 3s } }
records: { retention: { age: 1d, size: 10MiB } }
targets:
  openai: { provider: openai, key: env:K, organization: org, project: proj }
  azure-eu: { provider: azure, baseUrl: "https://x.openai.azure.com/openai/v1/", deployment: d, apiVersion: 2024-10-21, key: env:A }
  local:
    provider: openai-compatible
    baseUrl: http://10.0.0.1:8000/v1/
    allowInsecure: true
    key: caller
    headers: { X-Team: search }
    budget: { capacity: 3 }
    breaker: { enabled: false, window: 1m }
routes:
  - id: main
    models: ["gpt-*"]
    ladder:
      - [openai, { target: azure-eu, weight: 2 }]
      - { target: local, model: llama }
    timeouts: { connect: 1s, headers: 2s, firstContent: 3s, idle: 4s, total: 50s }
    retry: { attempts: 2, base: 100ms, factor: 3, cap: 1s, jitter: equal, maxWait: 2s, maxAttempts: 4 }
    fallbackOn: [overloaded, timeout]
    validate: strict
    fit: { strategies: [larger-window, summarise, trim], ceiling: 100000, summariser: { model: llama, target: local } }
  - models: ["*"]
    ladder: [openai]
    wholeTimeouts: { headers: 30s, total: 1m }
    fallbackOn: { add: [not-found], remove: [network] }
defaults:
  retry: { attempts: 5 }
  breaker: { failureRate: 0.9 }
  timeouts: { idle: 7s }
  fallbackOn: [network, timeout]
  validate: repair
  fit: { reserve: 2000, summariser: gpt-4.1-mini }
`,
      { K: KEY, A: 'azure-key' },
    );
    expect(config.server).toEqual({
      host: '127.0.0.1',
      port: 5000,
      open: true,
      trustedProxies: ['10.0.0.0/8', '::1'],
      limits: {
        bodyBytes: 1_000_000,
        heldBytes: 8_000_000,
        headerBytes: 8_192,
        slowRequestMs: 1_000,
        slowReaderMs: 2_000,
        drainMs: 3_000,
      },
    });
    expect(config.records.retention).toEqual({ ageMs: 86_400_000, sizeBytes: 10_485_760 });
    expect(revealed(config)).toEqual([KEY, 'azure-key', 'caller']);
    expect(config.targets).toMatchObject([
      { id: 'openai', organization: 'org', project: 'proj', deployment: null, breaker: { failureRate: 0.9 } },
      { id: 'azure-eu', baseUrl: 'https://x.openai.azure.com', deployment: 'd', apiVersion: '2024-10-21' },
      {
        id: 'local',
        baseUrl: 'http://10.0.0.1:8000/v1',
        headers: { 'x-team': 'search' },
        budget: { capacity: 3, costPerRetry: 1 },
        breaker: { enabled: false, windowMs: 60_000, failureRate: 0.9 },
      },
    ]);
    expect(config.routes[0]).toEqual({
      id: 'main',
      models: ['gpt-*'],
      ladder: [
        {
          targets: [
            { target: 'openai', weight: 1, model: null },
            { target: 'azure-eu', weight: 2, model: null },
          ],
        },
        { targets: [{ target: 'local', weight: 1, model: 'llama' }] },
      ],
      timeouts: { connectMs: 1_000, headersMs: 2_000, firstContentMs: 3_000, idleMs: 4_000, totalMs: 50_000 },
      wholeTimeouts: { connectMs: 1_000, headersMs: null, firstContentMs: 50_000, idleMs: 4_000, totalMs: 50_000 },
      retry: {
        attempts: 2,
        baseMs: 100,
        factor: 3,
        capMs: 1_000,
        jitter: 'equal',
        maxWaitMs: 2_000,
        maxAttempts: 4,
      },
      degraded: [],
      fallbackOn: new Set(['overloaded', 'timeout']),
      validate: 'strict',
      hedge: null,
      cache: null,
      continues: false,
      stick: 'call',
      fit: {
        strategies: ['larger-window', 'summarise', 'trim'],
        ceilingTokens: 100_000,
        reserveTokens: 2_000,
        summariser: { model: 'llama', target: 'local' },
      },
    });
    expect(config.routes[1]).toMatchObject({
      fit: {
        strategies: ['larger-window', 'trim'],
        ceilingTokens: null,
        reserveTokens: 2_000,
        summariser: { model: 'gpt-4.1-mini', target: null },
      },
      id: 'default',
      timeouts: { idleMs: 7_000, totalMs: 600_000 },
      wholeTimeouts: { headersMs: 30_000, firstContentMs: 60_000, idleMs: 7_000, totalMs: 60_000 },
      retry: { attempts: 5, baseMs: 500 },
      fallbackOn: new Set(['timeout', 'not-found']),
      validate: 'repair',
    });
  });

  it('without routes tries every target in order', async () => {
    const config = await load('targets: { b: { provider: openai, key: none }, a: { provider: openai, key: caller } }');
    expect(config.routes).toMatchObject([
      { id: 'default', models: ['*'], ladder: [{ targets: [{ target: 'b' }] }, { targets: [{ target: 'a' }] }] },
    ]);
  });

  it('without targets takes that of the environment, and its routes may name it', async () => {
    const yaml = 'routes: [{ models: ["gpt-*"], ladder: [openai] }]';
    expect(await load(yaml, { OPENAI_API_KEY: KEY })).toMatchObject({
      targets: [{ id: 'openai' }],
      routes: [{ id: 'gpt-*' }],
    });
    await expect(load(yaml)).rejects.toThrow('names a target, but there are none');
  });

  it('may be empty, or JSON', async () => {
    expect((await load('')).needsSimulator).toBe(true);
    expect((await load('{"server": {"port": 80}}')).server.port).toBe(80);
  });

  it('may use anchors, aliases and merged mappings', async () => {
    const config = await load('targets:\n  a: &a { provider: openai, key: none }\n  b: { <<: *a, key: caller }');
    expect(revealed(config)).toEqual(['none', 'caller']);
  });

  it('can be checked without its secrets', async () => {
    await writeFile(join(cwd, 'c.yaml'), 'targets: { a: { provider: openai, key: env:NOPE } }');
    const config = await loadConfig({ file: 'c.yaml', env: {}, cwd, secrets: 'skip' });
    expect(config.targets[0]?.key).toMatchObject({ kind: 'held', reference: 'env:NOPE' });
    await expect(loadConfig({ file: 'c.yaml', env: {}, cwd })).rejects.toThrow('NOPE, which is not set');
  });

  it.each([
    ['https://x.openai.azure.com', 'https://x.openai.azure.com/openai/v1'],
    ['https://x.openai.azure.com/openai/', 'https://x.openai.azure.com/openai/v1'],
    ['https://x.openai.azure.com/openai/v1', 'https://x.openai.azure.com/openai/v1'],
    ['https://gate.example.com/team/', 'https://gate.example.com/team/openai/v1'],
  ])('without an API version takes %s for the v1 API', async (baseUrl, expected) => {
    const config = await load(`targets: { a: { provider: azure, key: none, baseUrl: ${baseUrl} } }`);
    expect(config.targets[0]).toMatchObject({ baseUrl: expected, deployment: null, apiVersion: null });
  });

  it('warns when the environment names an upstream that is not used', async () => {
    const yaml = 'targets: { a: { provider: openai, key: none } }';
    expect((await load(yaml, { OPENAI_BASE_URL: 'nonsense' })).warnings).toEqual([
      'OPENAI_BASE_URL is set but not used: the configuration file names its own targets',
    ]);
    expect((await load(yaml, { OPENAI_BASE_URL: '' })).warnings).toEqual([]);
  });
});

describe('a configuration', () => {
  it('is frozen all the way down', async () => {
    const config = await load('targets: { a: { provider: openai, key: none, headers: { x: y } } }', {
      OPENAI_BASE_URL: 'https://ignored',
    });
    for (const shown of [config, withTarget(config, { id: 'b', provider: 'openai', baseUrl: 'https://x/v1' })]) {
      expect(unfrozen(shown, 'config')).toEqual([]);
    }
    const fallbackOn = config.routes[0]?.fallbackOn as Set<string>;
    expect(() => fallbackOn.add('region')).toThrow('frozen');
    expect(() => fallbackOn.clear()).toThrow('frozen');
    expect(fallbackOn.has('timeout')).toBe(true);
  });
});

function unfrozen(value: unknown, path: string): string[] {
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.entries(value).flatMap(([key, child]) => unfrozen(child, `${path}.${key}`));
  return Object.isFrozen(value) ? inner : [path, ...inner];
}
