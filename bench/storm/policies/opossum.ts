import CircuitBreaker from 'opossum';
import type { Order } from '../../../src/simulator/virtual/order.ts';
import { attempt, isPassing, type Result, verdictOf } from './attempt.ts';
import type { Policy } from './policy.ts';

/**
 * The library itself with its defaults (half of the calls of 10 s, 30 s open, one probe), which retries nothing. Its
 * statistics are off, because they change nothing but the time a run takes; its timeout is the attempt's own.
 */
export const opossum: Policy = {
  id: 'opossum',
  name: 'opossum 10 (breaker)',
  borrowsTime: true,
  client:
    ({ attemptMs }) =>
    ({ clock, providers }) => {
      const breaker = new CircuitBreaker<Order, string>(
        async (order) => {
          const [provider] = providers;
          if (provider === undefined) return 'no-target';
          const result = await attempt(clock, provider, order, attemptMs);
          if (result.failure !== null && isPassing(result)) throw Object.assign(new Error('failed'), { result });
          return verdictOf(result);
        },
        { timeout: false, enableSnapshots: false, rollingPercentilesEnabled: false },
      );
      return {
        make: async (order) => {
          try {
            return await breaker.fire(order);
          } catch (error) {
            const { result, code } = error as { result?: Result; code?: string };
            return result === undefined ? (code === 'EOPENBREAKER' ? 'circuit-open' : String(code)) : verdictOf(result);
          }
        },
        close: () => breaker.shutdown(),
      };
    },
};
