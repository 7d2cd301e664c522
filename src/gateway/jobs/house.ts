import { randomUUID } from 'node:crypto';
import type { JobsConfig } from '../../config/jobs.ts';
import { readAsks } from '../../engine/admission/asks.ts';
import type { Call } from '../../engine/call.ts';
import type { Clock, Random } from '../../engine/clock.ts';
import type { Fault } from '../../engine/fault/fault.ts';
import type { CallRecord } from '../../engine/record.ts';
import { type Job, type JobOrigin, newJobId, type NewJob } from '../../jobs/job.ts';
import type { Attempted } from '../../jobs/outcome.ts';
import type { JobQueue } from '../../jobs/queue.ts';
import { JobRunner } from '../../jobs/runner.ts';
import { urlFault } from '../../jobs/webhooks/address.ts';
import { WebhookSender } from '../../jobs/webhooks/sender.ts';
import { JobWatch } from '../../jobs/watch.ts';
import { keptRequest } from './kept.ts';
import { JobTally } from './tally.ts';
import { badField, callersKeys, notKept, tooManyJobs, unsignedWebhook } from './refusals.ts';
import { webhookBody } from './shown.ts';
import { type RunDeps, runsJobs } from './run.ts';

export interface JobHouseDeps extends Omit<RunDeps, 'mostBytes' | 'own'> {
  readonly config: JobsConfig;
  readonly queue: JobQueue;
  readonly random: Random;
  /** Some target is called with what its caller brings: such calls cannot be made later. */
  readonly forwardsKeys: boolean;
  readonly lookEveryMs: number;
  readonly say: (line: string) => void;
}

/** What is to be known of a job besides its call. */
export interface JobWishes {
  /** @default one that nobody had */
  readonly id?: string | null;
  readonly origin: JobOrigin;
  readonly deadlineMs?: number | null;
  readonly priority?: number;
  readonly attempts?: number;
  readonly webhook?: string | null;
  readonly metadata?: Readonly<Record<string, string>>;
  /** How long after now it may run first. */
  readonly restMs?: number;
  /** Sent in place of the call's own body. */
  readonly body?: Uint8Array;
}

/** Ids that may wait for their records; there are never more at a time than jobs that end at once. */
const MOST_UNTAKEN = 10_000;

export type Kept = { readonly kind: 'kept'; readonly job: Job } | { readonly kind: 'refused'; readonly fault: Fault };

/** Everything that jobs need in a gateway: where they are kept, who runs them, and who waits for them. */
export class JobHouse {
  readonly #deps: JobHouseDeps;
  readonly queue: JobQueue;
  readonly watch: JobWatch;
  readonly runner: JobRunner;
  /** Calls that are made for a job: none of them becomes another. */
  readonly #own = new WeakSet<Call>();
  /** Ids of calls whose records are about to be taken: attempts that were not the last of their jobs. */
  readonly #retried = new Set<string>();
  readonly #tally = new JobTally();
  #warm = false;

