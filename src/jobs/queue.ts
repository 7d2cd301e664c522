import type { Fault } from '../engine/fault/fault.ts';
import type { Job, JobEnding, JobStatus, KeptAnswer, KeptRequest, NewJob } from './job.ts';

/** A job in the hands of a worker. */
export interface ClaimedJob {
  readonly job: Job;
  readonly keyId: string | null;
  readonly request: KeptRequest;
  /** Proves the claim: a worker that was taken for dead cannot end what another has taken over. */
  readonly token: string;
}

/** What a tenant may have kept. */
export interface Bounds {
  /** Jobs that have not ended. */
  readonly waiting: number;
  /** Requests and answers together. */
  readonly bytes: number;
}

/** `known`: a job of that id was there already, and stays as it is. */
export type Added =
  | { readonly kind: 'added'; readonly job: Job; readonly known: boolean }
  | { readonly kind: 'full'; readonly why: string };

/** How a key stands that names a call. */
export type KeyStanding =
  /**
   * Whoever asked makes the call now, and holds the key with its token: nobody had it, or it was forgotten, or who had it was
   * lost. `since`: when the call was first begun; after a loss the same again, for what that one did may be there.
   */
  | { readonly kind: 'begun'; readonly since: number }
  /** The call is under way. */
  | { readonly kind: 'running' }
  /** It was made, with another request. */
  | { readonly kind: 'mismatch' }
  /** It was made, and this came of it. */
  | { readonly kind: 'answered'; readonly answer: KeptAnswer; readonly at: number }
  /** It was made, and its answer was too large to keep. */
  | { readonly kind: 'unkept' }
  /** Its tenant has as many as it may. */
  | { readonly kind: 'full' };

/** Names a call among those of its tenant. */
export interface KeyName {
  readonly owner: string;
  readonly key: string;
}

/** A delivery that is due. */
export interface DueWebhook {
  readonly job: Job;
  readonly answer: KeptAnswer | null;
  /** Deliveries tried before. */
  readonly attempts: number;
  /** Secrets to sign with: the one in force first, then one that was replaced a short while ago. */
  readonly secrets: readonly string[];
}

/** What a sweep found. Ids of jobs that it ended. */
interface Swept {
  readonly expired: readonly string[];
  /** Rows that were forgotten, of jobs and keys. */
  readonly forgotten: number;
}

/** A page of jobs, the newest first. */
export interface JobPage {
  readonly jobs: readonly Job[];
  readonly more: boolean;
}

/** For how long things are kept and held, ms. */
export interface QueueSettings {
  /** How long a worker holds a job without a sign of life. */
  readonly leaseMs: number;
  /** How long a job is kept after its ending, with its answer. */
  readonly keepMs: number;
  /** How long the answer to a call with an idempotency key is kept. */
  readonly keepKeysMs: number;
}

/** A job whose worker was lost this often is what brings its workers down: it is not given to another. */
export const MOST_LOSSES = 8;

/** After a new secret is made, webhooks are signed with the one before as well for this long, ms. */
export const OLD_SECRET_MS = 86_400_000;

/** A delivery that was handed out and not settled is handed out again after this, ms. */
export const DELIVERY_LEASE_MS = 60_000;

/**
 * Where jobs are kept and handed to workers. What has been added is on disk when the promise resolves; a job is in the hands
 * of one worker at a time, and ends once.
 *
 * Every `owner` may be null for those who may see all. Times are wall times in ms, handed in by whoever asks.
 */
export interface JobQueue {
  /** @param hold the token of a worker that has the job in hand already: it is kept as running. */
  add(ask: { job: NewJob; bounds: Bounds; hold: string | null }): Promise<Added>;
  /** Hands out jobs that are due, as many as `most`; those of workers that let their lease run out are among them. */
  claim(ask: { most: number; now: number }): Promise<readonly ClaimedJob[]>;
  /** Keeps leases alive. @returns the ids of those that are not held any more: cancelled, expired, or taken over. */
  renew(ask: { held: readonly { id: string; token: string }[]; now: number }): Promise<readonly string[]>;
  /** @returns whether it is this that ended the job. */
  end(ask: { id: string; token: string; ending: JobEnding; now: number }): Promise<boolean>;
  /** Puts a job back, to run at `runAt`. @param counted false: the attempt is given back, as if it had not been. */
  again(ask: {
    id: string;
    token: string;
    runAt: number;
    now: number;
    counted: boolean;
    fault: Fault | null;
    callId: string | null;
  }): Promise<boolean>;
  /** @returns the job as it stands now, cancelled or ended otherwise before; null where there is none. */
  cancel(ask: { owner: string | null; id: string; now: number }): Promise<Job | null>;
  /** Lets a dead job run again from its first attempt. @returns null where there is no dead job of that id. */
  retry(ask: { owner: string | null; id: string; now: number }): Promise<Job | null>;
  get(ask: { owner: string | null; id: string }): Promise<Job | null>;
  answer(ask: { owner: string | null; id: string }): Promise<KeptAnswer | null>;
  list(ask: { owner: string | null; status: JobStatus | null; after: string | null; most: number }): Promise<JobPage>;
  /** How many jobs there are in each state. */
  counts(): Promise<Readonly<Record<JobStatus, number>>>;
  /** Ends what is past its deadline, and forgets what has been kept long enough. */
  sweep(ask: { now: number }): Promise<Swept>;
  /** When something is next to be done: a job or a webhook is due, or a lease runs out. Null: nothing waits. */
  nextAt(): Promise<number | null>;

  /** Takes a key for a call. @param ask.most an upper bound to the number of keys that a tenant may have. */
  beginKey(ask: KeyName & { fingerprint: string; token: string; now: number; most: number }): Promise<KeyStanding>;
  /** Keeps what came of the call; null: it came to an answer that is too large. */
  answerKey(ask: KeyName & { token: string; answer: KeptAnswer | null; now: number }): Promise<void>;
  /** Gives the key back: the call came to nothing that another try would not better. */
  dropKey(ask: KeyName & { token: string }): Promise<void>;
  renewKeys(ask: { tokens: readonly string[]; now: number }): Promise<void>;

  /** Hands out deliveries that are due; each is due again after a while unless it is settled. */
  dueWebhooks(ask: { most: number; now: number }): Promise<readonly DueWebhook[]>;
  /** @param againAt when it is to be tried again; null: never. @param error null: it was delivered. */
  settleWebhook(ask: { id: string; error: string | null; againAt: number | null }): Promise<void>;
  /** Puts a new secret in force for an owner's webhooks; the one before is still signed with for a day. */
  makeSecret(ask: { owner: string; secret: string; now: number }): Promise<void>;
  hasSecret(ask: { owner: string }): Promise<boolean>;

  /** Tells of jobs that other processes change, where the store can tell. */
  onChange(listener: (id: string) => void): void;
  close(): Promise<void>;
}
