import * as z from 'zod';
import { laneSchema, limitsSchema } from '../../config/tenancy.ts';
import type { Workload } from '../../tenants/entities.ts';
import {
  changeWorkload,
  createWorkload,
  deleteWorkload,
  listWorkloads,
  theTenant,
  theWorkload,
} from '../../tenants/groups.ts';
import { newWorkload, pageQuery, workloadChanges } from './fields.ts';
import { pageById, pageOf } from './pages.ts';
import { type AdminRoute, route } from './route.ts';
import { showMoment, shownMoment } from './shown.ts';

const shown = z.strictObject({
  id: z.string(),
  tenant: z.string(),
  name: z.string(),
  limits: limitsSchema,
  weight: z.number().nullable().describe("Share of a scarce target; null: the tenant's."),
  lane: laneSchema.nullable().describe("Lane of calls that name none; null: the tenant's."),
  declared: z.boolean().describe('It stands in the configuration file, and can only be changed there.'),
  createdAt: shownMoment,
});

function show({ createdAt, ...workload }: Workload): z.infer<typeof shown> {
  return { ...workload, createdAt: showMoment(createdAt) };
}

function place(params: Readonly<Record<string, string>>): { tenant: string; id: string } {
  return { tenant: params['tenant'] ?? '', id: params['workload'] ?? '' };
}

export const workloadRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/tenants/{tenant}/workloads',
    id: 'listWorkloads',
    summary: 'Workloads of a tenant, by id',
    role: 'viewer',
    query: pageQuery,
    status: 200,
    reply: pageOf(shown),
    async answer({ deps: { database }, params, query }) {
      const { id } = await theTenant(database, params['tenant'] ?? '');
      return pageById(await listWorkloads(database, id), query, show);
    },
  }),
  route({
    method: 'POST',
    path: '/tenants/{tenant}/workloads',
    id: 'createWorkload',
    summary: 'Create a workload; from the first one on, calls may only name workloads there are',
    role: 'operator',
    body: newWorkload,
    status: 201,
    reply: shown,
    answer: async ({ deps, actor, params, body }) =>
      show(await createWorkload(deps.database, actor, { ...body, tenant: params['tenant'] ?? '' })),
  }),
  route({
    method: 'GET',
    path: '/tenants/{tenant}/workloads/{workload}',
    id: 'getWorkload',
    summary: 'One workload',
    role: 'viewer',
    status: 200,
    reply: shown,
    async answer({ deps, params }) {
      const { tenant, id } = place(params);
      return show(await theWorkload(deps.database, tenant, id));
    },
  }),
  route({
    method: 'PATCH',
    path: '/tenants/{tenant}/workloads/{workload}',
    id: 'changeWorkload',
    summary: 'Change a workload; limits are replaced as a whole',
    role: 'operator',
    body: workloadChanges,
    status: 200,
    reply: shown,
    answer: async ({ deps, actor, params, body }) =>
      show(await changeWorkload(deps.database, actor, place(params), body)),
  }),
  route({
    method: 'DELETE',
    path: '/tenants/{tenant}/workloads/{workload}',
    id: 'deleteWorkload',
    summary: 'Delete a workload that no working key is bound to',
    role: 'operator',
    status: 204,
    answer: ({ deps, actor, params }) => deleteWorkload(deps.database, actor, place(params)),
  }),
];
