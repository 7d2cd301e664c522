import * as z from 'zod';
import type { Lane } from '../engine/caller.ts';
import { type Budget, COUNT_LIMITS, type LimitRule, type Limits, MOST_DOLLARS } from '../engine/admission/limits.ts';
import { id, section, shareWeight, text } from './fields.ts';
import type { Finding } from './source.ts';
import { suggestOrList } from './suggest.ts';

// Organisations, tenants and their limits, as a file declares them. The same limits are taken by the admin API.

/** What a file says of tenants, with nothing left open. */
export interface TenancyConfig {
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

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

type GroupSection = Optional<{ name: string; limits: Limits }>;

type WorkloadSection = GroupSection & Optional<{ weight: number; lane: Lane }>;

type TenantSection = WorkloadSection &
  Optional<{ organisation: string; perUser: Limits; workloads: Readonly<Record<string, WorkloadSection>> }>;

export type TenancySections = Optional<{
  organisations: Readonly<Record<string, GroupSection>>;
  tenants: Readonly<Record<string, TenantSection>>;
}>;

function count({ least, most, meaning }: LimitRule): z.ZodOptional<z.ZodNumber> {
  const tooLittle =
    least === 0
      ? 'must be at least 0, which allows none; leave it out where nothing is limited'
      : 'must be at least 1, or no call could be made; leave it out where nothing is limited';
  return z
    .int({ error: `must be a whole number from ${least} to ${most}` })
    .min(least, { error: tooLittle })
    .max(most, { error: `must be at most ${most}; leave it out where nothing is limited` })
    .describe(meaning)
    .optional();
}

function dollars(meaning: string, least: number): z.ZodNumber {
  return z
    .number({ error: `must be an amount of US dollars from ${least} to ${MOST_DOLLARS}` })
    .min(least, { error: `must be at least ${least}; leave it out where nothing is limited` })
    .max(MOST_DOLLARS, { error: `must be at most ${MOST_DOLLARS}; leave it out where nothing is limited` })
    .describe(meaning);
}

function budget(meaning: string): z.ZodOptional<z.ZodType<number | Budget>> {
  const both = section({
    warn: dollars('US dollars from which people are warned. Default 80 % of refuse.', 0.000_001).optional(),
    refuse: dollars('US dollars beyond which calls are refused. Default: they never are.', 0).optional(),
  }).superRefine(({ warn, refuse }, context) => {
    if (warn === undefined && refuse === undefined) {
      context.addIssue({ code: 'custom', message: 'says nothing', params: { fix: 'Write warn, refuse or both.' } });
    }
    if (warn !== undefined && refuse !== undefined && warn > refuse) {
      context.addIssue({
        code: 'custom',
        path: ['warn'],
        message: 'is above refuse, so nobody would be warned in time',
        params: { fix: 'Warn at less than is refused.' },
      });
    }
  });
  return z
    .union([dollars('Beyond it calls are refused; at 80 % of it people are warned.', 0), both], {
      error: 'must be an amount of US dollars, or a mapping with warn and refuse',
    })
    .describe(meaning)
    .optional();
}

/** Limits of one holder. */
export const limitsSchema: z.ZodType<Limits> = section({
  requestsPerMinute: count(COUNT_LIMITS.requestsPerMinute),
  requestsPerDay: count(COUNT_LIMITS.requestsPerDay),
  tokensPerMinute: count(COUNT_LIMITS.tokensPerMinute),
  tokensPerDay: count(COUNT_LIMITS.tokensPerDay),
  concurrentCalls: count(COUNT_LIMITS.concurrentCalls),
  promptTokens: count(COUNT_LIMITS.promptTokens),
  outputTokens: count(COUNT_LIMITS.outputTokens),
  budgetPerDay: budget('US dollars a calendar day (UTC); 0 lets nothing be spent.'),
  budgetPerMonth: budget('US dollars a calendar month (UTC); 0 lets nothing be spent.'),
});

export const laneSchema: z.ZodType<Lane> = z.enum(['interactive', 'background']);

const group = {
  name: text('What people call it. Default: its id.').optional(),
  limits: limitsSchema.describe('What it may take. Left out, as much as there is.').optional(),
};

const shared = {
  weight: shareWeight('Share of a scarce target, relative to the others. Default 1.').optional(),
  lane: laneSchema.describe('Lane of calls that name none. Default interactive.').optional(),
};

const organisation = section(group);
const workload = section({ ...group, ...shared });
const tenant = section({
  ...group,
  ...shared,
  organisation: id('Organisation it belongs to. Default: default.').optional(),
  perUser: limitsSchema.describe("What each of the tenant's own users may take.").optional(),
  workloads: z
    .record(id('Id of the workload.'), workload, { error: 'must be a mapping of ids to workloads' })
    .describe('Parts of the tenant with limits of their own; calls name them in x-holdfast-workload.')
    .optional(),
});

/** The two sections of a file. */
export const tenancySections: {
  readonly organisations: z.ZodOptional<z.ZodType<NonNullable<TenancySections['organisations']>>>;
  readonly tenants: z.ZodOptional<z.ZodType<NonNullable<TenancySections['tenants']>>>;
} = {
  organisations: z
    .record(id('Id of the organisation.'), organisation, { error: 'must be a mapping of ids to organisations' })
    .describe('Those who pay together. They can also be made through the admin API.')
    .optional(),
  tenants: z
    .record(id('Id of the tenant.'), tenant, { error: 'must be a mapping of ids to tenants' })
    .describe('Those who are kept apart from one another. As soon as there is one, every call needs a key.')
    .optional(),
};

export function resolveTenancy({ organisations = {}, tenants = {} }: TenancySections): TenancyConfig {
  return {
    organisations: Object.entries(organisations).map(([name, one]) => resolveGroup(name, one)),
    tenants: Object.entries(tenants).map(([name, one]) => ({
      ...resolveGroup(name, one),
      organisation: one.organisation ?? null,
      perUser: one.perUser ?? {},
      weight: one.weight ?? null,
      lane: one.lane ?? null,
      workloads: Object.entries(one.workloads ?? {}).map(([inner, part]) => ({
        ...resolveGroup(inner, part),
        weight: part.weight ?? null,
        lane: part.lane ?? null,
      })),
    })),
  };
}

function resolveGroup(name: string, { name: shown = name, limits = {} }: GroupSection): DeclaredOrganisation {
  return { id: name, name: shown, limits };
}

/** A limit of 0 closes its holder, which elsewhere often means the opposite: worth a line at start-up. */
export function tenancyWarnings({ organisations, tenants }: TenancyConfig): string[] {
  return [
    ...organisations.flatMap((one) => closed(`organisations.${one.id}.limits`, one.limits)),
    ...tenants.flatMap((one) => [
      ...closed(`tenants.${one.id}.limits`, one.limits),
      ...closed(`tenants.${one.id}.perUser`, one.perUser),
      ...one.workloads.flatMap((part) => closed(`tenants.${one.id}.workloads.${part.id}.limits`, part.limits)),
    ]),
  ];
}

function closed(path: string, limits: Limits): string[] {
  return Object.entries(limits)
    .filter(([, amount]) => amount === 0)
    .map(([name]) => `${path}.${name} is 0, which allows none; leave it out where nothing is limited`);
}

/** Tenants whose organisation stands nowhere in the file. */
export function checkOrganisations(organisations: readonly string[], tenants: readonly [string, unknown][]): Finding[] {
  return tenants.flatMap(([name, section_]) => {
    const named =
      typeof section_ === 'object' && section_ !== null && 'organisation' in section_ && section_.organisation;
    if (typeof named !== 'string' || named === 'default' || organisations.includes(named)) return [];
    const fix = organisations.length === 0 ? 'Declare it under organisations.' : suggestOrList(named, organisations);
    return [
      {
        path: ['tenants', name, 'organisation'],
        at: 'value' as const,
        wrong: 'is not the id of an organisation of this file',
        fix,
      },
    ];
  });
}
