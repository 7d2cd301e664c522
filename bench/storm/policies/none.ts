import type { Policy } from './policy.ts';
import { attempt, verdictOf } from './attempt.ts';

/** One attempt, whatever comes of it. */
export const none: Policy = {
  id: 'none',
  name: 'no retry',
  client:
    ({ attemptMs }) =>
    ({ clock, providers }) => ({
      make: async (order) => {
        const [provider] = providers;
        return provider === undefined ? 'no-target' : verdictOf(await attempt(clock, provider, order, attemptMs));
      },
    }),
};
