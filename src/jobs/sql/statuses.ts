import { JOB_STATUSES, type JobStatus } from '../job.ts';

/** Counts for every state, those with nothing in them too. */
export function everyStatus(counted: ReadonlyMap<string, number>): Readonly<Record<JobStatus, number>> {
  return Object.fromEntries(JOB_STATUSES.map((status) => [status, counted.get(status) ?? 0])) as Record<
    JobStatus,
    number
  >;
}
