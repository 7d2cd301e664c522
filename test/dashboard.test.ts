import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { OpenAI } from 'openai';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfig, type RunningGateway, startGateway } from '../src/gateway/index.ts';
import { type Simulator, startSimulator } from '../src/simulator/index.ts';
import { startChromium } from './chromium.ts';
import { openPage, type WatchedPage } from './watched-page.ts';

/** A name that would run if it were ever taken for markup. */
const HOSTILE = `<img src=x onerror="globalThis.broken=1">`;

const ROOT = join(import.meta.dirname, '..');

// Each of these tests is many steps of a real browser, which a busy machine takes its time over.
vi.setConfig({ testTimeout: 120_000 });

/** What the pages show in time, however long it takes here. */
const IN_TIME = { timeout: 30_000 };

let simulator: Simulator;
let home: string;
let gateway: RunningGateway;
let root: string;
let browser: Browser;
let watched: WatchedPage;
let page: Page;

beforeAll(async () => {
  execFileSync('sh', ['-c', '. scripts/ready.sh; holdfast_web .'], { cwd: ROOT, stdio: 'inherit' });
  home = await mkdtemp(join(tmpdir(), 'holdfast-dashboard-'));
  simulator = await startSimulator({ name: 'one', answerTokens: 12 });
  const file = join(home, 'holdfast.yaml');
  const targets = { main: { provider: 'openai', baseUrl: `${simulator.url}/v1`, key: 'env:TARGET_KEY' } };
  await writeFile(file, JSON.stringify({ keys: { policy: 'off' }, targets }));
  const env = { TARGET_KEY: 'sk-target-0123456789', HOLDFAST_PORT: '0', HOLDFAST_DATA: join(home, 'data') };
  gateway = await startGateway(await loadConfig({ file, env, cwd: home }));
  root = gateway.baseUrl.replace(/\/v1$/, '');
  browser = await startChromium();
  watched = await openPage(browser);
  page = watched.page;
}, 700_000);
afterAll(async () => {
  await browser.close();
  await gateway.stop();
  await simulator.close();
  await rm(home, { recursive: true });
}, 60_000);

function client(key = 'none'): OpenAI {
  return new OpenAI({ baseURL: gateway.baseUrl, apiKey: key, maxRetries: 0 });
}

const HELLO = { messages: [{ role: 'user' as const, content: 'Say: hi' }] };

/** How often such a call fails, whoever refuses it. */
async function fail(times: number, model: string): Promise<void> {
  const calls = Array.from({ length: times }, () => client().chat.completions.create({ model, ...HELLO }));
  const outcomes = await Promise.allSettled(calls);
  expect(outcomes.filter(({ status }) => status === 'rejected')).toHaveLength(times);
}

async function signIn(at: Page, token: string): Promise<void> {
  await at.getByLabel('Admin token').fill(token);
  await at.getByRole('button', { name: 'Sign in' }).click();
  await at.getByRole('heading', { level: 1, name: 'Overview' }).waitFor();
}

/** A figure of the overview, by its name. */
function figure(name: string): Promise<string> {
  return page.locator('.sums > div', { hasText: name }).locator('dd').first().innerText();
}

test('the first start asks for the token, and says when it is wrong', async () => {
  await page.goto(`${root}/`);
  await page.getByLabel('Admin token').fill('hf_admin_wrong');
  await page.getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('alert').getByText('does not hold').waitFor();
  expect(await watched.barriers()).toEqual([]);
  await signIn(page, gateway.firstAdminToken ?? '');
  const [cookie] = await watched.context.cookies();
  expect(cookie).toMatchObject({ httpOnly: true, sameSite: 'Strict', path: '/' });
  expect(await page.evaluate('document.cookie')).toBe('');
  expect(await page.evaluate('JSON.stringify(localStorage)')).toBe('{}');
});

test('with nothing to show it shows what to type next', async () => {
  const verdict = page.getByRole('region', { name: 'Verdict' });
  await verdict.getByText('No calls in the last hour. Send one:').waitFor();
  await verdict.getByText(`curl ${root}/v1/chat/completions`).waitFor();
  await page.locator('.hatched', { hasText: 'no attempts' }).waitFor();
  expect(await figure('Calls')).toBe('0');
  // What is unknown is neither good nor bad.
  expect(await figure('Answered')).toBe('–');
  await page.goto(`${root}/calls`);
  await page.getByText('No calls in this time. Send one:').waitFor();
});

