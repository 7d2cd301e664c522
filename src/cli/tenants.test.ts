import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import type { Command } from 'commander';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openDatabase } from '../storage/database.ts';
import { Directory } from '../tenants/directory.ts';
import { adminCommand } from './admin.ts';
import { auditCommand, eventsCommand } from './history.ts';
import { jobsCommand } from './jobs.ts';
import { keysCommand } from './keys.ts';
import { organisationsCommand, tenantsCommand } from './tenants.ts';
import { painter, type Terminal } from './terminal.ts';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-cli-tenants-'));
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

interface Said {
  readonly out: string;
  readonly err: string;
}

/** Runs a command as typed; what it wrote to stdout and stderr. */
async function run(command: (terminal: Terminal) => Command, ...typed: string[]): Promise<Said> {
  const said = { out: '', err: '' };
  const terminal: Terminal = {
    write: (text) => void (said.out += text),
    note: (text) => void (said.err += text),
    width: Number.POSITIVE_INFINITY,
    paint: painter(false),
  };
  await command(terminal)
    .exitOverride()
    .parseAsync([...typed, '--data', home], { from: 'user' });
  return said;
}

const lines = ({ out }: Said): Record<string, unknown>[] =>
  out
    .trim()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe('on a directory without anything in it', () => {
  it.each([
    ['tenants', tenantsCommand, []],
    ['tenants change', tenantsCommand, ['change', 'shop', '--weight', '2']],
    ['organisations', organisationsCommand, []],
    ['keys', keysCommand, []],
    ['keys create', keysCommand, ['create', 'shop']],
    ['audit', auditCommand, []],
    ['events', eventsCommand, []],
    ['admin tokens', adminCommand, ['tokens']],
    ['admin reset-token', adminCommand, ['reset-token']],
  ])('%s says that it is the wrong one, and makes nothing', async (_, command, typed) => {
    await expect(run(command, ...typed)).rejects.toThrow(/there is no database yet: .*--data/);
    expect(readdirSync(home)).toEqual([]);
  });
});

it('refuses what is said of a tenant that is not there, and events of no kind', async () => {
  await run(tenantsCommand, 'create', 'shop');
  await expect(run(keysCommand, '--tenant', 'shap')).rejects.toThrow('no such tenant. Did you mean "shop"?');
  await expect(run(eventsCommand, '--tenant', 'x')).rejects.toThrow('no such tenant. Known here: shop.');
  await expect(run(jobsCommand, '--tenant', 'x')).rejects.toThrow('no such tenant. Known here: shop.');
  await expect(run(eventsCommand, '--kind', 'wrong-key')).rejects.toThrow('Did you mean "wrong-keys"?');
  expect((await run(keysCommand, '--tenant', 'shop')).err).toContain('no keys yet');
});

describe('on a database without anything in it', () => {
  beforeEach(() => openDatabase({ directory: home }).close());

  it.each([
    ['tenants', tenantsCommand, [], /holdfast tenants create/],
    ['organisations', organisationsCommand, [], /no organisations yet/],
    ['keys', keysCommand, [], /holdfast keys create/],
    ['audit', auditCommand, [], /no changes/],
    ['events', eventsCommand, [], /no events/],
    ['admin tokens', adminCommand, ['tokens'], /first start/],
  ])('%s says what comes next', async (_, command, typed, next) => {
    const { out, err } = await run(command, ...typed);
    expect(out).toBe('');
    expect(err).toMatch(next);
  });
});

