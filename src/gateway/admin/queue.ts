import * as z from 'zod';
import type { TellWaiting } from '../../engine/sharing/waiting.ts';
import { type AdminDeps, type AdminRoute, route } from './route.ts';

const shown = z.strictObject({
  tenant: z.string().nullable().describe('null: calls without a tenant.'),
  waiting: z.int().describe('Calls that wait, all together.'),
  atTargets: z.int().describe('Of them for a place at a target, or for its rate limits.'),
  atLimits: z.int().describe('Of them for room in limits of their own.'),
  background: z.int().describe('Of all in the background lane.'),
  longestMs: z.number().describe('Since when some of them have waited without a break.'),
});

const reply = z.strictObject({
  waiting: z.int().describe('Calls that wait, of all tenants.'),
  data: z.array(shown).describe('Tenants whose calls wait, the most first.'),
});

type Shown = z.infer<typeof shown>;

/** Who waits now, added up when somebody asks: nothing is kept of it. */
function queueNow({ targets, room, clock }: AdminDeps): z.infer<typeof reply> {
  const now = clock.now();
  const tenants = new Map<string, Shown>();
  const into =
    (place: 'atTargets' | 'atLimits'): TellWaiting =>
    (tenant, lane, calls, since) => {
      let one = tenants.get(tenant);
      if (one === undefined) {
        one = { tenant: tenant || null, waiting: 0, atTargets: 0, atLimits: 0, background: 0, longestMs: 0 };
        tenants.set(tenant, one);
      }
      one.waiting += calls;
      one[place] += calls;
      if (lane === 'background') one.background += calls;
      one.longestMs = Math.max(one.longestMs, now - since);
    };
  // Several targets may be of one account, whose calls wait in one place.
  for (const account of new Set(targets.map((target) => target.account))) {
    for (const outlet of account.outlets.values()) outlet.tellWaiting(into('atTargets'));
  }
  room.tellWaiting(into('atLimits'));
  const data = [...tenants.values()].toSorted((one, other) => other.waiting - one.waiting);
  return { waiting: data.reduce((sum, { waiting }) => sum + waiting, 0), data };
}

export const queueRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/queue',
    id: 'showQueue',
    summary: 'Whose calls wait at this gateway now, tenant by tenant: at targets, or for limits of their own',
    role: 'viewer',
    status: 200,
    reply,
    answer: ({ deps }) => Promise.resolve(queueNow(deps)),
  }),
];
