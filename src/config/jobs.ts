import type * as z from 'zod';
import { type DatabaseConfig, databaseField, type DatabaseSection } from './database.ts';
import { age, flag, section, size, timer, whole } from './fields.ts';

/** How calls that run in the background are kept and run. */
export interface JobsConfig {
  readonly database: DatabaseConfig;
  /** Jobs that one gateway runs at a time. */
  readonly concurrency: number;
  /** How often a job is tried that a provider fails, unless it says otherwise. */
  readonly attempts: number;
  /** When a job is given up that says nothing of a deadline. */
  readonly deadlineMs: number;
  /** How long a job and its answer are kept after its ending. */
  readonly keepMs: number;
  /** How long the answer to a call with an idempotency key is kept. */
  readonly keepKeysMs: number;
  /** How long a gateway may give no sign of life before its jobs are taken over. */
  readonly leaseMs: number;
  readonly limits: {
    /** Jobs of a tenant that have not ended. */
    readonly waiting: number;
    /** Bytes of requests and answers that are kept for a tenant. */
    readonly bytes: number;
    /** Bytes of one answer. */
    readonly answerBytes: number;
    /** Idempotency keys of a tenant. */
    readonly keys: number;
  };
  readonly webhooks: {
    /** Deliver to loopback, private and link-local addresses, too. */
    readonly allowPrivate: boolean;
    readonly attempts: number;
    readonly timeoutMs: number;
  };
}

type Optional<T> = { readonly [K in keyof T]?: T[K] | undefined };

export type JobsSection = Optional<{
  database: DatabaseSection;
  concurrency: number;
  attempts: number;
  deadline: number;
  keep: number;
  keepKeys: number;
  lease: number;
  limits: Optional<{ waiting: number; bytes: number; answer: number; keys: number }>;
  webhooks: Optional<{ allowPrivate: boolean; attempts: number; timeout: number }>;
}>;

/** The shape of `jobs` in the file. */
export const jobsField: z.ZodType<JobsSection> = section({
  database: databaseField('Where jobs are kept. Default: where database says.').optional(),
  concurrency: whole('Jobs that one gateway runs at a time. Default 16.', 1, 10_000).optional(),
  attempts: whole('How often a job is tried that a provider fails. Default 5.', 1, 100).optional(),
  deadline: age('When a job is given up that says nothing of a deadline. Default 1d.').optional(),
  keep: age('How long a job and its answer are kept after its ending. Default 1d.').optional(),
  keepKeys: age('How long the answer to a call with an Idempotency-Key is kept. Default 1d.').optional(),
  lease: timer('How long a gateway may give no sign of life before its jobs are taken over. Default 15s.').optional(),
  limits: section({
    waiting: whole('Jobs of a tenant that have not ended. Default 10000.', 1, 10_000_000).optional(),
    bytes: size('Requests and answers that are kept for a tenant. Default 512MiB.', 1_024).optional(),
    answer: size('Largest answer that is kept. Default 32MiB.', 1_024).optional(),
    keys: whole('Idempotency keys that are kept for a tenant. Default 50000.', 1, 10_000_000).optional(),
  }).optional(),
  webhooks: section({
    allowPrivate: flag('Deliver to loopback, private and link-local addresses, too. Default false.').optional(),
    attempts: whole('How often a delivery is tried. Default 8, over some three hours.', 1, 30).optional(),
    timeout: timer('How long a delivery may take. Default 15s.').optional(),
  }).optional(),
}).describe('Calls that run in the background.');

const DAY_MS = 86_400_000;

/** Fills in what was left out. @param database where they are kept */
export function resolveJobs(section: JobsSection | undefined, database: DatabaseConfig): JobsConfig {
  const { limits, webhooks } = section ?? {};
  return {
    database,
    concurrency: section?.concurrency ?? 16,
    attempts: section?.attempts ?? 5,
    deadlineMs: section?.deadline ?? DAY_MS,
    keepMs: section?.keep ?? DAY_MS,
    keepKeysMs: section?.keepKeys ?? DAY_MS,
    leaseMs: section?.lease ?? 15_000,
    limits: {
      waiting: limits?.waiting ?? 10_000,
      bytes: limits?.bytes ?? 512 * 1_048_576,
      answerBytes: limits?.answer ?? 32 * 1_048_576,
      keys: limits?.keys ?? 50_000,
    },
    webhooks: {
      allowPrivate: webhooks?.allowPrivate ?? false,
      attempts: webhooks?.attempts ?? 8,
      timeoutMs: webhooks?.timeout ?? 15_000,
    },
  };
}
