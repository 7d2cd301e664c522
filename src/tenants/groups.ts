import type { Lane } from '../engine/caller.ts';
import type { Limits } from '../engine/admission/limits.ts';
import type { Database } from '../storage/database.ts';
import { isConstraint } from '../storage/database-error.ts';
import { type Change, change, ChangeRefused } from './changes.ts';
import type { Actor, Organisation, Tenant, Workload } from './entities.ts';
import {
  organisationFromRow,
  organisationToRow,
  tenantFromRow,
  tenantToRow,
  workloadFromRow,
  workloadToRow,
} from './rows.ts';

// Organisations, tenants and workloads: three of a shape. Each is listed, found, created, changed and deleted alike.

/** The organisation of tenants that name none. */
export const DEFAULT_ORGANISATION = 'default';

export interface NewOrganisation {
  readonly id: string;
  /** @default the id */
  readonly name?: string | undefined;
  readonly limits?: Limits | undefined;
}

export interface NewTenant extends NewOrganisation {
  /** @default {@link DEFAULT_ORGANISATION}, which is made when it is missing */
  readonly organisation?: string | undefined;
  readonly perUser?: Limits | undefined;
  readonly weight?: number | null | undefined;
  readonly lane?: Lane | null | undefined;
}

export interface NewWorkload extends NewOrganisation {
  readonly tenant: string;
  readonly weight?: number | null | undefined;
  readonly lane?: Lane | null | undefined;
}

/** What can be changed later: everything but what it is called by and belongs to. Limits are replaced as a whole. */
export type Changes<New> = Partial<Omit<New, 'id' | 'organisation' | 'tenant'>>;

export async function listOrganisations({ query }: Pick<Database, 'query'>): Promise<readonly Organisation[]> {
  return (await query.selectFrom('organisations').selectAll().orderBy('id').execute()).map(organisationFromRow);
}

export async function listTenants({ query }: Pick<Database, 'query'>): Promise<readonly Tenant[]> {
  return (await query.selectFrom('tenants').selectAll().orderBy('id').execute()).map(tenantFromRow);
}

/** @param tenant only of this one; left out, of all. */
export async function listWorkloads({ query }: Pick<Database, 'query'>, tenant?: string): Promise<readonly Workload[]> {
  const all = query.selectFrom('workloads').selectAll().orderBy('tenant').orderBy('id');
  const rows = await (tenant === undefined ? all : all.where('tenant', '=', tenant)).execute();
  return rows.map(workloadFromRow);
}

/** @throws {ChangeRefused} `unknown` */
export async function theOrganisation({ query }: Pick<Database, 'query'>, id: string): Promise<Organisation> {
  const row = await query.selectFrom('organisations').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw unknown('organisation', id);
  return organisationFromRow(row);
}

/** @throws {ChangeRefused} `unknown` */
export async function theTenant({ query }: Pick<Database, 'query'>, id: string): Promise<Tenant> {
  const row = await query.selectFrom('tenants').selectAll().where('id', '=', id).executeTakeFirst();
  if (row === undefined) throw unknown('tenant', id);
  return tenantFromRow(row);
}

/** @throws {ChangeRefused} `unknown` */
export async function theWorkload({ query }: Pick<Database, 'query'>, tenant: string, id: string): Promise<Workload> {
  const where = query.selectFrom('workloads').selectAll().where('tenant', '=', tenant).where('id', '=', id);
  const row = await where.executeTakeFirst();
  if (row === undefined) throw unknown('workload', `${tenant}/${id}`);
  return workloadFromRow(row);
}

/** @throws {ChangeRefused} `exists` */
export function createOrganisation(database: Database, actor: Actor, wanted: NewOrganisation): Promise<Organisation> {
  return change(database, actor, (under) => addOrganisation(under, wanted, false));
}

/** @throws {ChangeRefused} `exists`, or `unknown` for its organisation */
export function createTenant(database: Database, actor: Actor, wanted: NewTenant): Promise<Tenant> {
  return change(database, actor, (under) => addTenant(under, wanted, false));
}

/** @throws {ChangeRefused} `exists`, or `unknown` for its tenant */
export function createWorkload(database: Database, actor: Actor, wanted: NewWorkload): Promise<Workload> {
  return change(database, actor, (under) => addWorkload(under, wanted, false));
}

