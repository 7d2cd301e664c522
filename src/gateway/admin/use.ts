import * as z from 'zod';
import { quotasOf } from '../../engine/admission/limits.ts';
import type { Counters, Quota } from '../../engine/admission/quota.ts';
import { theOrganisation, theTenant } from '../../tenants/groups.ts';
import { type AdminRoute, type AdminDeps, route } from './route.ts';

const shown = z.strictObject({
  quota: z.string().describe('Its id.'),
  level: z.enum(['organisation', 'tenant', 'workload', 'user', 'key']),
  holder: z.string(),
  measure: z.enum(['requests', 'tokens', 'calls', 'money']).describe('Money is in US dollars.'),
  period: z.enum(['moment', 'minute', 'day', 'month']),
  limit: z.number(),
  warnAt: z.number().nullable(),
  refuses: z.boolean(),
  used: z.number().describe('Reservations of calls under way included.'),
  settled: z.number().describe('Without them.'),
});

const reply = z.strictObject({ data: z.array(shown) });

const MICRODOLLARS = 1_000_000;

function show(quota: Quota, counters: Counters, at: number): z.infer<typeof shown> {
  const { id, level, holder, measure, period, amount, warnAt, refuses } = quota;
  const unit = measure === 'money' ? MICRODOLLARS : 1;
  return {
    quota: id,
    level,
    holder,
    measure,
    period,
    limit: amount / unit,
    warnAt: warnAt === null ? null : warnAt / unit,
    refuses,
    used: counters.used(quota, at) / unit,
    settled: counters.settled(quota, at) / unit,
  };
}

function showAll(quotas: readonly Quota[], { counters }: AdminDeps): z.infer<typeof reply> {
  const at = Date.now();
  return { data: quotas.map((quota) => show(quota, counters, at)) };
}

/** Use against limits, as far as this process knows it. Quotas of single users are not among it: nobody knows their names. */
export const useRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/organisations/{organisation}/use',
    id: 'organisationUse',
    summary: "Use of an organisation's limits, and of its tenants'",
    role: 'viewer',
    status: 200,
    reply,
    async answer({ deps, params }) {
      const { id, limits } = await theOrganisation(deps.database, params['organisation'] ?? '');
      const tenants = deps.directory.tenants.filter(({ organisation }) => organisation === id);
      const quotas = [
        ...quotasOf('organisation', id, limits),
        ...tenants.flatMap((tenant) => quotasOf('tenant', tenant.id, tenant.limits)),
      ];
      return showAll(quotas, deps);
    },
  }),
  route({
    method: 'GET',
    path: '/tenants/{tenant}/use',
    id: 'tenantUse',
    summary: "Use of a tenant's limits, and of those above and below it: organisation, workloads, keys",
    role: 'viewer',
    status: 200,
    reply,
    async answer({ deps, params }) {
      const { database, directory } = deps;
      const tenant = await theTenant(database, params['tenant'] ?? '');
      const organisation = await theOrganisation(database, tenant.organisation);
      const keys = directory.keysOf(tenant.id).filter(({ revokedAt }) => revokedAt === null);
      const quotas = [
        ...quotasOf('organisation', organisation.id, organisation.limits),
        ...quotasOf('tenant', tenant.id, tenant.limits),
        ...directory
          .workloadsOf(tenant.id)
          .flatMap(({ id, limits }) => quotasOf('workload', `${tenant.id}/${id}`, limits)),
        ...keys.flatMap(({ id, limits }) => quotasOf('key', id, limits)),
      ];
      return showAll(quotas, deps);
    },
  }),
];
