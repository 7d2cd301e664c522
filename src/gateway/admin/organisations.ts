import * as z from 'zod';
import { limitsSchema } from '../../config/tenancy.ts';
import type { Organisation } from '../../tenants/entities.ts';
import {
  changeOrganisation,
  createOrganisation,
  deleteOrganisation,
  listOrganisations,
  theOrganisation,
} from '../../tenants/groups.ts';
import { newOrganisation, organisationChanges, pageQuery } from './fields.ts';
import { pageById, pageOf } from './pages.ts';
import { type AdminRoute, route } from './route.ts';
import { showMoment, shownMoment } from './shown.ts';

const shown = z.strictObject({
  id: z.string(),
  name: z.string(),
  limits: limitsSchema,
  declared: z.boolean().describe('It stands in the configuration file, and can only be changed there.'),
  createdAt: shownMoment,
});

function show({ createdAt, ...organisation }: Organisation): z.infer<typeof shown> {
  return { ...organisation, createdAt: showMoment(createdAt) };
}

export const organisationRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/organisations',
    id: 'listOrganisations',
    summary: 'Organisations, by id',
    role: 'viewer',
    query: pageQuery,
    status: 200,
    reply: pageOf(shown),
    answer: async ({ deps, query }) => pageById(await listOrganisations(deps.database), query, show),
  }),
  route({
    method: 'POST',
    path: '/organisations',
    id: 'createOrganisation',
    summary: 'Create an organisation',
    role: 'operator',
    body: newOrganisation,
    status: 201,
    reply: shown,
    answer: async ({ deps, actor, body }) => show(await createOrganisation(deps.database, actor, body)),
  }),
  route({
    method: 'GET',
    path: '/organisations/{organisation}',
    id: 'getOrganisation',
    summary: 'One organisation',
    role: 'viewer',
    status: 200,
    reply: shown,
    answer: async ({ deps, params }) => show(await theOrganisation(deps.database, params['organisation'] ?? '')),
  }),
  route({
    method: 'PATCH',
    path: '/organisations/{organisation}',
    id: 'changeOrganisation',
    summary: 'Change an organisation; limits are replaced as a whole',
    role: 'operator',
    body: organisationChanges,
    status: 200,
    reply: shown,
    answer: async ({ deps, actor, params, body }) =>
      show(await changeOrganisation(deps.database, actor, params['organisation'] ?? '', body)),
  }),
  route({
    method: 'DELETE',
    path: '/organisations/{organisation}',
    id: 'deleteOrganisation',
    summary: 'Delete an organisation that has no tenants',
    role: 'operator',
    status: 204,
    answer: ({ deps, actor, params }) => deleteOrganisation(deps.database, actor, params['organisation'] ?? ''),
  }),
];