it('makes tenants, workloads and keys that a gateway knows, before it was ever started', async () => {
  await run(organisationsCommand, 'create', 'acme', '--name', 'Acme Inc.', '--limit', 'budgetPerMonth=500');
  await run(
    tenantsCommand,
    'create',
    'shop',
    '--organisation',
    'acme',
    '--limit',
    'requestsPerMinute=600',
    '--weight',
    '2',
  );
  await run(tenantsCommand, 'create', 'shop/nightly', '--lane', 'background', '--limit', 'concurrentCalls=5');
  const made = await run(
    keysCommand,
    'create',
    'shop/nightly',
    '--model',
    'gpt-*',
    '--model',
    'o3',
    '--no-passthrough',
  );
  const secret = made.out.trim();
  expect(secret).toMatch(/^hf_[0-9A-Za-z]{38}$/);
  expect(made.err).not.toContain(secret.slice(9));

  const database = openDatabase({ directory: home });
  const directory = await Directory.open({ database, routeOf: () => null, onTrouble: () => undefined });
  const plain = directory.find({ authorization: `Bearer ${secret}` }, Date.now())?.holder.plain;
  expect(plain).toMatchObject({
    organisation: 'acme',
    tenant: 'shop',
    workload: 'nightly',
    lane: 'background',
    tenantWeight: 2,
  });
  expect(plain?.quotas.map(({ id }) => id)).toEqual([
    'organisation:acme money/month',
    'tenant:shop requests/minute',
    'workload:shop/nightly calls/moment',
  ]);
  await database.close();

  const [shop, nightly] = lines(await run(tenantsCommand, '--json'));
  expect(shop).toMatchObject({
    id: 'shop',
    limits: { requestsPerMinute: 600 },
    createdAt: expect.stringMatching(/^20.*Z$/),
  });
  expect(nightly).toMatchObject({ tenant: 'shop', id: 'nightly' });
  const table = await run(tenantsCommand);
  expect(table.out).toMatch(/shop +acme +1 +2 +interactive +requestsPerMinute 600/);
  expect(table.out).toContain('shop/nightly');
});

it('changes what is named and nothing else', async () => {
  await run(tenantsCommand, 'create', 'shop', '--limit', 'requestsPerMinute=600', '--name', 'The Shop');
  await run(
    tenantsCommand,
    'change',
    'shop',
    '--user-limit',
    'budgetPerDay.warn=1',
    '--user-limit',
    'budgetPerDay.refuse=2',
  );
  expect(lines(await run(tenantsCommand, '--json'))[0]).toMatchObject({
    name: 'The Shop',
    limits: { requestsPerMinute: 600 },
    perUser: { budgetPerDay: { warn: 1, refuse: 2 } },
  });
  await run(tenantsCommand, 'change', 'shop', '--limit', 'none');
  expect(lines(await run(tenantsCommand, '--json'))[0]).toMatchObject({ limits: {}, name: 'The Shop' });
  const secret = (await run(keysCommand, 'create', 'shop', '--no-interactive', '--address', '10.0.0.0/8')).out.trim();
  await run(keysCommand, 'change', secret.slice(0, 9), '--name', 'ci', '--address', 'none');
  expect(lines(await run(keysCommand, '--json'))[0]).toMatchObject({ name: 'ci', interactive: false, addresses: null });
});

it('rotates, expires and revokes keys, named by id or by the beginning of the secret', async () => {
  await run(tenantsCommand, 'create', 'shop');
  const first = (await run(keysCommand, 'create', 'shop')).out.trim();
  const rotated = await run(keysCommand, 'rotate', first.slice(0, 9), '--grace', '1h');
  const second = rotated.out.trim();
  expect(second).not.toBe(first);
  expect(rotated.err).toContain(`(${first.slice(0, 9)}...) works until`);
  expect((await run(keysCommand)).out).toMatch(new RegExp(`${second.slice(0, 9)} ${first.slice(0, 9)} +shop +working`));
  await run(keysCommand, 'expire', second.slice(0, 9));
  expect((await run(keysCommand)).out).toContain('expired');
  await run(keysCommand, 'expire', second.slice(0, 9), '--at', 'never');
  expect((await run(keysCommand)).out).toContain('working');
  const [{ id } = { id: '' }] = lines(await run(keysCommand, '--json'));
  await run(keysCommand, 'revoke', String(id));
  expect((await run(keysCommand)).out).toContain('revoked');
  expect((await run(keysCommand, '--working')).out).toBe('');
  const changes = lines(await run(auditCommand, '--json', '--subject', 'key'));
  expect(changes.map(({ action }) => action)).toEqual(['revoke', 'change', 'change', 'rotate', 'create']);
  expect(changes[0]).toMatchObject({ actor: { via: 'cli' }, subjectId: id });
  expect(JSON.stringify(changes)).not.toContain(first.slice(9));
  expect((await run(auditCommand)).out).toMatch(/cli \S+ +revoke +key key_/);
});

