import type { Clock } from '../engine/clock.ts';
import { hasEnded, type Job } from './job.ts';
import type { JobQueue } from './queue.ts';

/** Where the store cannot tell of what other processes change, it is looked at this often while somebody waits, ms. */
const LOOK_EVERY_MS = 1_000;

/** Lets people wait for what becomes of a job. */
export class JobWatch {
  readonly #queue: JobQueue;
  readonly #clock: Clock;
  readonly #waiting = new Map<string, Set<() => void>>();

  constructor(queue: JobQueue, clock: Clock) {
    this.#queue = queue;
    this.#clock = clock;
    queue.onChange((id) => this.changed(id));
  }

  /** A job has changed: whoever waits for it looks again. */
  changed(id: string): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined) return;
    this.#waiting.delete(id);
    for (const wake of waiting) wake();
  }

  /**
   * The job as soon as it has ended or has more events than `seen`, or as it stands when the time is over; null where there is
   * none of its owner.
   *
   * @param seen the last event that is known; null: only the ending is of interest.
   * @param gone tells that nobody waits any more.
   */
  async next(
    ask: { readonly owner: string | null; readonly id: string },
    seen: number | null,
    withinMs: number,
    gone: () => boolean,
  ): Promise<Job | null> {
    const giveUpAt = this.#clock.now() + withinMs;
    for (;;) {
      const change = this.#change(ask.id);
      const job = await this.#queue.get(ask).catch((error: unknown) => {
        change.forget();
        throw error;
      });
      const left = giveUpAt - this.#clock.now();
      const news = job === null || hasEnded(job.status) || (seen !== null && (job.history.at(-1)?.seq ?? 0) > seen);
      if (news || left <= 0 || gone()) {
        change.forget();
        return job;
      }
      await change.within(Math.min(left, LOOK_EVERY_MS));
    }
  }

  /** The next change of a job, from now on. */
  #change(id: string): { within: (ms: number) => Promise<void>; forget: () => void } {
    const { promise, resolve } = Promise.withResolvers<void>();
    let waiting = this.#waiting.get(id);
    if (waiting === undefined) this.#waiting.set(id, (waiting = new Set()));
    const mine = waiting;
    mine.add(resolve);
    const forget = (): void => {
      mine.delete(resolve);
      if (mine.size === 0 && this.#waiting.get(id) === mine) this.#waiting.delete(id);
    };
    return {
      forget,
      within: async (ms) => {
        const alarm = this.#clock.after(ms, resolve);
        await promise;
        alarm.cancel();
        forget();
      },
    };
  }
}
