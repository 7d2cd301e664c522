import type { Operation } from './call.ts';
import type { Caller } from './caller.ts';
import type { Fault } from './fault/fault.ts';
import type { Trace } from './trace.ts';

/** Token counts as the provider reported them; null where it reported none. */
export interface Usage {
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
  /** Part of the input that was read from the provider's prompt cache. */
  readonly cachedTokens: number | null;
  /** Part of the input that was written to it, where the provider bills that apart and says so. */
  readonly cacheWriteTokens?: number | null;
  /** Part of the output that was hidden reasoning. */
  readonly reasoningTokens: number | null;
}

/**
 * The first, a retry at the same target, a move to another, a second one beside a slow first, or one that goes on with an
 * answer that broke off.
 */
export type AttemptReason = 'first' | 'retry' | 'fallback' | 'hedge' | 'continue';

/** One try of a call at one target. */
export interface AttemptRecord {
  readonly target: string;
  /** The model sent to the target; null where the operation has none. */
  readonly model: string | null;
  /** Milliseconds after the call's arrival. */
  readonly startedMs: number;
  /** Waited on purpose before this attempt began. */
  readonly waitedMs: number;
  /** Length of the attempt; for a stream until its last byte. */
  durationMs: number;
  /** Until the first content; null when none came. */
  firstContentMs: number | null;
  status: number | null;
  /** The provider's own request id. */
  upstreamId: string | null;
  fault: Fault | null;
  /** Why this attempt was made. */
  readonly reason: AttemptReason;
}

/**
 * How a call ended. `interrupted` is a stream that failed in the open, after content had reached the caller;
 * `cancelled` means the caller left. `retried` is no ending: an attempt at a job failed and is made again, so this is a part
 * of a call, which counts as one when its last attempt has ended.
 */
export type CallOutcome = 'answered' | 'failed' | 'interrupted' | 'cancelled' | 'retried';

/** For whom a call was made, as its record tells it. */
type RecordedCaller = Pick<Caller, 'organisation' | 'tenant' | 'workload' | 'keyId' | 'endUser' | 'lane'>;

/** The one event a call leaves. */
export interface CallRecord extends RecordedCaller {
  readonly id: string;
  /** What the caller itself calls its request (`x-request-id`); null when it did not say. */
  readonly callerId: string | null;
  readonly trace: Trace | null;
  /** Wall time of arrival, ms since 1970. */
  readonly at: number;
  readonly door: 'gateway' | 'in-process';
  readonly operation: Operation;
  readonly method: string;
  /** Path without its query, which may carry what nobody should store. */
  readonly path: string;
  readonly model: string | null;
  readonly stream: boolean;
  readonly route: string | null;
  /** The target that gave the answer, or the last one tried; null where none gave it: a degraded answer, one that was kept. */
  readonly target: string | null;
  readonly outcome: CallOutcome;
  /** HTTP status given to the caller. */
  readonly status: number;
  /** The fault the caller was told; null when answered. */
  readonly fault: Fault | null;
  readonly durationMs: number;
  readonly firstContentMs: number | null;
  /** The line's own time: the whole, less waiting for providers and deliberate waits, up to the first byte given back. */
  readonly overheadMs: number;
  readonly usage: Usage;
  /** Millionths of a US dollar, all attempts together; null: no price is known, or no usage. */
  readonly cost: number | null;
  readonly callerRetries: number;
  readonly attempts: readonly AttemptRecord[];
  /** What was noticed or changed about the request before it was sent, as `rule: field`; mostly nothing. */
  readonly notes: readonly string[];
}
