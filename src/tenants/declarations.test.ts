import { afterEach, beforeEach, expect, test } from 'vitest';

import type { Database } from '../storage/database.ts';
import { onEachDatabase, type TestDatabase } from '../storage/databases.test-support.ts';
import { listAudit } from './audit.ts';
import { type Declarations, declare } from './declarations.ts';
import type { Actor } from './entities.ts';
import { changeTenant, createTenant, listOrganisations, listTenants, listWorkloads } from './groups.ts';

const FILE: Actor = { via: 'file', name: 'holdfast.yaml', address: null };
const PERSON: Actor = { via: 'cli', name: 'tester', address: null };
const BARE = { limits: {}, weight: null, lane: null };

const CHAT = { ...BARE, id: 'chat', name: 'chat' };
const SHOP = { ...BARE, id: 'shop', name: 'Shop', organisation: 'acme', perUser: {}, weight: 2, workloads: [CHAT] };
const DECLARED: Declarations = { organisations: [{ id: 'acme', name: 'Acme', limits: {} }], tenants: [SHOP] };

let home: TestDatabase;
let database: Database;
/** What is declared, and what was once and is no longer. */
async function standing(): Promise<Record<string, boolean>> {
  const all = [...(await listOrganisations(database)), ...(await listTenants(database))];
  const parts = (await listWorkloads(database)).map(({ tenant, id, declared }) => ({
    id: `${tenant}/${id}`,
    declared,
  }));
  return Object.fromEntries([...all, ...parts].map(({ id, declared }) => [id, declared]));
}

onEachDatabase((make) => {
  beforeEach(async () => {
    home = await make();
    database = await home.open();
  });
  afterEach(async () => {
    await database.close();
    await home.drop();
  });

  test('what is declared again without a difference is no change', async () => {
    await declare(database, FILE, DECLARED);
    const before = await listAudit(database);
    expect(before.map(({ action, subjectId }) => `${action} ${subjectId}`)).toEqual([
      'declare shop/chat',
      'declare shop',
      'declare acme',
    ]);
    await declare(database, FILE, structuredClone(DECLARED));
    expect(await listAudit(database)).toEqual(before);
    await declare(database, FILE, { ...DECLARED, tenants: [{ ...SHOP, limits: { requestsPerDay: 5 } }] });
    expect((await listAudit(database))[0]).toMatchObject({
      before: { limits: {} },
      after: { limits: { requestsPerDay: 5 } },
    });
  });

  test('it goes before what was made elsewhere, and lets go of what it no longer names', async () => {
    await createTenant(database, PERSON, { id: 'lab', weight: 9 });
    await declare(database, FILE, { organisations: [], tenants: [{ ...SHOP, id: 'lab', organisation: null }] });
    expect(await standing()).toEqual({ default: false, lab: true, 'lab/chat': true });
    expect((await listTenants(database))[0]).toMatchObject({ weight: 2 });
    await expect(changeTenant(database, PERSON, 'lab', { weight: 1 })).rejects.toMatchObject({ kind: 'declared' });
    await declare(database, FILE, { organisations: [], tenants: [] });
    expect(await standing()).toEqual({ default: false, lab: false, 'lab/chat': false });
    expect(await changeTenant(database, PERSON, 'lab', { weight: 1 })).toMatchObject({ weight: 1, name: 'Shop' });
  });

  test('a tenant does not move to another organisation, and nothing is half declared', async () => {
    await createTenant(database, PERSON, { id: 'shop' });
    await expect(declare(database, FILE, DECLARED)).rejects.toMatchObject({
      kind: 'invalid',
      field: 'tenants.shop.organisation',
      fix: expect.stringContaining('organisation: default'),
    });
    expect(await standing()).toEqual({ default: false, shop: false });
  });
});
