import type { Fault } from '../../engine/fault/fault.ts';
import { faultOf } from '../../engine/fault/index.ts';
import { hasEnded, type Job, type JobEnding, type JobStatus, type KeptAnswer, type NewJob } from '../job.ts';
import { type Added, type Bounds, type ClaimedJob, type JobPage, MOST_LOSSES, type QueueSettings } from '../queue.ts';
import { JOB_COLUMNS, jobOf, number, text, withEvent } from './job-row.ts';
import { type Cell, first, places, type Row, type Sql } from './sql.ts';

/** Columns to be changed, and what to. */
type Patch = Readonly<Record<string, Cell>>;

/** Jobs forgotten or expired in one go: a sweep must not hold everybody else up. */
const ROWS_PER_SWEEP = 500;

/** What a job is from now on, and why. */
interface Turn {
  readonly status: JobStatus;
  readonly at: number;
  readonly attempts?: number;
  readonly fault?: Fault | null;
}

/**
 * The statements about jobs, for any database that keeps the tables. Every change reads the job, decides, and writes, within
 * the transaction of whoever calls: so there is one place for each rule, and it is not in SQL.
 */
export class JobTable {
  readonly #settings: QueueSettings;
  /** Appended to a select whose row is about to be changed. */
  readonly #lock: '' | ' for update';

  constructor(settings: QueueSettings, lock: '' | ' for update') {
    this.#settings = settings;
    this.#lock = lock;
  }

  async add(sql: Sql, job: NewJob, bounds: Bounds, hold: string | null): Promise<Added> {
    const before = await this.get(sql, job.owner, job.id);
    if (before !== null) return { kind: 'added', job: before, known: true };
    const { request } = job;
    const bytes = request.body.length;
    const full = await this.#full(sql, job.owner, bytes, bounds);
    if (full !== null) return { kind: 'full', why: full };
    const status: JobStatus = hold === null ? 'queued' : 'running';
    const { createdAt: at } = job;
    const attempts = hold === null ? 0 : 1;
    const history = withEvent([], { at, status, attempts, why: null });
    await insert(sql, 'jobs', {
      id: job.id,
      owner: job.owner,
      key_id: job.keyId,
      status,
      origin: job.origin,
      path: request.path,
      model: job.model,
      stream: job.stream ? 1 : 0,
      priority: job.priority,
      attempts,
      max_attempts: job.maxAttempts,
      losses: 0,
      created_at: at,
      started_at: hold === null ? null : at,
      run_at: job.runAt,
      deadline_at: job.deadlineAt,
      metadata: JSON.stringify(job.metadata),
      history: JSON.stringify(history),
      token: hold,
      lease_until: hold === null ? null : at + this.#settings.leaseMs,
      bytes,
      webhook_url: job.webhook,
      webhook_state: 'none',
      webhook_attempts: 0,
    });
    const headers = JSON.stringify(request.headers);
    await insert(sql, 'job_requests', { id: job.id, method: request.method, headers, body: request.body });
    const added = await this.get(sql, null, job.id);
    if (added === null) throw new Error(`job ${job.id} was added and is not there`);
    return { kind: 'added', job: added, known: false };
  }