  constructor(deps: JobHouseDeps) {
    const { config, queue, clock, random, lookEveryMs, say } = deps;
    this.#deps = deps;
    this.queue = queue;
    this.watch = new JobWatch(queue, clock);
    const { allowPrivate, timeoutMs, attempts } = config.webhooks;
    const sender = new WebhookSender({
      queue,
      clock,
      random,
      rules: { allowPrivate, timeoutMs },
      attempts,
      bodyOf: ({ job, answer }) => webhookBody(job, answer),
      changed: (id) => this.watch.changed(id),
    });
    this.runner = new JobRunner({
      queue,
      clock,
      random,
      run: runsJobs({ ...deps, mostBytes: config.limits.answerBytes, own: this.#own }),
      concurrency: config.concurrency,
      leaseMs: config.leaseMs,
      retried: (callId) => this.goesOn(callId),
      ended: (status) => this.#tally.ended(status),
      changed: (id) => this.watch.changed(id),
      say,
      lookEveryMs,
      beside: async () => {
        await sender.send();
        await this.#tally.look(queue, clock.now());
      },
    });
    queue.onChange(() => this.runner.wake());
  }

  /** Opens the store ahead of its first use, for a caller who is promised something by a certain time. */
  warmUp(): void {
    if (this.#warm) return;
    this.#warm = true;
    // Should it fail, whoever uses it is told.
    this.queue.nextAt().catch(() => undefined);
  }

  /** Looks for jobs that are due, from now on. */
  start(): void {
    this.runner.wake();
  }

  /** @param withinMs for what is in hand to come to its end */
  stop(withinMs: number): Promise<void> {
    return this.runner.stop(withinMs);
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  get config(): JobsConfig {
    return this.#deps.config;
  }

  /** A job was changed here: whoever waits for it hears of it, and what is due is looked for. */
  changed(id: string): void {
    this.watch.changed(id);
    this.runner.wake();
  }

  /** How many jobs there are, and how many have ended here. */
  get tally(): Pick<JobTally, 'standing' | 'endings'> {
    return this.#tally;
  }

  /** Ends a job that nobody wants any more, and stops what is under way for it. @returns the job as it stands then; null: none */
  async cancel(owner: string, id: string, reason: string): Promise<Job | null> {
    const now = this.clock.wall();
    const job = await this.queue.cancel({ owner, id, now });
    if (job === null) return null;
    // It may have ended before.
    if (job.status === 'cancelled' && job.endedAt === now) this.#tally.ended('cancelled');
    this.runner.stopJob(id, reason);
    this.changed(id);
    return job;
  }

  isOwn(call: Call): boolean {
    return this.#own.has(call);
  }

  /**
   * A record as it counts. For its caller a job is one call: attempts that will be made again are parts of it. Records are
   * taken once the replies of their moment are out, by when the runner has said what becomes of a job.
   */
  settled(record: CallRecord): CallRecord {
    if (this.#retried.size === 0 || !this.#retried.delete(record.id)) return record;
    return { ...record, outcome: 'retried' };
  }

  /** A call was not the last of its job: its record, which is about to be taken, counts as a part of one. */
  goesOn(callId: string): void {
    // Calls that hit a defect leave no record to ask for them.
    if (this.#retried.size >= MOST_UNTAKEN) this.#retried.clear();
    this.#retried.add(callId);
  }

  /** Why an owner's jobs may not be told of at this URL; null: they may. */
  async webhookFault(owner: string, url: string): Promise<Fault | null> {
    const wrong = urlFault(url, this.#deps.config.webhooks.allowPrivate);
    if (wrong !== null) return badField(`webhook ${wrong.wrong}`, 'webhook', wrong.fix);
    try {
      return (await this.queue.hasSecret({ owner })) ? null : unsignedWebhook();
    } catch (error) {
      return notKept(error);
    }
  }

  /** Keeps a call as a job; on disk when it resolves. */
  async keep(call: Call, wishes: JobWishes): Promise<Kept> {
    const kept = await this.#add(call, wishes, null);
    if (kept.kind === 'kept') this.runner.wake();
    return kept;
  }

  /**
   * Keeps a call that is under way as a job: it goes on, and what it comes to is the job's answer. Should this process be lost,
   * another begins it anew.
   */
  async keepGoing(call: Call, attempt: Promise<Attempted>, webhook: string | null): Promise<Kept> {
    const token = randomUUID();
    const kept = await this.#add(call, { origin: 'placeholder', webhook }, token);
    if (kept.kind === 'kept') {
      call.notes = [...call.notes, `job: ${kept.job.id}`];
      this.runner.adopt(kept.job, token, attempt, (reason) => call.cancellation.cancel(reason));
    }
    return kept;
  }

  async #add(call: Call, wishes: JobWishes, hold: string | null): Promise<Kept> {
    const { config, clock, forwardsKeys } = this.#deps;
    if (forwardsKeys) return { kind: 'refused', fault: callersKeys() };
    const { limits } = config;
    const job = newJob(call, wishes, config, clock.wall());
    try {
      const bounds = { waiting: limits.waiting, bytes: limits.bytes };
      const added = await this.queue.add({ job, bounds, hold });
      if (added.kind === 'full') return { kind: 'refused', fault: tooManyJobs(added.why) };
      return { kind: 'kept', job: added.job };
    } catch (error) {
      return { kind: 'refused', fault: notKept(error) };
    }
  }
}

/** Whose jobs these are. */
export function ownerOf(tenant: string | null): string {
  return tenant ?? '';
}

function newJob(call: Call, wishes: JobWishes, config: JobsConfig, now: number): NewJob {
  const body = wishes.body ?? (call.body instanceof Uint8Array ? call.body : new Uint8Array());
  // Not the timeout that an SDK tells of: that is how long it waits for the placeholder.
  const deadline = call.headers['x-holdfast-deadline'];
  const patienceMs = deadline === undefined ? null : readAsks({ 'x-holdfast-deadline': deadline }).patienceMs;
  return {
    id: wishes.id ?? newJobId(),
    owner: ownerOf(call.caller.tenant),
    origin: wishes.origin,
    model: call.model,
    stream: call.stream,
    priority: wishes.priority ?? 0,
    maxAttempts: wishes.attempts ?? config.attempts,
    createdAt: now,
    runAt: now + (wishes.restMs ?? 0),
    deadlineAt: now + (wishes.deadlineMs ?? patienceMs ?? config.deadlineMs),
    metadata: wishes.metadata ?? {},
    keyId: call.caller.keyId,
    webhook: wishes.webhook ?? null,
    request: keptRequest(call, body),
  };
}
