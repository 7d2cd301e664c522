import { StandardRetryStrategy } from '@smithy/util-retry';
import type { Order } from '../../../src/simulator/virtual/order.ts';
import type { Service } from '../../../src/simulator/virtual/provider.ts';
import type { Site } from '../../../src/simulator/virtual/world.ts';
import { attempt, isPassing, verdictOf } from './attempt.ts';
import type { Policy } from './policy.ts';

/** The library itself: the standard retry mode of the AWS SDKs, three attempts on a bucket of tokens. */
export const aws: Policy = {
  id: 'aws',
  name: 'AWS SDK standard (token bucket)',
  borrowsTime: true,
  client: ({ attemptMs }) => {
    return (site) => {
      const strategy = new StandardRetryStrategy(3);
      return {
        make: async (order) => {
          const [provider] = site.providers;
          return provider === undefined ? 'no-target' : makeOne(site, strategy, provider, order, attemptMs);
        },
      };
    };
  },
};

async function makeOne(
  { clock }: Site,
  strategy: StandardRetryStrategy,
  provider: Service,
  order: Order,
  attemptMs: number | null,
): Promise<string> {
  let token = await strategy.acquireInitialRetryToken('');
  for (;;) {
    const result = await attempt(clock, provider, order, attemptMs);
    if (result.failure === null) {
      strategy.recordSuccess(token);
      return verdictOf(result);
    }
    if (!isPassing(result)) return verdictOf(result);
    const hint = result.retryAfterMs === null ? {} : { retryAfterHint: new Date(clock.wall() + result.retryAfterMs) };
    try {
      const errorType = result.status === 429 ? 'THROTTLING' : 'TRANSIENT';
      token = await strategy.refreshRetryTokenForRetry(token, { errorType, ...hint });
    } catch {
      return verdictOf(result);
    }
    if (clock.now() >= order.deadlineAt) return verdictOf(result);
  }
}
