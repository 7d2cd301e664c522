import * as z from 'zod';
import type { NewAdminToken } from '../../tenants/admin-tokens.ts';
import type { SubjectKind } from '../../tenants/entities.ts';
import type { Changes, NewOrganisation, NewTenant, NewWorkload } from '../../tenants/groups.ts';
import { addressRanges, flag, id, section, shareWeight, text } from '../../config/fields.ts';
import { laneSchema, limitsSchema } from '../../config/tenancy.ts';
import { DEFAULT_GRACE_MS, type KeyChanges, type NewKey } from '../../tenants/keys.ts';

// What requests of the admin API may say. Messages and bounds are those of the configuration file.

const NOT_A_MOMENT = 'must be a moment such as 2027-01-31T12:00:00Z';

/** A moment, read as ms since 1970. */
const moment: z.ZodType<number> = z.iso
  .datetime({ offset: true, error: NOT_A_MOMENT })
  .transform((written) => Date.parse(written));

const weight = shareWeight('Share of a scarce target, relative to the others; null: 1, or what stands above.')
  .nullable()
  .optional();
const lane = laneSchema.nullable().describe('Lane of calls that name none; null: what stands above.').optional();
const called = text('What people call it. Default: its id.').max(200, { error: 'must be at most 200 characters' });
const name = called.optional();
const limits = limitsSchema.describe('What it may take; replaced as a whole.').optional();

const models = z
  .array(
    // To match costs the length of the glob times that of the name, and callers choose the name.
    text('Glob of model names: * stands for any text, ? for one character.').max(200, {
      error: 'must be at most 200 characters',
    }),
    { error: 'must be a list of globs' },
  )
  .min(1, { error: 'names no model' })
  .max(100, { error: 'names more than 100 globs' })
  .nullable()
  .describe('Models it may ask for; null: all.')
  .optional();

const routes = z
  .array(text('Id of a route.'), { error: 'must be a list of ids' })
  .min(1, { error: 'names no route' })
  .max(100, { error: 'names more than 100 routes' })
  .nullable()
  .describe('Routes its calls may take; null: all.')
  .optional();

const keyFields = {
  name,
  workload: id('The only workload it is for; null: any of the tenant.').nullable().optional(),
  models,
  routes,
  addresses: addressRanges('Addresses and CIDR ranges it may be used from; null: anywhere.')
    .min(1)
    .nullable()
    .optional(),
  interactive: flag('Whether its calls may go in the interactive lane. Default true.').optional(),
  passthrough: flag('Whether it may use paths whose bodies are carried unread. Default true.').optional(),
  weight,
  lane,
  limits,
  expiresAt: moment.nullable().describe('When it stops working; null: never.').optional(),
};

const groupFields = { name, limits };
const tenantFields = {
  ...groupFields,
  perUser: limitsSchema.describe('What each of its users may take.').optional(),
  weight,
  lane,
};
const workloadFields = { ...groupFields, weight, lane };

export const newOrganisation: z.ZodType<NewOrganisation> = section({ id: id('Its id, for good.'), ...groupFields });
export const organisationChanges: z.ZodType<Changes<NewOrganisation>> = section(groupFields);
export const newTenant: z.ZodType<NewTenant> = section({
  id: id('Its id, for good.'),
  organisation: id('Organisation it belongs to. Default: default.').optional(),
  ...tenantFields,
});
export const tenantChanges: z.ZodType<Changes<NewTenant>> = section(tenantFields);
export const newWorkload: z.ZodType<Omit<NewWorkload, 'tenant'>> = section({
  id: id('Its id within the tenant, for good.'),
  ...workloadFields,
});
export const workloadChanges: z.ZodType<Changes<NewWorkload>> = section(workloadFields);
export const newKey: z.ZodType<NewKey> = section({ tenant: id('Tenant it is for.'), ...keyFields });
export const keyChanges: z.ZodType<KeyChanges> = section(keyFields);

export const rotation: z.ZodType<{ graceSeconds?: number | undefined }> = section({
  graceSeconds: z
    .int({ error: 'must be a whole number of seconds from 0 to 31536000' })
    .min(0, { error: 'must be at least 0' })
    .max(31_536_000, { error: 'must be at most 31536000, a year' })
    .describe(`How long the secret in force goes on working. Default ${DEFAULT_GRACE_MS / 1000}, a day.`)
    .optional(),
});

export const newToken: z.ZodType<NewAdminToken> = section({
  name: called,
  role: z.enum(['viewer', 'operator', 'admin']).describe('What it may do.'),
  expiresAt: moment.nullable().describe('When it stops working; null: never.').optional(),
});

/** Numbers in a query are text. */
const limit: z.ZodType<number | undefined> = z
  .string()
  .regex(/^\d{1,4}$/, { error: 'must be a whole number from 1 to 500' })
  .transform(Number)
  .refine((value) => value >= 1 && value <= 500, { error: 'must be a whole number from 1 to 500' })
  .describe('As many at most. Default 50.')
  .optional();

/** Which part of a list is asked for. */
export interface Page {
  readonly limit?: number | undefined;
  /** The `next` of the page before. */
  readonly after?: string | undefined;
}

interface KeyQuery extends Page {
  readonly tenant?: string | undefined;
  readonly working?: 'true' | 'false' | undefined;
}

interface AuditQuery extends Page {
  readonly subject?: SubjectKind | undefined;
  readonly subjectId?: string | undefined;
  readonly since?: number | undefined;
}

interface EventQuery extends Page {
  readonly kind?: string | undefined;
  readonly tenant?: string | undefined;
  readonly since?: number | undefined;
}

/** What every list takes. */
export const pageFields: {
  readonly limit: typeof limit;
  readonly after: z.ZodType<string | undefined>;
} = {
  limit: limit,
  after: text('The `next` of the page before.').max(200, { error: 'is no `next` of a page' }).optional(),
};

export const pageQuery: z.ZodType<Page> = section(pageFields);
export const keyQuery: z.ZodType<KeyQuery> = section({
  ...pageFields,
  tenant: id('Only keys of this tenant.').optional(),
  working: z.enum(['true', 'false']).describe('true: without those revoked.').optional(),
});
export const auditQuery: z.ZodType<AuditQuery> = section({
  ...pageFields,
  subject: z
    .enum(['organisation', 'tenant', 'workload', 'key', 'admin-token', 'capture', 'target'])
    .describe('Only changes of this kind of thing.')
    .optional(),
  subjectId: text('Only changes of the one with this id; a workload is tenant/workload.').optional(),
  since: moment.describe('Only from this moment on.').optional(),
});
export const eventQuery: z.ZodType<EventQuery> = section({
  ...pageFields,
  kind: text('Only of this kind.').optional(),
  tenant: id('Only about this tenant.').optional(),
  since: moment.describe('Only from this moment on.').optional(),
});
