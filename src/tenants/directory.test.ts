import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { afterEach, beforeEach, describe, expect, test } from 'vitest';

import type { Headers } from '../engine/call.ts';
import type { Caller } from '../engine/caller.ts';
import type { Fault } from '../engine/fault/fault.ts';
import type { Database } from '../storage/database.ts';
import { onEachDatabase, type TestDatabase } from '../storage/databases.test-support.ts';
import { waitBriefly } from './changes.ts';
import { Directory } from './directory.ts';
import type { Actor } from './entities.ts';
import {
  changeTenant,
  createOrganisation,
  createTenant,
  createWorkload,
  deleteTenant,
  deleteWorkload,
  type NewTenant,
} from './groups.ts';
import { changeKey, createKey, listKeys, type NewKey, revokeKey, rotateKey } from './keys.ts';
import { makeSecret } from './secret.ts';

const ACTOR: Actor = { via: 'cli', name: 'tester', address: null };

let home: TestDatabase;
let database: Database;
/** Where changes are made, as by another process. */
let elsewhere: Database;
let directory: Directory;

/** A tenant with one key; gives the key's secret. */
async function aKey(
  key: Partial<NewKey> = {},
  tenant: Partial<NewTenant> = {},
): Promise<{ secret: string; id: string }> {
  await createTenant(elsewhere, ACTOR, { id: 'shop', ...tenant });
  const made = await createKey(elsewhere, ACTOR, { tenant: 'shop', ...key });
  await directory.refresh();
  return { secret: made.secret, id: made.key.id };
}

interface Asking {
  readonly headers?: Headers;
  readonly model?: string | null;
  readonly user?: string | null;
  readonly path?: string;
  readonly operation?: 'chat' | 'passthrough' | 'models';
}

function ask(
  secret: string,
  { headers = {}, model = 'gpt-4o', user = null, path = '/x', operation = 'chat' }: Asking = {},
) {
  const all = { authorization: `Bearer ${secret}`, ...headers };
  const found = directory.find(all, Date.now());
  if (found === null) return directory.stranger(all).fault;
  if (found.endsAt <= Date.now()) return directory.ended(found, Date.now());
  return found.holder.callerOf(all, { operation, path }, { model, user });
}

function caller(secret: string, asking?: Asking): Caller {
  const answer = ask(secret, asking);
  if ('kind' in answer) throw new Error(`refused: ${answer.message}`);
  return answer;
}

function fault(secret: string, asking?: Asking): Pick<Fault, 'kind' | 'code' | 'message'> {
  const answer = ask(secret, asking);
  if (!('kind' in answer)) throw new Error('let in');
  return answer;
}

/** What is really in use. */
function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  (runInNewContext('gc') as () => void)();
  return process.memoryUsage().heapUsed;
}

