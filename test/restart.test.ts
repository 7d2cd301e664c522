import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Limits } from '../src/engine/admission/limits.ts';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { openDatabase } from '../src/storage/database.ts';
import { createOrganisation, createTenant, createWorkload, type NewTenant } from '../src/tenants/groups.ts';
import { createKey } from '../src/tenants/keys.ts';

const ACTOR = { via: 'cli', name: 'tester', address: null } as const;

let simulator: Simulator;
let home: string;
beforeAll(async () => {
  simulator = await startSimulator({ answerTokens: 50 });
  home = await mkdtemp(join(tmpdir(), 'holdfast-restart-'));
});
afterAll(async () => {
  await simulator.close();
  await rm(home, { recursive: true });
});

let houses = 0;

interface House {
  readonly start: () => Promise<RunningGateway>;
  /** Asks once, as this user; 200, or the status of the refusal with what it says. */
  readonly ask: (gateway: RunningGateway, user?: string) => Promise<string>;
}

/** A data directory with one tenant and one key, each level of which may have limits. */
async function house(
  tenant: Partial<NewTenant>,
  { organisation, workload, key }: { organisation?: Limits; workload?: Limits; key?: Limits } = {},
): Promise<House> {
  houses += 1;
  const data = join(home, String(houses));
  const database = openDatabase({ directory: data });
  await createOrganisation(database, ACTOR, { id: 'acme', limits: organisation });
  await createTenant(database, ACTOR, { id: 'shop', organisation: 'acme', ...tenant });
  await createWorkload(database, ACTOR, { id: 'chat', tenant: 'shop', limits: workload });
  const { secret } = await createKey(database, ACTOR, { tenant: 'shop', workload: 'chat', limits: key });
  await database.close();
  const env = { OPENAI_API_KEY: 'sk-0123456789', OPENAI_BASE_URL: `${simulator.url}/v1`, HOLDFAST_DATA: data };
  return {
    start: async () => startGateway(await loadConfig({ env: { ...env, HOLDFAST_PORT: '0' }, cwd: home })),
    async ask({ baseUrl }, user = 'alice') {
      const client = new OpenAI({ baseURL: baseUrl, apiKey: secret, maxRetries: 0 });
      const asked = { model: 'gpt-4o', messages: [{ role: 'user' as const, content: 'Tell me of the sea.' }] };
      return client.chat.completions.create({ ...asked, max_tokens: 100, user }).then(
        () => '200',
        (error: { status?: number; message?: string }) => `${error.status} ${error.message}`,
      );
    },
  };
}

// Each allows one call, which takes some 60 tokens and $0.0006 but reserves nearly twice that, and no second.
test.each<[string, Parameters<typeof house>]>([
  ['a budget of a day', [{ limits: { budgetPerDay: 0.0015 } }]],
  ['a budget of a month', [{ limits: { budgetPerMonth: 0.0015 } }]],
  ['an organisation’s budget', [{}, { organisation: { budgetPerMonth: 0.0015 } }]],
  ['a workload’s budget', [{}, { workload: { budgetPerMonth: 0.0015 } }]],
  ['a key’s budget', [{}, { key: { budgetPerDay: 0.0015 } }]],
  ['requests of a day', [{ limits: { requestsPerDay: 1 } }]],
  ['tokens of a day', [{ limits: { tokensPerDay: 150 } }]],
  ['requests of a user’s day', [{ perUser: { requestsPerDay: 1 } }]],
])('%s is not given again by a restart', async (_, limits) => {
  const { start, ask } = await house(...limits);
  const first = await start();
  expect(await ask(first)).toBe('200');
  const refusal = await ask(first);
  expect(refusal).toMatch(/^429 /);
  await first.stop();
  const second = await start();
  const again = await ask(second);
  // The same words, with what is used and when it frees up, but for the time that has passed.
  const lasting = (text: string): string => text.replace(/try again in [^ ]+/, '');
  expect(lasting(again)).toBe(lasting(refusal));
  await second.stop();
});

test('what was refused counts nowhere, and another user’s use is another’s', async () => {
  const { start, ask } = await house({ limits: { requestsPerDay: 2 }, perUser: { requestsPerDay: 1 } });
  const first = await start();
  expect(await ask(first, 'alice')).toBe('200');
  for (let more = 0; more < 3; more += 1) expect(await ask(first, 'alice')).toMatch(/^429 /);
  await first.stop();
  const second = await start();
  expect(await ask(second, 'alice')).toContain('user shop/u_');
  expect(await ask(second, 'bob')).toBe('200');
  expect(await ask(second, 'carol')).toContain('tenant shop may use 2 requests a day');
  await second.stop();
});
