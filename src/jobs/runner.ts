import type { Alarm, Clock, Random } from '../engine/clock.ts';
import type { Job, JobEnd } from './job.ts';
import { type Attempted, outcomeOf } from './outcome.ts';
import type { ClaimedJob, JobQueue } from './queue.ts';

/** Makes one attempt at a job. `stopped` is called at most once, when nobody wants it any more; the attempt still resolves. */
export type RunJob = (job: ClaimedJob, onStop: (listener: (reason: string) => void) => void) => Promise<Attempted>;

export interface RunnerOptions {
  readonly queue: JobQueue;
  readonly clock: Clock;
  readonly random: Random;
  readonly run: RunJob;
  /** Jobs that are run at a time. */
  readonly concurrency: number;
  readonly leaseMs: number;
  /** Told of each attempt that is not a job's last, by the id of its call, within the same turn of events as its end. */
  readonly retried: (callId: string) => void;
  /** Told of every job that was ended here, and how. */
  readonly ended: (status: JobEnd) => void;
  /** Told of every job whose state was changed here. */
  readonly changed: (id: string) => void;
  /** Told of trouble with the store, in words. */
  readonly say: (line: string) => void;
  /** Done whenever it is looked for jobs: what else is due at a time. */
  readonly beside: () => Promise<void>;
  /** How often it is looked for jobs that others have queued, ms. */
  readonly lookEveryMs: number;
}

/** A job in hand. */
interface Held {
  readonly token: string;
  /** Stops what is under way for it. */
  stop: ((reason: string) => void) | null;
  /** It is not to be settled here: `over`, it has been ended, or `elsewhere`, it goes on with another worker. */
  stopped: 'no' | 'over' | 'elsewhere';
  readonly done: Promise<void>;
}

/** However much there is to do, the store is swept this often, ms, */
const SWEEP_EVERY_MS = 15_000;

/** and whenever the time has come for something, though not more often than so: where jobs queue up, it always has. */
const SWEEP_DUE_EVERY_MS = 20;

/** The same trouble is not told again before this, ms. */
const TROUBLE_EVERY_MS = 60_000;

/** The store is not asked more often than this, ms, however many jobs come. */
const LEAST_REST_MS = 20;

/**
 * Runs jobs: as many at a time as it may, those that are due, each held by a lease that it renews while it works. It looks when
 * it is woken, when the store says that something is due, and now and then for what others have queued.
 */
export class JobRunner {
  readonly #options: RunnerOptions;
  readonly #held = new Map<string, Held>();
  readonly #keys = new Set<string>();
  #running = 0;
  #looking = false;
  /** The last look, under way or over. */
  #look: Promise<void> = Promise.resolve();
  #lookAgain = false;
  #alarm: Alarm | null = null;
  #pulse: Alarm | null = null;
  #sweptAt = Number.NEGATIVE_INFINITY;
  /** When something was due next as it was looked last, wall time: it may be a deadline. */
  #dueAt: number | null = null;
  #toldAt = Number.NEGATIVE_INFINITY;
  #stopping = false;

  constructor(options: RunnerOptions) {
    this.#options = options;
  }

  /** Jobs in hand. */
  get running(): number {
    return this.#held.size;
  }

