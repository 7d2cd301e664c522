import { isDeepStrictEqual } from 'node:util';

import type { Lane } from '../engine/caller.ts';
import type { Limits } from '../engine/admission/limits.ts';
import type { Database } from '../storage/database.ts';
import { type Change, change, ChangeRefused } from './changes.ts';
import type { Actor } from './entities.ts';
import {
  addOrganisation,
  addTenant,
  addWorkload,
  DEFAULT_ORGANISATION,
  listOrganisations,
  listTenants,
  listWorkloads,
  putOrganisation,
  putTenant,
  putWorkload,
} from './groups.ts';

/** What the configuration file says of organisations and tenants, with nothing left open. */
export interface Declarations {
  readonly organisations: readonly DeclaredOrganisation[];
  readonly tenants: readonly DeclaredTenant[];
}

interface DeclaredOrganisation {
  readonly id: string;
  readonly name: string;
  readonly limits: Limits;
}

interface DeclaredTenant extends DeclaredOrganisation {
  /** null: the default one. */
  readonly organisation: string | null;
  readonly perUser: Limits;
  readonly weight: number | null;
  readonly lane: Lane | null;
  readonly workloads: readonly DeclaredWorkload[];
}

interface DeclaredWorkload extends DeclaredOrganisation {
  readonly weight: number | null;
  readonly lane: Lane | null;
}

/**
 * Puts what a file declares into the database, where the keys are that belong to it. What the file says goes before what
 * stands there. What it no longer says stays as it was, and can be changed elsewhere from then on: a line lost from a file
 * must not cut anybody off.
 *
 * @throws {ChangeRefused} `invalid`: a tenant would change its organisation, or its organisation is nowhere
 */
export function declare(database: Database, actor: Actor, { organisations, tenants }: Declarations): Promise<void> {
  return change(database, actor, async (under) => {
    await declareOrganisations(under, organisations);
    await declareTenants(under, tenants);
    for (const tenant of tenants) await declareWorkloads(under, tenant);
    await releaseOrphans(under, tenants);
  });
}

async function declareOrganisations(under: Change, wanted: readonly DeclaredOrganisation[]): Promise<void> {
  const known = new Map((await listOrganisations(under)).map((organisation) => [organisation.id, organisation]));
  for (const { id, name, limits } of wanted) {
    const before = known.get(id);
    known.delete(id);
    if (before === undefined) await addOrganisation(under, { id, name, limits }, true);
    else
      await putIfChanged(before, { ...before, name, limits, declared: true }, (after) =>
        putOrganisation(under, before, after),
      );
  }
  for (const before of known.values()) {
    if (before.declared) await putOrganisation(under, before, { ...before, declared: false });
  }
}

async function declareTenants(under: Change, wanted: readonly DeclaredTenant[]): Promise<void> {
  const known = new Map((await listTenants(under)).map((tenant) => [tenant.id, tenant]));
  for (const { id, organisation, name, limits, perUser, weight, lane } of wanted) {
    const before = known.get(id);
    known.delete(id);
    const there = { id, name, limits, perUser, weight, lane, organisation: organisation ?? undefined };
    if (before === undefined) {
      await addTenant(under, there, true);
      continue;
    }
    if (before.organisation !== (organisation ?? DEFAULT_ORGANISATION)) throw wouldMove(id, before.organisation);
    const after = { ...before, name, limits, perUser, weight, lane, declared: true };
    await putIfChanged(before, after, () => putTenant(under, before, after));
  }
  for (const before of known.values()) {
    if (before.declared) await putTenant(under, before, { ...before, declared: false });
  }
}

async function declareWorkloads(under: Change, { id: tenant, workloads }: DeclaredTenant): Promise<void> {
  const known = new Map((await listWorkloads(under, tenant)).map((workload) => [workload.id, workload]));
  for (const { id, name, limits, weight, lane } of workloads) {
    const before = known.get(id);
    known.delete(id);
    if (before === undefined) {
      await addWorkload(under, { tenant, id, name, limits, weight, lane }, true);
      continue;
    }
    const after = { ...before, name, limits, weight, lane, declared: true };
    await putIfChanged(before, after, () => putWorkload(under, before, after));
  }
  for (const before of known.values()) {
    if (before.declared) await putWorkload(under, before, { ...before, declared: false });
  }
}

/** Workloads of tenants that the file no longer names at all. */
async function releaseOrphans(under: Change, tenants: readonly DeclaredTenant[]): Promise<void> {
  const named = new Set(tenants.map(({ id }) => id));
  for (const before of await listWorkloads(under)) {
    if (before.declared && !named.has(before.tenant)) await putWorkload(under, before, { ...before, declared: false });
  }
}

async function putIfChanged<Entity>(
  before: Entity,
  after: Entity,
  put: (after: Entity) => Promise<unknown>,
): Promise<void> {
  if (!isDeepStrictEqual(before, after)) await put(after);
}

function wouldMove(id: string, organisation: string): ChangeRefused {
  return new ChangeRefused(
    'invalid',
    `tenants.${id} belongs to organisation ${organisation} already`,
    `Write organisation: ${organisation}, or give the tenant another id.`,
    `tenants.${id}.organisation`,
  );
}
