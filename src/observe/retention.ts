/** How long and how much is kept. */
export interface RetentionLimits {
  /** Records that arrived longer ago than this are deleted, in ms. */
  readonly maxAgeMs: number;
  /** Bytes the database may use; beyond, the oldest records are deleted. */
  readonly maxBytes: number;
}

/** A month covers the usual "what happened last week" and the month's report; a gigabyte holds some nine million ordinary calls. */
export const DEFAULT_RETENTION: RetentionLimits = {
  maxAgeMs: 30 * 24 * 60 * 60 * 1000,
  maxBytes: 1024 * 1024 * 1024,
};

/** What is kept now. */
export interface Kept {
  /** Arrival of the oldest record; null when there is none. */
  readonly oldestAt: number | null;
  /** Bytes in use, without the free pages. */
  readonly usedBytes: number;
  /** The sweep has already begun to delete for size. */
  readonly shrinking: boolean;
}

export type RetentionStep =
  | { readonly kind: 'rest' }
  /** Delete some of the records that arrived before this moment. */
  | { readonly kind: 'delete-expired'; readonly before: number }
  /** Delete some of the oldest records, whatever their age. */
  | { readonly kind: 'delete-oldest' };

/** Once over the limit, a sweep goes on to this share of it: else every sweep would find the database just over again. */
const SHRINK_TO = 0.95;

/** The next small step of a sweep: age first, then size. */
export function decideRetention(limits: RetentionLimits, kept: Kept, now: number): RetentionStep {
  if (kept.oldestAt === null) return { kind: 'rest' };
  const before = now - limits.maxAgeMs;
  if (kept.oldestAt < before) return { kind: 'delete-expired', before };
  const allowed = kept.shrinking ? limits.maxBytes * SHRINK_TO : limits.maxBytes;
  return kept.usedBytes > allowed ? { kind: 'delete-oldest' } : { kind: 'rest' };
}