  /**
   * Gives a job to a worker: one that is due, or one whose worker has been lost.
   * @param heldBy begins the token of the worker that has been lost; null: whoever has it has been
   * @returns null where it is no longer to be had, or is not worth another worker.
   */
  async take(sql: Sql, id: string, token: string, now: number, heldBy: string | null): Promise<ClaimedJob | null> {
    const row = await this.#row(sql, id);
    if (row === null) return null;
    const job = jobOf(row);
    if (hasEnded(job.status) || isHeldByAnother(row, heldBy)) return null;
    // The sweep ends what is late, and tells whoever counts.
    if (job.deadlineAt !== null && job.deadlineAt <= now) return null;
    const losses = job.losses + (job.status === 'running' ? 1 : 0);
    if (losses > MOST_LOSSES) {
      await this.#finish(sql, row, { status: 'dead', answer: null, fault: lostTooOften(), callId: job.callId }, now);
      return null;
    }
    const request = await first(sql, 'select * from job_requests where id = $1', [id]);
    if (request === null) throw new Error(`job ${id} has lost its request`);
    const attempts = job.attempts + 1;
    await this.#patch(sql, row, {
      ...turned(job, { status: 'running', at: now, attempts }),
      losses,
      started_at: job.startedAt ?? now,
      token,
      lease_until: now + this.#settings.leaseMs,
    });
    return {
      job: { ...job, status: 'running', attempts, losses, startedAt: job.startedAt ?? now },
      keyId: row['key_id'] as string | null,
      token,
      request: {
        method: text(request, 'method'),
        path: job.path,
        headers: JSON.parse(text(request, 'headers')) as Record<string, string>,
        body: request['body'] as Uint8Array,
      },
    };
  }

  async renew(
    sql: Sql,
    held: readonly { readonly id: string; readonly token: string }[],
    now: number,
  ): Promise<readonly string[]> {
    if (held.length === 0) return [];
    const values = [now + this.#settings.leaseMs, ...held.map(({ token }) => token)];
    const rows = await sql.all(
      `update jobs set lease_until = $1 where status = 'running' and token in (${places(held.length, 2)}) returning id`,
      values,
    );
    const kept = new Set(rows.map((row) => text(row, 'id')));
    return held.map(({ id }) => id).filter((id) => !kept.has(id));
  }

  async end(sql: Sql, id: string, token: string, ending: JobEnding, now: number): Promise<boolean> {
    const row = await this.#held(sql, id, token);
    if (row === null) return false;
    await this.#finish(sql, row, ending, now);
    return true;
  }

  /** @returns the job as it stands then; null where it is not held with this token. */
  async again(
    sql: Sql,
    id: string,
    token: string,
    turn: { runAt: number; now: number; counted: boolean; fault: Fault | null; callId: string | null },
  ): Promise<Job | null> {
    const row = await this.#held(sql, id, token);
    if (row === null) return null;
    const job = jobOf(row);
    const attempts = job.attempts - (turn.counted ? 0 : 1);
    await this.#patch(sql, row, {
      ...turned(job, { status: 'queued', at: turn.now, attempts, fault: turn.fault }),
      run_at: turn.runAt,
      token: null,
      lease_until: null,
      ...(turn.callId === null ? {} : { call_id: turn.callId }),
    });
    return { ...job, status: 'queued', attempts, runAt: turn.runAt };
  }

  async cancel(sql: Sql, owner: string | null, id: string, now: number): Promise<Job | null> {
    const row = await this.#row(sql, id);
    if (row === null || !isOf(row, owner)) return null;
    const job = jobOf(row);
    if (hasEnded(job.status)) return job;
    await this.#finish(sql, row, { status: 'cancelled', answer: null, fault: null, callId: job.callId }, now);
    return this.get(sql, owner, id);
  }

  async retry(sql: Sql, owner: string | null, id: string, now: number): Promise<Job | null> {
    const row = await this.#row(sql, id);
    if (row === null || !isOf(row, owner) || row['status'] !== 'dead') return null;
    await sql.all('delete from job_answers where id = $1', [id]);
    await this.#patch(sql, row, {
      ...turned(jobOf(row), { status: 'queued', at: now, attempts: 0, fault: null }),
      losses: 0,
      run_at: now,
      ended_at: null,
      kept_until: null,
      // The time it had is over; it is run now because somebody wants it to be.
      deadline_at: null,
      webhook_state: 'none',
      webhook_at: null,
      webhook_attempts: 0,
      webhook_error: null,
    });
    return this.get(sql, owner, id);
  }

  async get(sql: Sql, owner: string | null, id: string): Promise<Job | null> {
    const row = await first(sql, `select ${JOB_COLUMNS} from jobs where id = $1`, [id]);
    return row === null || !isOf(row, owner) ? null : jobOf(row);
  }

  async answer(sql: Sql, owner: string | null, id: string): Promise<KeptAnswer | null> {
    const row = await first(
      sql,
      'select a.*, jobs.owner from job_answers a join jobs on jobs.id = a.id where a.id = $1',
      [id],
    );
    return row === null || !isOf(row, owner) ? null : answerOf(row);
  }

  async list(
    sql: Sql,
    {
      owner,
      status,
      after,
      most,
    }: { owner: string | null; status: JobStatus | null; after: string | null; most: number },
  ): Promise<JobPage> {
    const conditions: string[] = [];
    const values: Cell[] = [];
    const given = (value: Cell): string => `$${values.push(value)}`;
    if (owner !== null) conditions.push(`owner = ${given(owner)}`);
    if (status !== null) conditions.push(`status = ${given(status)}`);
    if (after !== null) conditions.push(`seq < (select seq from jobs where id = ${given(after)})`);
    const where = conditions.length === 0 ? '' : `where ${conditions.join(' and ')}`;
    const rows = await sql.all(
      `select ${JOB_COLUMNS} from jobs ${where} order by seq desc limit ${given(most + 1)}`,
      values,
    );
    return { jobs: rows.slice(0, most).map(jobOf), more: rows.length > most };
  }

  async counts(sql: Sql): Promise<ReadonlyMap<string, number>> {
    const rows = await sql.all('select status, count(*) as jobs from jobs group by status', []);
    return new Map(rows.map((row) => [text(row, 'status'), number(row, 'jobs')]));
  }

  /** Ends jobs that are past their deadline. @returns their ids. */
  async expire(sql: Sql, now: number): Promise<readonly string[]> {
    const late = await sql.all(
      'select id from jobs where ended_at is null and deadline_at is not null and deadline_at <= $1 limit $2',
      [now, ROWS_PER_SWEEP],
    );
    const expired: string[] = [];
    for (const one of late) {
      const row = await this.#row(sql, text(one, 'id'));
      if (row === null || hasEnded(jobOf(row).status)) continue;
      const { callId } = jobOf(row);
      await this.#finish(sql, row, { status: 'expired', answer: null, fault: tooLate(), callId }, now);
      expired.push(text(row, 'id'));
    }
    return expired;
  }

  /** Forgets jobs that have been kept long enough. @returns how many. */
  async forget(sql: Sql, now: number): Promise<number> {
    const rows = await sql.all('select id from jobs where kept_until is not null and kept_until <= $1 limit $2', [
      now,
      ROWS_PER_SWEEP,
    ]);
    if (rows.length === 0) return 0;
    const ids = rows.map((row) => text(row, 'id'));
    const list = places(ids.length, 1);
    for (const table of ['job_requests', 'job_answers', 'jobs']) {
      await sql.all(`delete from ${table} where id in (${list})`, ids);
    }
    return ids.length;
  }

  /** When a job is due, its lease (where those are watched here) or its deadline runs out, or a webhook is to be sent: the earliest. */
  async nextAt(sql: Sql, { leases }: { readonly leases: boolean }): Promise<number | null> {
    const row = await first(
      sql,
      `select min(at) as at from (
        select min(run_at) as at from jobs where status = 'queued'
        ${leases ? "union all select min(lease_until) from jobs where status = 'running'" : ''}
        union all select min(deadline_at) from jobs where ended_at is null and deadline_at is not null
        union all select min(webhook_at) from jobs where webhook_at is not null
      ) times`,
      [],
    );
    return (row?.['at'] ?? null) as number | null;
  }

  async #full(sql: Sql, owner: string, bytes: number, bounds: Bounds): Promise<string | null> {
    const row = await first(
      sql,
      `select count(case when ended_at is null then 1 end) as waiting, coalesce(sum(bytes), 0) as bytes
       from jobs where owner = $1`,
      [owner],
    );
    if (row === null) return null;
    if (number(row, 'waiting') >= bounds.waiting)
      return `${bounds.waiting} jobs are waiting or running, and no more may`;
    if (Number(row['bytes']) + bytes <= bounds.bytes) return null;
    return `what is kept of jobs would be more than ${bounds.bytes} bytes`;
  }

  async #row(sql: Sql, id: string): Promise<Row | null> {
    return first(sql, `select ${JOB_COLUMNS} from jobs where id = $1${this.#lock}`, [id]);
  }

  async #held(sql: Sql, id: string, token: string): Promise<Row | null> {
    const row = await this.#row(sql, id);
    return row !== null && row['status'] === 'running' && row['token'] === token ? row : null;
  }

  /** The one way in which a job ends. */
  async #finish(sql: Sql, row: Row, { status, answer, fault, callId }: JobEnding, now: number): Promise<void> {
    const job = jobOf(row);
    // A dead job can be brought back to life, so what was asked stays with it.
    if (status !== 'dead') await sql.all('delete from job_requests where id = $1', [job.id]);
    if (answer !== null) {
      const headers = JSON.stringify(answer.headers);
      await insert(sql, 'job_answers', { id: job.id, status: answer.status, headers, body: answer.body });
    }
    const requestBytes = status === 'dead' ? number(row, 'bytes') : 0;
    await this.#patch(sql, row, {
      ...turned(job, { status, at: now, fault }),
      token: null,
      lease_until: null,
      ended_at: now,
      kept_until: now + this.#settings.keepMs,
      call_id: callId,
      bytes: requestBytes + (answer?.body.length ?? 0),
      ...(job.webhook === null ? {} : { webhook_state: 'pending', webhook_at: now }),
    });
  }

  async #patch(sql: Sql, row: Row, patch: Patch): Promise<void> {
    const names = Object.keys(patch);
    const sets = names.map((name, at) => `${name} = $${at + 2}`).join(', ');
    await sql.all(`update jobs set ${sets} where id = $1`, [text(row, 'id'), ...Object.values(patch)]);
  }
}

