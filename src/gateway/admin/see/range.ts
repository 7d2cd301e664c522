import * as z from 'zod';
import { section, text } from '../../../config/fields.ts';
import { parseDuration, parseMoment } from '../../../observe/moment.ts';

// Which time, and of which calls: what most questions about them share.

const NOT_A_MOMENT = 'must be a moment such as 2027-01-31T12:00:00Z, or how long ago: 15m, 24h, 30d';
const NOT_A_STEP = 'must be a length of time of whole minutes, such as 1m, 15m, 1h or 1d';

/** A moment of a query, read as ms since 1970. */
const moment = (description: string): z.ZodType<number | undefined> =>
  text(description)
    .max(40, { error: NOT_A_MOMENT })
    .transform((written, context) => {
      const at = parseMoment(written, Date.now());
      if (at !== null) return at;
      context.issues.push({ code: 'custom', message: NOT_A_MOMENT, input: written });
      return z.NEVER;
    })
    .optional();

const name = (description: string): z.ZodType<string | undefined> =>
  text(description).max(500, { error: 'must be at most 500 characters' }).optional();

/** From when to when; left out: the last hour. */
export const rangeFields: { readonly [Name in keyof RangeQuery]-?: z.ZodType<number | undefined> } = {
  from: moment(
    'Calls that arrived at this moment or after: 2027-01-31T12:00:00Z, or how long ago, such as 24h. Default 1h.',
  ),
  to: moment('Calls that arrived before it. Default: now.'),
};

const stepField: z.ZodType<number | undefined> = text(
  'Length of one step: 1m, 5m, 1h, 1d. Default: such that there are about a hundred.',
)
  .transform((written, context) => {
    const ms = parseDuration(written);
    if (ms !== null && ms >= 60_000 && ms % 60_000 === 0) return ms;
    context.issues.push({ code: 'custom', message: NOT_A_STEP, input: written });
    return z.NEVER;
  })
  .optional();

/** Which of the calls. */
export const groupFields: { readonly [Name in keyof GroupQuery]-?: z.ZodType<string | undefined> } = {
  tenant: name('Only of this tenant.'),
  workload: name('Only of this workload.'),
  route: name('Only those that took this route.'),
  model: name('Only those that asked for this model; of attempts, those that were sent to it.'),
  target: name('Only those whose last attempt went to this target; of attempts, those that went there.'),
};

export interface RangeQuery {
  readonly from?: number | undefined;
  readonly to?: number | undefined;
}

export interface GroupQuery {
  readonly tenant?: string | undefined;
  readonly workload?: string | undefined;
  readonly route?: string | undefined;
  readonly model?: string | undefined;
  readonly target?: string | undefined;
}

export interface StepQuery extends RangeQuery, GroupQuery {
  readonly step?: number | undefined;
}

export const stepQuery: z.ZodType<StepQuery> = section({ ...rangeFields, step: stepField, ...groupFields });

/** Of attempts and faults, which are not told apart by workload or route: a page that has them in its own query may send them. */
export const servedQuery: z.ZodType<StepQuery> = section({
  ...rangeFields,
  step: stepField,
  tenant: groupFields.tenant,
  model: name('Only of this model, as it was sent.'),
  target: name('Only at this target.'),
  workload: name('Makes no difference here.'),
  route: name('Makes no difference here.'),
});
