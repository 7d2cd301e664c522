import type { Lane } from '../caller.ts';

/**
 * Told of those who wait in one place, tenant by tenant.
 * @param tenant empty: calls without one
 * @param since clock time since when some of them have waited without a break
 */
export type TellWaiting = (tenant: string, lane: Lane, calls: number, since: number) => void;
