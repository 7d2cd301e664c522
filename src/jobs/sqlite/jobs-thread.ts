import { Worker } from 'node:worker_threads';
import type { JobQueue, QueueSettings } from '../queue.ts';
import type { Asking, FromJobsWorker, JobsWorkerData, ToJobsWorker } from './messages.ts';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** How long `close` waits for the thread, ms. */
const CLOSE_WITHIN_MS = 10_000;

/**
 * The jobs of a data directory, on a thread of their own: a commit that waits for the disk must not make calls wait. The thread
 * is started when something is first asked, and replaced when it dies; whoever waited is told.
 */
export class JobsThread implements JobQueue {
  readonly #data: JobsWorkerData;
  #worker: Worker | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;
  #closed = false;

  constructor(directory: string, settings: QueueSettings) {
    this.#data = { directory, settings };
  }

  add: JobQueue['add'] = (ask) => this.#ask('add', ask);
  claim: JobQueue['claim'] = (ask) => this.#ask('claim', ask);
  renew: JobQueue['renew'] = (ask) => this.#ask('renew', ask);
  end: JobQueue['end'] = (ask) => this.#ask('end', ask);
  again: JobQueue['again'] = (ask) => this.#ask('again', ask);
  cancel: JobQueue['cancel'] = (ask) => this.#ask('cancel', ask);
  retry: JobQueue['retry'] = (ask) => this.#ask('retry', ask);
  get: JobQueue['get'] = (ask) => this.#ask('get', ask);
  answer: JobQueue['answer'] = (ask) => this.#ask('answer', ask);
  list: JobQueue['list'] = (ask) => this.#ask('list', ask);
  counts: JobQueue['counts'] = () => this.#ask('counts', null);
  sweep: JobQueue['sweep'] = (ask) => this.#ask('sweep', ask);
  nextAt: JobQueue['nextAt'] = () => this.#ask('nextAt', null);
  beginKey: JobQueue['beginKey'] = (ask) => this.#ask('beginKey', ask);
  answerKey: JobQueue['answerKey'] = (ask) => this.#ask('answerKey', ask);
  dropKey: JobQueue['dropKey'] = (ask) => this.#ask('dropKey', ask);
  renewKeys: JobQueue['renewKeys'] = (ask) => this.#ask('renewKeys', ask);
  dueWebhooks: JobQueue['dueWebhooks'] = (ask) => this.#ask('dueWebhooks', ask);
  settleWebhook: JobQueue['settleWebhook'] = (ask) => this.#ask('settleWebhook', ask);
  makeSecret: JobQueue['makeSecret'] = (ask) => this.#ask('makeSecret', ask);
  hasSecret: JobQueue['hasSecret'] = (ask) => this.#ask('hasSecret', ask);

  /** Another process that works on the file cannot tell of it. */
  onChange(): void {}

  async close(): Promise<void> {
    this.#closed = true;
    const worker = this.#worker;
    if (worker === null) return;
    const { promise: exited, resolve } = Promise.withResolvers<void>();
    worker.once('exit', () => resolve());
    worker.ref();
    worker.postMessage({ kind: 'close' } satisfies ToJobsWorker);
    const alarm = setTimeout(() => resolve(), CLOSE_WITHIN_MS);
    await exited;
    clearTimeout(alarm);
    await worker.terminate();
  }

  #ask<What extends Asking>(what: What, asked: unknown): ReturnType<JobQueue[What]> {
    const answer = new Promise((resolve, reject) => {
      if (this.#closed) {
        reject(new Error('the jobs have been closed'));
        return;
      }
      const worker = (this.#worker ??= this.#start());
      const id = (this.#lastId += 1);
      worker.postMessage({ kind: 'ask', id, what, with: asked } satisfies ToJobsWorker);
      if (this.#waiting.size === 0) worker.ref();
      this.#waiting.set(id, { resolve, reject });
    });
    return answer as ReturnType<JobQueue[What]>;
  }

  #start(): Worker {
    // The compiler rewrites import paths, but not this one.
    const file = import.meta.url.endsWith('.ts') ? './jobs.worker.ts' : './jobs.worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      name: 'holdfast-jobs',
      workerData: this.#data,
      // Not the process's own flags: some of them are wrong for a worker. Node 24 still warns of its SQLite.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 },
    });
    worker.on('message', (message: FromJobsWorker) => this.#hear(message));
    worker.on('error', (error) => this.#lose(worker, String(error)));
    worker.on('exit', () => this.#lose(worker, 'it ended'));
    worker.unref();
    return worker;
  }

  #hear(message: FromJobsWorker): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#worker?.unref();
    if (message.kind === 'answer') waiting?.resolve(message.answer);
    else waiting?.reject(new Error(message.reason));
  }

  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new Error(`the thread that keeps jobs died: ${reason}`));
  }
}
