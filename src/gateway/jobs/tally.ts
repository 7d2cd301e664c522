import type { JobEnd, JobStatus } from '../../jobs/job.ts';
import type { JobQueue } from '../../jobs/queue.ts';

/** To count jobs takes a walk over them, so it is done this often at most, ms. */
const LOOK_EVERY_MS = 5_000;

type Standing = Exclude<JobStatus, Exclude<JobEnd, 'dead'>>;

/** How many jobs wait, run and are dead, as they were counted last, and how many have ended at this gateway. */
export class JobTally {
  readonly endings: Record<JobEnd, number> = { succeeded: 0, failed: 0, cancelled: 0, expired: 0, dead: 0 };
  standing: Readonly<Record<Standing, number>> = { queued: 0, running: 0, dead: 0 };
  #lookedAt = Number.NEGATIVE_INFINITY;

  ended(status: JobEnd): void {
    this.endings[status] += 1;
  }

  /** Counts them, unless that was done a moment ago. @param now clock time, ms */
  async look(queue: Pick<JobQueue, 'counts'>, now: number): Promise<void> {
    if (now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    const { queued, running, dead } = await queue.counts();
    this.standing = { queued, running, dead };
  }
}
