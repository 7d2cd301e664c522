import * as z from 'zod';
import { quotasOf } from '../../../engine/admission/limits.ts';
import type { Counters, Quota } from '../../../engine/admission/quota.ts';
import type { AdminDeps } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';

const DOLLAR = 1_000_000;
const DAY_MS = 86_400_000;

/** A budget, and how fast it is used; money in US dollars. */
export interface ShownBudget {
  readonly quota: string;
  readonly level: Quota['level'];
  readonly holder: string;
  readonly period: 'day' | 'month';
  readonly limit: number;
  readonly warnAt: number | null;
  readonly refuses: boolean;
  readonly used: number;
  readonly share: number;
  readonly burn: number;
  readonly endsAt: string | null;
}

export const shownBudget: z.ZodType<ShownBudget> = z.strictObject({
  quota: z.string().describe('Its id.'),
  level: z.enum(['organisation', 'tenant', 'workload', 'user', 'key']),
  holder: z.string(),
  period: z.enum(['day', 'month']).describe('Of the calendar, in UTC.'),
  limit: z.number().describe('US dollars.'),
  warnAt: z.number().nullable(),
  refuses: z.boolean().describe('false: it only warns.'),
  used: z.number().describe('US dollars, as far as this process knows.'),
  share: z.number().describe('Used of the limit.'),
  burn: z.number().describe('How fast it is used: 1 lasts exactly to the end of its period.'),
  endsAt: shownMoment.nullable().describe('When it will be used up at this pace; null: not within its period.'),
});

type Budget = Quota & { readonly period: 'day' | 'month' };

/** Every budget that limits somebody of `tenant`, or anybody, and how fast it is used; the nearest to its end first. */
export function burnOf(
  { directory, counters, clock }: Pick<AdminDeps, 'directory' | 'counters' | 'clock'>,
  tenant?: string,
): ShownBudget[] {
  const now = clock.wall();
  const tenants = directory.tenants.filter(({ id }) => tenant === undefined || id === tenant);
  const organisations = new Set(tenants.map(({ organisation }) => organisation));
  const quotas = [
    ...directory.organisations
      .filter(({ id }) => tenant === undefined || organisations.has(id))
      .flatMap(({ id, limits }) => quotasOf('organisation', id, limits)),
    ...tenants.flatMap(({ id, limits }) => [
      ...quotasOf('tenant', id, limits),
      ...directory.workloadsOf(id).flatMap((workload) => quotasOf('workload', `${id}/${workload.id}`, workload.limits)),
      ...directory.keysOf(id).flatMap((key) => (key.revokedAt === null ? quotasOf('key', key.id, key.limits) : [])),
    ]),
  ];
  return quotas
    .filter((quota): quota is Budget => quota.measure === 'money')
    .map((quota) => burn(quota, counters, now))
    .toSorted((one, other) => other.share - one.share);
}

function burn(quota: Budget, counters: Counters, now: number): ShownBudget {
  const { id, level, holder, period, amount, warnAt, refuses } = quota;
  const used = counters.settled(quota, now);
  const [begins, ends] = periodAt(period, now);
  const passed = Math.max(1, now - begins) / (ends - begins);
  const endsAt = used === 0 ? Number.POSITIVE_INFINITY : begins + ((now - begins) * amount) / used;
  return {
    quota: id,
    level,
    holder,
    period,
    limit: amount / DOLLAR,
    warnAt: warnAt === null ? null : warnAt / DOLLAR,
    refuses,
    used: used / DOLLAR,
    share: amount === 0 ? 1 : used / amount,
    burn: amount === 0 ? 0 : used / amount / passed,
    endsAt: endsAt < ends ? showMoment(Math.max(endsAt, begins)) : null,
  };
}

/** Begin and end of the calendar's day or month around a moment, in UTC. */
function periodAt(period: 'day' | 'month', now: number): readonly [begins: number, ends: number] {
  const date = new Date(now);
  if (period === 'day') {
    const begins = now - (now % DAY_MS);
    return [begins, begins + DAY_MS];
  }
  const [year, month] = [date.getUTCFullYear(), date.getUTCMonth()];
  return [Date.UTC(year, month, 1), Date.UTC(year, month + 1, 1)];
}