export async function insert(sql: Sql, table: string, row: Patch): Promise<void> {
  const names = Object.keys(row);
  await sql.all(`insert into ${table} (${names.join(', ')}) values (${places(names.length, 1)})`, Object.values(row));
}

export function answerOf(row: Row): KeptAnswer {
  return {
    status: number(row, 'status'),
    headers: JSON.parse(text(row, 'headers')) as string[],
    body: row['body'] as Uint8Array,
  };
}

function isOf(row: Row, owner: string | null): boolean {
  return owner === null || row['owner'] === owner;
}

/** Whether a job that runs is in other hands than those that have been lost. */
function isHeldByAnother(row: Row, heldBy: string | null): boolean {
  if (row['status'] !== 'running' || heldBy === null) return false;
  return !text(row, 'token').startsWith(heldBy);
}

/** The columns that tell of a change of state, and its event. */
function turned(job: Job, { status, at, attempts = job.attempts, fault }: Turn): Patch {
  const why = fault === undefined || fault === null ? null : `${fault.kind}: ${fault.message}`;
  return {
    status,
    attempts,
    history: JSON.stringify(withEvent(job.history, { at, status, attempts, why })),
    ...(fault === undefined ? {} : { fault: fault === null ? null : JSON.stringify(fault) }),
  };
}

function tooLate(): Fault {
  return faultOf('timeout', {
    detail: 'total',
    party: 'gateway',
    message: "the job's deadline passed before there was an answer",
    remedy: 'Give the job a later deadline, or a higher priority.',
    here: false,
    elsewhere: false,
  });
}

function lostTooOften(): Fault {
  return faultOf('internal', {
    message: `the process that ran the job was lost ${MOST_LOSSES + 1} times`,
    remedy: 'Look into why it dies: the log of the process tells. Then let the job run again: holdfast jobs retry ID.',
  });
}