test('the overview moves within two seconds of the first call', async () => {
  await page.goto(`${root}/`);
  await page.getByText('live', { exact: true }).waitFor();
  // Two seconds are the promise. A machine that is busy with something else may take longer once, and not each time.
  let tookMs = Number.POSITIVE_INFINITY;
  for (let calls = 1; calls <= 8 && tookMs >= 2_000; calls += 1) {
    await client().chat.completions.create({ model: 'gpt-4o', ...HELLO });
    const answeredAt = performance.now();
    await expect.poll(() => figure('Calls'), { ...IN_TIME, interval: 20 }).toBe(String(calls));
    tookMs = performance.now() - answeredAt;
  }
  expect(tookMs).toBeLessThan(2_000);
  await page.getByText(/All well: \d+ calls? in the last hour, 100 % answered/).waitFor();
  await page.getByRole('link', { name: 'gpt-4o', exact: true }).waitFor();
});

test('the figures are held to a target, and the address says so', async () => {
  const calls = await figure('Calls');
  await page.getByRole('link', { name: 'main', exact: true }).click();
  await page.waitForURL('**/?target=main');
  await expect.poll(() => figure('Calls'), IN_TIME).toBe(calls);
  await page.goto(`${root}/?target=nowhere`);
  await expect.poll(() => figure('Calls'), IN_TIME).toBe('0');
  await page.getByRole('button', { name: 'No longer only target nowhere' }).click();
  await expect.poll(() => figure('Calls'), IN_TIME).toBe(calls);
});

test('a storm of faults is visible, grouped and explained', async () => {
  await fail(8, 'gpt-4o@server-error');
  await page
    .getByRole('region', { name: 'Verdict' })
    .getByText(/main (?:degraded|out) .*callers: \d+ % of calls fail/)
    .waitFor();
  expect(await page.locator('.verdict').getAttribute('data-tone')).toBe('harm');
  await page.keyboard.press('g');
  await page.keyboard.press('f');
  await page.waitForURL('**/faults');
  const group = page.getByRole('region', { name: 'server-error', exact: true });
  await group.getByText('provider at fault').waitFor();
  await group.getByText('The provider failed internally.').waitFor();
  await group.getByText("open a ticket with the provider's request id").waitFor();
  await group.getByText(/^\d+ calls$/).waitFor();
  await group.getByRole('link', { name: 'their calls' }).click();
  await page.waitForURL(/\/calls\?.*fault=server-error/);
  await expect.poll(() => page.locator('tbody tr').count(), IN_TIME).toBeGreaterThan(2);
});

test("a call is found by its provider's id, and told attempt by attempt", async () => {
  const ask = { model: 'gpt-4o-mini', stream: true, ...HELLO } as const;
  // The storm may have opened the breaker, for a few seconds yet.
  const { response } = await vi.waitFor(() => client().chat.completions.create(ask).withResponse(), {
    timeout: 60_000,
    interval: 250,
  });
  await response.text();
  const upstreamId = response.headers.get('x-upstream-request-id') ?? '';
  const id = response.headers.get('x-request-id') ?? '';
  await page.goto(`${root}/calls`);
  await page.getByRole('link', { name: id }).waitFor();
  await page.keyboard.press('/');
  await page.keyboard.type(upstreamId);
  await page.waitForURL(`**/calls?id=${upstreamId}`);
  await expect.poll(() => page.locator('tbody tr').count(), IN_TIME).toBe(1);
  await page.keyboard.press('Escape');
  await page.keyboard.press('j');
  await page.keyboard.press('Enter');
  await page.waitForURL(`**/calls/${id}*`);
  await page.getByText('first attempt').waitFor();
  await page.getByText(`provider's id ${upstreamId}`).waitFor();
  await page.getByText('commit point').waitFor();
  await page.getByRole('button', { name: 'Copy as curl' }).click();
  await page.getByText('Copied').waitFor();
  expect(await page.evaluate('navigator.clipboard.readText()')).toContain('"model":"gpt-4o-mini"');
});

test('what is not written yet is found once it is', async () => {
  await page.goto(`${root}/calls?id=mine-0123`);
  await page.getByText('No call matches').waitFor();
  const headers = { 'x-request-id': 'mine-0123' };
  const { response } = await client()
    .chat.completions.create({ model: 'gpt-4o', ...HELLO }, { headers })
    .withResponse();
  const id = response.headers.get('x-request-id') ?? '';
  // As when a link from the tail is faster than the record.
  const early = { status: 404, contentType: 'application/problem+json', body: '{"code":"unknown","detail":"not yet"}' };
  await page.route(`**/admin/api/calls/${id}`, (route) => route.fulfill(early), { times: 1 });
  await page.getByRole('link', { name: id }).click();
  await page.getByText('Not found: not yet').waitFor();
  await page.getByText('first attempt').waitFor();
  expect(await page.getByRole('alert').count()).toBe(0);
});

