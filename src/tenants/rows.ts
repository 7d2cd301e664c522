import type { Selectable } from 'kysely';

import type { Lane } from '../engine/caller.ts';
import type { Limits } from '../engine/admission/limits.ts';
import type {
  AdminTokensTable,
  AuditLogTable,
  KeySecretsTable,
  OrganisationsTable,
  TenantsTable,
  VirtualKeysTable,
  WorkloadsTable,
} from '../storage/schema.ts';
import type {
  AdminToken,
  AuditAction,
  AuditEntry,
  Actor,
  KeySecret,
  Organisation,
  Role,
  SubjectKind,
  Tenant,
  VirtualKey,
  Workload,
} from './entities.ts';

// Rows as they stand in the database, and the entities they are.

export function organisationFromRow(row: OrganisationsTable): Organisation {
  return {
    id: row.id,
    name: row.name,
    limits: JSON.parse(row.limits) as Limits,
    declared: row.declared === 1,
    createdAt: row.created_at,
  };
}

export function organisationToRow(organisation: Organisation): OrganisationsTable {
  return {
    id: organisation.id,
    name: organisation.name,
    limits: JSON.stringify(organisation.limits),
    declared: organisation.declared ? 1 : 0,
    created_at: organisation.createdAt,
  };
}

export function tenantFromRow(row: TenantsTable): Tenant {
  return {
    id: row.id,
    organisation: row.organisation,
    name: row.name,
    limits: JSON.parse(row.limits) as Limits,
    perUser: JSON.parse(row.user_limits) as Limits,
    weight: row.weight,
    lane: row.lane as Lane | null,
    declared: row.declared === 1,
    createdAt: row.created_at,
  };
}

export function tenantToRow(tenant: Tenant): TenantsTable {
  return {
    id: tenant.id,
    organisation: tenant.organisation,
    name: tenant.name,
    limits: JSON.stringify(tenant.limits),
    user_limits: JSON.stringify(tenant.perUser),
    weight: tenant.weight,
    lane: tenant.lane,
    declared: tenant.declared ? 1 : 0,
    created_at: tenant.createdAt,
  };
}

export function workloadFromRow(row: WorkloadsTable): Workload {
  return {
    tenant: row.tenant,
    id: row.id,
    name: row.name,
    limits: JSON.parse(row.limits) as Limits,
    weight: row.weight,
    lane: row.lane as Lane | null,
    declared: row.declared === 1,
    createdAt: row.created_at,
  };
}

export function workloadToRow(workload: Workload): WorkloadsTable {
  return {
    tenant: workload.tenant,
    id: workload.id,
    name: workload.name,
    limits: JSON.stringify(workload.limits),
    weight: workload.weight,
    lane: workload.lane,
    declared: workload.declared ? 1 : 0,
    created_at: workload.createdAt,
  };
}

/** @param secrets those of this key, newest first. */
export function keyFromRow(row: VirtualKeysTable, secrets: readonly KeySecretsTable[]): VirtualKey {
  return {
    id: row.id,
    tenant: row.tenant,
    workload: row.workload,
    name: row.name,
    models: listFrom(row.models),
    routes: listFrom(row.routes),
    addresses: listFrom(row.addresses),
    interactive: row.interactive === 1,
    passthrough: row.passthrough === 1,
    weight: row.weight,
    lane: row.lane as Lane | null,
    limits: JSON.parse(row.limits) as Limits,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    usedAt: row.used_at,
    secrets: secrets.map(secretFromRow),
  };
}

export function keyToRow(key: Omit<VirtualKey, 'secrets'>): VirtualKeysTable {
  return {
    id: key.id,
    tenant: key.tenant,
    workload: key.workload,
    name: key.name,
    models: listTo(key.models),
    routes: listTo(key.routes),
    addresses: listTo(key.addresses),
    interactive: key.interactive ? 1 : 0,
    passthrough: key.passthrough ? 1 : 0,
    weight: key.weight,
    lane: key.lane,
    limits: JSON.stringify(key.limits),
    created_at: key.createdAt,
    created_by: key.createdBy,
    expires_at: key.expiresAt,
    revoked_at: key.revokedAt,
    used_at: key.usedAt,
  };
}

export function tokenFromRow(row: AdminTokensTable): AdminToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role as Role,
    prefix: row.prefix,
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    revokedAt: row.revoked_at,
    usedAt: row.used_at,
  };
}

export function auditFromRow(row: Selectable<AuditLogTable>): AuditEntry {
  return {
    seq: row.seq,
    at: row.at,
    actor: { via: row.via as Actor['via'], name: row.actor, address: row.address },
    action: row.action as AuditAction,
    subject: row.subject as SubjectKind,
    subjectId: row.subject_id,
    before: row.before === null ? null : JSON.parse(row.before),
    after: row.after === null ? null : JSON.parse(row.after),
  };
}

function secretFromRow({ prefix, created_at: createdAt, expires_at: expiresAt }: KeySecretsTable): KeySecret {
  return { prefix, createdAt, expiresAt };
}

function listFrom(text: string | null): readonly string[] | null {
  return text === null ? null : (JSON.parse(text) as string[]);
}

function listTo(list: readonly string[] | null): string | null {
  return list === null ? null : JSON.stringify(list);
}
