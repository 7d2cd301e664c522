import { globSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';

const ROOT = join(import.meta.dirname, '..', 'deploy', 'grafana');

interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string }[];
}

interface Rule {
  readonly uid: string;
  readonly title: string;
  readonly condition: string;
  readonly data: readonly { readonly refId: string; readonly model: { readonly expr?: string } }[];
  readonly noDataState: string;
  readonly annotations: Readonly<Record<string, string>>;
}

interface Query {
  readonly of: string;
  readonly expr: string;
  /** Texts that name labels of what comes out. */
  readonly shown: readonly string[];
}

const dashboards = globSync('dashboards/*.json', { cwd: ROOT }).map((file) => {
  return JSON.parse(readFileSync(join(ROOT, file), 'utf8')) as {
    readonly uid: string;
    readonly title: string;
    readonly panels: readonly Panel[];
  };
});
const rules = globSync('provisioning/alerting/*.yaml', { cwd: ROOT }).flatMap((file) => {
  const { groups } = parse(readFileSync(join(ROOT, file), 'utf8')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  return groups.flatMap((group) => group.rules);
});
const queries: readonly Query[] = [
  ...dashboards.flatMap(({ title, panels }) =>
    panels.flatMap((panel) =>
      (panel.targets ?? []).map(({ expr, legendFormat }) => {
        return {
          of: `${title}: ${panel.title}`,
          expr,
          shown: [...legendFormat.matchAll(/\{\{(\w+)\}\}/g)].map(([, name = '']) => name),
        };
      }),
    ),
  ),
  ...rules.flatMap(({ title, data, annotations }) =>
    data.flatMap(({ model: { expr } }) => {
      const text = Object.values(annotations).join(' ');
      const shown = [...text.matchAll(/\$labels\.(\w+)/g)].map(([, name = '']) => name);
      return expr === undefined ? [] : [{ of: `rule ${title}`, expr, shown }];
    }),
  ),
];

interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly operator: string; readonly value: string }[];
}

/** The series that a query of these files reads, as far as PromQL goes in them. */
function selectorsOf(expr: string): Selector[] {
  return [...expr.matchAll(/\b((?:holdfast|process)_[a-z_]+)(?:\{([^}]*)\})?/g)].map(
    ([, metric = '', matchers = '']) => ({
      metric,
      matchers: [...matchers.matchAll(/(\w+)(=~|!~|!=|=)"([^"]*)"/g)].map(
        ([, label = '', operator = '', value = '']) => {
          return { label, operator, value };
        },
      ),
    }),
  );
}

