import * as z from 'zod';
import { section } from '../../../config/fields.ts';
import type { CostBy, Costs } from '../../../observe/queries/costs.ts';
import { type AdminRoute, route } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';
import { burnOf, type ShownBudget, shownBudget } from './budgets.ts';
import { type GroupQuery, groupFields, ranged, rangeFields, type RangeQuery } from './range.ts';
import { shownSteps, shownValues } from './shown.ts';

const sums = {
  calls: z.int(),
  unpriced: z.int().describe('Calls whose tokens have no known price: the cost leaves them out.'),
  inputTokens: z.number(),
  outputTokens: z.number(),
  cachedTokens: z.number(),
  reasoningTokens: z.number(),
  cost: z.number().describe('US dollars.'),
  waste: z
    .strictObject({
      failedAttempts: z.number().describe('Attempts that failed, as far as can be estimated.'),
      failedCalls: z.number().describe('What calls that failed cost besides.'),
      interrupted: z.number().describe('Streams that broke off in the open.'),
      abandoned: z.number().describe('Calls whose callers left.'),
      hedges: z.number().describe('Attempts that lost a race.'),
      total: z.number(),
    })
    .describe('Part of the cost that was for nothing.'),
};

const reply = z.strictObject({
  by: z.enum(['tenant', 'user', 'workload', 'model', 'route']),
  from: shownMoment,
  to: shownMoment,
  at: shownSteps,
  total: z.strictObject({ ...sums, series: shownValues }),
  data: z
    .array(
      z.strictObject({
        id: z.string().nullable().describe('null: calls without one.'),
        tenant: z.string().nullable().describe('Whose it is, where the id is of a workload or a user.'),
        ...sums,
        series: shownValues,
      }),
    )
    .describe('The dearest first, a hundred at most.'),
  others: z.strictObject(sums).nullable().describe('The rest added up.'),
  forecast: z
    .strictObject({
      month: z.string().describe('In UTC.'),
      spent: z.number(),
      expected: z.number(),
      low: z.number().describe('Less in one of ten cases.'),
      high: z.number().describe('More in one of ten cases.'),
      basisDays: z.int().describe('Whole days that it is drawn from.'),
    })
    .nullable()
    .describe('What the month will come to, of all calls that match; null before there is a day to go by.'),
  budgets: z.array(shownBudget).describe('The nearest to its end first.'),
});

type CostQuery = RangeQuery & GroupQuery & { readonly by?: CostBy | undefined };

const query: z.ZodType<CostQuery> = ranged(
  section({
    by: z
      .enum(['tenant', 'user', 'workload', 'model', 'route'])
      .describe('What to tell apart. Default tenant.')
      .optional(),
    ...rangeFields,
    ...groupFields,
  }),
);

function show({ from, to, rows, ...costs }: Costs, budgets: ShownBudget[]): z.infer<typeof reply> {
  return { ...costs, from: showMoment(from), to: showMoment(to), data: [...rows], budgets };
}

export const costRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/costs',
    id: 'costs',
    summary:
      'What calls cost, by tenant, user, workload, model or route: waste apart, trend, month-end forecast, budgets',
    role: 'viewer',
    query,
    status: 200,
    reply,
    async answer({ deps, query: { by = 'tenant', ...asked } }) {
      return show(await deps.queries.ask('costs', { by, ...asked }), burnOf(deps, asked.tenant));
    },
  }),
];
