import * as z from 'zod';
import type { Target } from '../../../engine/target.ts';
import type { Matrix } from '../../../observe/queries/matrix.ts';
import { type AdminRoute, route } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';
import { servedQuery } from './range.ts';
import { listOf, shownKind, shownQuantiles, shownSteps, shownValues } from './shown.ts';

const reply = z.strictObject({
  from: shownMoment,
  to: shownMoment,
  stepSeconds: z.int(),
  at: shownSteps,
  targets: z.array(
    z.strictObject({
      id: z.string(),
      provider: z.string(),
      account: z.string(),
      breaker: z.enum(['closed', 'open', 'half-open']).describe('As it stands now.'),
      waiting: z.int().describe('Calls that wait for their turn now.'),
      headroom: z
        .array(
          z.strictObject({
            model: z.string().describe('Empty for calls that name none.'),
            share: z.number().describe('Of the provider’s rate limits: what is left, 0 to 1.'),
          }),
        )
        .describe('Of the limits that are known.'),
    }),
  ),
  cells: z.array(
    z.strictObject({
      target: z.string(),
      model: z.string().nullable(),
      attempts: z.int(),
      failed: z.int().describe('Attempts that met a fault of any party.'),
      errors: z.int().describe('Those that tell against the target: not the caller’s doing, nor Holdfast’s.'),
      share: z.number().nullable().describe('Errors among the attempts that could tell; null: none could.'),
      interval: z.array(z.number()).length(2).nullable().describe("Wilson's interval of the share, 95 %."),
      retries: z.int(),
      fallbacks: z.int(),
      firstContentMs: shownQuantiles,
      durationMs: shownQuantiles,
      faults: listOf(z.strictObject({ kind: shownKind, attempts: z.int() })).describe('The most frequent first.'),
      series: z.strictObject({ attempts: shownValues, errors: shownValues }),
    }),
  ),
});

function show({ from, to, stepMs, at, cells }: Matrix, targets: readonly Target[], now: number): z.infer<typeof reply> {
  return {
    from: showMoment(from),
    to: showMoment(to),
    stepSeconds: stepMs / 1000,
    at,
    targets: targets.map(({ id, endpoint, account, breaker }) => ({
      id,
      provider: endpoint.provider,
      account: account.id,
      breaker: breaker.state.name,
      waiting: account.waiting,
      headroom: [...account.outlets]
        .filter(([, { pacer }]) => pacer.known)
        .map(([model, { pacer }]) => ({ model, share: Math.min(1, Math.max(0, pacer.headroom(now))) })),
    })),
    cells: cells.map(({ interval, ...cell }) => ({ ...cell, interval: interval === null ? null : [...interval] })),
  };
}

export const matrixRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/matrix',
    id: 'matrix',
    summary: 'How each model does at each target, and how each target stands',
    role: 'viewer',
    query: servedQuery,
    status: 200,
    reply,
    answer: async ({ deps, query }) => show(await deps.queries.ask('matrix', query), deps.targets, deps.clock.now()),
  }),
];
