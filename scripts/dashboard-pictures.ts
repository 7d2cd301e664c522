import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import type { Page } from 'playwright-core';
import { loadConfig, startGateway } from '../src/gateway/index.ts';
import { RecordStore } from '../src/observe/store.ts';
import { startSimulator } from '../src/simulator/index.ts';
import { startChromium } from '../test/chromium.ts';
import { anHour } from './dashboard-history.ts';

// Takes the pictures of the dashboard that the documentation shows: node scripts/dashboard-pictures.ts [directory]

const into = process.argv[2] ?? join(import.meta.dirname, '..', 'docs', 'images');

const home = await mkdtemp(join(tmpdir(), 'holdfast-pictures-'));
const data = join(home, 'data');
const openai = await startSimulator({ name: 'openai', speed: 0.1 });
const azure = await startSimulator({ name: 'azure', speed: 0.1 });
const file = join(home, 'holdfast.yaml');
const target = (url: string): object => ({
  provider: 'openai',
  baseUrl: `${url}/v1`,
  key: 'env:TARGET_KEY',
});
await writeFile(
  file,
  JSON.stringify({
    keys: { policy: 'off' },
    targets: { openai: target(openai.url), 'azure-eu': target(azure.url), local: target(azure.url) },
    routes: [{ id: 'all', models: ['*'], ladder: ['openai', 'azure-eu'] }],
    tenants: {
      shop: { limits: { requestsPerMinute: 600, budgetPerMonth: 40 } },
      search: { limits: { tokensPerMinute: 200_000 } },
      support: {},
    },
  }),
);
const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: data };
const config = await loadConfig({ file, env, cwd: home });
let gateway = await startGateway(config);
const token = gateway.firstAdminToken ?? '';
await gateway.stop();

const store = new RecordStore({ directory: data });
for (const call of anHour(Date.now() - 20_000)) store.append(call);
await store.close();
gateway = await startGateway(config);
const root = gateway.baseUrl.replace(/\/v1$/, '');

// A few real calls, so that the breaker stands as it would.
const admin = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
const made = await fetch(`${root}/admin/api/keys`, {
  method: 'POST',
  headers: admin,
  body: '{"tenant":"shop","name":"web"}',
});
const { secret } = (await made.json()) as { readonly secret: string };
openai.nextFaults(Array.from({ length: 40 }, () => 'overloaded'));
const client = new OpenAI({ baseURL: gateway.baseUrl, apiKey: secret, maxRetries: 0 });
for (let call = 0; call < 12; call += 1) {
  await client.chat.completions.create({ model: 'gpt-4o', messages: [{ role: 'user', content: 'Hello' }] });
}

const browser = await startChromium();
for (const colorScheme of ['light', 'dark'] as const) {
  const context = await browser.newContext({
    colorScheme,
    viewport: { width: 1280, height: 960 },
    reducedMotion: 'reduce',
  });
  const page = await context.newPage();
  await page.goto(root);
  await page.getByLabel('Admin token').fill(token);
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('diverted').waitFor();
  await take(page, `dashboard-overview-${colorScheme}.png`);
  if (colorScheme === 'dark') continue;
  await page.goto(`${root}/calls`);
  await page.getByRole('link', { name: /^hf-/ }).first().waitFor();
  await take(page, 'dashboard-calls.png', 700);
  await page.goto(`${root}/calls?fault=overloaded&outcome=answered&tail=off`);
  await page
    .getByRole('link', { name: /^hf-mwr71/ })
    .first()
    .click();
  await page.getByText('commit point').waitFor();
  await take(page, 'dashboard-call.png', 820);
  await page.goto(`${root}/faults`);
  await page.getByText('What to do').first().waitFor();
  await take(page, 'dashboard-faults.png', 700);
}
await browser.close();
await gateway.stop();
await Promise.all([openai.close(), azure.close()]);
await rm(home, { recursive: true });

async function take(page: Page, name: string, height = 960): Promise<void> {
  await page.setViewportSize({ width: 1280, height });
  await page.waitForTimeout(1_200);
  await page.screenshot({ path: join(into, name) });
}
