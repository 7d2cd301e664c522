import type { Limits } from '../engine/admission/limits.ts';
import {
  newOrganisation,
  newTenant,
  newWorkload,
  organisationChanges,
  tenantChanges,
  workloadChanges,
} from '../gateway/admin/fields.ts';
import {
  changeOrganisation,
  changeTenant,
  changeWorkload,
  createOrganisation,
  createTenant,
  createWorkload,
  deleteOrganisation,
  deleteTenant,
  deleteWorkload,
  listOrganisations,
  listTenants,
  listWorkloads,
  said,
} from '../tenants/groups.ts';
import { listKeys } from '../tenants/keys.ts';
import { administer, checked, jsonLines, printTable, readLimits, readNumber, showLimits } from './administration.ts';
import type { AdministrationOptions } from './administration-options.ts';
import type { Column, TableCell } from './table.ts';
import type { Terminal } from './terminal.ts';

/** What `create` takes, as it was typed. */
export interface CreateOptions extends AdministrationOptions {
  readonly organisation?: string;
  readonly name?: string;
  readonly limit?: readonly string[];
  readonly userLimit?: readonly string[];
  readonly weight?: string;
  readonly lane?: string;
}

/** What `change` takes. */
export type ChangeOptions = Omit<CreateOptions, 'organisation'>;

const TENANT_COLUMNS: readonly Column[] = [
  { title: 'tenant', rank: 0 },
  { title: 'organisation', rank: 3 },
  { title: 'keys', rank: 2, align: 'right' },
  { title: 'weight', rank: 5, align: 'right' },
  { title: 'lane', rank: 5 },
  { title: 'from', rank: 4 },
  { title: 'limits', rank: 1 },
];

const ORGANISATION_COLUMNS: readonly Column[] = [
  { title: 'organisation', rank: 0 },
  { title: 'name', rank: 2 },
  { title: 'tenants', rank: 2, align: 'right' },
  { title: 'from', rank: 3 },
  { title: 'limits', rank: 1 },
];

export function listAll(options: AdministrationOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database) => {
    const tenants = await listTenants(database);
    const workloads = await listWorkloads(database);
    if (options.json) return terminal.write(jsonLines([...tenants, ...workloads]));
    const keys = Map.groupBy(await listKeys(database, { working: true }), ({ tenant }) => tenant);
    const rows = tenants.flatMap((tenant): TableCell[][] => [
      [
        { text: tenant.id, ink: 'bold' },
        { text: tenant.organisation },
        { text: String(keys.get(tenant.id)?.length ?? 0) },
        { text: String(tenant.weight ?? 1) },
        { text: tenant.lane ?? 'interactive' },
        { text: source(tenant) },
        { text: tenantLimits(tenant.limits, tenant.perUser) },
      ],
      ...workloads
        .filter((workload) => workload.tenant === tenant.id)
        .map((workload) => [
          { text: `${tenant.id}/${workload.id}` },
          { text: '' },
          { text: '' },
          { text: workload.weight === null ? '' : String(workload.weight) },
          { text: workload.lane ?? '' },
          { text: source(workload) },
          { text: showLimits(workload.limits) },
        ]),
    ]);
    printTable(terminal, TENANT_COLUMNS, rows, 'no tenants yet: holdfast tenants create NAME makes the first');
  });
}

export function create(id: string, options: CreateOptions, terminal: Terminal): Promise<void> {
  return administer(
    options,
    async (database, actor) => {
      const [tenant = '', workload] = split(id);
      const created =
        workload === undefined
          ? await createTenant(database, actor, checked(newTenant, said({ id: tenant, ...typed(options) })))
          : await createWorkload(database, actor, {
              tenant,
              ...checked(newWorkload, said({ id: workload, ...typed(options) })),
            });
      if (options.json) return terminal.write(jsonLines([created]));
      terminal.note(`created ${id}\n`);
      if (workload === undefined) terminal.note(`make a key for it: holdfast keys create ${id}\n`);
    },
    'make',
  );
}

export function change(id: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const [tenant = '', workload] = split(id);
    const changed =
      workload === undefined
        ? await changeTenant(database, actor, tenant, checked(tenantChanges, said(typed(options))))
        : await changeWorkload(
            database,
            actor,
            { tenant, id: workload },
            checked(workloadChanges, said(typed(options))),
          );
    if (options.json) terminal.write(jsonLines([changed]));
    else terminal.note(`changed ${id}\n`);
  });
}

export function remove(id: string, options: AdministrationOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const [tenant = '', workload] = split(id);
    if (workload === undefined) await deleteTenant(database, actor, tenant);
    else await deleteWorkload(database, actor, { tenant, id: workload });
    terminal.note(`deleted ${id}\n`);
  });
}

export function listOrganisationTable(options: AdministrationOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database) => {
    const organisations = await listOrganisations(database);
    if (options.json) return terminal.write(jsonLines(organisations));
    const tenants = Map.groupBy(await listTenants(database), ({ organisation }) => organisation);
    const rows = organisations.map((organisation): TableCell[] => [
      { text: organisation.id, ink: 'bold' },
      { text: organisation.name },
      { text: String(tenants.get(organisation.id)?.length ?? 0) },
      { text: source(organisation) },
      { text: showLimits(organisation.limits) },
    ]);
    printTable(terminal, ORGANISATION_COLUMNS, rows, 'no organisations yet; tenants that name none make one');
  });
}

export function createOne(id: string, options: CreateOptions, terminal: Terminal): Promise<void> {
  return administer(
    options,
    async (database, actor) => {
      const { name, limits } = typed(options);
      const created = await createOrganisation(database, actor, checked(newOrganisation, said({ id, name, limits })));
      if (options.json) terminal.write(jsonLines([created]));
      else terminal.note(`created ${id}\n`);
    },
    'make',
  );
}

export function changeOne(id: string, options: ChangeOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    const { name, limits } = typed(options);
    const changed = await changeOrganisation(database, actor, id, checked(organisationChanges, said({ name, limits })));
    if (options.json) terminal.write(jsonLines([changed]));
    else terminal.note(`changed ${id}\n`);
  });
}

export function removeOne(id: string, options: AdministrationOptions, terminal: Terminal): Promise<void> {
  return administer(options, async (database, actor) => {
    await deleteOrganisation(database, actor, id);
    terminal.note(`deleted ${id}\n`);
  });
}

function typed({ organisation, name, limit, userLimit, weight, lane }: CreateOptions) {
  const limits = readLimits(limit);
  return { organisation, name, limits, perUser: readLimits(userLimit), weight: readNumber(weight), lane };
}

function split(id: string): readonly string[] {
  const slash = id.indexOf('/');
  return slash < 0 ? [id] : [id.slice(0, slash), id.slice(slash + 1)];
}

function source({ declared }: { readonly declared: boolean }): string {
  return declared ? 'the file' : '';
}

function tenantLimits(limits: Limits, perUser: Limits): string {
  return Object.keys(perUser).length === 0
    ? showLimits(limits)
    : `${showLimits(limits)}; each user: ${showLimits(perUser)}`;
}
