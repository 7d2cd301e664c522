import {
  BrokenCircuitError,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
  retry,
  SamplingBreaker,
  wrap,
} from 'cockatiel';
import { attempt, isPassing, type Result, verdictOf } from './attempt.ts';
import type { Policy } from './policy.ts';

/** The library itself, put together as its README does: three retries with its own backoff around a sampling breaker. */
export const cockatiel: Policy = {
  id: 'cockatiel',
  name: 'cockatiel 4 (retry, breaker)',
  borrowsTime: true,
  client:
    ({ attemptMs }) =>
    ({ clock, providers }) => {
      const breaker = new SamplingBreaker({ threshold: 0.5, duration: 10_000 });
      const policy = wrap(
        retry(handleAll, { maxAttempts: 3, backoff: new ExponentialBackoff() }),
        circuitBreaker(handleAll, { halfOpenAfter: 10_000, breaker }),
      );
      return {
        make: async (order) => {
          const [provider] = providers;
          if (provider === undefined) return 'no-target';
          try {
            return await policy.execute(async () => {
              // The library's waits know no deadline; a caller that has left makes no more attempts.
              if (clock.now() >= order.deadlineAt) return 'timeout';
              const result = await attempt(clock, provider, order, attemptMs);
              if (result.failure !== null && isPassing(result)) throw new Failed(result);
              return verdictOf(result);
            });
          } catch (error) {
            if (error instanceof BrokenCircuitError) return 'circuit-open';
            return error instanceof Failed ? verdictOf(error.result) : `threw ${String(error)}`;
          }
        },
      };
    },
};

class Failed extends Error {
  readonly result: Result;

  constructor(result: Result) {
    super('the attempt failed');
    this.result = result;
  }
}
