import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Config } from './config.ts';
import { loadConfig } from './load.ts';
import { ConfigError } from './problem.ts';

let cwd = '';
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'holdfast-tenancy-'));
});
afterAll(() => rm(cwd, { recursive: true }));

async function load(yaml: string): Promise<Config> {
  await writeFile(join(cwd, 'c.yaml'), yaml);
  return loadConfig({ file: 'c.yaml', env: { OPENAI_API_KEY: 'key' }, cwd });
}

async function problems(yaml: string): Promise<string[]> {
  const failure = await load(yaml).catch((error: unknown) => error);
  if (!(failure instanceof ConfigError)) return [];
  return failure.problems.map(({ field, wrong, fix }) => `${field}: ${wrong} / ${fix}`);
}

describe('tenants in a file', () => {
  it('are read with everything filled in', async () => {
    const { tenancy } = await load(`
organisations:
  acme: { name: Acme Inc., limits: { budgetPerMonth: { warn: 400, refuse: 500 } } }
tenants:
  shop:
    organisation: acme
    limits: { requestsPerMinute: 600, budgetPerDay: 12.5 }
    perUser: { tokensPerDay: 100000 }
    weight: 2
    workloads:
      nightly: { lane: background, limits: { concurrentCalls: 5 } }
  lab: {}
`);
    expect(tenancy).toEqual({
      organisations: [{ id: 'acme', name: 'Acme Inc.', limits: { budgetPerMonth: { warn: 400, refuse: 500 } } }],
      tenants: [
        {
          id: 'shop',
          name: 'shop',
          organisation: 'acme',
          limits: { requestsPerMinute: 600, budgetPerDay: 12.5 },
          perUser: { tokensPerDay: 100_000 },
          weight: 2,
          lane: null,
          workloads: [
            { id: 'nightly', name: 'nightly', limits: { concurrentCalls: 5 }, weight: null, lane: 'background' },
          ],
        },
        {
          id: 'lab',
          name: 'lab',
          organisation: null,
          limits: {},
          perUser: {},
          weight: null,
          lane: null,
          workloads: [],
        },
      ],
    });
  });

  it.each([
    ['{ requestsPerMinute: -5 }', 'requestsPerMinute: -5 cannot be used / It must be at least 0, which allows none'],
    ['{ requestsPerMinute: 1.5 }', 'requestsPerMinute: 1.5 cannot be used / It must be a whole number from 0'],
    ['{ requestsPerMinute: 1e12 }', 'requestsPerMinute: 1000000000000 cannot be used / It must be at most 10000000'],
    ['{ tokensPerMinute: "many" }', 'tokensPerMinute: "many" cannot be used / It must be a whole number'],
    ['{ tokensPerDay: .inf }', 'tokensPerDay: Infinity cannot be used / It must be a whole number'],
    ['{ tokensPerDay: .nan }', 'tokensPerDay: NaN cannot be used / It must be a whole number'],
    ['{ concurrentCalls: -1 }', 'concurrentCalls: -1 cannot be used / It must be at least 0'],
    ['{ promptTokens: 0 }', 'promptTokens: 0 cannot be used / It must be at least 1, or no call could be made'],
    ['{ outputTokens: 0 }', 'outputTokens: 0 cannot be used / It must be at least 1, or no call could be made'],
    ['{ budgetPerDay: -1 }', 'budgetPerDay: -1 cannot be used / It must be at least 0'],
    ['{ budgetPerDay: 1e10 }', 'budgetPerDay: 10000000000 cannot be used / It must be at most 1000000000'],
    ['{ budgetPerDay: { warn: 0 } }', 'budgetPerDay.warn: 0 cannot be used / It must be at least 0.000001'],
    ['{ budgetPerDay: { warn: 9, refuse: 5 } }', 'budgetPerDay.warn: is above refuse'],
    ['{ budgetPerDay: {} }', 'budgetPerDay: says nothing / Write warn, refuse or both.'],
    ['{ budgetPerDay: lots }', 'budgetPerDay: "lots" cannot be used / It must be an amount of US dollars'],
    ['{ requestPerMinute: 5 }', 'requestPerMinute: is not a known field / Did you mean "requestsPerMinute"?'],
  ])('refuse the limits %s', async (limits, said) => {
    for (const path of ['tenants.shop.limits', 'tenants.shop.perUser', 'organisations.shop.limits']) {
      const [group = '', , field = ''] = path.split('.');
      const [problem = '', ...more] = await problems(`${group}: { shop: { ${field}: ${limits} } }`);
      expect(more).toEqual([]);
      expect(problem).toContain(`${path}.${said}`);
    }
  });

  it.each([
    ['tenants: { shop: { weight: 0 } }', 'tenants.shop.weight: 0 cannot be used'],
    [
      'tenants: { shop: { weight: 1e-320 } }',
      'tenants.shop.weight: 1e-320 cannot be used / It must be at least 0.001.',
    ],
    ['tenants: { __proto__: {} }', 'tenants.__proto__: is a name that cannot be used / Choose another name.'],
    ['tenants: { shop: { workloads: { __proto__: {} } } }', 'tenants.shop.workloads.__proto__: is a name that cannot'],
    ['tenants: { shop: { limits: { __proto__: {} } } }', 'tenants.shop.limits.__proto__: is not a known field'],
    ['tenants: { shop: { lane: fast } }', 'tenants.shop.lane: "fast" is not known here'],
    ['tenants: { "a/b": {} }', 'the id must be at most 64 letters'],
    ['tenants: { shop: { organisation: acme } }', 'tenants.shop.organisation: is not the id of an organisation'],
    ['organisations: { acme: {} }\ntenants: { shop: { organisation: acne } }', 'Did you mean "acme"?'],
    ['tenants: { shop: { key: hf_0123456789abcdef0123456789 } }', 'tenants.shop.key: is not a known field'],
    ['server: { trustedProxies: [office] }', 'server.trustedProxies[0]: "office" cannot be used'],
    ['server: { trustedProxies: [10.0.0.0/33] }', 'must be an address or a range'],
  ])('refuse %s', async (yaml, said) => {
    expect((await problems(yaml)).join('\n')).toContain(said);
  });

  it('are warned of where 0 closes somebody', async () => {
    const { warnings } = await load(
      'tenants: { shop: { limits: { requestsPerDay: 0 }, perUser: { budgetPerDay: 0 } } }',
    );
    expect(warnings).toEqual([
      'tenants.shop.limits.requestsPerDay is 0, which allows none; leave it out where nothing is limited',
      'tenants.shop.perUser.budgetPerDay is 0, which allows none; leave it out where nothing is limited',
    ]);
  });
});
