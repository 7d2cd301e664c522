import * as z from 'zod';
import type { FaultGroups } from '../../../observe/queries/faults.ts';
import { type AdminRoute, route } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';
import { servedQuery } from './range.ts';
import { listOf, shownKind, shownParty, shownSteps } from './shown.ts';

const reply = z.strictObject({
  from: shownMoment,
  to: shownMoment,
  stepSeconds: z.int(),
  at: shownSteps,
  data: z
    .array(
      z.strictObject({
        kind: shownKind,
        party: shownParty,
        target: z.string().nullable().describe('null: it never got as far as a target.'),
        model: z.string().nullable(),
        calls: z.int().describe('Calls that were told it.'),
        attempts: z.int().describe('Attempts that met it.'),
        firstAt: shownMoment.describe('Within the range.'),
        lastAt: shownMoment,
        tenantCount: z.int().describe('Tenants that were hit; calls without one count as one.'),
        tenants: listOf(z.strictObject({ tenant: z.string().nullable(), count: z.int() })).describe(
          'The five most hit.',
        ),
        meaning: z.string().describe('What such a fault is.'),
        remedy: z.string().describe('What to do about it.'),
        example: z
          .strictObject({ id: z.string(), at: shownMoment, message: z.string(), remedy: z.string() })
          .nullable()
          .describe('The last call that met it, while its record is kept.'),
        series: listOf(z.number()).describe('How often in each step.'),
      }),
    )
    .describe('The last seen first.'),
});

function show({ from, to, stepMs, at, groups }: FaultGroups): z.infer<typeof reply> {
  return {
    from: showMoment(from),
    to: showMoment(to),
    stepSeconds: stepMs / 1000,
    at,
    data: groups.map(({ firstAt, lastAt, example, ...group }) => ({
      ...group,
      firstAt: showMoment(firstAt),
      lastAt: showMoment(lastAt),
      example: example === null ? null : { ...example, at: showMoment(example.at) },
    })),
  };
}

export const faultRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/faults',
    id: 'listFaults',
    summary: 'Faults by kind, target and model: since when, how often, who is hit, what they mean and what to do',
    role: 'viewer',
    query: servedQuery,
    status: 200,
    reply,
    answer: async ({ deps, query }) => show(await deps.queries.ask('faults', query)),
  }),
];
