import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';

type Json = Record<string, unknown>;

/** Calls of the run: every number that is shown of them has to be the same wherever it is shown. */
const CALLS = 300;
const AT_ONCE = 10;
const TENANTS = ['shop', 'desk'] as const;
/** What goes wrong at the first provider, in turn, at every fifth call. */
const FAULTS = ['server-error', 'overloaded', 'rate-limit-tokens', 'invalid-request'] as const;

let one: Simulator;
let two: Simulator;
let home: string;
let gateway: RunningGateway;
const seen = { answered: 0, failed: 0, input: 0, output: 0 };

beforeAll(async () => {
  [one, two] = await Promise.all([
    startSimulator({ name: 'one', speed: 0.02 }),
    startSimulator({ name: 'two', speed: 0.02 }),
  ]);
  home = await mkdtemp(join(tmpdir(), 'holdfast-see-'));
  const file = join(home, 'holdfast.yaml');
  const target = (simulator: Simulator): Json => {
    return { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY', breaker: { enabled: false } };
  };
  await writeFile(
    file,
    JSON.stringify({
      keys: { policy: 'off' },
      targets: { one: target(one), two: target(two) },
      routes: [{ id: 'default', models: ['*'], ladder: ['one', 'two'], retry: { attempts: 2 } }],
    }),
  );
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
  const keys = await Promise.all(TENANTS.map(makeKey));
  await run(keys);
}, 180_000);

afterAll(async () => {
  await gateway.stop();
  await Promise.all([one.close(), two.close()]);
  await rm(home, { recursive: true });
});

async function admin(path: string, body?: Json): Promise<Json> {
  const response = await fetch(`${gateway.baseUrl.replace(/\/v1$/, '/admin/api')}${path}`, {
    method: body === undefined ? 'GET' : 'POST',
    headers: { authorization: `Bearer ${gateway.firstAdminToken}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  expect(response.ok, `${path} ${response.status}`).toBe(true);
  return (await response.json()) as Json;
}

async function makeKey(tenant: string): Promise<string> {
  await admin('/tenants', { id: tenant });
  return (await admin('/keys', { tenant }))['secret'] as string;
}

/** Streams and whole answers of two tenants, some of which meet faults, and some of whose callers leave. */
async function run(keys: readonly string[]): Promise<void> {
  const clients = keys.map((apiKey) => new OpenAI({ apiKey, baseURL: gateway.baseUrl, maxRetries: 0 }));
  for (let first = 0; first < CALLS; first += AT_ONCE) {
    const numbers = Array.from({ length: AT_ONCE }, (_, index) => first + index);
    await Promise.all(numbers.map((number) => call(clients[number % clients.length], number)));
  }
}

async function call(client: OpenAI | undefined, number: number): Promise<void> {
  if (number % 5 === 4) one.nextFaults([FAULTS[((number - 4) / 5) % FAULTS.length] ?? 'server-error']);
  const messages = [{ role: 'user' as const, content: `Say: ${number}` }];
  const ask = { model: number % 3 === 0 ? 'gpt-4o' : 'gpt-4o-mini', messages, max_tokens: 30 };
  const note = (usage: OpenAI.CompletionUsage | null | undefined): void => {
    seen.input += usage?.prompt_tokens ?? 0;
    seen.output += usage?.completion_tokens ?? 0;
  };
  try {
    if (client === undefined) return;
    if (number % 2 === 0) {
      note((await client.chat.completions.create(ask)).usage);
    } else {
      const streamed = { ...ask, stream: true, stream_options: { include_usage: true } } as const;
      for await (const { usage } of await client.chat.completions.create(streamed)) note(usage);
    }
    seen.answered += 1;
  } catch {
    seen.failed += 1;
  }
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

async function samples(): Promise<readonly Sample[]> {
  const page = await fetch(gateway.baseUrl.replace('/v1', '/metrics'), {
    headers: { authorization: `Bearer ${gateway.firstAdminToken}` },
  });
  return [...(await page.text()).matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => ({
    name,
    labels: Object.fromEntries([...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, key = '', text = '']) => [key, text])),
    value: Number(value),
  }));
}

interface Overview {
  readonly total: Json & {
    readonly faults: readonly { readonly kind: string; readonly calls: number; readonly attempts: number }[];
  };
  readonly series: Record<string, (number | null)[]>;
}

async function overview(query = ''): Promise<Overview> {
  return (await admin(`/overview${query}`)) as unknown as Overview;
}

describe('over a mixed run', () => {
  let metrics: readonly Sample[];
  const metric = (name: string, labels: Readonly<Record<string, string>> = {}): number =>
    metrics
      .filter((sample) => sample.name === name)
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  beforeAll(async () => {
    // A call is counted when it is over, which may be a moment after its caller has the answer; sums are carried over within a
    // second or two.
    const patience = { timeout: 60_000, interval: 200 };
    await vi.waitFor(async () => {
      metrics = await samples();
      const shown = [metric('holdfast_calls_total'), (await overview()).total['calls']];
      if (shown.some((calls) => calls !== CALLS)) throw new Error(`of ${CALLS} calls ${shown.join(' and ')} are shown`);
    }, patience);
  }, 130_000);

  it('calls and how they ended are the same in the metrics, in the overview, and to those who called', async () => {
    const { total, series } = await overview();
    expect(seen.answered + seen.failed).toBe(CALLS);
    expect(seen.failed).toBeGreaterThan(5);
    expect(metric('holdfast_calls_total')).toBe(CALLS);
    for (const outcome of ['answered', 'failed'] as const) {
      expect([outcome, total[outcome]]).toEqual([outcome, seen[outcome]]);
      expect([outcome, metric('holdfast_calls_total', { outcome })]).toEqual([outcome, seen[outcome]]);
    }
    for (const name of ['calls', 'answered', 'failed', 'attempts', 'inputTokens', 'cost']) {
      const sum = (series[name] ?? []).reduce<number>((all, value) => all + (value ?? 0), 0);
      expect([name, sum.toFixed(9)]).toEqual([name, (total[name] as number).toFixed(9)]);
    }
  });

  it('attempts are what the providers have seen', async () => {
    const { total } = await overview();
    const requests = one.stats.requests + two.stats.requests;
    expect(total['attempts']).toBe(requests);
    expect(metric('holdfast_attempts_total')).toBe(requests);
    for (const [name, reason] of [
      ['retries', 'retry'],
      ['fallbacks', 'fallback'],
    ] as const) {
      expect([name, total[name]]).toEqual([name, metric('holdfast_attempts_total', { reason })]);
    }
    expect((total['retries'] as number) + (total['fallbacks'] as number)).toBeGreaterThan(20);
    const matrix = (await admin('/matrix'))['cells'] as readonly { target: string; attempts: number; failed: number }[];
    for (const [target, { stats }] of [
      ['one', one],
      ['two', two],
    ] as const) {
      const cells = matrix.filter((cell) => cell.target === target);
      expect(cells.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(stats.requests);
      const wrong = Object.values(stats.byFault).reduce((sum, count) => sum + count, 0);
      expect(cells.reduce((sum, { failed }) => sum + failed, 0)).toBe(wrong);
    }
  });

  it('faults are what the providers have done', async () => {
    const { total } = await overview();
    const done = [one, two].flatMap(({ stats }) => Object.values(stats.byFault)).reduce((sum, count) => sum + count, 0);
    // A target that has just been limited is spared for a while, and so meets fewer than were planned for it.
    expect(done).toBeGreaterThan(CALLS / 10);
    expect(total.faults.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(done);
    for (const { kind, calls, attempts } of total.faults) {
      expect([kind, attempts]).toEqual([kind, metric('holdfast_attempts_total', { fault: kind })]);
      expect([kind, calls]).toEqual([kind, metric('holdfast_calls_total', { fault: kind })]);
    }
    const groups = (await admin('/faults'))['data'] as readonly {
      kind: string;
      attempts: number;
      tenantCount: number;
    }[];
    for (const { kind, attempts } of total.faults) {
      const grouped = groups.filter((group) => group.kind === kind);
      expect(grouped.reduce((sum, group) => sum + group.attempts, 0)).toBe(attempts);
    }
  });

  it('tokens are what the callers were told, and money is the same everywhere', async () => {
    const { total } = await overview();
    expect(total['inputTokens']).toBe(seen.input);
    expect(total['outputTokens']).toBe(seen.output);
    expect(metric('holdfast_tokens_total', { type: 'input' })).toBe(seen.input);
    expect(metric('holdfast_tokens_total', { type: 'output' })).toBe(seen.output);
    const cost = total['cost'] as number;
    expect(cost).toBeGreaterThan(0);
    expect(metric('holdfast_cost_dollars_total')).toBeCloseTo(cost, 9);
    const costs = await admin('/costs?by=tenant');
    expect((costs['total'] as Json)['cost']).toBeCloseTo(cost, 9);
    for (const tenant of TENANTS) {
      const row = (costs['data'] as readonly Json[]).find(({ id }) => id === tenant);
      expect(row?.['cost']).toBeCloseTo(metric('holdfast_cost_dollars_total', { tenant }), 9);
      expect((await overview(`?tenant=${tenant}`)).total['cost']).toBeCloseTo(row?.['cost'] as number, 9);
    }
  });

  it('every call can be found, and times are those of the metrics', async () => {
    const ids = new Set<string>();
    for (let after: string | null = null; ;) {
      const page: Json = await admin(`/calls?limit=100${after === null ? '' : `&after=${after}`}`);
      for (const { id } of page['data'] as readonly { id: string }[]) ids.add(id);
      after = page['next'] as string | null;
      if (after === null) break;
    }
    expect(ids.size).toBe(CALLS);
    expect(metric('holdfast_call_duration_seconds_count')).toBe(CALLS);
    const { total } = await overview();
    const { p50 } = total['durationMs'] as { readonly p50: number };
    const below = (seconds: number): number =>
      metrics
        .filter(
          ({ name, labels }) => name === 'holdfast_call_duration_seconds_bucket' && labels['le'] === String(seconds),
        )
        .reduce((sum, { value }) => sum + value, 0);
    const bounds = [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12];
    const upper = bounds.find((bound) => below(bound) >= CALLS / 2) ?? Number.NaN;
    expect(p50 / 1000).toBeLessThanOrEqual(upper * 1.01);
    expect(p50 / 1000).toBeGreaterThanOrEqual((upper / 2) * 0.99);
  });
});