/** @throws {ChangeRefused} `unknown`, `declared` */
export function changeOrganisation(
  database: Database,
  actor: Actor,
  id: string,
  changes: Changes<NewOrganisation>,
): Promise<Organisation> {
  return change(database, actor, async (under) => {
    const before = await theOrganisation(under, id);
    refuseDeclared('organisation', id, before);
    return putOrganisation(under, before, { ...before, ...said(changes) });
  });
}

/** @throws {ChangeRefused} `unknown`, `declared` */
export function changeTenant(
  database: Database,
  actor: Actor,
  id: string,
  changes: Changes<NewTenant>,
): Promise<Tenant> {
  return change(database, actor, async (under) => {
    const before = await theTenant(under, id);
    refuseDeclared('tenant', id, before);
    return putTenant(under, before, { ...before, ...said(changes) });
  });
}

/** @throws {ChangeRefused} `unknown`, `declared` */
export function changeWorkload(
  database: Database,
  actor: Actor,
  { tenant, id }: { readonly tenant: string; readonly id: string },
  changes: Changes<NewWorkload>,
): Promise<Workload> {
  return change(database, actor, async (under) => {
    const before = await theWorkload(under, tenant, id);
    refuseDeclared('workload', `${tenant}/${id}`, before);
    return putWorkload(under, before, { ...before, ...said(changes) });
  });
}

/** @throws {ChangeRefused} `unknown`, `declared`; `in-use` while it has tenants */
export function deleteOrganisation(database: Database, actor: Actor, id: string): Promise<void> {
  return change(database, actor, async (under) => {
    const before = await theOrganisation(under, id);
    refuseDeclared('organisation', id, before);
    const tenant = await under.query
      .selectFrom('tenants')
      .select('id')
      .where('organisation', '=', id)
      .limit(1)
      .executeTakeFirst();
    if (tenant !== undefined) {
      throw new ChangeRefused('in-use', `organisation ${id} has tenants, such as ${tenant.id}`, 'Delete them first.');
    }
    await under.query.deleteFrom('organisations').where('id', '=', id).execute();
    await under.note('delete', 'organisation', id, before, null);
  });
}

/** Deletes a tenant with its workloads and revoked keys. @throws {ChangeRefused} `unknown`, `declared`; `in-use` while it has keys that work */
export function deleteTenant(database: Database, actor: Actor, id: string): Promise<void> {
  return change(database, actor, async (under) => {
    const before = await theTenant(under, id);
    refuseDeclared('tenant', id, before);
    await refuseKeysOf(under, id, null);
    await under.query.deleteFrom('tenants').where('id', '=', id).execute();
    await under.note('delete', 'tenant', id, before, null);
  });
}

/** @throws {ChangeRefused} `unknown`, `declared`; `in-use` while keys that work are for it alone */
export function deleteWorkload(
  database: Database,
  actor: Actor,
  { tenant, id }: { readonly tenant: string; readonly id: string },
): Promise<void> {
  return change(database, actor, async (under) => {
    const before = await theWorkload(under, tenant, id);
    refuseDeclared('workload', `${tenant}/${id}`, before);
    await refuseKeysOf(under, tenant, id);
    await under.query.deleteFrom('workloads').where('tenant', '=', tenant).where('id', '=', id).execute();
    await under.note('delete', 'workload', `${tenant}/${id}`, before, null);
  });
}

export async function addOrganisation(
  under: Change,
  { id, name = id, limits = {} }: NewOrganisation,
  declared: boolean,
): Promise<Organisation> {
  const created: Organisation = { id, name, limits, declared, createdAt: under.now };
  const row = organisationToRow(created);
  await inserted('organisation', id, () => under.query.insertInto('organisations').values(row).execute());
  await under.note(declared ? 'declare' : 'create', 'organisation', id, null, created);
  return created;
}

export async function addTenant(under: Change, wanted: NewTenant, declared: boolean): Promise<Tenant> {
  const { id, name = id, limits = {}, perUser = {}, weight = null, lane = null } = wanted;
  const organisation = wanted.organisation ?? (await defaultOrganisation(under));
  await theOrganisation(under, organisation);
  const created: Tenant = { id, organisation, name, limits, perUser, weight, lane, declared, createdAt: under.now };
  const row = tenantToRow(created);
  await inserted('tenant', id, () => under.query.insertInto('tenants').values(row).execute());
  await under.note(declared ? 'declare' : 'create', 'tenant', id, null, created);
  return created;
}

