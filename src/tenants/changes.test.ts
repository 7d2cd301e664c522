import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Database } from '../storage/database.ts';
import { onEachDatabase, type TestDatabase } from '../storage/databases.test-support.ts';
import {
  admitAdmin,
  createAdminToken,
  firstAdminToken,
  listAdminTokens,
  noteAdminUse,
  resetAdminTokens,
  revokeAdminToken,
} from './admin-tokens.ts';
import { changesSince, lastChange, listAudit } from './audit.ts';
import type { Actor } from './entities.ts';
import {
  changeOrganisation,
  createOrganisation,
  createTenant,
  createWorkload,
  deleteOrganisation,
  deleteTenant,
  listTenants,
  listWorkloads,
  theTenant,
} from './groups.ts';
import { saveLastUses } from './hashed-keys.ts';
import { createKey, listKeys, revokeKey } from './keys.ts';

const ACTOR: Actor = { via: 'api', name: 'tester', address: '127.0.0.1' };

onEachDatabase((make) => {
  let home: TestDatabase;
  /** Two processes on one database. */
  let one: Database;
  let other: Database;
  beforeEach(async () => {
    home = await make();
    [one, other] = await Promise.all([home.open(), home.open()]);
  });
  afterEach(async () => {
    await Promise.all([one.close(), other.close()]);
    await home.drop();
  });

  test('what was made comes back as it was, in order of ids', async () => {
    const limits = { requestsPerMinute: 60, budgetPerMonth: { warn: 0.5, refuse: 1e12 } };
    const acme = await createOrganisation(one, ACTOR, { id: 'acme', name: 'Ümläut "&" 会社', limits });
    const tenants = [];
    for (const id of ['zeta', 'Beta', 'alpha', 'a-b', 'ab']) {
      tenants.push(await createTenant(one, ACTOR, { id, organisation: 'acme', weight: 0.25, lane: 'background' }));
    }
    expect(await changeOrganisation(other, ACTOR, 'acme', { name: 'Acme' })).toEqual({ ...acme, name: 'Acme' });
    expect(await theTenant(other, 'zeta')).toEqual(tenants[0]);
    expect((await listTenants(other)).map(({ id }) => id)).toEqual(['Beta', 'a-b', 'ab', 'alpha', 'zeta']);
    const key = (await createKey(one, ACTOR, { tenant: 'ab', models: ['gpt-*'], interactive: false, expiresAt: 4e12 }))
      .key;
    expect(await listKeys(other)).toEqual([key]);
  });

  test('an id that is taken, and what depends on another, is refused, and nothing of it stands', async () => {
    await createTenant(one, ACTOR, { id: 'shop' });
    const before = await listAudit(one);
    await expect(createTenant(other, ACTOR, { id: 'shop' })).rejects.toMatchObject({ kind: 'exists', field: 'id' });
    await expect(createTenant(other, ACTOR, { id: 'new', organisation: 'no' })).rejects.toMatchObject({
      kind: 'unknown',
    });
    await expect(deleteOrganisation(other, ACTOR, 'default')).rejects.toMatchObject({ kind: 'in-use' });
    expect(await listAudit(one)).toEqual(before);
    await createWorkload(one, ACTOR, { tenant: 'shop', id: 'chat' });
    const { key } = await createKey(one, ACTOR, { tenant: 'shop', workload: 'chat' });
    await expect(deleteTenant(other, ACTOR, 'shop')).rejects.toMatchObject({ kind: 'in-use' });
    await revokeKey(other, ACTOR, key.id);
    await deleteTenant(one, ACTOR, 'shop');
    expect([await listWorkloads(other), await listKeys(other)]).toEqual([[], []]);
  });

  test('changes made at once by two processes all happen, and who follows them hears of each', async () => {
    await createTenant(one, ACTOR, { id: 'shop' });
    let seen = await lastChange(one);
    const heard: string[] = [];
    const follow = async (): Promise<void> => {
      for (const { seq, subject, subjectId } of await changesSince(other, seen)) {
        seen = seq;
        if (subject === 'key') heard.push(subjectId);
      }
    };
    const made = new AbortController();
    const follower = (async () => {
      while (!made.signal.aborted) {
        await follow();
        await new Promise(setImmediate);
      }
    })();
    const ids = await Promise.all(
      [one, other, one, other].map(async (database) => {
        const own: string[] = [];
        for (let count = 0; count < 8; count += 1) {
          own.push((await createKey(database, ACTOR, { tenant: 'shop' })).key.id);
          await new Promise(setImmediate);
        }
        return own;
      }),
    );
    made.abort();
    await follower;
    await follow();
    expect(heard.toSorted()).toEqual(ids.flat().toSorted());
    expect(heard).toHaveLength(32);
  });

  test('of two gateways that start at once, one makes the first admin token', async () => {
    const made = await Promise.all([one, other].map((database) => firstAdminToken(database, ACTOR)));
    const tokens = made.filter((token) => token !== null);
    expect(tokens).toHaveLength(1);
    const secret = tokens[0]?.secret ?? '';
    expect(await admitAdmin(other, secret, Date.now())).toMatchObject({ name: 'first', role: 'admin' });
    await noteAdminUse(one, tokens[0]?.token.id ?? '', 1_700_000_000_000);
    expect(await listAdminTokens(other)).toMatchObject([{ usedAt: 1_700_000_000_000 }]);
  });

  test('the last token of role admin stays, however many are revoked at once', async () => {
    const tokens = [];
    for (const name of ['a', 'b']) tokens.push((await createAdminToken(one, ACTOR, { name, role: 'admin' })).token.id);
    const [first = '', second = ''] = tokens;
    const ends = await Promise.allSettled([
      revokeAdminToken(one, ACTOR, first),
      revokeAdminToken(other, ACTOR, second),
    ]);
    expect(ends.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
    const { secret } = await resetAdminTokens(one, ACTOR);
    const holding = (await listAdminTokens(other)).filter(({ revokedAt }) => revokedAt === null);
    expect(holding).toMatchObject([{ name: 'reset' }]);
    expect(await admitAdmin(other, secret, Date.now())).toMatchObject({ name: 'reset' });
  });

  test('the last use of a key that several have seen is the latest', async () => {
    await createTenant(one, ACTOR, { id: 'shop' });
    const { key } = await createKey(one, ACTOR, { tenant: 'shop' });
    await saveLastUses(one, [{ id: key.id, at: 2_000 }]);
    await saveLastUses(other, [{ id: key.id, at: 1_000 }]);
    expect((await listKeys(one))[0]?.usedAt).toBe(2_000);
  });
});
