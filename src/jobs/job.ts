import { createHash, randomBytes } from 'node:crypto';
import type { Fault } from '../engine/fault/fault.ts';

/**
 * Where a job stands. The first two are on their way; the others are endings, and a job has one.
 *
 * - `succeeded`: there is an answer.
 * - `failed`: the call was refused in a way that asking again does not change; the refusal is kept as the answer.
 * - `dead`: it failed as often as it may, or took its worker down again and again; its fault is kept.
 * - `cancelled`: its caller did not want it any more.
 * - `expired`: its deadline passed before there was an answer.
 */
export type JobStatus = 'queued' | 'running' | JobEnd;
export type JobEnd = 'succeeded' | 'failed' | 'cancelled' | 'expired' | 'dead';

export const JOB_STATUSES: readonly JobStatus[] = [
  'queued',
  'running',
  'succeeded',
  'failed',
  'cancelled',
  'expired',
  'dead',
];

/** How a call came to be a job: its caller asked for one, it took too long, its ladder ended in one, or it was `background`. */
export type JobOrigin = 'asked' | 'placeholder' | 'ladder' | 'background';

/** The request of a job as it is kept: without credentials, which are found anew when it runs. */
export interface KeptRequest {
  readonly method: string;
  /** Below the API's root, with its query: `/chat/completions`. */
  readonly path: string;
  /** Lower-case names. */
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body: Uint8Array;
}

/** An answer as its caller would have had it from the call itself. */
export interface KeptAnswer {
  readonly status: number;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Uint8Array;
}

/** One change in the life of a job, numbered from 1. */
export interface JobEvent {
  readonly seq: number;
  /** Wall time, ms since 1970. */
  readonly at: number;
  readonly status: JobStatus;
  /** Attempts begun by then. */
  readonly attempts: number;
  /** Why, where that is not plain: the fault after which it waits for its next attempt. */
  readonly why: string | null;
}

/** Where the news of a job's ending is sent, and how that stands. */
export interface JobWebhook {
  readonly url: string;
  /** `none` until the job has ended. */
  readonly state: 'none' | 'pending' | 'delivered' | 'failed';
  readonly attempts: number;
  /** What the last delivery came to, where it failed. */
  readonly error: string | null;
}

/** A job as anybody may see it who may see it at all: without what was asked and answered. Times are wall times, ms. */
export interface Job {
  readonly id: string;
  /** The tenant whose job it is; empty where nobody is told apart. */
  readonly owner: string;
  readonly status: JobStatus;
  readonly origin: JobOrigin;
  /** As in {@link KeptRequest}. */
  readonly path: string;
  readonly model: string | null;
  readonly stream: boolean;
  /** Higher goes first. */
  readonly priority: number;
  /** Attempts begun, those lost with their worker among them. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** Attempts that were lost with their worker. */
  readonly losses: number;
  readonly createdAt: number;
  readonly startedAt: number | null;
  readonly endedAt: number | null;
  /** When it may run next. */
  readonly runAt: number;
  readonly deadlineAt: number | null;
  /** When it is forgotten; null while it is on its way. */
  readonly keptUntil: number | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly webhook: JobWebhook | null;
  /** What went wrong last. */
  readonly fault: Fault | null;
  /** Id of the call of the last attempt: its record tells the rest. */
  readonly callId: string | null;
  /** HTTP status of the answer that is kept; null where none is. */
  readonly answerStatus: number | null;
  readonly history: readonly JobEvent[];
}

/** A job to be kept. */
export interface NewJob extends Pick<
  Job,
  'id' | 'owner' | 'origin' | 'model' | 'stream' | 'priority' | 'maxAttempts' | 'createdAt' | 'deadlineAt' | 'metadata'
> {
  /** When it may run first. */
  readonly runAt: number;
  /** The key it was asked for with; it runs as that key may. */
  readonly keyId: string | null;
  readonly webhook: string | null;
  readonly request: KeptRequest;
}

/** How an attempt ended. */
export interface JobEnding {
  readonly status: JobEnd;
  readonly answer: KeptAnswer | null;
  readonly fault: Fault | null;
  readonly callId: string | null;
}

export function hasEnded(status: JobStatus): status is JobEnd {
  return status !== 'queued' && status !== 'running';
}

/** Ids that nobody can guess: whoever knows one has been told. */
export function newJobId(): string {
  return `job_${randomBytes(18).toString('base64url').replaceAll('-', 'x').replaceAll('_', 'y')}`;
}

/** The id of a job that is asked for under a name: the same each time, so that a job that was promised twice is there once. */
export function jobIdFor(name: string): string {
  const digest = createHash('sha256').update(name).digest('base64url').slice(0, 24);
  return `job_${digest.replaceAll('-', 'x').replaceAll('_', 'y')}`;
}

/** Longest that a job's history is kept in full; a job that is tried more often than this loses the middle of its story. */
export const MOST_EVENTS = 64;