export async function addWorkload(under: Change, wanted: NewWorkload, declared: boolean): Promise<Workload> {
  const { id, tenant, name = id, limits = {}, weight = null, lane = null } = wanted;
  await theTenant(under, tenant);
  const created: Workload = { tenant, id, name, limits, weight, lane, declared, createdAt: under.now };
  const row = workloadToRow(created);
  await inserted('workload', `${tenant}/${id}`, () => under.query.insertInto('workloads').values(row).execute());
  await under.note(declared ? 'declare' : 'create', 'workload', `${tenant}/${id}`, null, created);
  return created;
}

export async function putOrganisation(under: Change, before: Organisation, after: Organisation): Promise<Organisation> {
  const { id } = before;
  await under.query.updateTable('organisations').set(organisationToRow(after)).where('id', '=', id).execute();
  await under.note(actionOf(before, after), 'organisation', id, before, after);
  return after;
}

export async function putTenant(under: Change, before: Tenant, after: Tenant): Promise<Tenant> {
  await under.query.updateTable('tenants').set(tenantToRow(after)).where('id', '=', before.id).execute();
  await under.note(actionOf(before, after), 'tenant', before.id, before, after);
  return after;
}

export async function putWorkload(under: Change, before: Workload, after: Workload): Promise<Workload> {
  const { tenant, id } = before;
  const table = under.query.updateTable('workloads').set(workloadToRow(after));
  await table.where('tenant', '=', tenant).where('id', '=', id).execute();
  await under.note(actionOf(before, after), 'workload', `${tenant}/${id}`, before, after);
  return after;
}

type Said<Fields> = { readonly [Name in keyof Fields]?: Exclude<Fields[Name], undefined> };

/** What is said to be undefined is not said at all: it stays as it was. */
export function said<Fields extends object>(fields: Fields): Said<Fields> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Said<Fields>;
}

/** What does not exist. */
export function unknown(what: string, id: string): ChangeRefused {
  return new ChangeRefused('unknown', `there is no ${what} ${id}`, 'List what there is, or create it first.');
}

function actionOf(before: { readonly declared: boolean }, after: { readonly declared: boolean }) {
  if (before.declared === after.declared) return after.declared ? 'declare' : 'change';
  return after.declared ? 'declare' : 'release';
}

async function defaultOrganisation(under: Change): Promise<string> {
  const where = under.query.selectFrom('organisations').select('id').where('id', '=', DEFAULT_ORGANISATION);
  if ((await where.executeTakeFirst()) === undefined) await addOrganisation(under, { id: DEFAULT_ORGANISATION }, false);
  return DEFAULT_ORGANISATION;
}

async function refuseKeysOf(under: Change, tenant: string, workload: string | null): Promise<void> {
  const keys = under.query.selectFrom('virtual_keys').select('id').where('tenant', '=', tenant);
  const working = keys.where('revoked_at', 'is', null).limit(1);
  const key = await (workload === null ? working : working.where('workload', '=', workload)).executeTakeFirst();
  if (key === undefined) return;
  const whose = workload === null ? `tenant ${tenant} has keys` : `keys are for workload ${tenant}/${workload} alone`;
  throw new ChangeRefused('in-use', `${whose}, such as ${key.id}`, 'Revoke them first.');
}

function refuseDeclared(what: string, id: string, { declared }: { readonly declared: boolean }): void {
  if (!declared) return;
  throw new ChangeRefused(
    'declared',
    `${what} ${id} is declared in the configuration file, which goes before what is changed here`,
    'Change it in the file and restart the gateway, or take it out of the file to manage it here.',
  );
}

async function inserted(what: string, id: string, insert: () => Promise<unknown>): Promise<void> {
  try {
    await insert();
  } catch (error) {
    // The only constraint that these rows can break is their id's.
    if (!isConstraint(error)) throw error;
    throw new ChangeRefused(
      'exists',
      `there is a ${what} ${id} already`,
      'Choose another id, or change that one.',
      'id',
    );
  }
}
