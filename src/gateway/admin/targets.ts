import * as z from 'zod';
import type { Target } from '../../engine/target.ts';
import { type AdminRoute, route } from './route.ts';

const perMinute = z.number().nullable().describe('As learnt from the provider or configured; null: unknown.');

const shown = z.strictObject({
  id: z.string(),
  provider: z.string(),
  account: z.string().describe('Targets of one account share its rate limits.'),
  breaker: z.enum(['closed', 'open', 'half-open']),
  waiting: z.int().describe('Calls that wait for their turn.'),
  limits: z.array(
    z.strictObject({
      model: z.string().describe('Empty for calls that name none.'),
      requestsPerMinute: perMinute,
      tokensPerMinute: perMinute,
      waiting: z.int(),
    }),
  ),
});

const reply = z.strictObject({ data: z.array(shown) });

function show({ id, endpoint, account, breaker }: Target): z.infer<typeof shown> {
  return {
    id,
    provider: endpoint.provider,
    account: account.id,
    breaker: breaker.state.name,
    waiting: account.waiting,
    limits: [...account.outlets].map(([model, { pacer, waiting }]) => ({
      model,
      requestsPerMinute: known(pacer.limits.requests),
      tokensPerMinute: known(pacer.limits.tokens),
      waiting,
    })),
  };
}

function known(limit: number): number | null {
  return Number.isFinite(limit) ? limit : null;
}

export const targetRoutes: readonly AdminRoute[] = [
  route({
    method: 'GET',
    path: '/targets',
    id: 'listTargets',
    summary: 'How each target stands: its breaker, who waits, what was learnt of its limits',
    role: 'viewer',
    status: 200,
    reply,
    answer: ({ deps }) => Promise.resolve({ data: deps.targets.map(show) }),
  }),
];
