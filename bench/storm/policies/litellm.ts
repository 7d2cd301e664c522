import type { Policy } from './policy.ts';
import { retrying } from './retrying.ts';

const RETRIES = 2;

/** LiteLLM's router: two retries, at once but after a 429, which waits 0.5 s doubled each time up to 8 s, with chance. */
export const litellm: Policy = {
  id: 'litellm',
  name: 'LiteLLM (2 retries)',
  client: ({ attemptMs }) =>
    retrying(attemptMs, (retry, { status, retryAfterMs }, random) => {
      if (retry >= RETRIES) return null;
      if (status !== 429) return 0;
      if (retryAfterMs !== null && retryAfterMs <= 60_000) return retryAfterMs;
      return Math.min(8000, 500 * 2 ** retry + 750 * random());
    }),
};
