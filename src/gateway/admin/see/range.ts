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

/** Clocks of those who ask may be ahead of ours, ms. */
const SKEW_MS = 5 * 60_000;

/** A chart's last step may end so far ahead, ms. */
const MOST_AHEAD_MS = 31 * 86_400_000;

/** What is wrong with a range whose ends are moments, each by itself. */
function wrongWith(
  { from, to }: RangeQuery,
  now: number,
): { field: keyof RangeQuery; wrong: string; fix: string } | null {
  if (from !== undefined && from < 0) return { field: 'from', wrong: 'lies before 1970', fix: 'Begin later.' };
  if (to !== undefined && to < 0) return { field: 'to', wrong: 'lies before 1970', fix: 'End later.' };
  if (from !== undefined && from > now + SKEW_MS) {
    return {
      field: 'from',
      wrong: 'lies in the future, of which nothing is known',
      fix: 'Begin at a moment that has passed.',
    };
  }
  if (to !== undefined && to > now + MOST_AHEAD_MS) {
    return { field: 'to', wrong: 'lies more than a month in the future', fix: 'Leave it out: it is now then.' };
  }
  if (from !== undefined && to !== undefined && from >= to) {
    return {
      field: 'from',
      wrong: 'is not before to',
      fix: 'Name the earlier moment in from, and the later one in to.',
    };
  }
  return null;
}

/** Refuses ranges that there are none of, rather than answering for another one. */
export function ranged<Query extends RangeQuery>(query: z.ZodType<Query>): z.ZodType<Query> {
  return query.superRefine((asked, context) => {
    const found = wrongWith(asked, Date.now());
    if (found === null) return;
    const { field, wrong, fix } = found;
    context.addIssue({ code: 'custom', path: [field], message: wrong, params: { fix } });
  });
}

export const stepQuery: z.ZodType<StepQuery> = ranged(section({ ...rangeFields, step: stepField, ...groupFields }));

/** Of attempts and faults, which are not told apart by workload or route: a page that has them in its own query may send them. */
export const servedQuery: z.ZodType<StepQuery> = ranged(
  section({
    ...rangeFields,
    step: stepField,
    tenant: groupFields.tenant,
    model: name('Only of this model, as it was sent.'),
    target: name('Only at this target.'),
    workload: name('Makes no difference here.'),
    route: name('Makes no difference here.'),
  }),
);