/** Labels that a query groups by. */
function groupedBy(expr: string): string[] {
  return [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap(([, names = '']) =>
    names.split(',').map((name) => name.trim()),
  );
}

type Series = { readonly name: string; readonly labels: Readonly<Record<string, string>> };

function matches({ matchers }: Selector, { labels }: Series): boolean {
  return matchers.every(({ label, operator, value }) => {
    const own = labels[label] ?? '';
    const same = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(own) : own === value;
    return operator.startsWith('!') ? !same : same;
  });
}

let one: Simulator;
let two: Simulator;
let home: string;
let gateway: RunningGateway;
let page: string;
let series: readonly Series[];

beforeAll(async () => {
  const limits = { requestsPerMinute: 1_000, tokensPerMinute: 1_000_000 };
  [one, two] = await Promise.all([
    startSimulator({ name: 'one', speed: 0, limits }),
    startSimulator({ name: 'two', speed: 0 }),
  ]);
  home = await mkdtemp(join(tmpdir(), 'holdfast-grafana-'));
  const file = join(home, 'holdfast.yaml');
  const target = (simulator: Simulator): object => {
    return { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' };
  };
  const config = {
    keys: { policy: 'off' },
    targets: { one: target(one), two: target(two) },
    routes: [{ id: 'default', models: ['*'], ladder: ['one', 'two'] }],
    tenants: { shop: { limits: { budgetPerDay: { warn: 5 } } } },
  };
  await writeFile(file, JSON.stringify(config));
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
  const authorization = `Bearer ${gateway.firstAdminToken}`;
  const made = await fetch(gateway.baseUrl.replace('/v1', '/admin/api/keys'), {
    method: 'POST',
    headers: { authorization, 'content-type': 'application/json' },
    body: JSON.stringify({ tenant: 'shop' }),
  });
  const { secret: apiKey } = (await made.json()) as { readonly secret: string };
  const client = new OpenAI({ apiKey, baseURL: gateway.baseUrl, maxRetries: 0 });
  const messages = [{ role: 'user' as const, content: 'Hello' }];
  for (const faults of [[], ['server-error'], ['server-error', 'server-error'], ['invalid-request'], []] as const) {
    one.nextFaults(faults);
    const stream = { model: 'gpt-4o', messages, stream: true as const };
    await client.chat.completions.create(stream).then(
      async (chunks) => {
        for await (const _ of chunks);
      },
      () => undefined,
    );
  }
  // A model that nobody has a price for, and calls that fail at both.
  await client.chat.completions.create({ model: 'ft:gpt-4o:house:own:1', messages }).catch(() => undefined);
  one.nextFaults(Array<'overloaded'>(8).fill('overloaded'));
  two.nextFaults(Array<'overloaded'>(8).fill('overloaded'));
  for (let call = 0; call < 2; call += 1)
    await client.chat.completions.create({ model: 'gpt-4o', messages }).catch(() => undefined);
  page = await (await fetch(gateway.baseUrl.replace('/v1', '/metrics'), { headers: { authorization } })).text();
  series = [...page.matchAll(/^([a-z_]+)(?:\{(.*)\})? \S+$/gm)].map(([, name = '', labels = '']) => ({
    name,
    labels: {
      ...Object.fromEntries(
        [...labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)].map(([, label = '', value = '']) => [label, value]),
      ),
      // What whoever scrapes adds.
      instance: 'gateway:4141',
      job: 'holdfast',
    },
  }));
}, 60_000);

afterAll(async () => {
  await gateway.stop();
  await Promise.all([one.close(), two.close()]);
  await rm(home, { recursive: true });
});

it('there are a dashboard and rules, with names that stay', () => {
  expect(dashboards.map(({ uid }) => uid)).toEqual(['holdfast-overview']);
  expect(queries.length).toBeGreaterThan(35);
  const uids = rules.map(({ uid }) => uid);
  expect(new Set(uids).size).toBe(uids.length);
  for (const { uid, condition, data, noDataState } of rules) {
    expect(uid).toMatch(/^holdfast-[a-z-]{3,31}$/);
    expect(data.map(({ refId }) => refId)).toContain(condition);
    expect(['OK', 'NoData', 'Alerting']).toContain(noDataState);
  }
  const ids = dashboards.flatMap(({ panels }) => panels.map(({ id }) => id));
  expect(new Set(ids).size).toBe(ids.length);
});

describe('every query', () => {
  it.each(queries)('of $of reads series that there are, by labels that they have: $expr', ({ expr, shown }) => {
    const selectors = selectorsOf(expr);
    expect(selectors.length).toBeGreaterThan(0);
    for (const selector of selectors) {
      const named = series.filter(({ name }) => name === selector.metric);
      const unknown = selector.matchers.filter(({ label }) => !named.some(({ labels }) => label in labels));
      expect({ ...selector, unknown }).toEqual({ ...selector, unknown: [] });
      expect({ selector, read: named.some((one_) => matches(selector, one_)) }).toEqual({ selector, read: true });
    }
    const grouped = groupedBy(expr);
    const [first] = selectors;
    const missing = grouped.filter(
      (label) => !series.some(({ name, labels }) => name === first?.metric && label in labels),
    );
    expect(missing).toEqual([]);
    // What is shown has to come out of the query.
    for (const label of shown) expect(grouped).toContain(label);
  });
});

// What `promtool check metrics` objects to, of a gateway's whole page.
it('the whole page passes the linter of the field', () => {
  const types = new Map([...page.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name = '', type = '']) => [name, type]));
  expect(types.size).toBeGreaterThan(20);
  for (const [name, type] of types) {
    expect(page, `${name} has help`).toMatch(new RegExp(`^# HELP ${name} \\S`, 'm'));
    expect(name).toMatch(/^(?:holdfast|process)(?:_[a-z]+)+$/);
    expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
    expect(name).not.toMatch(/_(?:ms|milliseconds|microseconds|minutes|percent|count|sum|bucket)$/);
  }
  const known = (name: string): boolean => types.has(name) || types.has(name.replace(/_(?:bucket|sum|count)$/, ''));
  expect(series.filter(({ name }) => !known(name))).toEqual([]);
  // Nothing that is different for every call, nor secret.
  expect(page).not.toMatch(/hf-m[0-9a-z]+-|hf_key_|sk-/);
  for (const { labels } of series) {
    expect(Object.keys(labels).some((label) => /(?:^|_)(?:id|key|user|prompt)$/.test(label))).toBe(false);
  }
});