onEachDatabase((make) => {
  beforeEach(async () => {
    home = await make();
    database = await home.open();
    elsewhere = await home.open();
    directory = await Directory.open({
      database,
      routeOf: (model) => (model?.toLowerCase().startsWith('gpt') === true ? 'main' : null),
      onTrouble: (message) => {
        throw new Error(message);
      },
    });
  });
  afterEach(async () => {
    await directory.close();
    await database.close();
    await elsewhere.close();
    await home.drop();
  });

  describe('who holds a key', () => {
    test('is the tenant it was made for, under whatever header it comes, and the caller is made once', async () => {
      const { secret, id } = await aKey();
      const first = caller(secret);
      expect(first).toMatchObject({
        keyId: id,
        tenant: 'shop',
        organisation: 'default',
        lane: 'interactive',
        weight: 1,
      });
      expect(caller(secret)).toBe(first);
      expect(Object.isFrozen(first)).toBe(true);
      for (const headers of [
        { authorization: secret },
        { authorization: `bearer   ${secret}` },
        { authorization: undefined, 'x-api-key': secret },
        { authorization: undefined, 'api-key': secret },
        { authorization: 'Bearer sk-the-callers-own-at-the-provider', 'x-api-key': secret },
      ]) {
        expect(directory.find(headers, Date.now())?.holder.plain.keyId).toBe(id);
      }
    });

    test('is known by the first key that works, whatever stands beside it', async () => {
      const { secret: revoked, id } = await aKey();
      const { secret, key } = await createKey(elsewhere, ACTOR, { tenant: 'shop' });
      await revokeKey(elsewhere, ACTOR, id);
      await directory.refresh();
      for (const headers of [
        { authorization: `Bearer ${revoked}`, 'x-api-key': secret },
        { authorization: `Bearer ${revoked}`, 'x-api-key': makeSecret('key'), 'api-key': secret },
        { authorization: `Bearer ${secret}`, 'x-api-key': revoked },
      ]) {
        expect(caller(revoked, { headers }).keyId).toBe(key.id);
        expect(caller(revoked, { headers }).keyId).toBe(key.id);
      }
      expect(fault(revoked, { headers: { 'x-api-key': makeSecret('key') } })).toMatchObject({
        code: 'revoked_api_key',
      });
    });

    test('is known by a key behind any number of blanks, which take no memory', async () => {
      const { secret, id } = await aKey();
      const before = heapBytes();
      for (let count = 0; count < 1_000; count += 1) {
        const authorization = `Bearer${' '.repeat(60_000 - count)}${secret}`;
        expect(directory.find({ authorization }, Date.now())?.holder.plain.keyId).toBe(id);
      }
      expect(heapBytes() - before).toBeLessThan(10_000_000);
    });

    test('has the quotas of every level, from the organisation down, and the lowest ceilings', async () => {
      await createOrganisation(elsewhere, ACTOR, { id: 'acme', limits: { budgetPerMonth: 100, promptTokens: 500 } });
      const { secret, id } = await aKey(
        { limits: { concurrentCalls: 2, outputTokens: 10 } },
        {
          organisation: 'acme',
          limits: { tokensPerMinute: 1000, promptTokens: 400 },
          perUser: { requestsPerDay: 5, promptTokens: 300 },
        },
      );
      await createWorkload(elsewhere, ACTOR, {
        tenant: 'shop',
        id: 'chat',
        limits: { requestsPerMinute: 60 },
        weight: 3,
      });
      await directory.refresh();
      expect(caller(secret).quotas.map((quota) => quota.id)).toEqual([
        'organisation:acme money/month',
        'tenant:shop tokens/minute',
        `key:${id} calls/moment`,
      ]);
      const inWorkload = caller(secret, { headers: { 'x-holdfast-workload': 'chat' }, user: 'alice' });
      expect(inWorkload.quotas.map((quota) => quota.id)).toEqual([
        'organisation:acme money/month',
        'tenant:shop tokens/minute',
        'workload:shop/chat requests/minute',
        `key:${id} calls/moment`,
        `user:shop/${String(inWorkload.endUser)} requests/day`,
      ]);
      expect(inWorkload).toMatchObject({
        weight: 3,
        workload: 'chat',
        ceilings: { promptTokens: 300, outputTokens: 10 },
      });
      expect(inWorkload.endUser).toMatch(/^u_[0-9a-f]{16}$/);
      expect(caller(secret).ceilings).toEqual({ promptTokens: 400, outputTokens: 10 });
    });

    test('names its users by header always, by body only where the tenant limits them', async () => {
      const { secret } = await aKey();
      expect(caller(secret, { user: 'alice' }).endUser).toBeNull();
      const alice = caller(secret, { headers: { 'x-holdfast-user': 'alice' } });
      expect(alice.endUser).toMatch(/^u_/);
      await changeTenant(elsewhere, ACTOR, 'shop', { perUser: { requestsPerMinute: 1 } });
      await directory.refresh();
      const again = caller(secret, { user: 'alice' });
      expect(again.endUser).toBe(alice.endUser);
      expect(caller(secret, { user: 'alice' })).toBe(again);
      expect(caller(secret, { user: 'bob' }).quotas).not.toEqual(again.quotas);
      expect(caller(secret, { user: 'x'.repeat(100_000) }).endUser).toMatch(/^u_[0-9a-f]{16}$/);
    });

    test('chooses its lane, unless the key is kept out of the interactive one', async () => {
      const { secret, id } = await aKey({}, { lane: 'background' });
      expect(caller(secret).lane).toBe('background');
      expect(caller(secret, { headers: { 'x-holdfast-lane': 'interactive' } }).lane).toBe('interactive');
      expect(fault(secret, { headers: { 'x-holdfast-lane': 'fast' } })).toMatchObject({ kind: 'invalid-request' });
      await changeTenant(elsewhere, ACTOR, 'shop', { lane: null });
      await changeKey(elsewhere, ACTOR, id, { interactive: false });
      await directory.refresh();
      expect(caller(secret).lane).toBe('background');
      expect(fault(secret, { headers: { 'x-holdfast-lane': 'interactive' } })).toMatchObject({
        code: 'lane_not_allowed',
      });
    });

    test('may name any workload until some are declared, then one of those', async () => {
      const { secret } = await aKey();
      expect(caller(secret, { headers: { 'x-holdfast-workload': 'whatever' } }).workload).toBe('whatever');
      expect(fault(secret, { headers: { 'x-holdfast-workload': '../x' } })).toMatchObject({ code: 'invalid_header' });
      expect(fault(secret, { headers: { 'x-holdfast-workload': secret } })).toMatchObject({ code: 'invalid_header' });
      await createWorkload(elsewhere, ACTOR, { tenant: 'shop', id: 'chat' });
      await directory.refresh();
      expect(fault(secret, { headers: { 'x-holdfast-workload': 'whatever' } }).message).toContain('"whatever"');
      expect(caller(secret, { headers: { 'x-holdfast-workload': 'chat' } }).workload).toBe('chat');
      expect(caller(secret).workload).toBeNull();
      const bound = await createKey(elsewhere, ACTOR, { tenant: 'shop', workload: 'chat' });
      await createWorkload(elsewhere, ACTOR, { tenant: 'shop', id: 'nightly' });
      await directory.refresh();
      expect(caller(bound.secret).workload).toBe('chat');
      expect(fault(bound.secret, { headers: { 'x-holdfast-workload': 'nightly' } })).toMatchObject({
        code: 'workload_not_allowed',
      });
      await deleteWorkload(elsewhere, ACTOR, { tenant: 'shop', id: 'nightly' });
    });
  });

  describe('who is not let in', () => {
    test.each<[string, Record<string, string | undefined>, string, RegExp]>([
      ['no key', {}, 'missing_api_key', /none came/],
      ['an empty one', { authorization: 'Bearer ' }, 'missing_api_key', /none came/],
      ['an empty one, as it comes over HTTP', { authorization: 'Bearer' }, 'missing_api_key', /none came/],
      ['another house’s', { authorization: 'Bearer sk-proj-0123456789abcdef' }, 'invalid_api_key', /sk-proj-\.\.\./],
      ['a short one', { 'x-api-key': 'hunter2' }, 'invalid_api_key', /the key hu\.\.\. is none/],
      [
        'a mistyped one',
        { authorization: `Bearer hf_ab12cd${'x'.repeat(32)}` },
        'invalid_api_key',
        /hf_ab12cd\.\.\. is mistyped/,
      ],
      ['an admin token', { authorization: makeSecret('admin-token') }, 'invalid_api_key', /admin token/],
      ['an unknown one', { authorization: makeSecret('key') }, 'invalid_api_key', /well formed, but unknown/],
    ])('%s', async (_, headers, code, message) => {
      await aKey();
      const shown = directory.stranger(headers).fault;
      expect(directory.find(headers, Date.now())).toBeNull();
      expect(shown).toMatchObject({ kind: 'authentication', party: 'caller', code });
      expect(shown.message).toMatch(message);
      const long = Object.values(headers).filter((text) => text !== undefined && text.length > 12);
      for (const text of long) expect(JSON.stringify(shown)).not.toContain(text?.slice(-20));
    });

    test.each<[string, Partial<NewKey>, Asking, string]>([
      ['a model', { models: ['gpt-4o*', 'o3'] }, { model: 'GPT-5' }, 'model_not_allowed'],
      [
        'a path whose model nobody reads',
        { models: ['gpt-4o'] },
        { operation: 'passthrough', model: null },
        'model_not_allowed',
      ],
      ['a route', { routes: ['main'] }, { model: 'claude' }, 'route_not_allowed'],
      ['another route', { routes: ['other'] }, { model: 'gpt-4o' }, 'route_not_allowed'],
      ['a path carried unread', { passthrough: false }, { operation: 'passthrough', model: null }, 'path_not_allowed'],
    ])('a key held to others, for %s', async (_, key, asking, code) => {
      const { secret } = await aKey(key);
      expect(fault(secret, asking)).toMatchObject({ kind: 'permission', code });
    });

    test('what a restricted key may do, it may do', async () => {
      const { secret } = await aKey({ models: ['gpt-4o*', 'o3'], routes: ['main'], passthrough: false });
      expect(caller(secret, { model: 'GPT-4o-mini' }).tenant).toBe('shop');
      const listing = await createKey(elsewhere, ACTOR, { tenant: 'shop', models: ['gpt-4o'] });
      await directory.refresh();
      expect(caller(listing.secret, { operation: 'models', model: null }).tenant).toBe('shop');
    });
  });

  describe('changes made by another process', () => {
    test('a revoked key ends', async () => {
      const { secret, id } = await aKey();
      expect(caller(secret).keyId).toBe(id);
      await revokeKey(elsewhere, ACTOR, id);
      await directory.refresh();
      expect(fault(secret)).toMatchObject({ kind: 'authentication', code: 'revoked_api_key' });
      expect(fault(secret).message).toContain(secret.slice(0, 9));
    });

    test('a rotated key works under both secrets until the grace period ends', async () => {
      const { secret, id } = await aKey();
      const fresh = await rotateKey(elsewhere, ACTOR, id, 60_000);
      await directory.refresh();
      expect([caller(secret).keyId, caller(fresh.secret).keyId]).toEqual([id, id]);
      const last = await rotateKey(elsewhere, ACTOR, id, 0);
      await directory.refresh();
      expect(fault(fresh.secret)).toMatchObject({ code: 'expired_api_key' });
      expect(fault(fresh.secret).message).toContain('was replaced');
      // An earlier promise of a grace period is kept.
      expect([caller(secret).keyId, caller(last.secret).keyId]).toEqual([id, id]);
    });

    test('an expired key ends by itself', async () => {
      const { secret, id } = await aKey({ expiresAt: Date.now() + 60_000 });
      expect(caller(secret).keyId).toBe(id);
      await changeKey(elsewhere, ACTOR, id, { expiresAt: Date.now() - 1 });
      await directory.refresh();
      expect(fault(secret)).toMatchObject({ code: 'expired_api_key' });
    });

    test('new limits are in force, and a deleted tenant is gone with its keys', async () => {
      const { secret, id } = await aKey();
      expect(caller(secret).quotas).toEqual([]);
      await changeTenant(elsewhere, ACTOR, 'shop', { limits: { requestsPerMinute: 7 } });
      await directory.refresh();
      expect(caller(secret).quotas).toMatchObject([{ id: 'tenant:shop requests/minute', amount: 7 }]);
      await revokeKey(elsewhere, ACTOR, id);
      await deleteTenant(elsewhere, ACTOR, 'shop');
      await directory.refresh();
      expect(directory.empty).toBe(true);
      expect(directory.hasWorkingKey(Date.now())).toBe(false);
      expect(fault(secret)).toMatchObject({ message: expect.stringContaining('unknown') });
    });

    test('many at once are read as well as few', async () => {
      const { secret } = await aKey();
      await createKey(elsewhere, ACTOR, { tenant: 'shop' });
      for (let count = 0; count < 205; count += 1) await changeTenant(elsewhere, ACTOR, 'shop', { weight: count + 1 });
      await directory.refresh();
      expect(caller(secret).tenantWeight).toBe(205);
    });
  });

  test('last uses are written down', async () => {
    const { secret } = await aKey();
    const found = directory.find({ authorization: secret }, Date.now());
    if (found !== null) found.use.at = 1_700_000_000_000;
    await directory.close();
    expect((await listKeys(elsewhere))[0]?.usedAt).toBe(1_700_000_000_000);
  });

  test('a last use that cannot be written down because somebody else writes is written down later', async () => {
    const { secret } = await aKey();
    const found = directory.find({ authorization: secret }, Date.now());
    if (found !== null) found.use.at = 1_700_000_000_000;
    // PostgreSQL makes nobody wait who changes another row.
    const embedded = database.path.endsWith('.db');
    if (embedded) await waitBriefly(database);
    await elsewhere.query.transaction().execute(async (query) => {
      await query.deleteFrom('audit_log').where('seq', '<', 0).execute();
      await directory.close();
    });
    expect((await listKeys(elsewhere))[0]?.usedAt).toBe(embedded ? null : 1_700_000_000_000);
    await directory.close();
    expect((await listKeys(elsewhere))[0]?.usedAt).toBe(1_700_000_000_000);
  });
});
