import type { JobQueue, QueueSettings } from '../queue.ts';

/** What the thread that owns the file is started with. */
export interface JobsWorkerData {
  readonly directory: string;
  readonly settings: QueueSettings;
}

/** What can be asked of the queue from another thread. */
export type Asking = Exclude<keyof JobQueue, 'close' | 'onChange'>;

export type ToJobsWorker =
  | { readonly kind: 'ask'; readonly id: number; readonly what: Asking; readonly with: unknown }
  | { readonly kind: 'close' };

export type FromJobsWorker =
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'failure'; readonly id: number; readonly reason: string };
