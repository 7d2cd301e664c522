import * as z from 'zod';
import { laneSchema, limitsSchema } from '../../config/tenancy.ts';
import type { Tenant } from '../../tenants/entities.ts';
import { changeTenant, createTenant, deleteTenant, listTenants, theTenant } from '../../tenants/groups.ts';
import { newTenant, pageQuery, tenantChanges } from './fields.ts';
import { pageById, pageOf } from './pages.ts';
import { type AdminRoute, route } from './route.ts';
import { showMoment, shownMoment } from './shown.ts';

const shown = z.strictObject({
  id: z.string(),
  organisation: z.string(),
  name: z.string(),
  limits: limitsSchema,
  perUser: limitsSchema.describe("What each of the tenant's own users may take."),
  weight: z.number().nullable().describe('Share of a scarce target, relative to other tenants; null: 1.'),
  lane: laneSchema.nullable().describe('Lane of calls that name none; null: interactive.'),
  declared: z.boolean().describe('It stands in the configuration file, and can only be changed there.'),
  createdAt: shownMoment,
});

function show({ createdAt, ...tenant }: Tenant): z.infer<typeof shown> {
  return { ...tenant, createdAt: showMoment(createdAt) };
}

export const tenantRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/tenants',
    id: 'listTenants',
    summary: 'Tenants, by id',
    role: 'viewer',
    query: pageQuery,
    status: 200,
    reply: pageOf(shown),
    answer: async ({ deps, query }) => pageById(await listTenants(deps.database), query, show),
  }),
  route({
    method: 'POST',
    path: '/tenants',
    id: 'createTenant',
    summary: 'Create a tenant; from the first one on, every call needs a key',
    role: 'operator',
    body: newTenant,
    status: 201,
    reply: shown,
    answer: async ({ deps, actor, body }) => show(await createTenant(deps.database, actor, body)),
  }),
  route({
    method: 'GET',
    path: '/tenants/{tenant}',
    id: 'getTenant',
    summary: 'One tenant',
    role: 'viewer',
    status: 200,
    reply: shown,
    answer: async ({ deps, params }) => show(await theTenant(deps.database, params['tenant'] ?? '')),
  }),
  route({
    method: 'PATCH',
    path: '/tenants/{tenant}',
    id: 'changeTenant',
    summary: 'Change a tenant; limits are replaced as a whole',
    role: 'operator',
    body: tenantChanges,
    status: 200,
    reply: shown,
    answer: async ({ deps, actor, params, body }) =>
      show(await changeTenant(deps.database, actor, params['tenant'] ?? '', body)),
  }),
  route({
    method: 'DELETE',
    path: '/tenants/{tenant}',
    id: 'deleteTenant',
    summary: 'Delete a tenant whose keys are all revoked',
    role: 'operator',
    status: 204,
    answer: ({ deps, actor, params }) => deleteTenant(deps.database, actor, params['tenant'] ?? ''),
  }),
];