test('new calls come into the list by themselves', async () => {
  await page.goto(`${root}/calls`);
  await page.getByRole('link', { name: /^hf-/ }).first().waitFor();
  const before = await page.locator('tbody tr').count();
  await client().chat.completions.create({ model: 'gpt-4o', ...HELLO });
  await expect.poll(() => page.locator('tbody tr').count(), IN_TIME).toBe(before + 1);
});

test('the playground streams an answer while the gateway is open', async () => {
  await page.goto(`${root}/playground`);
  await page.getByLabel('Prompt').fill('Say: kelp holds fast');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('kelp holds fast', { exact: true }).last().waitFor();
  await page
    .getByRole('status')
    .getByText(/status 200, first content after .*, done after/)
    .waitFor();
  await page.getByRole('button', { name: 'Write the body as JSON' }).click();
  await page
    .getByLabel('Body, as JSON')
    .fill('{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"Say: by hand"}]}');
  await page.getByRole('button', { name: 'Send' }).click();
  await page.getByText('by hand', { exact: true }).waitFor();
  await page.getByRole('button', { name: 'Back to the fields' }).click();
  await page.getByLabel('Model').fill('gpt-4o@invalid-request');
  await page.getByRole('button', { name: 'Send' }).click();
  expect(await page.getByRole('alert').innerText()).toContain('Remedy:');
});

