import type { Fault } from '../../engine/fault/fault.ts';
import { type Job, type JobEvent, type JobOrigin, type JobStatus, type JobWebhook, MOST_EVENTS } from '../job.ts';
import type { Row } from './sql.ts';

/** The columns of a job, with the status of the answer that is kept. */
export const JOB_COLUMNS = `jobs.*, (select status from job_answers where job_answers.id = jobs.id) as answer_status`;

/** A row as the job that it is. */
export function jobOf(row: Row): Job {
  return {
    id: text(row, 'id'),
    owner: text(row, 'owner'),
    status: text(row, 'status') as JobStatus,
    origin: text(row, 'origin') as JobOrigin,
    path: text(row, 'path'),
    model: row['model'] as string | null,
    stream: row['stream'] === 1,
    priority: number(row, 'priority'),
    attempts: number(row, 'attempts'),
    maxAttempts: number(row, 'max_attempts'),
    losses: number(row, 'losses'),
    createdAt: number(row, 'created_at'),
    startedAt: row['started_at'] as number | null,
    endedAt: row['ended_at'] as number | null,
    runAt: number(row, 'run_at'),
    deadlineAt: row['deadline_at'] as number | null,
    keptUntil: row['kept_until'] as number | null,
    metadata: JSON.parse(text(row, 'metadata')) as Record<string, string>,
    webhook: webhookOf(row),
    fault: typeof row['fault'] === 'string' ? (JSON.parse(row['fault']) as Fault) : null,
    callId: row['call_id'] as string | null,
    answerStatus: (row['answer_status'] ?? null) as number | null,
    history: JSON.parse(text(row, 'history')) as JobEvent[],
  };
}

function webhookOf(row: Row): JobWebhook | null {
  const url = row['webhook_url'];
  if (typeof url !== 'string') return null;
  return {
    url,
    state: text(row, 'webhook_state') as JobWebhook['state'],
    attempts: number(row, 'webhook_attempts'),
    error: row['webhook_error'] as string | null,
  };
}

/** The history with one more event. */
export function withEvent(history: readonly JobEvent[], event: Omit<JobEvent, 'seq'>): readonly JobEvent[] {
  const more = [...history, { seq: (history.at(-1)?.seq ?? 0) + 1, ...event }];
  // How it began stays, and what happened last.
  return more.length <= MOST_EVENTS ? more : [...more.slice(0, 1), ...more.slice(1 - MOST_EVENTS)];
}

export function text(row: Row, name: string): string {
  return row[name] as string;
}

export function number(row: Row, name: string): number {
  return row[name] as number;
}