  /** Looks for jobs now: called when one has been queued, and once at the start. */
  wake(): void {
    if (this.#stopping) return;
    if (this.#looking) this.#lookAgain = true;
    else this.#look = this.#lookForWork();
  }

  /**
   * Takes over a call that is under way already, whose job is held with `token`.
   * @param stop stops the call.
   */
  adopt(job: Job, token: string, attempt: Promise<Attempted>, stop: (reason: string) => void): void {
    const done = attempt.then((attempted) => this.#settle(job, token, attempted));
    this.#hold(job.id, { token, stop, stopped: 'no', done });
  }

  /** Keeps the lease of an idempotency key alive until it is let go. */
  holdKey(token: string): void {
    this.#keys.add(token);
    this.#beat();
    // Keys are forgotten in time, too: somebody has to look, even where there are no jobs.
    if (this.#alarm === null) this.wake();
  }

  letKeyGo(token: string): void {
    this.#keys.delete(token);
  }

  /** A job has been cancelled here: what is under way for it is stopped. */
  stopJob(id: string, reason: string): void {
    this.#stop(id, 'over', reason);
  }

  #stop(id: string, how: Exclude<Held['stopped'], 'no'>, reason: string): void {
    const held = this.#held.get(id);
    if (held === undefined || held.stopped !== 'no') return;
    held.stopped = how;
    held.stop?.(reason);
  }

  /**
   * Takes no more jobs, and waits for those in hand. What is not done in time goes back to the queue as if it had not been begun,
   * for whoever comes next.
   */
  async stop(withinMs: number): Promise<void> {
    this.#stopping = true;
    this.#alarm?.cancel();
    const all = Promise.allSettled([this.#look, ...[...this.#held.values()].map(({ done }) => done)]);
    const { promise: over, resolve } = Promise.withResolvers<void>();
    const alarm = this.#options.clock.after(withinMs, resolve);
    await Promise.race([all, over]);
    alarm.cancel();
    for (const [id, { token }] of this.#held) {
      await this.#giveBack(id, token);
      this.#stop(id, 'elsewhere', 'the gateway stops; the job goes on elsewhere, or after the next start');
    }
    this.#pulse?.cancel();
  }

  async #lookForWork(): Promise<void> {
    this.#looking = true;
    this.#alarm?.cancel();
    let dueAt: number | null = null;
    try {
      do {
        this.#lookAgain = false;
        dueAt = await this.#takeWork();
      } while (this.#lookAgain && !this.#stopping);
    } catch (error) {
      // The store may be closed under a look that was under way; whoever comes next looks again.
      if (!this.#stopping) this.#trouble(error);
    }
    this.#looking = false;
    if (this.#stopping) return;
    const { clock, lookEveryMs } = this.#options;
    const untilDue = dueAt === null ? lookEveryMs : dueAt - clock.wall();
    this.#alarm = clock.after(Math.min(lookEveryMs, Math.max(LEAST_REST_MS, untilDue)), () => this.wake());
  }

  /** Claims and begins what there is. @returns when there will be more, wall time. */
  async #takeWork(): Promise<number | null> {
    const { queue, clock, concurrency } = this.#options;
    const now = clock.wall();
    // Before anything is claimed: what is late is not to be had, and would only stand in the way.
    const isDue = this.#dueAt !== null && now >= this.#dueAt;
    if (clock.now() - this.#sweptAt >= (isDue ? SWEEP_DUE_EVERY_MS : SWEEP_EVERY_MS)) {
      this.#sweptAt = clock.now();
      const { expired } = await queue.sweep({ now });
      for (const id of expired) {
        this.#ended(id);
        this.#options.ended('expired');
      }
    }
    await this.#options.beside();
    const most = concurrency - this.#running;
    // Whoever finishes looks again.
    if (most <= 0) return null;
    const claimed = await queue.claim({ most, now });
    if (this.#stopping) {
      // The stop came while the store was asked: nobody waits here for these any more.
      for (const { job, token } of claimed) await this.#giveBack(job.id, token);
      return null;
    }
    for (const one of claimed) this.#begin(one);
    if (claimed.length === most) this.#lookAgain = true;
    this.#dueAt = await queue.nextAt();
    return this.#dueAt;
  }

  /** Puts a job back as if it had not been begun. */
  async #giveBack(id: string, token: string): Promise<void> {
    const { queue, clock } = this.#options;
    const now = clock.wall();
    const back = { runAt: now, now, counted: false, fault: null, callId: null };
    await queue.again({ id, token, ...back }).catch((error: unknown) => this.#trouble(error));
  }

  #begin(claimed: ClaimedJob): void {
    const { job, token } = claimed;
    this.#running += 1;
    this.#options.changed(job.id);
    const held: Pick<Held, 'stop' | 'stopped'> = { stop: null, stopped: 'no' };
    const attempt = this.#options.run(claimed, (listener) => (held.stop = listener));
    const done = attempt
      .then((attempted) => this.#settle(job, token, attempted))
      .finally(() => {
        this.#running -= 1;
        this.wake();
      });
    this.#hold(job.id, Object.assign(held, { token, done }));
  }

  #hold(id: string, held: Held): void {
    this.#held.set(id, held);
    this.#beat();
  }

  async #settle(job: Job, token: string, attempted: Attempted): Promise<void> {
    const { queue, clock, random } = this.#options;
    const now = clock.wall();
    const outcome = outcomeOf(job, attempted, now, random);
    const { fault, callId } = attempted;
    const stopped = this.#held.get(job.id)?.stopped ?? 'no';
    if (stopped === 'elsewhere' || (stopped === 'no' && outcome.kind === 'again' && !outcome.last)) {
      this.#options.retried(callId);
    }
    const settled = async (): Promise<boolean> => {
      if (outcome.kind === 'end') {
        const ended = await queue.end({ id: job.id, token, ending: outcome.ending, now });
        if (ended) this.#options.ended(outcome.ending.status);
        return ended;
      }
      return queue.again({ id: job.id, token, runAt: outcome.runAt, now, counted: outcome.counted, fault, callId });
    };
    if (stopped === 'no') {
      await settled().catch((error: unknown) => {
        this.#trouble(error);
        // Once more, for a disk that was busy; if it fails again the lease runs out and the job is run again.
        return settled().catch((again: unknown) => this.#trouble(again));
      });
    }
    if (this.#held.get(job.id)?.token === token) this.#held.delete(job.id);
    this.#options.changed(job.id);
    this.wake();
  }

  /** It was ended elsewhere: nobody wants what is under way for it. */
  #ended(id: string): void {
    this.stopJob(id, 'the job has been ended');
    this.#options.changed(id);
  }

  #beat(): void {
    if (this.#pulse !== null || this.#stopping) return;
    this.#pulse = this.#options.clock.after(this.#options.leaseMs / 3, () => {
      this.#pulse = null;
      void this.#renew();
    });
  }

  async #renew(): Promise<void> {
    const { queue, clock } = this.#options;
    const held = [...this.#held].map(([id, { token }]) => ({ id, token }));
    try {
      const lost = held.length === 0 ? [] : await queue.renew({ held, now: clock.wall() });
      for (const id of lost) {
        // It may have been settled while the store was asked.
        const token = held.find((one) => one.id === id)?.token;
        if (this.#held.get(id)?.token === token) this.#ended(id);
      }
      if (this.#keys.size > 0) await queue.renewKeys({ tokens: [...this.#keys], now: clock.wall() });
    } catch (error) {
      this.#trouble(error);
    }
    if (this.#held.size > 0 || this.#keys.size > 0) this.#beat();
  }

  #trouble(error: unknown): void {
    const now = this.#options.clock.now();
    if (now - this.#toldAt < TROUBLE_EVERY_MS) return;
    this.#toldAt = now;
    this.#options.say(`jobs cannot be kept just now: ${error instanceof Error ? error.message : String(error)}`);
  }
}