test('a target is taken out by hand, and let back in', async () => {
  await page.goto(`${root}/providers`);
  await page.getByRole('button', { name: 'Take out' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Take out' }).click();
  await page.getByText('taken out by hand').waitFor();
  await expect(client().chat.completions.create({ model: 'gpt-4o', ...HELLO })).rejects.toMatchObject({ status: 503 });
  await page.getByRole('button', { name: 'Let back in' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Let back in' }).click();
  await page.getByRole('button', { name: 'Take out' }).waitFor();
  await client().chat.completions.create({ model: 'gpt-4o', ...HELLO });
  await page.goto(`${root}/`);
  const timeline = page.getByRole('region', { name: 'Changes and events' });
  await timeline.getByText('target main was taken out by hand').waitFor();
  await timeline.getByText(/target main is back after \d+ s/).waitFor();
});

test('a job is followed to its call', async () => {
  await page.goto(`${root}/jobs`);
  await page.getByText('A job is a call that runs in the background').waitFor();
  const asked = { endpoint: '/v1/chat/completions', body: { model: 'gpt-4o', ...HELLO } };
  const headers = { 'content-type': 'application/json' };
  const made = await fetch(`${gateway.baseUrl}/jobs`, { method: 'POST', headers, body: JSON.stringify(asked) });
  expect(made.status).toBeLessThan(300);
  await page.goto(`${root}/jobs`);
  await page.getByRole('link', { name: /^hf-/ }).click();
  await page.getByText('POST /chat/completions').waitFor();
});

test('a tenant is created, its key used, revoked and refused; the secret is shown once', async () => {
  await page.goto(`${root}/tenants`);
  await page.getByText('The first tenant ends that').waitFor();
  await page.getByRole('button', { name: 'Create a tenant' }).click();
  expect(await watched.barriers()).toEqual([]);
  await page.getByLabel('Id').fill('a b');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('dialog').getByRole('alert').waitFor();
  await page.getByLabel('Id').fill('shop');
  await page.getByLabel('Name').fill(HOSTILE);
  await page.getByLabel('Requests a minute').fill('600');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.waitForURL('**/tenants/shop');
  await page.getByText(HOSTILE).waitFor();
  await page.getByRole('button', { name: 'Create a key' }).click();
  await page.getByLabel('Name').fill('ci');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  const secret = await page.getByRole('dialog').locator('pre').first().innerText();
  expect(secret).toMatch(/^hf_\w{38}$/);
  expect(await watched.barriers()).toEqual([]);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  expect(await page.content()).not.toContain(secret);

  await client(secret).chat.completions.create({ model: 'gpt-4o', ...HELLO });
  await expect(client().chat.completions.create({ model: 'gpt-4o', ...HELLO })).rejects.toMatchObject({ status: 401 });
  await expect.poll(() => page.getByRole('group', { name: 'Use against limits' }).innerText(), IN_TIME).toContain('1');
  await page.getByRole('button', { name: 'Rotate' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Rotate' }).click();
  const next = await page.getByRole('dialog').locator('pre').first().innerText();
  expect(next).not.toBe(secret);
  await page.getByRole('button', { name: 'I have copied it' }).click();
  await client(next).chat.completions.create({ model: 'gpt-4o', ...HELLO });
  await page.getByRole('button', { name: 'Revoke' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Revoke' }).click();
  await page.locator('.tag', { hasText: 'revoked' }).waitFor();
  for (const key of [secret, next]) {
    await expect(client(key).chat.completions.create({ model: 'gpt-4o', ...HELLO })).rejects.toMatchObject({
      status: 401,
      code: 'revoked_api_key',
    });
  }
});

test("a tenant's limits are changed, and who waits for them is shown", async () => {
  await page.goto(`${root}/tenants/shop`);
  const open = async (): Promise<void> => {
    await page.getByRole('button', { name: 'Change limits' }).click();
    await page.getByRole('dialog').getByLabel('Requests a minute').waitFor();
  };
  const save = page.getByRole('button', { name: 'Save' });
  await open();
  expect(await page.getByLabel('Requests a minute').inputValue()).toBe('600');
  expect(await watched.barriers()).toEqual([]);
  await page.getByLabel('Calls at once').fill('-1');
  await page.getByLabel('Budget a day, US dollars').fill('1');
  await page.getByLabel('Warn a day from, US dollars').fill('5');
  await save.click();
  const field = (label: string): ReturnType<Page['locator']> => page.locator('.field', { hasText: label });
  await field('Calls at once').getByText('must be at least 0').waitFor();
  await field('Warn a day from').getByText('is above refuse').waitFor();
  expect(await field('Tokens a minute').locator('.wrong').count()).toBe(0);
  await page.getByLabel('Calls at once').fill('1');
  await page.getByLabel('Warn a day from, US dollars').fill('0.5');
  await page.getByLabel('Requests a minute').fill('');
  await save.click();
  const uses = page.getByRole('group', { name: 'Use against limits' });
  await uses.getByText('calls at once').waitFor();
  await uses.getByText('budget a day').waitFor();
  expect(await uses.getByText('requests a minute').count()).toBe(0);
  await open();
  expect(await page.getByLabel('Warn a day from, US dollars').inputValue()).toBe('0.5');
  await page.keyboard.press('Escape');

  const made = await page.evaluate(`fetch('/admin/api/keys', {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-holdfast-page': '1' },
    body: '{"tenant":"shop"}',
  }).then((response) => response.json())`);
  const { secret } = made as { secret: string };
  simulator.setFault('hang');
  const leaving = new AbortController();
  const ask = (): Promise<unknown> =>
    client(secret)
      .chat.completions.create(
        { model: 'gpt-4o', ...HELLO },
        { headers: { prefer: 'wait=100' }, signal: leaving.signal },
      )
      .catch(() => null);
  const asked = [ask(), ask(), ask()];
  await page.getByText(/2 calls waiting: 2 for its own limits; since/).waitFor();
  await page.goto(`${root}/tenants`);
  await page.getByRole('status').getByText('2 calls wait now').waitFor();
  await page.locator('tr', { hasText: 'shop' }).getByText('2 for its own limits').waitFor();
  expect(await watched.barriers()).toEqual([]);
  leaving.abort();
  simulator.setFault(null);
  await Promise.all(asked);
  await expect.poll(() => page.getByText('2 for its own limits').count(), IN_TIME).toBe(0);

  await page.goto(`${root}/tenants/shop`);
  await open();
  for (const label of ['Calls at once', 'Budget a day, US dollars', 'Warn a day from, US dollars']) {
    await page.getByLabel(label).fill('');
  }
  await save.click();
  await page.getByText('It has no limit.').waitFor();
});

test('what callers write is text on every page, never markup', async () => {
  const made = await page.evaluate(`fetch('/admin/api/keys', {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-holdfast-page': '1' },
    body: JSON.stringify({ tenant: 'shop', name: ${JSON.stringify(HOSTILE)} }),
  }).then((response) => response.json())`);
  const { secret } = made as { secret: string };
  await client(secret).chat.completions.create({
    model: HOSTILE,
    user: HOSTILE,
    messages: [{ role: 'user', content: HOSTILE }],
  });
  await page.goto(`${root}/calls`);
  await page.getByText(HOSTILE).first().waitFor();
  await page.getByRole('link', { name: /^hf-/ }).first().click();
  await page.getByText(HOSTILE).first().waitFor();
  await page.goto(`${root}/`);
  await page.getByRole('link', { name: HOSTILE }).waitFor();
  await page.goto(`${root}/tenants/shop`);
  await page.getByText(HOSTILE).first().waitFor();
  await page.goto(`${root}/calls?model=${encodeURIComponent(HOSTILE)}&tenant=${encodeURIComponent(HOSTILE)}`);
  await page.getByText('No call matches').waitFor();
  expect(await page.evaluate('globalThis.broken')).toBeUndefined();
});

test.each(['light', 'dark'] as const)(
  'no page keeps anybody out: %s',
  async (scheme) => {
    const other = await openPage(browser, scheme);
    try {
      await other.page.goto(`${root}/`);
      await other.page.getByLabel('Admin token').waitFor();
      const found = (await other.barriers()).map((barrier) => `sign-in ${barrier}`);
      await signIn(other.page, gateway.firstAdminToken ?? '');
      await other.page.goto(`${root}/calls?fault=server-error`);
      const call = (await other.page.getByRole('link', { name: /^hf-/ }).first().getAttribute('href')) ?? '';
      const paths = [
        '/',
        '/calls',
        call,
        '/faults',
        '/providers',
        '/tenants',
        '/tenants/shop',
        '/costs',
        '/jobs',
        '/playground',
        '/calls/nothing',
        '/tenants/x',
      ];
      for (const path of paths) {
        await other.page.goto(root + path);
        await other.page.locator('main').waitFor();
        await expect.poll(() => other.page.getByText('Loading…').count(), IN_TIME).toBe(0);
        found.push(...(await other.barriers()).map((barrier) => `${path} ${barrier}`));
      }
      await other.page.goto(`${root}/`);
      await other.page.keyboard.press('?');
      await other.page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
      found.push(...(await other.barriers()));
      await other.page.setViewportSize({ width: 390, height: 844 });
      await other.page.goto(`${root}/`);
      await other.page.getByRole('heading', { level: 1 }).waitFor();
      await expect.poll(() => other.page.evaluate('document.documentElement.scrollWidth'), IN_TIME).toBe(390);
      expect(found).toEqual([]);
      expect(other.troubles).toEqual([]);
    } finally {
      await other.context.close();
    }
  },
  240_000,
);

test('a viewer sees everything and changes nothing', async () => {
  const made = await page.evaluate(`fetch('/admin/api/admin-tokens', {
    method: 'POST', headers: { 'content-type': 'application/json', 'x-holdfast-page': '1' },
    body: JSON.stringify({ name: 'a viewer', role: 'viewer' }),
  }).then((response) => response.json())`);
  const { secret, token } = made as { secret: string; token: { id: string } };
  const viewer = await openPage(browser);
  try {
    await viewer.page.goto(`${root}/tenants?range=6h`);
    await viewer.page.getByLabel('Admin token').fill(secret);
    await viewer.page.getByRole('button', { name: 'Sign in' }).click();
    // Whoever follows a link comes to where it leads.
    await viewer.page.getByRole('link', { name: 'shop' }).click();
    await viewer.page.getByText('Use against limits').waitFor();
    expect(viewer.page.url()).toContain('range=6h');
    expect(await viewer.page.getByRole('button', { name: /Create|Rotate|Revoke|Change/ }).count()).toBe(0);
    const forced = await viewer.page.evaluate(`fetch('/admin/api/tenants', {
      method: 'POST', headers: { 'content-type': 'application/json', 'x-holdfast-page': '1' }, body: '{"id":"mine"}',
    }).then((response) => response.status)`);
    expect(forced).toBe(403);
    // The token ends, and its sessions with it; the page says so, and comes back to the same place.
    await page.evaluate(
      `fetch('/admin/api/admin-tokens/${token.id}/revoke', { method: 'POST', headers: { 'x-holdfast-page': '1' } })`,
    );
    await viewer.page.getByText('Your session has ended').waitFor();
    expect(viewer.page.url()).toContain('/tenants/shop');
    expect(viewer.troubles).toEqual([]);
  } finally {
    await viewer.context.close();
  }
});

test('signing out ends the session', async () => {
  await page.goto(`${root}/`);
  const cookies = await watched.context.cookies();
  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByLabel('Admin token').waitFor();
  await watched.context.addCookies(cookies);
  await page.goto(`${root}/`);
  await page.getByLabel('Admin token').waitFor();
  expect(await page.evaluate(`fetch('/admin/api/whoami').then(({ status }) => status)`)).toBe(401);
});

test('no page has complained', () => {
  expect(watched.troubles).toEqual([]);
});
