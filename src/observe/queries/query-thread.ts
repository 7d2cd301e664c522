import { Worker } from 'node:worker_threads';
import { DatabaseError } from '../../storage/database-error.ts';
import { passwordOf, type RecordPlace, sentPlace } from '../record-place.ts';
import type { Queries, Question, Questions } from './queries.ts';
import type { FromQueryWorker, QueryWorkerData, ToQueryWorker } from './queries.worker.ts';

/** Questions that may wait for their turn; a page asks half a dozen at once. */
const MOST_WAITING = 100;

/** A question that takes longer is given up, ms: people have given up before, and the disk has better things to do. */
const LONGEST_MS = 30_000;

/** Without a question for this long the thread ends, and its memory is free, ms. */
const IDLE_MS = 10 * 60_000;

const STOPPING = 'the gateway is stopping.';

interface Waiting {
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Answers questions on a thread of its own, which reads the database while the store's thread writes: a question that takes
 * a second holds up no call, only the questions behind it. The thread begins with the first question.
 */
export class QueryThread implements Queries {
  readonly #place: RecordPlace;
  readonly #catchUp: () => Promise<void>;
  #worker: Worker | null = null;
  #alarm: NodeJS.Timeout | null = null;
  readonly #waiting = new Map<number, Waiting>();
  #last = 0;
  #closed = false;

  /** @param catchUp awaited before each question: brings the database up to date with the calls */
  constructor(place: RecordPlace, catchUp: () => Promise<void>) {
    this.#place = place;
    this.#catchUp = catchUp;
  }

  async ask<Name extends Question>(name: Name, asked: Questions[Name]['asked']): Promise<Questions[Name]['answer']> {
    await this.#catchUp();
    return this.#ask(name, asked);
  }

  #ask<Name extends Question>(name: Name, asked: Questions[Name]['asked']): Promise<Questions[Name]['answer']> {
    if (this.#closed) return Promise.reject(new DatabaseError('other', STOPPING));
    if (this.#waiting.size >= MOST_WAITING) {
      return Promise.reject(new DatabaseError('busy', 'too many questions about the calls wait for their answers.'));
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const id = (this.#last += 1);
    const worker = (this.#worker ??= this.#start());
    this.#waiting.set(id, { resolve, reject });
    if (this.#waiting.size === 1) this.#watch();
    worker.ref();
    worker.postMessage({ id, name, asked, password: passwordOf(this.#place) } as ToQueryWorker);
    return promise as Promise<Questions[Name]['answer']>;
  }

  async close(): Promise<void> {
    this.#closed = true;
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    this.#giveUp(STOPPING);
    const worker = this.#worker;
    this.#worker = null;
    await worker?.terminate();
  }

  #start(): Worker {
    // The compiler rewrites import paths, but not this one.
    const file = import.meta.url.endsWith('.ts') ? './queries.worker.ts' : './queries.worker.js';
    const worker = new Worker(new URL(file, import.meta.url), {
      name: 'holdfast-queries',
      workerData: { place: sentPlace(this.#place) } satisfies QueryWorkerData,
      execArgv: ['--disable-warning=ExperimentalWarning'],
      resourceLimits: { maxOldGenerationSizeMb: 256 },
    });
    worker.on('message', (message: FromQueryWorker) => this.#hear(message));
    worker.on('error', (error) => this.#lose(worker, String(error)));
    worker.on('exit', (code) => this.#lose(worker, `exit code ${code}`));
    return worker;
  }

  #hear(message: FromQueryWorker): void {
    const waiting = this.#waiting.get(message.id);
    this.#waiting.delete(message.id);
    this.#watch();
    if (message.kind === 'answer') waiting?.resolve(message.answer);
    else if (message.database === null) waiting?.reject(new Error(message.reason));
    else waiting?.reject(new DatabaseError(message.database, message.reason));
  }

  /** Sets the alarm for the question under way, or for the end of a long rest. */
  #watch(): void {
    if (this.#alarm !== null) clearTimeout(this.#alarm);
    const resting = this.#waiting.size === 0;
    if (resting) this.#worker?.unref();
    this.#alarm = setTimeout(() => this.#end(resting), resting ? IDLE_MS : LONGEST_MS).unref();
  }

  #end(resting: boolean): void {
    if (!resting) this.#giveUp(`the question took longer than ${LONGEST_MS / 1000} s. Ask for less time at once.`);
    const worker = this.#worker;
    this.#worker = null;
    void worker?.terminate();
  }

  #lose(worker: Worker, reason: string): void {
    if (this.#worker !== worker) return;
    this.#worker = null;
    this.#giveUp(`the thread that answers died: ${reason}`);
  }

  #giveUp(reason: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new DatabaseError('other', reason));
  }
}
