import type { Policy } from './policy.ts';
import { retrying } from './retrying.ts';

const RETRIES = 5;

/** Portkey's gateway with its retries switched on: after 1, 2, 4, 8 and 16 s, without chance. */
export const portkey: Policy = {
  id: 'portkey',
  name: 'Portkey (5 retries)',
  client: ({ attemptMs }) => retrying(attemptMs, (retry) => (retry < RETRIES ? 1000 * 2 ** retry : null)),
};
