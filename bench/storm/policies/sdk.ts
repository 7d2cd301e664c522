import type { Policy } from './policy.ts';
import { retrying } from './retrying.ts';

const RETRIES = 2;

/**
 * The official OpenAI and Anthropic SDKs as they come: two retries, after what `retry-after` says if that is at most a
 * minute, else after 0.5 s doubled each time up to 8 s, less up to a quarter by chance.
 */
export const sdk: Policy = {
  id: 'sdk',
  name: 'official SDK default',
  client: ({ attemptMs }) =>
    retrying(attemptMs, (retry, { retryAfterMs }, random) => {
      if (retry >= RETRIES) return null;
      if (retryAfterMs !== null && retryAfterMs > 0 && retryAfterMs <= 60_000) return retryAfterMs;
      return Math.min(500 * 2 ** retry, 8_000) * (1 - 0.25 * random());
    }),
};
