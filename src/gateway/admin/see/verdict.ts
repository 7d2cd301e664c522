import * as z from 'zod';
import { judge, type Verdict } from '../../../observe/verdict.ts';
import { type AdminDeps, type AdminRoute, route } from '../route.ts';

const reply = z.strictObject({
  tone: z
    .enum(['harm', 'worn', 'well', 'unknown'])
    .describe('harm: callers are failing; worn: a target is; well: neither; unknown: nothing came lately.'),
  sentence: z.string().describe('How things stand, in one sentence.'),
  detail: z.string().describe('The figures behind it.'),
  quiet: z.boolean().describe('There was no call at all in the last hour.'),
});

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

/** Longest that a verdict is given again, ms: many may look at once, and it takes two queries. */
const FRESH_MS = 500;

const lately = new WeakMap<AdminDeps['queries'], { readonly at: number; readonly verdict: Promise<Verdict> }>();

/** One verdict for all who ask at about the same time. */
function verdictOf(deps: AdminDeps): Promise<Verdict> {
  const now = deps.clock.wall();
  const last = lately.get(deps.queries);
  if (last !== undefined && now - last.at < FRESH_MS) return last.verdict;
  const verdict = judgeNow(deps, now);
  lately.set(deps.queries, { at: now, verdict });
  return verdict;
}

async function judgeNow({ queries, targets }: AdminDeps, now: number): Promise<Verdict> {
  const asked = { from: now - HOUR_MS, to: now, step: MINUTE_MS };
  const [overview, matrix] = await Promise.all([queries.ask('overview', asked), queries.ask('matrix', asked)]);
  const { at, calls, answered, firstContentMs, faults } = overview.series;
  return judge({
    now,
    at,
    calls,
    answered,
    faults,
    firstContentMs: firstContentMs.p50,
    targets: targets.map(({ id, breaker }) => ({ id, breaker: breaker.state.name })),
    cells: matrix.cells.map(({ target, model, series, faults: met }) => ({ target, model, ...series, faults: met })),
  });
}

export const verdictRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/verdict',
    id: 'verdict',
    summary: 'How things stand, in words, judged by the last hour',
    role: 'viewer',
    status: 200,
    reply,
    answer: ({ deps }) => verdictOf(deps),
  }),
];