it('takes over what a file declares, where a key is wanted before the first start with it', async () => {
  const file = join(home, 'holdfast.yaml');
  writeFileSync(file, 'targets: { a: { provider: openai, key: env:NOWHERE } }\ntenants: { shop: { weight: 3 } }\n');
  await run(keysCommand, 'create', 'shop', '--config', file);
  expect(lines(await run(tenantsCommand, '--json'))[0]).toMatchObject({ id: 'shop', weight: 3, declared: true });
  await expect(run(tenantsCommand, 'change', 'shop', '--weight', '1')).rejects.toThrow(
    /declared in the configuration file/,
  );
});

it('makes a new admin token for whoever has lost theirs', async () => {
  await openDatabase({ directory: home }).close();
  const first = (await run(adminCommand, 'reset-token')).out.trim();
  const second = (await run(adminCommand, 'reset-token')).out.trim();
  expect([first, second].every((token) => /^hf_admin_[0-9A-Za-z]{38}$/.test(token))).toBe(true);
  const tokens = lines(await run(adminCommand, 'tokens', '--json'));
  expect(tokens.filter(({ revokedAt }) => revokedAt === null)).toHaveLength(1);
  expect((await run(adminCommand, 'tokens')).out).toContain('holds');
});

describe('what is refused', () => {
  beforeEach(() => run(tenantsCommand, 'create', 'shop'));

  it.each<[string, (terminal: Terminal) => Command, string[], RegExp]>([
    [
      'a negative limit',
      tenantsCommand,
      ['create', 'x', '--limit', 'requestsPerMinute=-1'],
      /limits.requestsPerMinute: -1 cannot be used/,
    ],
    [
      'an absurd limit',
      tenantsCommand,
      ['create', 'x', '--limit', 'tokensPerDay=1e30'],
      /limits.tokensPerDay: 1e\+30 cannot be used/,
    ],
    [
      'a ceiling of 0',
      tenantsCommand,
      ['create', 'x', '--limit', 'promptTokens=0'],
      /at least 1, or no call could be made/,
    ],
    [
      'an unknown limit',
      tenantsCommand,
      ['create', 'x', '--limit', 'requestPerMinute=5'],
      /Did you mean "requestsPerMinute"/,
    ],
    ['no limit at all', tenantsCommand, ['create', 'x', '--limit', 'many'], /NAME=AMOUNT/],
    ['a lane', tenantsCommand, ['create', 'x', '--lane', 'fast'], /lane: "fast" is not known/],
    ['a weight', tenantsCommand, ['create', 'x', '--weight', 'much'], /weight: "much" cannot be used/],
    ['an id', tenantsCommand, ['create', 'a b'], /id: cannot be used.*at most 64 letters/s],
    ['an id that is taken', tenantsCommand, ['create', 'shop'], /a tenant shop already/],
    ['a tenant that is nowhere', keysCommand, ['create', 'nobody'], /no tenant nobody/],
    ['a workload that is nowhere', keysCommand, ['create', 'shop/none'], /no workload shop\/none/],
    ['an address', keysCommand, ['create', 'shop', '--address', 'office'], /addresses\[0\]: "office" cannot be used/],
    ['a moment', keysCommand, ['create', 'shop', '--expires', 'soon'], /--expires "soon" is no moment/],
    [
      'a moment beyond all calendars',
      keysCommand,
      ['create', 'shop', '--expires', '99999999d'],
      /99999999d" is no moment/,
    ],
    ['a key without a name', keysCommand, ['revoke', ''], /no key was named; holdfast keys lists them/],
    ['a key with any name', keysCommand, ['revoke', 'key_'], /there is no key key_; holdfast keys lists them/],
    ['a weight that leaves nothing', tenantsCommand, ['create', 'x', '--weight', '1e-320'], /weight: 1e-320 cannot/],
    ['a key that is nowhere', keysCommand, ['revoke', 'key_none'], /no key key_none/],
    ['a grace period', keysCommand, ['rotate', 'key_none', '--grace', 'long'], /--grace "long" is no duration/],
  ])('%s', async (_, command, typed, message) => {
    await expect(run(command, ...typed)).rejects.toThrow(message);
  });
});
