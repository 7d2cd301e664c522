import * as z from 'zod';
import type { Overview, Sums } from '../../../observe/queries/overview.ts';
import { type AdminRoute, route } from '../route.ts';
import { showMoment, shownMoment } from '../shown.ts';
import { stepQuery } from './range.ts';
import { listOf, shownKind, shownParty, shownQuantiles, shownSteps, shownValues } from './shown.ts';

/** What is added up, and what each number means. */
const SUMS: Readonly<Record<keyof Sums, string>> = {
  calls: 'Calls that arrived.',
  answered: 'Answered to the last byte.',
  failed: 'Ended with an error.',
  interrupted: 'Streams that failed after content had reached the caller.',
  cancelled: 'The caller left.',
  attempts: 'Tries at targets.',
  retries: 'Those of them that tried the same target again.',
  fallbacks: 'Those that moved to another target.',
  hedges: 'Those that raced another.',
  inputTokens: 'As providers reported them.',
  outputTokens: 'As providers reported them.',
  cachedTokens: 'Part of the input that was read from a cache.',
  reasoningTokens: 'Part of the output that was hidden reasoning.',
  cost: 'US dollars, as far as prices are known.',
  unpriced: 'Calls whose tokens have no known price.',
  wastedAttempts: 'Attempts that gave nothing to a caller.',
  wastedCost: 'US dollars paid for them.',
};

function eachSum<Value>(schema: (description: string) => z.ZodType<Value>): Record<keyof Sums, z.ZodType<Value>> {
  const entries = Object.entries(SUMS).map(([name, description]) => [name, schema(description)] as const);
  return Object.fromEntries(entries) as Record<keyof Sums, z.ZodType<Value>>;
}

const quantileSteps = z.strictObject({ p50: shownValues, p95: shownValues, p99: shownValues });

const reply = z.strictObject({
  from: shownMoment,
  to: shownMoment,
  stepSeconds: z.int(),
  total: z.strictObject({
    ...eachSum((description) => z.number().describe(description)),
    durationMs: shownQuantiles,
    firstContentMs: shownQuantiles,
    overheadMs: shownQuantiles,
    faults: listOf(
      z.strictObject({
        kind: shownKind,
        party: shownParty,
        calls: z.int().describe('Calls that were told it.'),
        attempts: z.int().describe('Attempts that met it, also of calls that were answered in the end.'),
      }),
    ).describe('The most frequent first.'),
  }),
  series: z.strictObject({
    at: shownSteps,
    ...eachSum(() => shownValues),
    durationMs: quantileSteps,
    firstContentMs: quantileSteps,
    overheadMs: quantileSteps,
    faults: listOf(z.strictObject({ kind: shownKind, party: shownParty, calls: shownValues, attempts: shownValues })),
  }),
});

function show({ from, to, stepMs, ...overview }: Overview): z.infer<typeof reply> {
  return { from: showMoment(from), to: showMoment(to), stepSeconds: stepMs / 1000, ...overview };
}

export const overviewRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/overview',
    id: 'overview',
    summary: 'What happened in a range of time: traffic, faults, latency, retries, tokens, cost, step by step',
    role: 'viewer',
    query: stepQuery,
    status: 200,
    reply,
    answer: async ({ deps, query }) => show(await deps.queries.ask('overview', query)),
  }),
];
